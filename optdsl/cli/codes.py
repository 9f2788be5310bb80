"""`optdsl codes`: the codes of findings, or the page of one, with the message that its program gets."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from textwrap import indent, shorten, wrap

from optdsl.cli import style
from optdsl.diagnostics.codes import CODES, Page
from optdsl.diagnostics.suggest import nearest

_LONGEST_PROGRAM = 300
_MARGIN = "    "


def run(given: Namespace) -> int:
    """Writes the list of codes, or one page; 1 for a code that does not exist."""
    if given.code is None:
        style.write_table([(code, page.title) for code, page in CODES.items()], ("code", "what it means"))
        return 0
    code = given.code.upper()
    if code not in CODES:
        near = nearest(code, CODES)
        help = f"see `optdsl codes {near}`" if near else "`optdsl codes` lists them all"
        sys.stderr.write(f"optdsl codes: there is no code `{given.code}`: {help}\n")
        return 1
    style.write_page("\n".join(_page(code, CODES[code])))
    return 0


def _page(code: str, page: Page) -> Iterator[str]:
    yield f"{code}: {page.title}"
    yield ""
    yield from wrap(page.explanation, style.page_width(), initial_indent=_MARGIN, subsequent_indent=_MARGIN)
    if page.failing is not None:
        yield from ("", f"fails{_with(page)}", _shown(page.failing))
    if page.failing is not None and page.found == "text":
        yield from ("", _message(code, page))
    if page.repaired is not None:
        yield from ("", "works", _shown(page.repaired))


def _with(page: Page) -> str:
    """Returns what comes from the host: `, with lr=0.001`."""
    given = [f"{name}={value}" for name, value in page.holes.items()]
    return f", with {', '.join(given)}" if given else ""


def _shown(program: str) -> str:
    return indent(shorten(program, _LONGEST_PROGRAM, placeholder=" ..."), _MARGIN)


def _message(code: str, page: Page) -> str:
    from optdsl import api
    from optdsl.diagnostics.render import render

    findings = api.check(page.failing or "", holes=page.holes)
    found = next(finding for finding in findings if finding.code == code)
    return indent(render(found, style.page_width() - len(_MARGIN)), _MARGIN).rstrip("\n")
