"""Whole processes, from nothing to done, against a Python that does nothing. Prints Markdown."""

import subprocess
import sys
from collections.abc import Callable

from side_by_side import interleaved, section, times_table, versions

ROUNDS = 15
TEXT = "clip_by_global_norm(1.0) | centralize(axes=-1) | adam(1e-3)"


def process(*arguments: str) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


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
