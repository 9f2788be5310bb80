"""A program as a field that draccus fills: `python with_draccus.py --config_path train.yaml`.

`--optimizer "sgd(0.1)"` behind it puts another program in its place.
"""

from dataclasses import dataclass

import draccus

import optdsl
from optdsl.integrations.draccus import parse

DEFAULT = optdsl.Program("adam(1e-3)")


@dataclass
class Train:
    optimizer: optdsl.Program = DEFAULT
    steps: int = 100


def main() -> None:
    config = parse(Train)  # draccus.parse, with errors that name the line and column of the file
    opt = optdsl.compile(config.optimizer, total=config.steps)
    print(opt)
    print(draccus.dump(config))


if __name__ == "__main__":
    main()
