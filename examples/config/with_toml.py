"""Programs in TOML: `python with_toml.py train.toml`."""

import sys
import tomllib
from pathlib import Path

import optdsl
from optdsl.integrations import load


def main(file: str) -> None:
    with open(file, "rb") as stream:
        config = tomllib.load(stream)
    config["optimizer"] = load(file, "optimizer")
    opt = optdsl.compile(config["optimizer"], total=config["steps"])
    print(opt)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or [str(Path(__file__).with_name("train.toml"))])
    except ValueError as error:
        sys.exit(str(error))
