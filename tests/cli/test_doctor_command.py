"""`optdsl doctor`: what it writes, and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from optdsl.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    for name in ("FORCE_COLOR", "OPTDSL_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        status = main(["doctor", *arguments])
        written = capsys.readouterr()
        return status, written.out, written.err

    return call


def test_a_line_for_each_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "program.opt").write_text("sgd(:rate)")
    status, out, err = run("program.opt", "--hole", "rate=0.05", "--set", "sgd.momentum=0.5")
    assert (status, err) == (0, "")
    rows = {line[:13].strip(): line[13:].split()[0] for line in out.splitlines()}
    assert len(rows) == 10
    assert set(rows.values()) == {"ok"}
    assert "on a small regression with 6 leaves" in out


def test_a_failure_is_the_exit_status(run: Run) -> None:
    status, out, _ = run("-e", "scale_by_adam | scale(1e-2)", "--json")
    assert status == 1
    document = json.loads(out)
    assert (document["program"], document["total"]) == ("scale_by_adam | scale(1e-2)", 50)
    answers = {answer.pop("name"): answer for answer in document["examined"]}
    assert answers["descends"]["verdict"] == "failed"
    assert answers["descends"]["numbers"]["end"] > answers["descends"]["numbers"]["start"]
    assert answers["finite"] == {
        "verdict": "ok",
        "sentence": "loss and parameters are finite at every step, and the state holds no NaN",
        "numbers": {},
    }


def test_what_is_not_finite_is_null(run: Run) -> None:
    status, out, _ = run("-e", "sgd(1e3)", "--json")
    assert status == 1
    descends = next(answer for answer in json.loads(out)["examined"] if answer["name"] == "descends")
    assert descends["numbers"]["end"] is None


@pytest.mark.slow
def test_schedules_get_as_many_updates_as_they_need(run: Run) -> None:
    status, out, _ = run("-e", "sgd(0 -> linear(0.1, 100) -> hold -> linear(0, 20%))")
    assert status == 0
    assert "the schedules were given 10,000 updates, of which 50 ran" in out
    status, _, err = run("-e", "sgd(0 -> linear(0.1, 100) -> linear(0))", "--hole", "total=60")
    assert status == 1
    assert "error[E309]" in err


def test_parameters_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "shapes.json").write_text(json.dumps({"head/kernel": {"shape": [4, 3], "dtype": "float32"}}))
    status, out, _ = run("--params", "shapes.json", "-e", "freeze where bias | sgd(0.1)")
    assert (status, out) == (1, "")
    status, out, _ = run("--params", "shapes.json", "-e", "sgd(0.1 where head/** else 1)")
    assert status == 0
    assert "on a quadratic over the 1 leaf given" in out


@pytest.mark.parametrize(("text", "code"), [("adm(1e-3)", "E201"), ("adam(", "E1"), ("adam(:rate)", "E205")])
def test_errors_are_shown_instead(run: Run, text: str, code: str) -> None:
    status, out, err = run("-e", text)
    assert (status, out) == (1, "")
    assert f"error[{code}" in err
    status, out, err = run("-e", text, "--json")
    assert (status, err) == (1, "")
    assert json.loads(out)["findings"][0]["code"].startswith(code)


def test_one_program_at_a_time(run: Run) -> None:
    assert run()[0] == 2
    status, _, err = run("-e", "sgd(0.1)", "adam(0.1)")
    assert status == 2
    assert "one program at a time" in err
