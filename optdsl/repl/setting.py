"""REPL, `:set` and `:hole`: a name and a value in, the kept program changed, and what that took."""

from optdsl.cli import style
from optdsl.diagnostics import OptdslError
from optdsl.repl.running import change
from optdsl.repl.session import Kept, Refused, Session, values_of_holes
from optdsl.repl.typed import review, take_tree
from optdsl.syntax.ast import hole_names

_UNKNOWN_PATH = "E248"


def set_value(session: Session, rest: str) -> None:
    """Puts a value over the kept program by path, and says how long that took and what was compiled."""
    path, text = _pair(rest, ":set takes PATH=VALUE, as in `:set adam.b1=0.95`")
    if path.startswith(":"):
        raise Refused(f"`{path}` is a hole: write `:hole {path[1:]}={text}`")
    try:
        done = change(session, path, text)
    except OptdslError as error:
        first = error.diagnostics[0]
        if first.code != _UNKNOWN_PATH:
            raise
        raise Refused(f"error[{first.code}]: {first.message}: {_help(first.help)}") from None
    took = f"{path} = {text}: {_time(done.replaced)}"
    if done.updated is not None:
        took += f", and {_time(done.updated)} for an update with it"
    style.write(took)
    style.write(_compiled(done.compiled, path))


def _compiled(number: int, path: str) -> str:
    if number == 0:
        return "nothing was compiled"
    functions = "a function was" if number == 1 else f"{number} functions were"
    return f"{functions} compiled: another `{path}` is another program to the compiler"


def _time(seconds: float) -> str:
    milliseconds = seconds * 1e3
    return f"{milliseconds:.2f} ms" if milliseconds < 100 else f"{milliseconds:,.0f} ms"


def _help(text: str | None) -> str:
    return "`:explain` shows the paths" if text is None or "optdsl explain" in text else text


def fill_hole(session: Session, rest: str) -> None:
    """Fills a hole of this and later programs, and looks at the program that waits for it; or lists what is filled."""
    if not rest:
        for name, text in session.holes.items():
            style.write(f":{name} = {text}")
        if not session.holes:
            style.write("no hole is filled")
        return
    name, text = _pair(rest, ":hole takes NAME=VALUE, as in `:hole lr=3e-4`")
    name = name.removeprefix(":")
    if not name.isidentifier():
        raise Refused(f"a hole has a name, such as `:lr`, and `{name}` is none")
    values_of_holes({name: text})
    session.holes[name] = text
    if session.waiting is not None:
        take_tree(session, session.waiting)
    elif session.kept is not None and _matters(session, session.kept, name):
        review(session)
    else:
        style.write(f":{name} = {text}")


def _matters(session: Session, kept: Kept, name: str) -> bool:
    """Returns whether a program depends on a hole."""
    without = Session(holes={other: text for other, text in session.holes.items() if other != name})
    return name in hole_names(kept.tree) or name in without.assumed(kept)


def _pair(rest: str, usage: str) -> tuple[str, str]:
    name, equals, text = rest.partition("=")
    if not equals or not name.strip() or not text.strip():
        raise Refused(f"{usage}, not `{rest}`" if rest else usage)
    return name.strip(), text.strip()
