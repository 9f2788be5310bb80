"""Command line, `--params SHAPES.json`: a file in, a tree of shapes out; docs/shapes.md says how to write one."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from optdsl.cli.arguments import Usage

if TYPE_CHECKING:
    from pathlib import Path

_FORM = '{"dense/kernel": {"shape": [4, 3], "dtype": "float32"}, ...}'
_LARGEST = 2**31
"""Of an axis: enough for any model, and sums of sizes still fit where they are counted."""


class _NotShapes(Exception):
    """The file is of another form; the message ends a sentence that names the file."""


def shapes_given(given: Namespace) -> Any:
    """Returns the tree behind `--params`, None without; raises `Usage` where the file is none that says shapes."""
    if given.params is None:
        return None
    try:
        return _tree(_leaves(_json(given.params)))
    except _NotShapes as problem:
        raise Usage(f"optdsl {given.command}: `{given.params}` {problem}") from None


def _json(path: "Path") -> Any:
    import json

    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    except FileNotFoundError:
        raise _NotShapes("does not exist") from None
    except OSError as error:
        raise _NotShapes(f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise _NotShapes("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise _NotShapes(f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (RecursionError, ValueError):  # lists in lists in lists; a number of thousands of digits
        raise _NotShapes(f"is not of the form {_FORM}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _NotShapes(f"has {_quoted(next(name for name in names if names.count(name) > 1))} twice")
    return found


def _leaves(data: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    if not isinstance(data, dict):
        raise _NotShapes(f"is not of the form {_FORM}")
    return {path: _leaf(path, leaf) for path, leaf in data.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _leaf(path: str, leaf: Any) -> tuple[tuple[int, ...], str]:
    match leaf:
        case {"shape": [*shape], "dtype": str(dtype)} if all(map(_is_length, shape)):
            return tuple(shape), dtype
        case _:
            raise _NotShapes(f"is not of the form {_FORM}: see {_quoted(path)}")


def _is_length(axis: object) -> bool:
    return isinstance(axis, int) and not isinstance(axis, bool) and 0 <= axis < _LARGEST


def _tree(leaves: dict[str, tuple[tuple[int, ...], str]]) -> Any:
    from optdsl.backend.shapes import WrongShape, shapes

    try:
        return shapes(leaves)
    except WrongShape as problem:
        raise _NotShapes(str(problem)) from None


def _quoted(name: str) -> str:
    return f"`{name}`" if name.isprintable() else ascii(name)
