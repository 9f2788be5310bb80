"""Writes docs/repl.md: prose from here, and what a real session on a real terminal answers to each line.

In: the sections below. Out: Markdown. Times are written as `...`, since no two runs have the same;
tests/repl/test_transcript.py says when the file is not what this would write.

    python tools/write_transcript.py
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pexpect

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "repl.md"
GENERATED = "<!-- Written by tools/write_transcript.py, which holds the prose and runs the sessions. -->"
PROMPT = re.compile(r"(?:optdsl|   \.\.\.)> $")
COLUMNS = 88
SECONDS = 120.0
SHAPES = """\
{
  "encoder/kernel": {"shape": [64, 32], "dtype": "float32"},
  "encoder/bias": {"shape": [32], "dtype": "float32"},
  "head/kernel": {"shape": [32, 10], "dtype": "float32"}
}
"""


class Section(NamedTuple):
    """A heading, what is said below it, and lines that are typed; each section goes on with the session before."""

    heading: str
    prose: str
    lines: tuple[str, ...] = ()


SECTIONS = (
    Section(
        "# The REPL",
        """\
`optdsl repl` opens a prompt. Type a program, and it is explained, its schedules are drawn, and it is kept as `opt`
for the commands below. `optdsl repl train.opt --params SHAPES.json` begins with a program and the shapes of a model.

All sessions on this page are real: a script typed them, and a test types them again. Times are left out (`...`).""",
        ("clip_norm(1.0) | adamw(0 -> linear(3e-3, 10%) -> cosine(0), weight_decay=0.1 where ndim > 1)",),
    ),
    Section(
        "",
        """\
Durations such as `10%` need to know how long a run is. The REPL takes `:total` as 1,000, or more where the schedules
would not fit, and says so. `:epoch_steps` is taken as 100.""",
    ),
    Section(
        "## While you type",
        """\
- Words are coloured by what they are, and a menu proposes what may stand at the cursor: stages, parameters with their
  defaults, schedules, selectors, and the paths of the leaves once a model is loaded. Tab takes one.
- The first two lines at the bottom show how the call at the cursor is written, with the parameter that you are at, and
  what that takes. The third line shows the first finding of the program as it stands, or `ok`.
- F1 shows the whole page of the word at the cursor.
- Enter ends a program unless a bracket is open or more must follow, as behind `|` or `;`. An empty line ends it anyway.
  Alt-Enter begins a new line anywhere. A program of several lines can be pasted.
- Up, Down and Ctrl-R bring back what was typed, in this session and in earlier ones. Ctrl-X Ctrl-E opens an editor.
- Ctrl-C clears the line, or stops what runs. Ctrl-D leaves.""",
    ),
    Section(
        "## Mistakes",
        """\
A mistake is answered with its place, and nothing is lost: `opt` stays what it was. `:codes E201` says more about
a code. An unknown command is answered with the nearest.""",
        ("clip(1.0) | adm(1e-3, b3=0.9)", ":tarin"),
    ),
    Section(
        "## Programs over several lines",
        """\
Each program stands alone. A binding such as `rate = 1e-3;` belongs to the program that it begins, and is not remembered
for the next one: a session of bindings would be a second language, whose programs no file could hold. So the prompt
waits for the rest.""",
        ("rate = 0.05;", "clip_norm(1.0) |", "sgd(rate, momentum=0.9)"),
    ),
    Section(
        "## Values and schedules",
        """\
A number or a schedule may stand by itself. It is shown, and `opt` stays what it is.""",
        ("3e-4 * 2 ** 0.5", "1 -> hold(20) -> exponential(0.01, 80)"),
    ),
    Section(
        "## Training and races",
        """\
`:train` trains a small network on the handwritten digits of scikit-learn (`pip install 'optdsl[demo]'`), as
[`optdsl train`](cli.md#train) does and with its options. `:race` trains several programs from the same start on the
same batches. They stand side by side, in quotes or not; a number is one of `:hist`, a name that ends in `.opt` a file,
and one alone meets `opt`. Ctrl-C ends the program that trains, and shows what came out so far.""",
        (":train --steps 100", ":race opt lion(1e-3) --steps 100", ":hist"),
    ),
    Section(
        "## Changing a number",
        """\
`:set PATH=VALUE` puts a value over a parameter of `opt`, through [`Optimizer.replace`](python.md), or over one of its
bindings. It then takes one update with the new value on a small model (the loaded one, if there is one), and counts
what jax reports of its compiler meanwhile. Another number compiles nothing; another structure does.""",
        (":set sgd.momentum=0.8", ":set rate=0.01", ":set sgd.nesterov=true", "opt"),
    ),
    Section(
        "## Holes",
        """\
A program may wait for values. `:hole NAME=VALUE` fills a hole of this and all later programs; `:hole` lists them.""",
        ("sgd(:peak -> cosine(0, 50))", ":hole peak=0.2"),
    ),
    Section(
        "## A model",
        """\
`:params SHAPES.json` loads the [shapes](shapes.md) of a model. From then on selectors are checked against its leaves,
their paths are proposed, and programs are explained leaf by leaf. `:params none` forgets it.""",
        (":params SHAPES.json", "freeze where encodr/** | adam(1e-3)", "freeze where encoder/** | adam(1e-3)"),
    ),
    Section(
        "## Out of the REPL",
        """\
`:python` writes plain Optax, `:fmt` the canonical form, `:save` a file. `:load` takes up a file, or a value inside
YAML, TOML or JSON (`:load config.yaml:optimizer`). A file that is there already is replaced by `:save!` only, or by
`:save` if the program came from it.""",
        (":python", ":save frozen.opt", ":load frozen.opt"),
    ),
    Section(
        "## All commands",
        """\
What stands behind a command of the command line works here too: [cli.md](cli.md).""",
        (":help",),
    ),
    Section(
        "## Pipes, colours, history",
        """\
Without a terminal the REPL reads lines and writes plain text on standard output, without prompts, so that a file of
lines is a script; the exit status is 1 if something failed. A line that begins with `|`, `->`, `where` or a closing
bracket goes on with the one before. A terminal that cannot move its cursor (`TERM=dumb`) gets prompts and no menu.
`NO_COLOR` turns colours off.

The last 1,000 entries are kept in `$XDG_STATE_HOME/optdsl/history`, by default `~/.local/state/optdsl/history`, which
only you can read. `OPTDSL_HISTORY` names another file; set to nothing, it keeps none.

jax is loaded when something must run or be drawn, and not before. In Python itself, `optdsl.compile`, `explain` and the
others do the same: [python.md](python.md).""",
    ),
)


class Terminal:
    """The REPL on a terminal without cursor movements, whose stream is therefore its transcript."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "OPTDSL_HISTORY": "", "PYTHONPATH": str(ROOT)}
        environment |= {"JAX_PLATFORMS": "cpu", "COLUMNS": str(COLUMNS), "LINES": "40"}
        self._process: Any = pexpect.spawn(
            sys.executable,
            ["-m", "optdsl", "repl"],
            cwd=str(folder),
            env=environment,  # pyright: ignore[reportArgumentType]
            dimensions=(40, COLUMNS),
            encoding="utf-8",
        )
        self.banner = self._until_prompt()

    def type(self, line: str) -> str:
        """Returns a line with its prompt, and what it is answered."""
        prompt = self.prompt
        self._process.send(f"{line}\n")
        return prompt + self._until_prompt()

    def _until_prompt(self) -> str:
        found, end = "", time.monotonic() + SECONDS
        while not PROMPT.search(found):
            if time.monotonic() > end:
                raise TimeoutError(found)
            try:
                found += self._process.read_nonblocking(1 << 16, 0.2).replace("\r", "")
            except pexpect.TIMEOUT:
                continue
        at = found.rfind("\n") + 1
        self.prompt = found[at:]
        return found[:at]

    def close(self) -> None:
        """Ends the session."""
        self._process.close(force=True)


def text() -> str:
    """Returns the page."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "SHAPES.json").write_text(SHAPES, encoding="utf-8")
        terminal = Terminal(Path(folder))
        try:
            return "\n\n".join([GENERATED, *_parts(terminal)]) + "\n"
        finally:
            terminal.close()


def _parts(terminal: Terminal) -> Iterator[str]:
    first = terminal.banner
    for section in SECTIONS:
        yield from (part for part in (section.heading, section.prose) if part)
        shown = without_times(first + "".join(terminal.type(line) for line in section.lines))
        if section.lines:
            lines = "\n".join(line.rstrip() for line in shown.splitlines())
            yield f"```text\n{lines.rstrip()}\n```"
        first = ""


def without_times(shown: str) -> str:
    """Returns a transcript with `...` for every time.

    >>> without_times("adam.b1 = 0.8: 1.25 ms, and 0.71 ms for an update with it")
    'adam.b1 = 0.8: ... ms, and ... ms for an update with it'
    """
    shown = re.sub(r"[\d,.]+ ms\b", "... ms", shown)
    shown = re.sub(r"\d+ steps/s", "... steps/s", shown)
    return re.sub(r"^(.+?) +[\d.]+ +[\d.]+$", _row, shown, flags=re.MULTILINE) if "compile s" in shown else shown


def _row(found: re.Match[str]) -> str:
    """Returns a row of results without its last two cells, which are times."""
    cells = re.fullmatch(r"(\S.*?  +[\d.e-]+ +[\d.]+)( +)[\d.]+( +)[\d.]+", found[0])
    return found[0] if cells is None else f"{cells[1]}  ...  ..."


def without_results(page: str) -> str:
    """Returns the page without losses and accuracies, whose last digits depend on the processor."""
    page = re.sub(r"loss \S+ +held-out \S+", "loss ... held-out ...", page)
    return re.sub(r" +[\d.e-]+ +[\d.]+  \.\.\.  \.\.\.$", " ...", page, flags=re.MULTILINE)


def main() -> int:
    """Writes the page."""
    TARGET.write_text(text(), encoding="utf-8")
    print(TARGET.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
