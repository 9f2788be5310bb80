"""A program in a structured config of OmegaConf: `python with_omegaconf.py train.yaml "optimizer=sgd(0.1)"`."""

import sys
from dataclasses import dataclass
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

import optdsl
from optdsl.integrations import reading
from optdsl.integrations.omegaconf import register


@dataclass
class Train:
    optimizer: str = "adam(1e-3)"  # what files and the command line hold: OmegaConf takes no other type here
    program: Any = "${optdsl:${.optimizer}}"  # what the code uses: the resolver checks the text
    steps: int = 100


def main(file: str, *overrides: str) -> None:
    register()
    config = OmegaConf.merge(OmegaConf.structured(Train), OmegaConf.load(file), OmegaConf.from_dotlist([*overrides]))
    with reading(file):  # values are resolved when they are asked for; here errors name the line and column
        train = OmegaConf.to_object(config)
    assert isinstance(train, Train)
    opt = optdsl.compile(train.program, total=train.steps)
    print(opt)
    print(OmegaConf.to_yaml(config, resolve=True))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OmegaConfBaseException as error:
        sys.exit(str(error))
