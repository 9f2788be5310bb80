"""The section of one word in the catalogue: signature, parameters, formula, origin, what it does, an example.

In: a row of the registry. Out: Markdown. Which numbers are traced is asked of the code that takes them out of programs;
all else is in the row. It knows no pages.
"""

import re
from collections.abc import Iterator
from textwrap import fill

from optdsl import ir
from optdsl.cli.example import example
from optdsl.diagnostics.suggest import listed
from optdsl.registry import Parameter, Row, Sort, Traits
from optdsl.semantics.facts import default_text, home, label
from optdsl.semantics.numbers import taken

WIDTH = 120
SIGNATURE_WIDTH = 76
_DIRECTIONS = {-1: "down", 1: "as it came", 0: "zeros", None: "depends on what it is given"}
_BEYOND_A_SHARE = 0.9995


def section(row: Row) -> Iterator[str]:
    """Yields the blocks of a word's section."""
    yield f"## {row.name}"
    yield fenced("text", fill(label(row).text, SIGNATURE_WIDTH, subsequent_indent="    ", break_on_hyphens=False))
    yield row.prose.summary
    if row.deprecated:
        yield f"An old name: write `{row.deprecated}`."
    if row.prose.formula:
        yield f"`{row.prose.formula}`"
    if row.parameters:
        yield "\n".join(_parameters(row))
    facts = list(_facts(row))
    if facts:
        yield "\n".join(f"- {fact}" for fact in facts)
    yield from _example(row)


def _parameters(row: Row) -> Iterator[str]:
    yield "| parameter | takes | default | traced |"
    yield "|---|---|---|---|"
    for parameter in row.parameters:
        default = "required" if parameter.required else f"`{default_text(parameter)}`"
        yield f"| `{parameter.name}` | {_takes(parameter)} | {default} | {traced(row, parameter)} |"


def _takes(parameter: Parameter) -> str:
    facts = [parameter.kind.value]
    if parameter.choices:
        facts.append(listed(parameter.choices, "or"))
    if parameter.bounds:
        facts.append(f"`{parameter.bounds}`")
    if parameter.optional:
        facts.append("or `none`")
    return ", ".join(facts)


def traced(row: Row, parameter: Parameter) -> str:
    """Returns whether another number compiles nothing: `yes`, `up to 0.999`, or nothing for a no."""
    if not _is_taken(row, parameter, 0.5):
        return ""
    return "yes" if _is_taken(row, parameter, _BEYOND_A_SHARE) else "up to 0.999"


def _is_taken(row: Row, parameter: Parameter, number: float) -> bool:
    argument = ir.Argument(parameter.name, number)
    if row.sort is Sort.SCHEDULE:
        argument = ir.Argument("learning_rate", ir.OptaxSchedule(row.name, (argument,)))
        return bool(taken(ir.Chain((ir.Stage("sgd", (argument,)),))).numbers)
    if row.name == "decay":
        return bool(taken(ir.Chain((ir.Decay(number),))).numbers)
    return bool(taken(ir.Chain((ir.Stage(row.name, (argument,)),))).numbers)


def _facts(row: Row) -> Iterator[str]:
    """Yields what was measured, where it comes from, and its name in Optax."""
    if row.traits is not None:
        yield f"Direction: {direction(row)}. Looks at {_reach(row.traits)}."
        yield f"State: {state(row)}."
        yield from _needs(row.traits)
    if row.prose.source:
        yield f"Origin: {linked(row.prose.source)}."
    in_optax = home(row)
    if in_optax:
        yield f"In Optax: `{in_optax}`."


def direction(row: Row) -> str:
    """Returns which way a positive gradient leaves the stage, empty for a schedule."""
    if row.sort is Sort.SCHEDULE:
        return ""
    return _DIRECTIONS[None if row.traits is None else row.traits.sign]


def state(row: Row) -> str:
    """Returns what a stage keeps: `2 for each parameter, 1 count`."""
    if row.traits is None:
        return ""
    parts = [f"{row.traits.state_floats:g} for each parameter"] if row.traits.state_floats else []
    if row.traits.counts:
        parts.append(f"{row.traits.counts} count{'s' if row.traits.counts > 1 else ''}")
    return ", ".join(parts) or "none"


def _reach(traits: Traits) -> str:
    if traits.couples_leaves:
        return "all leaves together"
    return "each entry by itself" if traits.elementwise else "each leaf by itself"


def _needs(traits: Traits) -> Iterator[str]:
    needs = ["the parameters"] if traits.needs_params else []
    needs += [f"`{extra}`" for extra in traits.extras]
    if needs:
        yield f"Each update needs {', '.join(needs)}."
    if traits.half_state:
        yield "Of bfloat16 parameters the state is bfloat16."


def _example(row: Row) -> Iterator[str]:
    program = example(row)
    holes = re.findall(r":[A-Za-z_]\w*", program)
    yield fenced("optdsl error=E205" if holes else "optdsl", program)
    if holes:
        yield f"The host fills `{holes[0]}`."


def linked(source: str) -> str:
    """Returns a source with its arXiv numbers as links."""
    return re.sub(r"arXiv (\d{4}\.\d{4,5})", r"[arXiv \1](https://arxiv.org/abs/\1)", source)


def fenced(words: str, code: str) -> str:
    """Returns a fenced block."""
    return f"```{words}\n{code}\n```"
