"""Writes docs/codes: one page for each code, and a list of them all.

In: the tables of codes, the findings that their programs get, what was measured. Out: Markdown, whose examples
tests/test_documents.py runs. tests/diagnostics/test_pages.py says when the files are not what this would write.

    python tools/write_pages.py
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import generated_pages  # noqa: E402
from optdsl.cli.code_page import consequence, finding, permission, repair, severity  # noqa: E402
from optdsl.diagnostics.codes import CODES  # noqa: E402
from optdsl.diagnostics.page import Page, Shapes, StandIn  # noqa: E402
from optdsl.diagnostics.render import render  # noqa: E402

FOLDER = ROOT / "docs" / "codes"
WIDTH = 120
LONGEST_PROGRAM = 300
GENERATED = "<!-- Written by `make pages` from optdsl/diagnostics/; edit the tables there. -->"


def page_text(code: str) -> str:
    """Returns the page of a code."""
    return "\n\n".join([GENERATED, *_sections(code, CODES[code])]) + "\n"


def _sections(code: str, page: Page) -> Iterator[str]:
    found = finding(code)
    yield f"# {code}: {page.title}"
    yield fill(page.explanation, WIDTH)
    measured = consequence(code)
    if page.why:
        yield "## Why it matters"
        yield fill(page.why, WIDTH)
    if measured:
        yield fill(measured, WIDTH)
    if page.failing is not None and found is not None:
        yield "## A program that fails"
        yield from _program(page.failing, page, _expected(code, page))
        yield from _given(page)
        yield _fenced("text", render(found, None if len(page.failing) <= LONGEST_PROGRAM else WIDTH).rstrip("\n"))
    remarks = [remark for remark in (repair(found), permission(code)) if remark]
    if remarks:
        yield fill(" ".join(remarks), WIDTH)
    if page.repaired is not None:
        yield "## Repaired"
        yield from _program(page.repaired, page, "")
        if page.repaired_params is not None:
            yield from _parameters(page.repaired_params)


def _expected(code: str, page: Page) -> str:
    return f" error={code}" if page.found == "text" and severity(code) == "error" else ""


def _program(program: str, page: Page, expected: str) -> Iterator[str]:
    """Yields a program as a block that is run, where the text alone can be."""
    if len(program) > LONGEST_PROGRAM:
        yield _fenced("text", f"{program[:60]} ...")
        return
    used = {name: value for name, value in page.holes.items() if expected or name == "total" or f":{name}" in program}
    if used and (page.call or any(isinstance(value, StandIn) for value in used.values())):
        yield _fenced("text", program)  # what fills the hole no fence can say
        return
    holes = "".join(f" {name}={value!r}" for name, value in used.items())
    yield _fenced(f"optdsl{expected}{holes}", program)


def _given(page: Page) -> Iterator[str]:
    """Yields what the program is given besides its text."""
    if page.holes and not page.call:
        yield f"With {', '.join(f'`{name}={value!r}`' for name, value in page.holes.items())}."
    if page.call:
        yield f"The call that finds it is `{page.call}`."
    if page.params:
        yield from _parameters(page.params)


def _parameters(shapes: Shapes) -> Iterator[str]:
    yield "With these parameters, as [`--params`](../shapes.md) reads them:"
    lines = (
        f"  {json.dumps(path)}: {json.dumps({'shape': shape, 'dtype': dtype})}"
        for path, (shape, dtype) in shapes.items()
    )
    yield _fenced("json", "{\n" + ",\n".join(lines) + "\n}")


def _fenced(words: str, code: str) -> str:
    return f"```{words}\n{code}\n```"


def index_text() -> str:
    """Returns the list of all codes."""
    rows = [
        f"| [{code}]({code}.md) | {severity(code)} | {page.title} | {'yes' if permission(code) else ''} |"
        for code, page in CODES.items()
    ]
    table = "\n".join(["| code | severity | what it means | can be allowed |", "|---|---|---|---|", *rows])
    about = (
        "Each finding has a code, and each code has a page: what it means, why it matters, a program that fails with "
        "its message, and the program repaired. `optdsl codes CODE` shows the same in a terminal. All programs are run "
        "by the tests. Numbers were measured on a problem of 47 parameters; a program that is refused was run as the "
        "same chain in plain Optax. A finding that can be allowed is silenced with `# allow: CODE` at the end of its "
        "line, or with `allow=` in Python."
    )
    return "\n\n".join([GENERATED, "# Codes", fill(about, WIDTH), table]) + "\n"


def texts() -> dict[Path, str]:
    """Returns every file of the folder with its text."""
    return {FOLDER / "README.md": index_text(), **{FOLDER / f"{code}.md": page_text(code) for code in CODES}}


def main() -> int:
    """Writes the folder, and removes pages of codes that are gone."""
    generated_pages.write(written := texts(), FOLDER)
    print(f"docs/codes: {len(written)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
