"""Whole processes, from nothing to done, against a Python that does nothing. Prints Markdown."""

import os
import subprocess
import sys
from collections.abc import Callable

from side_by_side import interleaved, section, times_table, versions

ROUNDS = 15
TEXT = "clip_by_global_norm(1.0) | centralize(axes=-1) | adam(1e-3)"
"""A program without findings, so that nothing is loaded to say them."""
# As for users: what Python has compiled once it reads again.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def process(*arguments: str) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


WORK = {
    "Python that does nothing": process("-c", "pass"),
    "`import optdsl; optdsl.check(...)`": process("-c", f"import optdsl; optdsl.check({TEXT!r})"),
    "`python -m optdsl check -e ...`": process("-m", "optdsl", "check", "-e", TEXT),
    "`python -m optdsl --help`": process("-m", "optdsl", "--help"),
    "`import optax`": process("-c", "import optax"),
}


if __name__ == "__main__":
    note = f"The program is `{TEXT}`; files are in the cache of the system; {ROUNDS} rounds. {versions()}."
    print(section("Start-up", note, times_table(interleaved(WORK, ROUNDS), faster=False)))
