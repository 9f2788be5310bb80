"""Integrations, IPython: `%load_ext optdsl.integrations.ipython` makes programs cells of a notebook.

In: what the user types, and the notebook's variables for holes. Out: an optimizer, bound to a name, and a page about
it; findings for a program with errors, never a traceback. It decides nothing about programs.
"""

# IPython is annotated in part only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUntypedFunctionDecorator=false

import re
from collections.abc import Iterable, Mapping
from html import escape
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython import get_ipython
from IPython.core import magic_arguments
from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from IPython.display import publish_display_data

from optdsl import api
from optdsl.assist import complete
from optdsl.diagnostics import Diagnostic
from optdsl.diagnostics.render import render
from optdsl.integrations import html
from optdsl.integrations.pictures import pictures
from optdsl.semantics.holes import ALWAYS
from optdsl.source import Origin, Piece, Range, Source
from optdsl.syntax import parser
from optdsl.syntax.ast import hole_names

if TYPE_CHECKING:
    from optdsl.backend.optimizer import Optimizer

_arguments: Any = magic_arguments  # not typed
Shell = Any
"""An `InteractiveShell`."""
_MAGIC = "optdsl"
_UNFILLED = "E205"
_CELL = re.compile(rf"\s*%%{_MAGIC}(?:[ \t][^\n]*)?\n")
_LINE = re.compile(rf"(?:.*=)?\s*%{_MAGIC}[ \t]")
_PARAMS = re.compile(r"\s--params[ \t=]+(\w+)")
_HINT = "Holes are filled with variables of the same name; assign them in a cell before this one."
_FIRST = 100.0
"""Before the matchers of IPython, which it keeps out of programs."""


class ProgramError(Exception):
    """Raised by the magics where a program has errors, which are shown already; stops a notebook that runs whole."""

    def _render_traceback_(self) -> list[str]:
        """Returns what IPython prints in place of a traceback."""
        return [str(self)]


class _Page(NamedTuple):
    """What a cell shows: as HTML, and as text for a terminal."""

    html: str
    text: str


def load_ipython_extension(shell: Shell) -> None:
    """Adds the magics and their completion, and makes a list of findings show as findings."""
    shell.register_magics(OptdslMagics)
    if _matches not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(_matches)
    _formatter(shell).for_type(list, _findings_html)


def unload_ipython_extension(shell: Shell) -> None:
    """Takes back what `load_ipython_extension` added."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop(_MAGIC, None)
    if _matches in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(_matches)
    _formatter(shell).pop(list, None)


@magics_class
class OptdslMagics(Magics):
    """The magics `%optdsl` and `%%optdsl`."""

    @no_var_expand
    @_arguments.magic_arguments()
    @_arguments.argument(
        "name", nargs="?", default="opt", help="the variable that the optimizer is bound to; `opt` by default"
    )
    @_arguments.argument(
        "--params", help="a variable that holds the model's parameters: checks selectors, explains each leaf"
    )
    @line_cell_magic
    def optdsl(self, line: str, cell: str | None = None) -> "Optimizer | None":
        """Compiles a program; its holes are filled with the notebook's variables of the same name.

        `%%optdsl [NAME]`: the rest of the cell is the program. The optimizer is bound to NAME and explained.
        `%optdsl PROGRAM`: returns the optimizer: `opt = %optdsl clip(1.0) | adam(1e-3)`.
        """
        shell: Shell = self.shell
        # The count of executions is raised before a cell runs by some versions of IPython, behind it by others.
        file = f"In[{len(shell.user_ns['In']) - 1}]"
        if cell is None:
            return _compiled(Source(line, file), _variables(shell)).optimizer
        given: Any = _arguments.parse_argstring(self.optdsl, line)
        name, parameters = given.name, given.params
        if not name.isidentifier() or iskeyword(name):
            raise UsageError(f"%%optdsl binds the optimizer to a variable, and `{name}` is no name of one")
        if parameters is not None and parameters not in _variables(shell):
            raise UsageError(f"%%optdsl --params: there is no variable `{parameters}`")
        params = None if parameters is None else _variables(shell)[parameters]
        found = _compiled(_within(f"%%{_MAGIC} {line}\n", cell, file), _variables(shell), params)
        shell.push({name: found.optimizer})
        _show(_explained(found, params))
        return None


class _Compiled(NamedTuple):
    """An optimizer, and the holes that variables filled."""

    optimizer: "Optimizer"
    filled: tuple[str, ...]


def _compiled(source: Source, variables: Mapping[str, Any], params: Any = None) -> _Compiled:
    """Returns the optimizer of a program; shows what can be said against it.

    Raises `ProgramError` behind errors, which are shown then.
    """
    program, findings = parser.parse(source)
    if program is None:
        raise _refused(findings)
    holes = {name: variables[name] for name in sorted(hole_names(program)) if name in variables}
    found = api.check(program, holes=holes, params=params)
    if any(each.code == _UNFILLED for each in found):
        # `5%` asks for `:total` without naming it. Where nothing asks, a variable `total` is something else.
        holes |= {name: variables[name] for name in ALWAYS if name in variables}
        found = api.check(program, holes=holes, params=params)
    if any(each.severity == "error" for each in found):
        raise _refused(found)
    if found:
        _show(_Page(html.findings(found), _as_text(found)))
    return _Compiled(api.compile(program, holes=holes, params=params), tuple(holes))


def _refused(found: Iterable[Diagnostic]) -> ProgramError:
    """Returns what ends a cell whose program has errors, and shows them."""
    kept = tuple(found)
    page = _Page(html.findings(kept), _as_text(kept))
    if any(each.code == _UNFILLED for each in kept):
        page = _Page(f"{page.html}<p>{escape(_HINT)}</p>", f"{page.text}\n{_HINT}")
    _show(page)
    count = sum(each.severity == "error" for each in kept)
    return ProgramError(f"the program has {'an error' if count == 1 else f'{count} errors'}; no variable has changed")


def _explained(found: _Compiled, params: Any) -> _Page:
    """Returns the page about an optimizer: the holes that were filled, its stages, its schedules, its leaves."""
    optimizer, filled = found
    report = optimizer.explain(params)
    drawn = pictures(optimizer.meaning.chain)
    told = f"filled with variables: {', '.join(filled)}" if filled else ""
    note = f"<p><small>{escape(told)}</small></p>" if told else ""
    page = note + report._repr_html_() + drawn.html  # pyright: ignore[reportPrivateUsage]
    return _Page(page, "\n".join(filter(None, (told, str(report), drawn.text))))


def _show(page: _Page) -> None:
    publish_display_data({"text/html": page.html, "text/plain": page.text})


def _as_text(found: Iterable[Diagnostic]) -> str:
    return "\n".join(map(render, found))


def _within(head: str, cell: str, file: str) -> Source:
    """Returns the program below the first line of a cell, with places that count from the line of the magic."""
    whole, start = head + cell, len(head)
    pieces = (Piece(Range(0, len(cell)), Range(start, len(whole))),) if cell else ()
    return Source(cell, file, Origin(Source(whole, file), "", pieces, len(whole)))


def _variables(shell: Shell) -> dict[str, Any]:
    """Returns the variables of the user, without those that IPython put beside them."""
    known, missing = shell.user_ns_hidden, object()
    return {name: value for name, value in shell.user_ns.items() if known.get(name, missing) is not value}


# ---- completion


@context_matcher(priority=_FIRST, identifier="optdsl")
def _matches(context: CompletionContext) -> SimpleMatcherResult:
    """Returns what may be written at the cursor where it stands in a program, nothing elsewhere."""
    lines = context.full_text.split("\n")
    offset = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
    start = _program_start(context.full_text, offset)
    if start is None:
        return {"completions": [], "suppress": False}
    line_end = len(context.full_text) if _CELL.match(context.full_text) else context.full_text.find("\n", offset)
    text = context.full_text[start : line_end if line_end >= 0 else None]
    found = complete(text, offset - start, _leaves(context.full_text[:start]))
    typed = text[found[0].start : offset - start] if found else ""
    return {
        "completions": [SimpleCompletion(text=each.insert, type=each.kind) for each in found],
        "matched_fragment": typed,
        "ordered": True,
        "suppress": True,
    }


def _program_start(text: str, offset: int) -> int | None:
    """Returns where the program begins that the cursor stands in, None where it stands in none."""
    if cell := _CELL.match(text):
        return cell.end() if cell.end() <= offset else None
    begin = text.rfind("\n", 0, offset) + 1
    line = _LINE.match(text, begin, offset)
    return line.end() if line else None


def _leaves(head: str) -> tuple[str, ...]:
    """Returns the paths of the parameters that the first line of a cell names; none where it names none."""
    shell: Shell = get_ipython()
    named = _PARAMS.search(head)
    if named is None or shell is None or named[1] not in _variables(shell):
        return ()
    from optdsl.backend.paths import leaf_paths

    return tuple(filter(None, leaf_paths(_variables(shell)[named[1]])))


# ---- lists of findings


def _formatter(shell: Shell) -> Any:
    return shell.display_formatter.formatters["text/html"]


def _findings_html(shown: list[object]) -> str | None:
    """Returns a list of findings as HTML; None leaves every other list to its own form."""
    found = [each for each in shown if isinstance(each, Diagnostic)]
    return html.findings(found) if found and len(found) == len(shown) else None
