"""Programs in Hydra: in a structured config, and as a group of configs that `instantiate` compiles.

    python with_hydra.py
    python with_hydra.py optimizer=sgd 'program="clip(1.0) | adam(:rate, b1=0.95)"'
    python with_hydra.py --multirun 'program="adam(1e-3)","clip(1.0) | sgd(0.1)"'

The double quotes are for Hydra, which would read parentheses and commas otherwise; the single ones for the shell.
"""

from dataclasses import dataclass, field
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

import optdsl
from optdsl.integrations import hydra as programs


@dataclass
class Train:
    program: str = "adam(1e-3)"
    steps: int = 100
    rate: float = 1e-3
    optimizer: dict[str, Any] = field(default_factory=dict)


programs.register()
ConfigStore.instance().store(name="schema", node=Train)


@hydra.main(version_base=None, config_path="conf", config_name="train")
def main(config: DictConfig) -> None:
    program = programs.program(config, "program")  # checked; errors name the file's line and column
    unknown = {"rate": config.rate} if ":rate" in program.text else {}
    print("program:", optdsl.compile(program, total=config.steps, **unknown))
    print("optimizer:", hydra.utils.instantiate(config.optimizer))


if __name__ == "__main__":
    main()
