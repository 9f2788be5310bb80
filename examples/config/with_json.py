"""Programs in JSON: `python with_json.py train.json`."""

import json
import sys
from pathlib import Path

import optdsl
from optdsl.integrations import load
from optdsl.integrations.json import default


def main(file: str) -> None:
    with open(file, encoding="utf-8") as stream:
        config = json.load(stream)
    config["optimizer"] = load(file, "optimizer")
    opt = optdsl.compile(config["optimizer"], total=config["steps"])
    print(opt)
    print(json.dumps(config, default=default))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or [str(Path(__file__).with_name("train.json"))])
    except ValueError as error:
        sys.exit(str(error))
