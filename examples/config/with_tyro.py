"""A program as a field that tyro fills: `python with_tyro.py --optimizer "clip(1.0) | adam(1e-3)"`."""

from dataclasses import dataclass

import tyro

import optdsl
from optdsl.integrations.tyro import registry

DEFAULT = optdsl.Program("clip(1.0) | adam(1e-3)")


@dataclass(frozen=True)
class Train:
    optimizer: optdsl.Program = DEFAULT
    """How parameters are updated."""
    steps: int = 100


def main() -> None:
    config = tyro.cli(Train, registry=registry())
    opt = optdsl.compile(config.optimizer, total=config.steps)
    print(opt)


if __name__ == "__main__":
    main()
