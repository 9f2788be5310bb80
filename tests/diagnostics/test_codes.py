"""The table of codes: each code of the sources has a page, and each program does what its page says."""

import re
from pathlib import Path

import jax.numpy as jnp
import pytest

import optdsl
from optdsl.diagnostics.codes import CODES

SOURCES = Path(__file__).parents[2] / "optdsl"
TABLE = SOURCES / "diagnostics" / "codes.py"

TEXT_PAGES = {code: page for code, page in CODES.items() if page.found == "text"}


def used_codes() -> set[str]:
    """Returns the codes that appear as literals outside of the table, docstrings left out."""
    texts = (path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py") if path != TABLE)
    return {code for text in texts for code in re.findall(r"(?:\"|error\[)([EWN]\d{3})(?:\"|\])", text)}


def test_the_table_has_the_codes_of_the_sources_and_no_others() -> None:
    assert set(CODES) == used_codes()


def test_the_table_is_in_order() -> None:
    assert list(CODES) == sorted(CODES)


@pytest.mark.parametrize("code", TEXT_PAGES)
def test_the_failing_program_has_the_code_first(code: str) -> None:
    page = TEXT_PAGES[code]
    assert page.failing is not None
    found = [finding.code for finding in optdsl.check(page.failing, holes=page.holes)]
    assert found[:1] == [code]


@pytest.mark.parametrize("code", TEXT_PAGES)
def test_the_repaired_program_has_no_finding(code: str) -> None:
    page = TEXT_PAGES[code]
    repaired = page.repaired or ""
    # `total` is a hole of every program.
    holes = {name: value for name, value in page.holes.items() if name == "total" or f":{name}" in repaired}
    assert optdsl.check(repaired, holes=holes) == []


PARAMS = {"embed": {"kernel": jnp.ones((4, 3)), "bias": jnp.ones(3)}}


@pytest.mark.parametrize("code", [code for code, page in CODES.items() if page.found == "parameters"])
def test_parameters_show_the_mistake(code: str) -> None:
    page = CODES[code]
    found = optdsl.check(page.failing or "", params=PARAMS)
    assert [finding.code for finding in found][:1] == [code]
    assert optdsl.check(page.repaired or "", params=PARAMS) == []


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
    call(page.repaired or "")


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_whole_and_in_our_voice(code: str) -> None:
    page = CODES[code]
    assert page.title == page.title.rstrip(".")
    assert page.explanation.endswith(".")
    words = set(re.findall(r"[a-z]+", f"{page.title} {page.explanation}".lower()))
    assert not words & {"you", "your", "please", "sorry", "we"}
    assert "!" not in page.explanation
    assert (page.failing is None) == (page.found == "machine")
