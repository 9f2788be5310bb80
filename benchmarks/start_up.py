"""Whole processes, from nothing to done, against a Python that does nothing. Prints Markdown."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from side_by_side import interleaved, section, times_table, versions

ROUNDS = 31
TEXT = "clip_by_global_norm(1.0) | centralize(axes=-1) | adam(1e-3)"
"""A program without findings, so that nothing is loaded to say them."""
ONLY_HERE = "interegular"
"""What Lark imports wherever it finds it. It is here because the grammar is checked with it; users do not have it."""
ARGUMENTS = {
    "Python that does nothing": ("-c", "pass"),
    "`import optdsl; optdsl.check(...)`": ("-c", f"import optdsl; optdsl.check({TEXT!r})"),
    "`python -m optdsl check -e ...`": ("-m", "optdsl", "check", "-e", TEXT),
    "`python -m optdsl --help`": ("-m", "optdsl", "--help"),
    "`import lark`": ("-c", "import lark"),
    "`import optax`": ("-c", "import optax"),
}


def process(arguments: tuple[str, ...], folder: str) -> Callable[[], object]:
    """Returns what runs Python as users have it: what it compiled it reads again, and it lacks what is only here."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, *arguments]
    run = {"env": environment | {"PYTHONPATH": folder}, "check": True, "stdout": subprocess.DEVNULL}
    return lambda: subprocess.run(command, **run)


def main() -> str:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{ONLY_HERE}.py").write_text("raise ImportError\n")
        work = {name: process(arguments, folder) for name, arguments in ARGUMENTS.items()}
        times = interleaved(work, ROUNDS)
    note = (
        f"The program is `{TEXT}`; files are in the cache of the system; {ROUNDS} rounds; without `{ONLY_HERE}`, which "
        f"is installed for development alone. {versions('lark')}."
    )
    return section("Start-up", note, times_table(times, faster=False))


if __name__ == "__main__":
    print(main())
