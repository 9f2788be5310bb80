"""A program as a field of a pydantic model: `python with_pydantic.py train.yaml`."""

import sys
from pathlib import Path

import yaml
from pydantic import BaseModel, Field, ValidationError

import optdsl
from optdsl.integrations.pydantic import file


class Train(BaseModel):
    optimizer: optdsl.Program = Field(default=optdsl.Program("adam(1e-3)"), description="How parameters are updated.")
    steps: int = 100


def main(path: str) -> None:
    with open(path, encoding="utf-8") as stream:
        data = yaml.safe_load(stream)
    # The context is not needed; with it, errors name the line and column of the file.
    config = Train.model_validate(data, context=file(path))
    opt = optdsl.compile(config.optimizer, total=config.steps)
    print(opt)
    print(config.model_dump_json())
    print(Train.model_json_schema())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or [str(Path(__file__).with_name("train.yaml"))])
    except ValidationError as error:
        sys.exit(str(error))
