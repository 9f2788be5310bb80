"""How messages speak of values: found a number, a string, a chain."""

from optdsl import ir
from optdsl.registry import Kind

DTYPES = ("bfloat16", "float16", "float32", "float64")
AXES_WORDS = ("fan_in", "all")
CLASSES = ("bias", "norm", "embedding", "kernel")
SEGMENTS = ("linear", "cosine", "exponential", "hold")

EXPECTED: dict[Kind, str] = {
    Kind.NUMBER: "a number",
    Kind.SCHEDULABLE: "a number or a schedule",
    Kind.INTEGER: "a whole number",
    Kind.BOOL: "`true` or `false`",
    Kind.STRING: "a string",
    Kind.DTYPE: "a dtype",
    Kind.TRANSFORM: "a stage",
    Kind.SCHEDULES: "a list of schedules",
    Kind.NUMBERS: "a tuple of numbers",
    Kind.INTEGERS: "a list of whole numbers",
    Kind.MAP: "a map of steps to numbers, such as `{1k: 0.5}`",
    Kind.AXES: "`fan_in`, `all`, `none`, a whole number or a tuple of them",
    Kind.AXIS_NAMES: 'a map of axes to names, such as `{0: "data"}`',
    Kind.MASK: "`true where SELECTOR`, or a hole",
    Kind.CALLABLE: "a Python function, through a hole",
    Kind.KEY: "a whole number, or a key through a hole",
    Kind.OBJECT: "a literal, or a Python object through a hole",
}


def shown(value: ir.Value) -> str:
    """Returns what a value is, with an article: `the number -0.1`, `the string 'fast'`."""
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number {value:g}" if isinstance(value, float) else f"the number {value}"
        case str():
            return f"the string '{value}'"
        case None:
            return "`none`"
        case ir.Dtype(name):
            return f"the dtype `{name}`"
        case ir.Axes(word):
            return f"the word `{word}`"
        case ir.Host(hole):
            return f"what the hole `:{hole}` holds"
        case ir.Chain(stages):
            return _chain(stages)
        case ir.Mapping():
            return "a map"
        case tuple():
            return "a list"
        case ir.Spread():
            return "a value that varies over parameters"
        case _:
            return "a value that varies over time"


def _chain(stages: tuple[ir.AnyStage, ...]) -> str:
    word = getattr(stages[0], "word", None) if len(stages) == 1 else None
    return f"the stage `{word}`" if word else "a chain of stages"
