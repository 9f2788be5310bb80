"""The pages of codes: they say what the tables, the checker and the measurements say, in docs and in a terminal."""

import math
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from optdsl.cli import code_page, main
from optdsl.diagnostics.codes import CODES
from optdsl.diagnostics.consequences import CONSEQUENCES
from optdsl.diagnostics.render import render
from optdsl.semantics.check import OVERRIDABLE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "codes"
MEANING = [code for code in CODES if code[0] in "WN" or code[1] in "34"]
WITHOUT_MEASURE = {"E403", "E404", "E405"}
"""Mistakes that stop a program with plain Optax too, or that are not of one program: there is no run to measure."""

WITHOUT_DIFFERENCE = ("W516", "N603")
"""The same under another name, and what changes nothing."""


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import write_pages

    return write_pages


def test_the_folder_holds_what_would_be_written(writer: Any) -> None:
    stale = writer.generated_pages.stale(writer.texts(), FOLDER)
    assert [path.name for path in stale] == [], "run `make pages`"


@pytest.mark.parametrize("code", [code for code, page in CODES.items() if page.failing is not None])
def test_a_page_shows_the_programs_and_the_message(code: str) -> None:
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    page, found = CODES[code], code_page.finding(code)
    assert found is not None
    assert f"{found.severity}[{code}]: {found.message}" in " ".join(text.split())
    if len(page.failing or "") < 300:
        assert f"```text\n{render(found)}```" in text
        assert f"\n{page.failing}\n```" in text
    assert f"\n{page.repaired}\n```" in text
    assert ("check --fix" in text) == (found.edit is not None)
    assert ("# allow:" in text) == (code[0] != "E" or code in OVERRIDABLE)


def test_what_means_something_else_is_measured_and_the_rest_is_not() -> None:
    assert {*CONSEQUENCES, *WITHOUT_MEASURE} == set(MEANING)


@pytest.mark.parametrize("code", CONSEQUENCES)
def test_a_consequence_is_a_number_and_a_sentence(code: str) -> None:
    measured = CONSEQUENCES[code]
    assert math.isfinite(measured.failing)
    assert math.isfinite(measured.repaired)
    sentence = code_page.consequence(code) or ""
    assert code_page.number(measured.failing) in sentence
    assert sentence in " ".join((FOLDER / f"{code}.md").read_text(encoding="utf-8").split())


@pytest.mark.slow
@pytest.mark.parametrize("code", ["E301", "E302", "E305", "E402", "W501", "W503", "W506", "W507", "W521", "W522"])
def test_a_consequence_is_measured_again(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from measure_consequences import measured

    again, kept = measured(code), CONSEQUENCES[code]
    assert again.quantity == kept.quantity
    assert again.start == (None if kept.start is None else pytest.approx(kept.start, rel=1e-3))
    assert again.failing == pytest.approx(kept.failing, rel=0.2, abs=1e-6)
    assert again.repaired == pytest.approx(kept.repaired, rel=0.2, abs=1e-6)


@pytest.mark.parametrize("code", [code for code in CONSEQUENCES if code not in WITHOUT_DIFFERENCE])
def test_the_failing_program_does_something_else(code: str) -> None:
    measured = CONSEQUENCES[code]
    assert measured.failing != pytest.approx(measured.repaired, rel=0.05)
    if measured.quantity.startswith("the loss"):
        assert measured.failing > 2 * measured.repaired


@pytest.mark.parametrize("code", WITHOUT_DIFFERENCE)
def test_a_finding_about_the_text_alone_changes_nothing(code: str) -> None:
    measured = CONSEQUENCES[code]
    assert measured.failing == measured.repaired


def test_numbers_are_written_as_a_person_writes_them() -> None:
    written = [code_page.number(value) for value in (0.0, 1.0, 0.4198, 56040.0, 1.594e22, -0.6002, 5.2e-5)]
    assert written == ["0", "1", "0.42", "56,040", "1.59e22", "-0.6", "5.2e-5"]


@pytest.mark.parametrize("code", CODES)
def test_a_terminal_shows_the_same(
    code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["codes", code]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    words = " ".join(shown.split())
    page = CODES[code]
    for text in (page.title, page.explanation, page.why, code_page.consequence(code) or ""):
        assert " ".join(text.split()) in words
    found = code_page.finding(code)
    assert found is None or f"{found.severity}[{code}]: " in shown
    assert max(map(len, shown.splitlines())) <= 320


def test_the_list_has_every_code_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codes"]) == 0
    assert re.findall(r"^([EWN]\d{3})  ", capsys.readouterr().out, re.MULTILINE) == list(CODES)


def test_the_list_needs_no_measurement_and_no_jax() -> None:
    import subprocess

    script = "import sys; from optdsl.cli import main; main(['codes']); sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False).returncode == 0
