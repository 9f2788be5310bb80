"""What the page of a code says beyond its table: the finding that its program gets, and remarks about the code.

In: a code and its row. Out: a finding, sentences. It knows no layout: `optdsl codes` and docs/codes have their own.
"""

from collections.abc import Callable
from typing import Any

from optdsl.diagnostics import Diagnostic, OptdslError
from optdsl.diagnostics.codes import CODES
from optdsl.diagnostics.consequences import CONSEQUENCES
from optdsl.diagnostics.page import Page, Shapes


def finding(code: str) -> Diagnostic | None:
    """Returns what the failing program of a page gets, None where no program shows the mistake."""
    page = CODES[code]
    if page.failing is None:
        return None
    found = _raised(page) if page.call else _checked(page)
    return next(one for one in found if one.code == code)


def _checked(page: Page) -> list[Diagnostic]:
    from optdsl import api

    return api.check(page.failing or "", holes=page.holes, params=_tree(page.params))


def _raised(page: Page) -> tuple[Diagnostic, ...]:
    try:
        _CALLS[page.call](page)
    except OptdslError as error:
        return error.diagnostics
    return ()


def _tree(shapes: Shapes) -> Any:
    if not shapes:
        return None
    from optdsl.backend.shapes import shapes as tree_of

    return tree_of(shapes)


def _init(page: Page) -> None:
    from optdsl import api

    api.compile(page.failing or "", holes=page.holes).init(_tree(page.params))


def _set(page: Page) -> None:
    from optdsl import api

    api.compile(page.failing or "").set((), {"rate": 1e-4})


def _replace(page: Page) -> None:
    from optdsl import api

    api.compile(api.parse(page.failing or "").replace({"rate": 1e-4}))


def _step(page: Page) -> None:
    from optdsl import api

    tree = _tree(page.params)
    api.compile(page.failing or "").step(tree, (), tree)


_CALLS: dict[str, Callable[[Page], None]] = {
    "compile(text, mask={'embd': True}).init(params)": _init,
    "opt.set(state, {'rate': 1e-4})": _set,
    "parse(text).replace({'rate': 1e-4})": _replace,
    "opt.step(params, state, gradients)": _step,
}
"""The calls that tables name. Each of them finds the mistake before it looks at a state or at values."""


def severity(code: str) -> str:
    """Returns `error`, `warning` or `note`."""
    from optdsl.source import Span

    return Diagnostic(code, "", Span("", 1, 1, 1, 1)).severity


def consequence(code: str) -> str | None:
    """Returns what was measured as a sentence, None where nothing was."""
    if code not in CONSEQUENCES:
        return None
    measured = CONSEQUENCES[code]
    begin = "" if measured.start is None else f", {number(measured.start)} at first"
    quantity = f"{measured.quantity[0].upper()}{measured.quantity[1:]}{begin}"
    return f"{quantity}: {number(measured.failing)} with the failing program, {number(measured.repaired)} repaired."


def number(value: float) -> str:
    """Returns a number as a person writes it.

    >>> number(56040.0), number(0.0004995), number(1.2e-09)
    ('56,040', '0.0005', '1.2e-9')
    """
    if 1000 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    if 1e-4 <= abs(value) < 1000:
        return f"{float(f'{value:.3g}'):g}"
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def permission(code: str) -> str | None:
    """Returns how a finding is silenced, None for an error that cannot be."""
    from optdsl.semantics.check import OVERRIDABLE

    kind = severity(code)
    if kind == "error" and code not in OVERRIDABLE:
        return None
    how = f'The finding is silenced with `# allow: {code}` at the end of its line, or `allow=("{code}",)` in Python.'
    return f"{how} Notes are shown with `--notes` only." if kind == "note" else how


def repair(found: Diagnostic | None) -> str | None:
    """Returns who repairs the program, None where a person has to."""
    return "`optdsl check --fix` repairs it." if found is not None and found.edit is not None else None
