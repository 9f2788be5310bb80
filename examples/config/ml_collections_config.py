"""A configuration file of ml_collections, which is Python."""

from ml_collections import ConfigDict

import optdsl


def get_config() -> ConfigDict:
    return ConfigDict({"optimizer": optdsl.Program("clip_norm(1.0) | adam(0 -> linear(3e-4, 5%))"), "steps": 100})
