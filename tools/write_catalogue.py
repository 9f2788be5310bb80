"""Writes what of docs/ comes from elsewhere in the repository: docs/stages, docs/cookbook.md, docs/grammar.md.

In: the registry, examples/, the grammar. Out: Markdown, whose programs tests/test_documents.py checks.
tests/test_reference.py says when the files are not what this would write.

    python tools/write_catalogue.py            # write them
    python tools/write_catalogue.py --check    # say which are stale, and exit with 1
"""

import sys
from pathlib import Path
from textwrap import fill

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import generated_pages  # noqa: E402
from catalogue_words import WIDTH, direction, fenced, section, state  # noqa: E402
from cookbook_pages import cookbook_text, grammar_text  # noqa: E402
from optdsl.assist.words import FUNCTIONS, SEGMENTS  # noqa: E402
from optdsl.cli.listing import GROUPS, group  # noqa: E402
from optdsl.registry import Row, is_builtin, schedules, transforms  # noqa: E402
from optdsl.semantics.facts import label  # noqa: E402

DOCS = ROOT / "docs"
FOLDER = DOCS / "stages"
GENERATED = "<!-- Written by `python tools/write_catalogue.py`; edit the registry, the examples or the grammar. -->"

ABOUT = {
    "our words": "Nine words are not Optax's. [Their own page](../own-words.md) says why each is there, with examples "
    "that show the difference.",
    "optimizers": "Whole optimizers: each applies its learning rate and steps down. What stands behind one in a chain "
    "works on updates.",
    "transforms": "Stages that do not step down by themselves. Those called `scale_by_...` want `lr(...)` behind them.",
    "wrappers": "Stages that hold a chain, as an argument or as a block. State and direction are those of the wrapper "
    "alone.",
    "schedules": "Values over time under Optax's names. They stand wherever a number may stand. Arrows and arithmetic "
    "say the same in other words: [values over time](../language.md#5-values-over-time).",
}

HOW_TO_READ = """\
Every word that a program may use as a stage or a schedule, from the registry that the checker, completion and
`optdsl doc NAME` read too. Every example is checked by a test.

- **Formulas** are in plain mathematics: `g` is what comes in, `u` what goes out, `p` the parameters, `t` the step,
  `lr` the learning rate; a hat as in `m^` is a mean freed of the bias of its start. They say what a stage does, not in
  which order it rounds.
- **Direction** says how a gradient that points up leaves the stage: as it came, down, or as zeros. A chain needs one
  step down ([E301](../codes/E301.md), [E302](../codes/E302.md)).
- **State** counts numbers for each parameter, measured on a matrix and a vector; what is kept for a row or a column
  makes it a fraction. `optdsl explain FILE --params SHAPES.json` counts the bytes of a real model.
- **Traced** numbers are leaves of the optimizer: a program with another one compiles nothing
  ([numbers as leaves](../python.md#numbers-as-leaves)). Some are structure beyond 0.999. Parameters without a `yes` are
  structure: another value is another program.
- Direction, state and tracing are measured on the installed Optax and held by tests. A stage that only a function of
  Python makes useful is not measured."""


def page_name(name: str) -> str:
    """Returns the file of a group."""
    return f"{name.replace(' ', '-')}.md"


def members(name: str) -> tuple[Row, ...]:
    """Returns the rows of a group by name; what other packages register is left out."""
    return tuple(row for row in (*transforms(), *schedules()) if group(row) == name and is_builtin(row.name))


def group_text(name: str) -> str:
    """Returns the page of a group."""
    blocks = [GENERATED, f"# {name.capitalize()}", fill(ABOUT[name], WIDTH, break_on_hyphens=False)]
    blocks += [block for row in members(name) for block in section(row)]
    if name == "schedules":
        blocks += _of_arrows()
    return "\n\n".join(blocks) + "\n"


def _of_arrows() -> list[str]:
    return [
        "## Segments of arrows",
        "What stands behind `->`. Each begins where the one before ended; one of them may leave out `n`.",
        _plain_table(SEGMENTS),
        fenced("optdsl total=10000", "adam(0 -> linear(3e-4, 5%) -> hold(1k) -> cosine(0))"),
        "## Functions",
        "What may be called in the place of a number. `step` is the number of updates done before this one.",
        _plain_table(FUNCTIONS),
        fenced("optdsl", "adam(1e-3 * min(warmup(4k), rsqrt(4k)))"),
    ]


def _plain_table(rows: dict[str, Row]) -> str:
    lines = [
        f"| `{label(row).text}` | {row.prose.summary} | {f'`{row.prose.formula}`' if row.prose.formula else ''} |"
        for row in rows.values()
    ]
    return "\n".join(["| word | what it does | value |", "|---|---|---|", *lines])


def index_text() -> str:
    """Returns the first page: how to read the others, and a list of all words."""
    blocks = [GENERATED, "# Stages and schedules", HOW_TO_READ]
    for name in GROUPS:
        blocks += [f"## {name.capitalize()}", _listed(name)]
    return "\n\n".join(blocks) + "\n"


def _listed(name: str) -> str:
    measured = name != "schedules"
    lines = ["| word | what it does | direction | state |" if measured else "| word | what it does |"]
    lines.append("|---|---|---|---|" if measured else "|---|---|")
    for row in members(name):
        cells = [f"[{row.name}]({page_name(name)}#{row.name})", row.prose.summary]
        cells += [direction(row), state(row)] if measured else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def texts() -> dict[Path, str]:
    """Returns every file with its text."""
    pages = {FOLDER / page_name(name): group_text(name) for name in GROUPS}
    return {
        FOLDER / "README.md": index_text(),
        **pages,
        DOCS / "cookbook.md": f"{GENERATED}\n\n{cookbook_text()}",
        DOCS / "grammar.md": f"{GENERATED}\n\n{grammar_text()}",
    }


def stale() -> list[str]:
    """Returns the names of files that are not what would be written, and of those that would not be there."""
    return [path.relative_to(ROOT).as_posix() for path in generated_pages.stale(texts(), FOLDER)]


def main(arguments: list[str]) -> int:
    """Writes the files and removes pages of groups that are gone, or with `--check` names what is stale."""
    if arguments == ["--check"]:
        found = stale()
        print("\n".join(found) or "docs/stages, docs/cookbook.md, docs/grammar.md are current")
        return 1 if found else 0
    if arguments:
        print("usage: write_catalogue.py [--check]", file=sys.stderr)
        return 2
    generated_pages.write(written := texts(), FOLDER)
    print(f"{len(written)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
