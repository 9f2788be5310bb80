"""REPL, files: `:load`, `:save`, `:params`. Names in; a program or the shapes of a model taken up, or one written."""

from argparse import Namespace
from os.path import expanduser
from pathlib import Path

from optdsl.cli import style
from optdsl.cli.arguments import Usage
from optdsl.cli.programs import is_file_name, read_path
from optdsl.cli.rewrite import edited, rewrite
from optdsl.cli.shapes import shapes_given
from optdsl.diagnostics import Edit
from optdsl.repl.running import load_backend
from optdsl.repl.session import Refused, Session, Shapes
from optdsl.repl.typed import review, take
from optdsl.source import Range

_SHOWN = 8


def load(session: Session, rest: str) -> None:
    """Takes up the program in a file, or in a value of one, as if it were typed."""
    name = _name(rest, ":load takes a FILE, as in `:load train.opt` or `:load config.yaml:optimizer`")
    given = read_path(name, "repl")
    session.file = name if take(session, given) else session.file


def save(session: Session, rest: str) -> None:
    """Writes the kept program into a file: a new one, the one it came from, or any that `:save!` names."""
    may_replace = rest.startswith("!")
    text = session.opt.text
    name = _name(rest.removeprefix("!") or session.file or "", ":save takes a FILE, as in `:save train.opt`")
    path = _path(name)
    is_inside = is_file_name(name) and not name.endswith(".opt")
    if not is_inside and not path.exists():
        _write_new(path, f"{text}\n")
    elif may_replace or name == session.file:
        _replace(name, text, is_inside)
    else:
        raise Refused(f"`{name}` is there already: `:save! {name}` replaces what it has")
    session.file = name
    style.write(f"saved: {name}")


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise Refused(f"`{path}` cannot be written: {getattr(error, 'strerror', None) or error}") from None


def _replace(name: str, text: str, is_inside: bool) -> None:
    if not is_inside:
        rewrite(_path(name), f"{text}\n", "repl")
        return
    given = read_path(name, "repl")
    new = edited(given, [Edit(Range(0, len(given.text)), text)])
    if new is None or given.path is None:
        raise Refused(f"`{name}` cannot be written there in one piece")
    rewrite(given.path, new.file_text, "repl")


def params(session: Session, rest: str) -> None:
    """Loads the shapes of a model, and looks at the kept program with them; without a name, shows what is loaded."""
    if rest == "none":
        session.shapes = session.standing = None
        style.write("no model is loaded")
        return
    if not rest:
        _show_leaves(session)
        return
    path = _path(_name(rest, ""))
    load_backend()
    tree = shapes_given(Namespace(command="repl", params=path))
    from optdsl.backend.paths import leaf_paths

    session.shapes, session.standing = Shapes(path, tree, leaf_paths(tree)), None
    _show_leaves(session)
    if session.kept is not None:
        review(session)


def _show_leaves(session: Session) -> None:
    if session.shapes is None:
        style.write("no model is loaded: `:params SHAPES.json` loads one (docs/shapes.md)")
        return
    leaves = session.leaves
    style.write(f"{session.shapes.path}: {len(leaves)} {'leaf' if len(leaves) == 1 else 'leaves'}")
    for path in leaves[:_SHOWN]:
        style.write(f"    {path}")
    if len(leaves) > _SHOWN:
        style.write(f"    and {len(leaves) - _SHOWN} more")


def _path(name: str) -> Path:
    return Path(expanduser(name))  # which leaves a `~` that stands for nobody, where Path's own raises


def _name(text: str, usage: str) -> str:
    """Returns the name of a file, without the quotes around it; raises `Refused` where there is none."""
    name = text.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    if not name:
        raise Refused(usage)
    if "\0" in name:
        raise Usage("optdsl repl: a file's name has no null character")
    return name
