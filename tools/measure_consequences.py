"""Measures what the programs on the pages of codes do, and writes `optdsl/diagnostics/consequences.py`.

In: the table of codes and the problem of `consequence_runs`. Out: for each code with something to measure, one
quantity with the failing and with the repaired program. A program that the checker refuses runs as the same chain
in plain Optax.

    python tools/measure_consequences.py
"""

import subprocess
import sys
import warnings
from math import isfinite
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from consequence_of_advice import ADVICE  # noqa: E402
from consequence_of_errors import ERRORS  # noqa: E402
from optdsl.diagnostics.page import Consequence  # noqa: E402

TARGET = ROOT / "optdsl" / "diagnostics" / "consequences.py"

MEASURES = {**ERRORS, **ADVICE}


def measured(code: str) -> Consequence:
    """Returns what was measured for a code, rounded to four digits and finite; what is 0 up to rounding is 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optax warns of old names, which is W516
        found = MEASURES[code]()
    numbers = (found.failing, found.repaired, found.start)
    failing, repaired, start = (None if number is None else _rounded(number) for number in numbers)
    assert failing is not None
    assert repaired is not None
    assert isfinite(failing)
    assert isfinite(repaired)
    return Consequence(found.quantity, failing, repaired, start)


def _rounded(number: float) -> float:
    return 0.0 if abs(number) < 1e-7 else float(f"{number:.4g}")


def source(found: dict[str, Consequence]) -> str:
    """Returns the text of the module."""
    lines = "".join(
        f"{code!r}: Consequence{tuple(c if c.start is not None else c[:3])!r},\n" for code, c in found.items()
    )
    text = (
        '"""What the programs on the pages of codes do, measured by `tools/measure_consequences.py`.\n\n'
        'Do not edit: run `make pages`.\n"""\n\n'
        "from optdsl.diagnostics.page import Consequence\n\n"
        f"CONSEQUENCES: dict[str, Consequence] = {{\n{lines}}}\n"
    )
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "-"]
    return subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout


def main() -> int:
    """Writes the file."""
    found = {code: measured(code) for code in MEASURES}
    TARGET.write_text(source(found), encoding="utf-8")
    print(f"{TARGET.name}: {len(found)} codes measured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
