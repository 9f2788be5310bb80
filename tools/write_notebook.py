"""Writes docs/notebook.ipynb, by running its cells in a kernel, and the page docs/notebook.md with its pictures.

In: the cells below. Out: the notebook with what the cells showed, and the same as Markdown. What would differ from run
to run (identifiers, times, the version of Python) is left out. tests/integrations/test_notebook.py says when the files
are not what this would write.

    python tools/write_notebook.py
"""

# nbformat and nbclient are annotated in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
PAGE = ROOT / "docs" / "notebook.md"
GENERATED = "<!-- Written by `python tools/write_notebook.py`; edit the cells there. -->"
_SECONDS = 120
_MAGIC = re.compile(r"^(?:\w+ = )?%", re.MULTILINE)
_IMAGE = re.compile(r'<img [^>]*?alt="([^"]*)" src="data:image/png;base64,([^"]*)">')
Notebook = Any


class Cell(NamedTuple):
    """A cell as it is typed; `raises` says that it is to end with an error."""

    source: str
    kind: Literal["markdown", "code"] = "code"
    raises: bool = False


def _prose(text: str) -> Cell:
    return Cell(text.strip(), "markdown")


CELLS = (
    _prose("""
# Programs in a notebook

Programs, optimizers and findings show themselves in Jupyter and in IPython. The extension adds the magics `%%optdsl`
and `%optdsl`, and lists of findings that can be read.
"""),
    Cell("%load_ext optdsl.integrations.ipython"),
    _prose("""
## What is shown

A program is shown as it was written, and with its holes.
"""),
    Cell("""
import jax
import jax.numpy as jnp

import optdsl

optdsl.parse("clip(1.0) | centralize(axes=-1) | adam(:rate)  # for kernels & biases")
"""),
    _prose("What `check` finds, with the place of each:"),
    Cell("""
optdsl.check("clip(1.0) | adamw(3e-4, weigth_decay=0.1) | adm(1e-3)")
"""),
    _prose("An optimizer shows its program, its stages with their parameters, and its schedules."),
    Cell("""
opt = optdsl.compile("clip_norm(1.0) | sgd(0 -> linear(0.3, 10%) -> cosine(0), momentum=0.9)", total=200)
opt
"""),
    _prose("With the parameters of a model, `explain` says what it does to each leaf."),
    Cell("""
params = {"dense": {"kernel": jnp.zeros((3, 1)), "bias": jnp.zeros(1)}}
opt.explain(params)
"""),
    Cell("""
inputs = jax.random.normal(jax.random.key(0), (64, 3))
targets = inputs @ jnp.array([[1.0], [-2.0], [0.5]]) + 3.0


def loss(params, inputs, targets):
    predicted = inputs @ params["dense"]["kernel"] + params["dense"]["bias"]
    return jnp.mean((predicted - targets) ** 2)


print(f"before: {loss(params, inputs, targets):.1f}")
train, state = opt.train_step(loss), opt.init(params)
for step in range(200):
    params, state, value = train(params, state, inputs, targets)
print(f"after 200 steps: {value:.1f}")
"""),
    _prose("""
## `%%optdsl`: a cell that is a program

The first line may give a name; the optimizer is bound to it, and to `opt` without one. Holes are filled with the
variables of the same name, `:rate` with `rate`, also where a hole has a default. The Tab key completes stages,
parameters, schedules and selectors.
"""),
    Cell("""
rate, total = 3e-3, 1_000
"""),
    Cell("""
%%optdsl decayed --params params
# The decay is for kernels only.
clip_norm(1.0)
| adamw(0 -> linear(:rate, 5%) -> cosine(0), weight_decay=0.1 where kernel)
"""),
    _prose("""
`--params NAME` names a variable with the parameters of a model: selectors are checked against them, their paths are
completed, and each leaf is explained.
"""),
    _prose("""
A program with errors ends its cell without a traceback, so that a notebook which runs as a whole stops there. No
variable changes. Lines count from the first one of the cell.
"""),
    Cell(
        """
%%optdsl decayed
clip_norm(1.0)
| adamw(:speed, weigth_decay=0.1 where kernel)
""",
        raises=True,
    ),
    _prose("""
## `%optdsl`: a program in a line

It returns the optimizer, which can be bound to a name. Of what Python reads in a line, nothing holds for the program:
`{` and `$` stand for themselves.
"""),
    Cell("""
plain = %optdsl sgd(:rate)
print(plain)
print(decayed)
"""),
)


def executed(cells: tuple[Cell, ...] = CELLS) -> Notebook:
    """Returns a notebook of the cells with their outputs; an error that none of them announces is raised."""
    notebook = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python"}})
    notebook.cells = [_made(number, cell) for number, cell in enumerate(cells, 1)]
    with TemporaryDirectory() as folder:
        # A folder of its own, since the profile of whoever runs this would be part of what is written.
        settings = {"IPYTHONDIR": folder, "JAX_PLATFORMS": "cpu", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        env = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
        client = NotebookClient(notebook, timeout=_SECONDS, kernel_name="python3", record_timing=False)
        client.execute(env=env)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def _made(number: int, cell: Cell) -> Notebook:
    tags = {"tags": ["raises-exception"]} if cell.raises else {}
    new = nbformat.v4.new_markdown_cell if cell.kind == "markdown" else nbformat.v4.new_code_cell
    return new(cell.source.strip(), id=f"cell-{number:02}", metadata=tags)


# ---- the page


class Page(NamedTuple):
    """The notebook as Markdown, and its pictures in order, each under the name that the text has for it."""

    text: str
    pictures: dict[str, bytes]


def page(notebook: Notebook) -> Page:
    """Returns the page of a notebook that has run: cells as fenced blocks, pictures as files."""
    pictures: dict[str, bytes] = {}
    sections = [section for cell in notebook.cells for section in _sections(cell, pictures)]
    return Page("\n\n".join([GENERATED, *sections]) + "\n", pictures)


def _sections(cell: Notebook, pictures: dict[str, bytes]) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield cell.source
        return
    # A cell with a magic is no Python, so the test of the documents could not run it.
    yield _fenced("text" if _MAGIC.search(cell.source) else "python", cell.source)
    for output in cell.outputs:
        yield from _shown(output, pictures)


def _shown(output: Notebook, pictures: dict[str, bytes]) -> Iterator[str]:
    if output.output_type == "error":
        yield _fenced("text", "\n".join(output.traceback))
    elif output.output_type == "stream":
        yield _fenced("text", output.text.rstrip())
    elif "text/html" in output.data:
        yield from _with_files(output.data["text/html"], pictures)
    else:
        yield _fenced("text", output.data["text/plain"])


def _with_files(html: str, pictures: dict[str, bytes]) -> Iterator[str]:
    """Yields HTML as blocks of one line each, since Markdown would end a block at an empty line; pictures apart."""
    before, *rest = _IMAGE.split(html)
    yield _one_line(before)
    for told, data, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        name = f"notebook.{len(pictures) + 1}.png"
        pictures[name] = b64decode(data)
        yield f"![{re.sub(r'[][]', '', unescape(told))}]({name})"
        if after:
            yield _one_line(after)


def _one_line(html: str) -> str:
    return f"<div>{html.rstrip()}</div>".replace("\n", "&#10;")


def _fenced(language: str, code: str) -> str:
    return f"```{language}\n{code}\n```"


def main() -> None:
    """Writes the files."""
    notebook = executed()
    nbformat.write(notebook, NOTEBOOK)
    found = page(notebook)
    PAGE.write_text(found.text, encoding="utf-8")
    for old in PAGE.parent.glob("notebook.*.png"):
        old.unlink()
    for name, data in found.pictures.items():
        (PAGE.parent / name).write_bytes(data)
    sys.stdout.write(f"{NOTEBOOK.name}, {PAGE.name} and {len(found.pictures)} pictures\n")


if __name__ == "__main__":
    main()
