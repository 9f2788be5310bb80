"""What is done with text: reading, checking, formatting, against neighbours that read text. Prints Markdown."""

import ast
from collections.abc import Callable

import yaml
from side_by_side import interleaved, section, times_table, versions

import optdsl

ROUNDS = 200
PROGRAM = (
    "clip_by_global_norm(1.0) | centralize(axes=-1) | scale_by_adam(b1=0.9, b2=0.95, eps=1e-8) | decay(0.1) | lr(3e-4)"
)
PYTHON = (
    "optax.chain(optax.clip_by_global_norm(1.0), optax.centralize(), optax.scale_by_adam(b1=0.9, b2=0.95, eps=1e-8), "
    "optax.add_decayed_weights(0.1), optax.scale_by_learning_rate(3e-4))"
)
CONFIG = "optimizer: {name: adam, b1: 0.9, b2: 0.95, eps: 1.0e-8, learning_rate: 3.0e-4, decay: 0.1, clip: 1.0}"


def split(text: str) -> list[tuple[str, dict[str, object]]]:
    """Returns the stages as a command line with pipes would: cut at `|` and `,`, no places, no messages."""
    stages: list[tuple[str, dict[str, object]]] = []
    for stage in text.split("|"):
        name, _, rest = stage.strip().partition("(")
        pairs = (argument.strip().rpartition("=") for argument in rest.removesuffix(")").split(","))
        stages.append((name, {key: ast.literal_eval(value) for key, _, value in pairs}))
    return stages


WORK: dict[str, Callable[[], object]] = {
    "`ast.parse` of the same chain in Python": lambda: ast.parse(PYTHON),
    "a YAML load of a flat config": lambda: yaml.safe_load(CONFIG),
    "splitting at pipes and commas, values by `ast.literal_eval`": lambda: split(PROGRAM),
    "`optdsl.parse`": lambda: optdsl.parse(PROGRAM),
    "`optdsl.check`": lambda: optdsl.check(PROGRAM),
    "`optdsl.format`": lambda: optdsl.format(PROGRAM),
}


if __name__ == "__main__":
    note = (
        f"Warm, {ROUNDS} rounds; a program of {len(PROGRAM)} characters. Only optdsl knows places and gives messages. "
        f"{versions('lark', 'pyyaml')}."
    )
    print(section("Text", note, times_table(interleaved(WORK, ROUNDS), faster=False)))
