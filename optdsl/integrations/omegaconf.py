"""Integrations, OmegaConf: a resolver that makes programs of strings, and checked access to strings that are programs.

OmegaConf takes no types of others in a structured config, so the field that holds the text is a `str`. It does not
know which file a config came from: `reading` says it.
"""

from omegaconf import DictConfig, OmegaConf

from optdsl.integrations import yaml
from optdsl.integrations.field import program as program_of
from optdsl.syntax.ast import Program


def register() -> None:
    """Registers the resolver: `${optdsl:${spec}}` is the program in the value `spec`; `to_yaml` writes its text."""
    yaml.register()
    OmegaConf.register_new_resolver("optdsl", program_of, replace=True)


def program(config: DictConfig, key: str) -> Program:
    """Returns the program at `key`, a way such as `optimizer.spec`.

    Raises `InvalidProgram`, `TypeError` where there is no string, `ValueError` where there is nothing.
    """
    found = OmegaConf.select(config, key, throw_on_missing=True)
    if found is None:
        raise ValueError(f"the config has nothing at `{key}`")
    return program_of(found, key)
