"""docs/repl.md is what a session answers today; losses, accuracies and times aside."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pexpect")
pytest.importorskip("sklearn")

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import write_transcript

    return write_transcript


@pytest.mark.slow
def test_the_page_is_current(tool: Any) -> None:
    written = (ROOT / "docs" / "repl.md").read_text(encoding="utf-8")
    assert tool.without_results(written) == tool.without_results(tool.text()), "python tools/write_transcript.py"


def test_times_and_results_are_left_out(tool: Any) -> None:
    header = "program  final loss  test accuracy  ms per step  compile s\n"
    row = "opt (1) | x          1.25          0.969        0.378       1.42"
    assert tool.without_times(header + row).endswith("opt (1) | x          1.25          0.969  ...  ...")
    assert tool.without_results(tool.without_times(header + row)).endswith("opt (1) | x ...")
    assert tool.without_times("    factor: 0.5\nadam 1 2") == "    factor: 0.5\nadam 1 2"
