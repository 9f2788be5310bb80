"""The list of pending cases is honest: what is listed fails, the rest passes, and nothing listed is gone."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNER = ROOT / "tools" / "conformance.py"

SUITE = """
import pytest

@pytest.mark.parametrize("text", ["embed/*", "[0]", "fine"])
def test_programs(text):
    assert text == "fine"
"""


def entry(id: str, kind: str = "later") -> str:
    return f"[[pending]]\nid = '{id}'\nwhy = 'to come'\nkind = '{kind}'\n"


GLOB, BRACKETS = entry("test_suite.py::test_programs[embed/*]"), entry("test_suite.py::test_programs[[0]]")


def run(folder: Path, pending: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    suite = folder / "suite"
    suite.mkdir()
    (suite / "test_suite.py").write_text(SUITE)
    listed = folder / "pending.toml"
    listed.write_text(pending)
    command = [sys.executable, str(RUNNER), "--folder", str(suite), "--pending", str(listed), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_listed_cases_may_fail(tmp_path: Path, workers: str) -> None:
    done = run(tmp_path, GLOB + BRACKETS, "-n", workers)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 2 xfailed" in done.stdout


def test_a_case_that_is_not_listed_must_pass(tmp_path: Path) -> None:
    done = run(tmp_path, GLOB)
    assert done.returncode == 1
    assert "FAILED test_suite.py::test_programs[[0]]" in done.stdout


def test_a_listed_case_that_passes_fails_the_run(tmp_path: Path) -> None:
    done = run(tmp_path, entry("test_suite.py::test_programs[*"))
    assert done.returncode == 1
    assert "FAILED test_suite.py::test_programs[fine] - [XPASS(strict)] later: to come" in done.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_entry_that_fits_no_case_fails_the_run(tmp_path: Path, workers: str) -> None:
    done = run(tmp_path, GLOB + BRACKETS + entry("test_suite.py::test_gone*"), "-n", workers)
    assert done.returncode == 1
    assert "ERROR test_suite.py::test_gone*" in done.stdout


def test_a_part_of_the_suite_does_not_call_the_rest_stale(tmp_path: Path) -> None:
    done = run(tmp_path, GLOB + BRACKETS, "test_suite.py::test_programs[fine]")
    assert done.returncode == 0, done.stdout


MALFORMED = [entry("a", kind="soon"), "[[pending]]\nid = 'a'\n", "[[pending]]\nwho = 1\n"]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_a_malformed_entry_is_refused(tmp_path: Path, malformed: str) -> None:
    done = run(tmp_path, malformed)
    assert done.returncode == 1
    assert "ValueError: entry 1" in done.stderr


def test_the_suite_is_not_written_to(tmp_path: Path) -> None:
    run(tmp_path, GLOB + BRACKETS)
    assert [path.name for path in (tmp_path / "suite").iterdir()] == ["test_suite.py"]


def test_without_the_suite_the_run_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(RUNNER), "--folder", str(tmp_path / "absent")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No conformance suite beside this repository: skipped.\n")
