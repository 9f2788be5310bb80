"""A program in a `ConfigDict` that a flag sets: `python with_ml_collections.py --config=ml_collections_config.py`.

`--config.optimizer="clip(1.0) | sgd(0.1)"` behind it puts another program in its place.
"""

from absl import app
from ml_collections import config_flags

import optdsl
from optdsl.integrations.ml_collections import register

register()
CONFIG = config_flags.DEFINE_config_file("config")


def main(_: list[str]) -> None:
    config = CONFIG.value
    opt = optdsl.compile(config.optimizer, total=config.steps)
    print(opt)
    print(config)


if __name__ == "__main__":
    app.run(main)
