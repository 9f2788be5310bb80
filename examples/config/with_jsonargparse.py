"""A program as an argument of jsonargparse: `python with_jsonargparse.py --config train.yaml`.

`--optimizer "sgd(0.1)"` behind it puts another program in its place.
"""

from jsonargparse import ArgumentParser

import optdsl
from optdsl.integrations.jsonargparse import ConfigFile, register


def main() -> None:
    register()
    parser = ArgumentParser()
    parser.add_argument("--config", action=ConfigFile)
    parser.add_argument("--optimizer", type=optdsl.Program, default=optdsl.Program("adam(1e-3)"))
    parser.add_argument("--steps", type=int, default=100)
    config = parser.parse_args()
    opt = optdsl.compile(config.optimizer, total=config.steps)
    print(opt)
    print(parser.dump(config))


if __name__ == "__main__":
    main()
