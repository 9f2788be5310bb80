"""Functions that `to_python` itself writes, told from others by their code: names, places and comments do not count.

In: a function of the source. Out: the name of the snippet that it is, or the use of `centralize` that it was written
for. What it is guessed to be is written once more and compared, so a guess can be wrong but never be believed.
"""

import ast
import itertools
from functools import cache

from optdsl import ir
from optdsl.python.centring import centralize
from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Function
from optdsl.python.snippets import SNIPPETS
from optdsl.python.writer import Writer

_MOST_AXES = 12


def known(function: Function, reading: Reading) -> "str | ir.Centralize | None":
    """Returns the name of a snippet, a use of `centralize`, or None for a function of somebody else."""
    node = function.node
    if not isinstance(node, ast.FunctionDef):
        return None
    if id(node) not in reading.snippets:
        reading.snippets[id(node)] = _snippets().get(_code(node)) or _centralize(node)
    return reading.snippets[id(node)]


def _code(node: ast.FunctionDef) -> str:
    """Returns the code of a function as text that leaves out its name and its description."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return ast.dump(ast.arguments(**dict(ast.iter_fields(node.args)))) + "".join(map(ast.dump, body))


@cache
def _snippets() -> dict[str, str]:
    functions = ((name, ast.parse(snippet.source).body[-1]) for name, snippet in SNIPPETS.items())
    return {_code(node): name for name, node in functions if isinstance(node, ast.FunctionDef)}


def _centralize(node: ast.FunctionDef) -> ir.Centralize | None:
    if [part.name for part in node.body if isinstance(part, ast.FunctionDef)] != ["centre"]:
        return None
    code = _code(node)
    numbers = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and type(part.value) is int}
    for axes, least in itertools.product(_axes(node), sorted(number for number in numbers if number >= 0)):
        for sparse, names in itertools.product((False, True), _axis_names(node)):
            guess = ir.Centralize(axes, least, names, sparse)
            if any(_written(guess, layout) == code for layout in ("flax", "torch")):
                return guess
    return None


def _axes(node: ast.FunctionDef) -> list[int | tuple[int, ...] | ir.Axes | None]:
    """Returns axes that the function may average over: a word, or numbers that stand in it."""
    found: list[int | tuple[int, ...] | ir.Axes | None] = [None, ir.Axes("fan_in"), ir.Axes("all")]
    for part in ast.walk(node):
        if isinstance(part, (ast.Constant, ast.UnaryOp)) and (number := _integer(part)) is not None:
            found.append(number)
        if isinstance(part, ast.Tuple) and 0 < len(part.elts) <= _MOST_AXES:
            several = [number for item in part.elts for number in (_integer(item),) if number is not None]
            found.append(tuple(several))
    return found


def _integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(int() as value) if type(value) is int:
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() as value)) if type(value) is int:
            return -value
        case _:
            return None


def _axis_names(node: ast.FunctionDef) -> list[tuple[tuple[int, str], ...]]:
    for part in ast.walk(node):
        match part:
            case ast.Assign([ast.Name("pairs")], value):
                try:
                    pairs = ast.literal_eval(value)
                    return [tuple((int(axis), str(name)) for axis, name in pairs)]
                except (ValueError, TypeError):
                    return [()]
            case _:
                pass
    return [()]


def _written(guess: ir.Centralize, layout: str) -> str:
    writer = Writer(layout)
    centralize(guess, writer)
    (source,) = writer.snippets.values()
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)
    return _code(node)
