"""The report: what a program does, stage by stage and leaf by leaf, for a terminal, a notebook or a machine.

In: the meaning of a program, and what the backend found about leaves. Out: an `Explanation`. It reads rows and
imports no jax; it computes nothing about leaves.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from textwrap import fill
from typing import Any

from optdsl import ir
from optdsl.leaf_table import Leaves
from optdsl.semantics.names import Found, Guard, walk
from optdsl.semantics.rows import row_of
from optdsl.semantics.show import show, show_selector

WIDTH = 88


@dataclass(frozen=True, slots=True)
class ParameterReport:
    """A parameter of a stage: its value as the language writes it, and as plain data where it is that."""

    name: str
    text: str
    value: bool | int | float | str | None
    """The value itself if it is a number, a boolean or a string, else None; `text` tells `none` apart."""
    is_default: bool


@dataclass(frozen=True, slots=True)
class StageReport:
    """A stage of a program: where it stands, what it does, with which parameters."""

    path: str
    word: str
    depth: int
    summary: str
    parameters: tuple[ParameterReport, ...]
    formula: str
    source: str
    guard: str
    """What decides whether the stage is passed, such as `where ndim > 1`; empty for always."""
    deprecated: str
    """The name to write instead of an old one."""


@dataclass(frozen=True, slots=True)
class PassReport:
    """A pass of the default mode that changes how stages run: its name, the law that allows it, their paths."""

    name: str
    law: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """A report of a program: `str()` for a terminal, `to_dict()` for a machine, HTML in a notebook."""

    stages: tuple[StageReport, ...]
    leaves: Leaves | None = None
    """What the program does to each leaf, where parameters were given."""
    passes: tuple[PassReport, ...] | None = None
    """What the default mode runs in another way than Optax writes it, where that was asked for."""

    def __str__(self) -> str:
        """Returns the report as text: a line for each stage, what belongs to it below, then a table of leaves."""
        stages = [line for stage in self.stages for line in _lines(stage)]
        return "\n".join([*stages, *_pass_lines(self.passes), *(self.leaves.lines() if self.leaves else ())])

    def __repr__(self) -> str:
        return str(self)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain data: `{"stages": [...]}`, each with the fields of `StageReport`.

        With parameters also `"leaves"`, each with the fields of `LeafReport`, and `"totals"`; with passes also
        `"passes"`, each with the fields of `PassReport`.
        """
        stages = [{**asdict(stage), "parameters": [asdict(one) for one in stage.parameters]} for stage in self.stages]
        passes = {} if self.passes is None else {"passes": list(map(asdict, self.passes))}
        return {"stages": stages, **passes, **(self.leaves.to_dict() if self.leaves else {})}

    def _repr_html_(self) -> str:
        """Returns the report as tables, every text in them escaped."""
        heads = "".join(f"<th>{head}</th>" for head in ("stage", "parameters", "what it does"))
        rows = "".join(map(_html_row, self.stages))
        stages = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        passes = "".join(f"<br>{escape(line)}" for line in _pass_lines(self.passes))
        return stages + passes.removeprefix("<br>") + (self.leaves.html() if self.leaves else "")


def explain(chain: ir.Chain, leaves: Leaves | None = None, passes: tuple[PassReport, ...] | None = None) -> Explanation:
    """Returns a report of every stage of `chain`, those inside others too, defaults filled in, of leaves and passes.

    >>> report = explain(ir.Chain((ir.Stage("clip", (ir.Argument("max_delta", 1.0),)),)))
    >>> report.stages[0].path, report.stages[0].parameters[0].text
    ('clip', '1.0')
    """
    return Explanation(tuple(map(_report, walk(chain))), leaves, passes)


def _report(found: Found) -> StageReport:
    stage = found.stage
    guard = " ".join(map(_guard, found.guards))
    if isinstance(stage, (ir.Freeze, ir.Guarded)):
        word, arguments = "freeze", ()
        guard = f"where {show_selector(stage.selector)}" if stage.selector is not None else guard
    else:
        word, arguments = stage.word, stage.arguments
    parameters = tuple(map(_parameter, arguments))
    row = row_of(stage)
    summary = row.prose.summary if row else _own_summary(stage)
    formula, source, old = (row.prose.formula, row.prose.source, row.deprecated) if row else ("", "", "")
    return StageReport(found.path, word, found.depth, summary, parameters, formula, source, guard, old)


def _own_summary(stage: ir.AnyStage) -> str:
    """Returns what a stage does that has no row."""
    if isinstance(stage, ir.Match):
        return f"Sends each leaf through the first of {len(stage.arms)} arms that selects it."
    return "A transform from Python, put in by the host."


def _guard(guard: Guard) -> str:
    if isinstance(guard, ir.Arm):
        return "else" if guard.selector is None else f"where {show_selector(guard.selector)}"
    if guard.selector is not None:
        return f"where {show_selector(guard.selector)}"
    return f"when {show(guard.condition)}"


def _parameter(argument: ir.Argument) -> ParameterReport:
    value = argument.value
    plain = value if isinstance(value, (bool, int, float, str)) else None
    # JSON knows no infinity; its text says it.
    finite = plain if not isinstance(plain, float) or abs(plain) < float("inf") else None
    return ParameterReport(argument.name, show(value), finite, not argument.given)


def _lines(stage: StageReport) -> Iterator[str]:
    """Yields the lines of one stage, indented by its depth."""
    margin = "    " * stage.depth
    guard = f" ({stage.guard})" if stage.guard else ""
    yield f"{margin}{stage.path}{guard}: {stage.summary}"
    if stage.deprecated:
        yield f"{margin}    an old name: write `{stage.deprecated}`"
    for label, is_default in (("", False), ("by default: ", True)):
        chosen = [f"{p.name}={p.text}" for p in stage.parameters if p.is_default == is_default]
        if chosen:
            first, rest = f"{margin}    {label}", f"{margin}      "
            text = ", ".join(chosen)
            yield fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    for text in (stage.formula, stage.source):
        if text:
            yield f"{margin}    {text}"


def _pass_lines(passes: tuple[PassReport, ...] | None) -> Iterator[str]:
    """Yields what passes do, nothing where they were not asked for."""
    if passes is None:
        return
    yield "passes:" if passes else "passes: none changes how this program runs"
    for one in passes:
        yield f"    {one.name} ({', '.join(one.paths)}): {one.law}"


def _html_row(stage: StageReport) -> str:
    guard = f" <small>{escape(stage.guard)}</small>" if stage.guard else ""
    head = f'<code style="margin-left:{stage.depth * 1.5}em">{escape(stage.path)}</code>{guard}'
    parameters = "<br>".join(map(_html_parameter, stage.parameters))
    texts = [escape(stage.summary)]
    texts += [f"<code>{escape(stage.formula)}</code>"] if stage.formula else []
    texts += [f"<small>{escape(text)}</small>" for text in (stage.source,) if text]
    cells = (head, parameters, "<br>".join(texts))
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells) + "</tr>"


def _html_parameter(parameter: ParameterReport) -> str:
    text = f"<code>{escape(f'{parameter.name}={parameter.text}')}</code>"
    return f'<span style="opacity:0.55">{text} default</span>' if parameter.is_default else text
