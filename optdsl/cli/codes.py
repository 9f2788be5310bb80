"""`optdsl codes`: the codes of findings, or the page of one, with the message that its program gets."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from textwrap import indent, shorten, wrap

from optdsl.cli import style
from optdsl.diagnostics.codes import CODES
from optdsl.diagnostics.page import Page, Shapes
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
    from optdsl.cli.code_page import consequence, finding, permission, repair

    yield f"{code}: {page.title}"
    yield ""
    yield from _paragraph(page.explanation)
    if page.why:
        yield from ("", "why it matters", *_paragraph(page.why))
        yield from _paragraph(consequence(code))
    found = finding(code)
    if page.failing is not None and found is not None:
        from optdsl.diagnostics.render import render

        yield from ("", f"fails{_with(page, page.params)}", _shown(page.failing), "")
        yield indent(render(found, style.page_width() - len(_MARGIN)), _MARGIN).rstrip("\n")
    remarks = [remark for remark in (repair(found), permission(code)) if remark]
    if remarks:
        yield from ("", *_paragraph(" ".join(remarks)))
    if page.repaired is not None:
        with_params = "" if page.repaired_params is None else _with(page, page.repaired_params)
        yield from ("", f"works{with_params}", _shown(page.repaired))


def _paragraph(text: str | None) -> list[str]:
    return wrap(text or "", style.page_width(), initial_indent=_MARGIN, subsequent_indent=_MARGIN)


def _with(page: Page, params: Shapes) -> str:
    """Returns what comes from the host: `, with lr=0.001`, `, on dense/bias (3)`, `, at opt.init(params)`."""
    given = [] if page.call else [f"{name}={value}" for name, value in page.holes.items()]
    leaves = [f"{path} {'x'.join(map(str, shape))} {dtype}" for path, (shape, dtype) in params.items()]
    return (
        (f", with {', '.join(given)}" if given else "")
        + (f", at {page.call}" if page.call else "")
        + (f", on {', '.join(leaves)}" if leaves else "")
    )


def _shown(program: str) -> str:
    return indent(shorten(program, _LONGEST_PROGRAM, placeholder=" ..."), _MARGIN)
