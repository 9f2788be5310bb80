"""Every fenced example of every Markdown file runs, and so does every example in a docstring.

The first word of a fence says what is done with the block; the others refine it.

- `python`: the blocks of a file run in order in one namespace.
- `optdsl`: the program has no errors. `fragment` and `name=value` are passed on to `check`; `error=E202` asks
  for that code first; `later` says that the only errors are of constructs not supported yet (E299).
- `console`: each line that begins with `$ optdsl` runs, and prints what follows it. A line `...` is any
  lines, `...` within a line for any characters.
- `sh`: commands for a person to type. Targets of make must exist.
- `text`, `yaml`, `toml`, `json`: not run.

`file=NAME` also writes the block into the folder where the examples of that file run, whatever its language.
"""

import ast
import doctest
import importlib
import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from optdsl.registry import registered

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/**/*.md")
    for path in ROOT.glob(pattern)
)
WITH_EXAMPLES = sorted(path for path in (ROOT / "optdsl").rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
NOT_RUN = {"text", "yaml", "toml", "json"}
FENCE = re.compile(r"^( *)(`{3,})([^`\n]*)\n(.*?)^\1\2`* *$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    document: Path
    line: int
    language: str
    options: tuple[str, ...]
    code: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT).as_posix()}:{self.line}"

    def settings(self) -> dict[str, str]:
        """Returns the options written `name=value`."""
        return dict(option.split("=", 1) for option in self.options if "=" in option)


class Exchange(NamedTuple):
    """A command of a console block, and the lines that are shown under it."""

    command: str
    shown: str


def blocks_of(document: Path) -> list[Block]:
    """Returns the fenced blocks in order; a fence within a list loses its indentation."""
    text = document.read_text(encoding="utf-8")
    blocks: list[Block] = []
    for fence in FENCE.finditer(text):
        indent, _, words, code = fence.groups()
        language, *options = words.split() or [""]
        code = re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        blocks.append(Block(document, text.count("\n", 0, fence.start()) + 1, language, tuple(options), code))
    return blocks


BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
WITH_PYTHON = list(dict.fromkeys(block.document for block in BLOCKS if block.language == "python"))


def written_in(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns an empty current directory for the examples of one document; what they register goes with them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registered, "_ALWAYS", dict(registered._ALWAYS))
    return tmp_path


def lay_out(document: Path, folder: Path) -> None:
    """Writes the blocks of `document` that are files."""
    for block in BLOCKS:
        if block.document == document and (name := block.settings().get("file")):
            (folder / name).write_text(block.code, encoding="utf-8")


def test_every_fence_says_its_language() -> None:
    known = {"python", "optdsl", "console", "sh", *NOT_RUN}
    assert [str(block) for block in BLOCKS if block.language not in known] == []


@pytest.mark.slow
@pytest.mark.parametrize("document", WITH_PYTHON, ids=lambda path: path.name)
def test_python(document: Path, folder: Path) -> None:
    lay_out(document, folder)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in written_in("python"):
        if block.document == document:
            code = "\n" * block.line + block.code  # so that a traceback shows the line of the document
            exec(compile(code, str(document), "exec"), namespace)


@pytest.mark.parametrize("block", written_in("optdsl"), ids=str)
def test_program(block: Block) -> None:
    import optdsl

    settings = block.settings()
    settings.pop("file", None)
    want = settings.pop("error", "E299" if "later" in block.options else None)
    holes: dict[str, Any] = {name: ast.literal_eval(value) for name, value in settings.items()}
    if "fragment" in block.options:
        holes["fragment"] = True
    found = optdsl.check(block.code, **holes)
    codes = [finding.code for finding in found if finding.severity == "error"]
    expected = {want} if want else set()
    assert set(codes if "later" in block.options else codes[:1]) == expected, found


def exchanges(code: str) -> Iterator[Exchange]:
    """Yields each command of a console block with its output; a line that ends in a backslash goes on."""
    for part in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n", " ").partition("\n")
        yield Exchange(command, shown)


def as_pattern(shown: str) -> re.Pattern[str]:
    """Returns what `shown` matches, spaces at the ends of lines and blank lines at the end aside."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.rstrip().split("..."))) + r"[ ]*\n"
        for line in shown.rstrip().splitlines()
    ]
    return re.compile("".join(lines) + r"\s*")


@pytest.mark.slow
@pytest.mark.parametrize("block", written_in("console"), ids=str)
def test_console(block: Block, folder: Path) -> None:
    lay_out(block.document, folder)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    for command, shown in exchanges(block.code):
        program, *arguments = shlex.split(command, comments=True)
        assert program == "optdsl", f"`{command}` is not run; write it in a block of `sh`"
        done = subprocess.run(
            [sys.executable, "-m", "optdsl", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout, done.stdout
        assert shown.strip() or done.returncode == 0, done.stdout
        assert not shown.strip() or as_pattern(shown).fullmatch(done.stdout), f"$ {command}\n{done.stdout}"


def test_what_a_console_block_matches() -> None:
    shown = "loss 0...  \n...\ndone in ... s\n"
    assert as_pattern(shown).fullmatch("loss 0.31\n1\n2\ndone in 3.5 s   \n\n")
    assert as_pattern(shown).fullmatch("loss 0.31\ndone in 3.5 s\n")
    assert not as_pattern(shown).fullmatch("loss 0.31\n1\ndone in 3.5 ms\n")
    assert not as_pattern("a.c\n").fullmatch("abc\n")
    assert list(exchanges("$ optdsl list \\\n  adam\nadam\n$ optdsl doc\n")) == [
        ("optdsl list    adam", "adam\n"),
        ("optdsl doc", ""),
    ]


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


@pytest.mark.parametrize("block", written_in("sh"), ids=str)
def test_commands_for_a_person(block: Block) -> None:
    words = itertools.chain.from_iterable(
        re.findall(r"\b(?<![/.])make((?: [A-Za-z][\w=.-]*)+)", line) for line in block.code.splitlines()
    )
    targets = {word for group in words for word in group.split() if "=" not in word}
    assert targets <= make_targets()


def test_what_the_makefile_runs_exists() -> None:
    scripts = re.findall(r"\b(?:tools|benchmarks)/\w+\.py", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings(module: Path) -> None:
    name = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
