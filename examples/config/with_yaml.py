"""Programs in YAML with PyYAML alone: `python with_yaml.py train.yaml`."""

import sys
from pathlib import Path

import yaml

import optdsl
from optdsl.integrations import load
from optdsl.integrations.yaml import register


def main(file: str) -> None:
    with open(file, encoding="utf-8") as stream:
        config = yaml.safe_load(stream)
    # `load` finds the string again in the file, so that errors, later ones too, name the file's line and column.
    config["optimizer"] = load(file, "optimizer")
    opt = optdsl.compile(config["optimizer"], total=config["steps"])
    print(opt)
    register()
    print(yaml.safe_dump(config))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or [str(Path(__file__).with_name("train.yaml"))])
    except ValueError as error:
        sys.exit(str(error))
