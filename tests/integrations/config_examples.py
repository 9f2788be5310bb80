"""What the tests of hosts share: the examples as a stranger runs them, and one program that is wrong in a file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "config"

GOOD = "clip( 1.0 ) | adam(1e-3)  # as it is"
BAD = "clip(1.0) | adm(1e-3)"
WRONG = {
    "bad.yaml": "steps: 10\noptimizer: >\n  clip(1.0)\n  | adm(1e-3)\n",
    "bad.toml": "steps = 10\noptimizer = '''\nclip(1.0)\n  | adm(1e-3)'''\n",
    "bad.json": '{"steps": 10,\n "x": 1,\n\n    "optimizer": "adm(1e-3)"}\n',
}
PLACES = {"bad.yaml": "bad.yaml:4:5", "bad.toml": "bad.toml:4:5", "bad.json": "bad.json:4:19"}


class Done(NamedTuple):
    status: int
    out: str
    err: str


def run(folder: Path, example: str, *arguments: str) -> Done:
    """Returns what an example prints that is run in `folder`, to which it is copied with its files."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "outputs"))
    for name, text in WRONG.items():
        (folder / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, f"with_{example}.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def refused(done: Done, place: str, code: str = "E201") -> None:
    """Asserts that a run ended with one finding at `place`, its caret, and no traceback."""
    assert done.status not in (0, None)
    assert "Traceback" not in done.err + done.out
    assert done.err.count("error[") == 1, done.err
    assert f"error[{code}]" in done.err
    assert f"--> {place}" in done.err, done.err
    carets = [line for line in done.err.splitlines() if "^^^ help: write `adam`" in line]
    above = next(
        line for line in done.err.splitlines() if "adm(" in line and "|" in line and line.strip()[0] in "│0123456789"
    )
    assert above[carets[0].index("^") :].startswith("adm(")
