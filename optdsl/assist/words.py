"""Assist, the words that have no row: segments, functions, classes of leaves, what leaves are compared by, keywords.

In: a name. Out: a row made by hand in the shape of the registry's, or a line of prose. A test holds the names against
the tables that the checker reads.
"""

from optdsl.registry import Bounds, Kind, Parameter, Prose, Row, Sort

_TO = Parameter("to", Kind.NUMBER)
_DURATION = Parameter("n", Kind.INTEGER, None, optional=True, bounds=Bounds(0.0))
_VALUE = Parameter("x", Kind.NUMBER)
_LENGTH = Parameter("n", Kind.NUMBER, bounds=Bounds(0.0, low_open=True))


def _row(name: str, parameters: tuple[Parameter, ...], summary: str, formula: str = "") -> Row:
    return Row(name, "", Sort.SCHEDULE, parameters, own_prose=Prose(summary, formula))


SEGMENTS: dict[str, Row] = {
    row.name: row
    for row in (
        _row(
            "linear",
            (_TO, _DURATION),
            "Moves to a value along a straight line, in `n` updates or in what is left of `:total`.",
            "start + (to - start) * x, x the share of the way",
        ),
        _row(
            "cosine",
            (_TO, _DURATION),
            "Moves to a value along half a cosine, in `n` updates or in what is left of `:total`.",
            "to + (start - to) * (1 + cos(pi * x)) / 2, x the share of the way",
        ),
        _row(
            "exponential",
            (_TO, _DURATION),
            "Moves to a value by equal factors, in `n` updates or in what is left of `:total`.",
            "start * (to / start)^x, x the share of the way",
        ),
        _row("hold", (_DURATION,), "Stays at the value for `n` updates or for what is left of `:total`."),
    )
}
"""What stands behind `->`."""

FUNCTIONS: dict[str, Row] = {
    row.name: row
    for row in (
        _row("warmup", (_LENGTH,), "Rises from 0 to 1 in `n` updates and stays there.", "min(1, step / n)"),
        _row(
            "rsqrt",
            (_LENGTH,),
            "Is 1 for `n` updates and then falls with the root of the step.",
            "sqrt(n / max(step, n))",
        ),
        _row("min", (_VALUE,), "The least of its values, of which there may be several."),
        _row("max", (_VALUE,), "The greatest of its values, of which there may be several."),
        _row("abs", (_VALUE,), "The value without its sign."),
        _row("sqrt", (_VALUE,), "The square root."),
        _row("exp", (_VALUE,), "The power of e."),
        _row("log", (_VALUE,), "The natural logarithm."),
        _row("cos", (_VALUE,), "The cosine, of radians."),
        _row("floor", (_VALUE,), "The greatest whole number that is not above the value."),
    )
}
"""What may be called in the place of a number, beside the schedules."""

CLASSES: dict[str, str] = {
    "bias": "Leaves whose last segment is `bias` or `b`, or ends in `_bias`.",
    "norm": "Leaves of normalisation layers: scales, offsets, and all below a segment such as `LayerNorm_0` or `ln_f`.",
    "embedding": "Leaves with a segment that contains `embed`, or has the word `emb`, `wte` or `wpe`.",
    "kernel": "Weights with two axes or more that are neither of a normalisation layer nor of an embedding.",
}
"""Named classes of leaves."""

SUBJECTS: dict[str, str] = {
    "ndim": "The number of axes of a leaf, as in `ndim > 1`.",
    "size": "The number of entries of a leaf, as in `size >= 1k`.",
    "dtype": "The dtype of a leaf, as in `dtype == bfloat16`.",
    "shape": "The length of one axis of a leaf, as in `shape[0] == 4`.",
    "path": "The path of a leaf, searched with a regular expression, as in `path ~ '^head/'`.",
}
"""What leaves are chosen by."""

KEYWORDS: dict[str, str] = {
    "match": "Groups of parameters: `match { SEL => chain, else => chain }`. The first arm that selects a leaf has it.",
    "where": "Over parameters: `stage where SEL`, or `value where SEL else other`.",
    "when": "Over configuration and time: `stage when COND`, or `value when COND else other`.",
    "else": "What holds for the rest.",
    "as": "Names a stage: `adam(1e-3) as base`.",
    "and": "Both hold.",
    "or": "One of the two holds.",
    "not": "It does not hold.",
    "live": "A number that lives in the optimizer state: `live rate = 1e-3;`.",
    "def": "A transform defined here: `def calm(x=1.0) = clip(x) | centralize;`.",
}
"""Reserved words, constants aside."""

CONSTANTS = ("true", "false", "none", "inf")
STEP = "The number of updates done so far: 0, 1, 2, ..."
HOLES: dict[str, str] = {
    "total": "The number of updates of the whole run; `5%` is a share of it.",
    "epoch_steps": "The number of updates of one epoch; `3ep` is three times as many.",
}
"""Holes that every program accepts."""
