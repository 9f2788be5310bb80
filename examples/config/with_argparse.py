"""A program as an argument: `python with_argparse.py --optimizer "clip(1.0) | adam(1e-3)"`."""

import argparse
from dataclasses import asdict, dataclass, fields

import optdsl

DEFAULT = optdsl.Program("clip(1.0) | adam(1e-3)")


@dataclass(frozen=True)
class Train:
    optimizer: optdsl.Program = DEFAULT
    steps: int = 100


def main() -> None:
    parser = argparse.ArgumentParser()
    for field in fields(Train):
        parser.add_argument(f"--{field.name}", type=field.type, default=field.default)
    config = Train(**vars(parser.parse_args()))
    print(asdict(config))
    opt = optdsl.compile(config.optimizer, total=config.steps)
    print(opt)


if __name__ == "__main__":
    main()
