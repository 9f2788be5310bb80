"""Runs `examples/frameworks` at full length, and writes what they print into `docs/frameworks.md`.

In: names of examples, none for all. Out: the text between the markers of each. What the examples measure, and what
the document says about it, is not known here: read the sentences under a table again when it has changed.

    python tools/measure_frameworks.py               # all, some minutes; leave the machine to it
    python tools/measure_frameworks.py gan_digits    # one
"""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "frameworks"
TARGET = ROOT / "docs" / "frameworks.md"
PACKAGES = ("jax", "optax", "flax", "equinox", "dm-haiku")


def marker(name: str) -> re.Pattern[str]:
    """Returns what matches the markers of an example, and in group 2 what is between them."""
    return re.compile(rf"(<!-- measured: {re.escape(name)} -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def replaced(text: str, name: str, printed: str) -> str:
    """Returns the document with `printed` between the markers of `name`; ValueError where there are none."""
    found = marker(name).search(text)
    if found is None:
        raise ValueError(f"{TARGET.name} has no marker for {name}")
    return text[: found.start(2)] + printed + text[found.end(2) :]


def measured(name: str) -> str:
    """Returns what an example prints, as a block of text."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return f"```text\n{done.stdout.rstrip()}\n```\n"


def machine() -> str:
    """Returns a sentence about where the numbers come from."""
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"Measured on {os.cpu_count()} cores of a processor ({platform.machine()}), with {packages}.\n"


def main(names: list[str]) -> None:
    """Measures the examples named, or all, one after the other, and writes the document after each."""
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "comparison")
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"no example is called {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        printed = measured(name)
        TARGET.write_text(replaced(TARGET.read_text(encoding="utf-8"), name, printed), encoding="utf-8")
    TARGET.write_text(replaced(TARGET.read_text(encoding="utf-8"), "machine", machine()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
