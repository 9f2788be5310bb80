"""Runs every benchmark, each in a process of its own, and writes RESULTS.md beside this file: `make bench`."""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("steps", "sweep", "another_number", "many_leaves", "overhead", "text", "start_up")
OUT = HERE / "RESULTS.md"
HEAD = """\
# Results

Made by `make bench`. Each table has both sides in one process, interleaved; medians, with quartiles beside them.
Ratios inside one table mean something, times do not.
"""


def results(script: str) -> str:
    """Returns what one script prints; what it says on stderr goes to the terminal."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, str(HERE / f"{script}.py")], check=True, stdout=subprocess.PIPE, text=True)
    print(f"{script}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return done.stdout.strip()


if __name__ == "__main__":
    text = "\n\n".join([HEAD.strip(), *map(results, SCRIPTS)]) + "\n"
    OUT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
