"""Random chains of stages, which make sense one behind the other, with what fills their holes."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from trees_for_rows import Written, arguments_of, defaults_of, holes_of, program_of

import optdsl
from optdsl.registry import Kind, Row, transforms

NOT_DRAWN = {
    "maximize": "says that uphill is meant",
    "freeze": "is no stage of a plain chain",
    "dpsgd": "takes gradients per example",
    "differentially_private_aggregate": "takes gradients per example",
    "lookahead": "takes parameters of its own kind",
    "sam": "returns the steps of an adversary between its own",
    "mechanize": "learns its rate, which is too small to be seen beside the parameters at first",
    "set_to_zero": "stops gradients, and what decays behind it has a direction of its own",
    "hutchinson_estimator_diag_hessian": "returns a curvature for the gradient",
    "add_noise": "adds what has no sign",
    "noisy_sgd": "the same",
    "optimistic_adam": "goes back on its last update where gradients shrink, as they do behind other stages",
    "optimistic_adam_v2": "the same",
    "optimistic_gradient_descent": "the same",
    "scale_by_optimistic_gradient": "the same",
    "fromage": "shrinks the parameters, whatever the gradient",
    "sophia": "wants the loss of what it is given, which is one vector inside `flatten`",
    "centralize": "takes off what positive gradients have in common, which may be all there is",
    "scale_by_lbfgs": "wants gradients that change as the parameters do",
    "lbfgs": "is tested alone: a line search takes no step in a direction that its loss does not fall in",
    "scale_by_backtracking_linesearch": "the same",
    "scale_by_zoom_linesearch": "the same",
}
BLOCKS = ("accumulate", "apply_if_finite", "flatten", "schedule_free", "skip_nonfinite")

ROWS = {row.name: row for row in transforms() if row.traits is not None}
DRAWN = tuple(name for name in ROWS if name not in NOT_DRAWN and name not in BLOCKS)

NUMBERS: dict[str, tuple[str, ...]] = {
    "learning_rate": ("0.01", "0.05", "linear_schedule(0.02, 0.01, 3)", "0.01 -> linear(0.02, 3)"),
    "step_size": ("0.5", "-0.5", "-1", "2", "1e-2", "-1e-2", "-0.1 * 2"),
    "step_size_fn": (
        "linear_schedule(-0.02, -0.01, 3)",
        "linear_schedule(1, 0.5, 3)",
        "-0.1 -> linear(-0.05, 3)",
        "cosine_decay_schedule(0.1, 10)",
        "0.1 - 0.01 * step",
        "linear_schedule(0.1, -0.1, 2)",
    ),
    "weight_decay": ("1e-9", "1e-10"),  # beside the smallest updates a decay has to be nothing
    "flip_sign": ("true", "false"),
    "k": ("2",),
}
"""What is drawn for a parameter; all others have the arguments of `trees_for_rows`, or their defaults."""


class Draw(NamedTuple):
    text: str
    holes: dict[str, Any]


def drawn_stage(chance: random.Random, name: str) -> Draw:
    row = ROWS[name]
    given = {**arguments_of(row), **_optional(chance, row)}
    if row.parameter("weight_decay"):
        given["weight_decay"] = Written("", None)
    for parameter in given:
        if parameter in NUMBERS:
            given[parameter] = Written(chance.choice(NUMBERS[parameter]), None)
    return Draw(program_of(row, given), holes_of(given))


def _optional(chance: random.Random, row: Row) -> dict[str, Written]:
    """Returns defaults written out, one number in three, so that drawn values get into them too."""
    scalars = (Kind.NUMBER, Kind.SCHEDULABLE, Kind.BOOL)
    kinds = {p.name: p.kind for p in row.parameters}
    plain = {name: w for name, w in defaults_of(row).items() if kinds[name] in scalars and w.value is not None}
    return {name: written for name, written in plain.items() if chance.random() < 1 / 3}


def drawn_chain(chance: random.Random, blocks: bool = True) -> Draw:
    parts = [drawn_stage(chance, chance.choice(DRAWN)) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.6:
        parts.append(drawn_stage(chance, chance.choice(("lr", "scale", "scale_by_schedule", "sgd", "adam"))))
    if blocks and chance.random() < 0.2:
        at = chance.randrange(len(parts))
        inner = drawn_chain(chance, blocks=False)
        word = chance.choice(BLOCKS)
        own = {name: w for name, w in arguments_of(ROWS[word]).items() if not hasattr(w.value, "init")}
        listed = ", ".join(f"{name}={written.text}" for name, written in own.items())
        parts[at] = Draw(f"{word}({listed}) {{ {inner.text} }}", inner.holes)
    holes = {name: value for part in parts for name, value in part.holes.items()}
    return Draw(" | ".join(part.text for part in parts), holes)


def drawn_chains(seed: int) -> Iterator[Draw]:
    """Yields random chains whose only errors, if any, are about their direction."""
    chance = random.Random(seed)
    while True:
        draw = drawn_chain(chance)
        codes = {f.code for f in optdsl.check(draw.text, holes=draw.holes) if f.severity == "error"}
        if codes <= {"E301", "E302"}:
            yield draw
