"""What silences findings, `# allow: CODE` and `allow=`, and what raises no alarm at all."""

import re
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest
from marked import alarms, codes, found

from optdsl import OptdslError, check, explain
from optdsl.diagnostics.codes import CODES
from optdsl.registry import REQUIRED, Row, Sort, transforms
from optdsl.semantics.check import OVERRIDABLE

ROOT = Path(__file__).parents[3]
LATE = "adam(1e-3) | clip_norm(1.0)"
UPHILL = "scale_by_adam | scale(1e-3)"


@pytest.mark.parametrize(
    "text",
    [
        f"{LATE}  # allow: W501",
        f"{LATE}  #allow:W501",
        f"{LATE}  # allow: W502, W501",
        "adam(1e-3)\n| clip_norm(1.0)  # allow: W501\n| average(.9)",
        "adam(1e-3)\n| clip_norm(\n  1.0\n)  # allow: W501",
    ],
)
def test_a_comment_at_the_end_of_its_line_silences_a_warning(text: str) -> None:
    assert "W501" not in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{LATE}  # allow: W502",
        f"{LATE}  # allow W501",
        f"{LATE}  # W501",
        f"# allow: W501\n{LATE}",
        "adam(1e-3)  # allow: W501\n| clip_norm(1.0)",
    ],
)
def test_a_comment_elsewhere_does_not(text: str) -> None:
    assert "W501" in codes(text)


def test_the_other_findings_of_a_line_stay() -> None:
    both = "trace(.9) | adam(1e-3) | clip_norm(1.0)"
    assert set(codes(both)) == {"W501", "W511"}
    assert codes(f"{both}  # allow: W501") == ["W511"]
    assert codes(both, allow=("W511",)) == ["W501"]
    assert codes(both, allow=("W511", "W501")) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [("E301", UPHILL), ("E302", "clip(1.0)"), ("E307", "clip(1.0) | lbfgs")],
)
def test_errors_that_may_be_meant_are_silenced_too(code: str, text: str) -> None:
    assert code in OVERRIDABLE
    assert code in codes(text)
    assert code not in codes(text, allow=(code,))
    assert code not in codes(f"{text}  # allow: {code}")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("E303", "match { ndim > 1 => adam(1e-3), else => identity }"),
        ("E304", "clip_norm(1.0 where ndim > 1 else .5) | sgd(.1)"),
        ("E305", "clip_norm(1) | zero_nans | sgd(.1)"),
        ("E306", "flatten { muon(.1) }"),
        ("E308", "sgd(.1) | keep_params_nonnegative | scale(.5)"),
        ("E309", "adam(warmup_cosine_decay_schedule(0, 1e-3, 100, 50))"),
    ],
)
def test_other_errors_are_not(code: str, text: str) -> None:
    assert code not in OVERRIDABLE
    assert code in codes(text, allow=(code,))
    assert code in codes(f"{text}  # allow: {code}")


def test_a_report_is_given_of_what_only_climbs() -> None:
    explain(UPHILL)
    with pytest.raises(OptdslError, match="E305"):
        explain("clip_norm(1) | zero_nans | sgd(.1)")


def test_every_code_of_meaning_has_a_case_here() -> None:
    """Each code of a rule is fired by some file of this folder, and some program of it stays silent."""
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    meant = [code for code in CODES if re.match(r"E30\d|W5[01]\d|N60\d", code)]
    assert len(meant) == 28
    assert [code for code in meant if written.count(f'"{code}"') < 2] == []


# ---- no false alarms

RATE = "learning_rate"
EXPLAINED = {
    "optimistic_adam": "W516",  # the name is old
}
"""Optimizers of Optax that fire by themselves, and what."""


def aliases() -> list[Row]:
    """Returns the optimizers of Optax: what takes a learning rate, and is no piece of one."""
    return [
        row
        for row in transforms()
        if row.sort is Sort.TRANSFORM and row.target and row.parameter(RATE) and not row.name.startswith("scale_by_")
    ]


def program(row: Row) -> str:
    """Returns a program with the arguments that are required, and the learning rate where it is none."""
    needed = [p for p in row.parameters if p.name != RATE and p.default is REQUIRED]
    values = {"base_optimizer": "sgd(.1)", "seed": "1", "key": "1"}
    rate = row.parameter(RATE)
    given = [f"{RATE}=1e-3"] if rate and rate.default in (REQUIRED, None) else []
    given += [f"{p.name}={values.get(p.name, '0.5')}" for p in needed]
    return f"{row.name}({', '.join(given)})"


@pytest.mark.parametrize("row", aliases(), ids=lambda row: row.name)
def test_optimizers_of_optax_raise_no_alarm(row: Row) -> None:
    raised = {finding.code for finding in check(program(row)) if finding.severity != "note"}
    assert raised == ({EXPLAINED[row.name]} if row.name in EXPLAINED else set())


def test_there_are_as_many_optimizers_as_optax_has() -> None:
    assert len(aliases()) > 45
    assert set(EXPLAINED) <= {row.name for row in aliases()}


def test_an_optimizer_without_a_rate_that_climbs_is_found() -> None:
    assert codes("adadelta") == ["E301"]
    assert codes("adafactor") == []


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.opt")), ids=lambda path: path.name)
def test_examples_raise_no_alarm(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert alarms(text, holes=holes_of(text)) == []


FENCE = re.compile(r"^( *)```optdsl([^\n]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]


def documented() -> list[tuple[str, str, str]]:
    return [
        (path.name, options, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for path in DOCUMENTS
        for indent, options, text in FENCE.findall(path.read_text(encoding="utf-8"))
        if "error=" not in options
    ]


@pytest.mark.parametrize(("name", "options", "text"), documented(), ids=str)
def test_programs_of_the_documents_raise_no_alarm(name: str, options: str, text: str) -> None:
    settings = dict(option.split("=", 1) for option in options.split() if "=" in option)
    given = {key: literal_eval(value) for key, value in settings.items() if key != "file"}
    assert alarms(text, holes={**holes_of(text), **given}, fragment="fragment" in options) == []


HOLE = re.compile(r":(\w+)(\s*\?\?)?")
LENGTHS = {"total": 1_000_000, "epoch_steps": 100}


def holes_of(text: str) -> dict[str, Any]:
    """Returns a number for every hole that has no default, and the two that every program takes."""
    plain = re.sub(r"#[^\n]*", "", text)
    return {name: 1e-3 for name, default in HOLE.findall(plain) if not default} | LENGTHS


def test_alarms_are_found_in_what_they_are_looked_for() -> None:
    assert documented()
    assert found("W501", LATE)
    assert alarms(LATE)
    assert alarms("adamw(1e-3)") == []
