"""The table of codes: each code of the sources has a page, and each program does what its page says."""

import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import pytest

import optdsl
from optdsl.cli.code_page import finding
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.codes import CODES
from optdsl.diagnostics.page import Shapes
from optdsl.diagnostics.trees import SMALL

SOURCES = Path(__file__).parents[2] / "optdsl"
TABLES = {*SOURCES.glob("diagnostics/codes*.py"), SOURCES / "diagnostics" / "consequences.py"}

TEXT_PAGES = {code: page for code, page in CODES.items() if page.found == "text"}


def used_codes() -> set[str]:
    """Returns the codes that appear as literals outside of the tables, docstrings left out."""
    texts = (path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path not in TABLES)
    return {code for text in texts for code in re.findall(r"(?:\"|error\[)([EWN]\d{3})(?:\"|\])", text)}


def test_the_table_has_the_codes_of_the_sources_and_no_others() -> None:
    assert set(CODES) == used_codes()


def test_the_table_is_in_order() -> None:
    assert list(CODES) == sorted(CODES, key=lambda code: ("EWN".index(code[0]), code))


def params_of(shapes: Shapes) -> Any:
    """Returns arrays of the shapes of a page, None where it has none."""
    tree: dict[str, Any] = {}
    for path, (shape, dtype) in shapes.items():
        *above, last = path.split("/")
        node = tree
        for key in above:
            node = node.setdefault(key, {})
        node[last] = jnp.ones(shape, dtype)
    return tree or None


def first_of_its_kind(findings: list[Diagnostic], code: str) -> Diagnostic:
    """Returns the first finding that is as severe as `code` says."""
    severity = next(finding.severity for finding in findings if finding.code == code)
    return next(finding for finding in findings if finding.severity == severity)


CHECKED = {code: page for code, page in CODES.items() if page.found in ("text", "parameters")}


@pytest.mark.parametrize("code", CHECKED)
def test_the_failing_program_has_the_code_first(code: str) -> None:
    page = CHECKED[code]
    assert page.failing is not None
    found = optdsl.check(page.failing, holes=page.holes, params=params_of(page.params))
    assert code in [finding.code for finding in found]
    assert first_of_its_kind(found, code).code == code


@pytest.mark.parametrize("code", CHECKED)
def test_the_repaired_program_has_neither_the_code_nor_an_error_nor_a_warning(code: str) -> None:
    page = CHECKED[code]
    repaired = page.repaired or ""
    # `total` is a hole of every program.
    holes = {name: value for name, value in page.holes.items() if name == "total" or f":{name}" in repaired}
    params = params_of(page.params if page.repaired_params is None else page.repaired_params)
    found = optdsl.check(repaired, holes=holes, params=params)
    assert [finding.code for finding in found if finding.severity != "note" or finding.code == code] == []


@pytest.mark.parametrize("code", TEXT_PAGES)
def test_an_edit_repairs_the_program(code: str) -> None:
    page = TEXT_PAGES[code]
    text = page.failing or ""
    found = [finding for finding in optdsl.check(text, holes=page.holes) if finding.code == code]
    for one in reversed(found):
        if one.edit is not None:
            text = text[: one.edit.range.start] + one.edit.text + text[one.edit.range.end :]
    if text != page.failing:
        assert code not in [finding.code for finding in optdsl.check(text, holes=page.holes)]


def test_pages_say_what_shows_the_mistake() -> None:
    for code, page in CODES.items():
        assert bool(page.call) == (page.found == "python"), code
        assert bool(page.params) or page.found != "parameters", code


PARAMS = params_of(SMALL)


def _step(program: str) -> None:
    opt = optdsl.compile(program)
    opt.step(PARAMS, opt.init(PARAMS), PARAMS, donate=False)


def _set_rate(program: str) -> None:
    opt = optdsl.compile(program)
    opt.set(opt.init(PARAMS), {"rate": 1e-4})


def _replace_rate(program: str) -> None:
    optdsl.compile(optdsl.parse(program).replace({"rate": 1e-4}))


def _init_with_mask(program: str) -> None:
    holes = {"mask": {"embd": True}} if ":mask" in program else {}
    optdsl.compile(program, **holes).init(PARAMS)


FROM_PYTHON = {"E245": _init_with_mask, "E247": _set_rate, "E248": _replace_rate, "E405": _step}


def test_every_mistake_from_python_is_made_here() -> None:
    assert FROM_PYTHON.keys() == {code for code, page in CODES.items() if page.found == "python"}


@pytest.mark.parametrize("code", FROM_PYTHON)
def test_a_call_from_python_shows_the_mistake(code: str) -> None:
    page, call = CODES[code], FROM_PYTHON[code]
    with pytest.raises(optdsl.OptdslError) as raised:
        call(page.failing or "")
    assert raised.value.diagnostics[0].code == code
    assert raised.value.diagnostics[0] == finding(code)
    call(page.repaired or "")


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_whole_and_in_our_voice(code: str) -> None:
    page = CODES[code]
    assert page.title == page.title.rstrip(".")
    assert page.explanation.endswith(".")
    words = set(re.findall(r"[a-z]+", f"{page.title} {page.explanation} {page.why}".lower()))
    assert not words & {"you", "your", "please", "sorry", "we"}
    assert "!" not in page.explanation + page.why
    assert page.why.endswith(".") or (page.why == "" and code[:2] in ("E1", "E2", "E9"))
    assert (page.failing is None) == (page.found == "machine")
