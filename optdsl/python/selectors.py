"""Selectors -> Python conditions on the variables `path` and `leaf`."""

from collections.abc import Iterator

from optdsl import ir
from optdsl.globs import compile_glob
from optdsl.python.expressions import Text
from optdsl.python.literals import literal, raw
from optdsl.python.patterns import glob_condition
from optdsl.python.writer import Writer
from optdsl.semantics.classes import KERNEL_AXES, PATTERNS

_OR, _AND, _NOT, _COMPARE, _ATOM = 1, 2, 3, 4, 9
_LONG = 76


def condition(selector: ir.Selector, writer: Writer, found: dict[str, str] | None = None) -> str:
    """Returns the condition that a leaf is selected.

    `found` has the variables that hold matches of globs with captures, by the pattern of the glob. A mask
    of the host is the variable that has its name.
    """
    return _text(selector, writer, found or {}).source


def _text(selector: ir.Selector, writer: Writer, found: dict[str, str]) -> Text:
    match selector:
        case ir.PathGlob(pattern):
            return Text(found[pattern]) if pattern in found else _glob(pattern)
        case ir.PathRegex(pattern):
            return Text(f"re.search({raw(pattern)}, path)")
        case ir.LeafClass(name):
            return _leaf_class(name, writer)
        case ir.LeafTest():
            return _leaf_test(selector, writer)
        case ir.Host():
            return Text(writer.host(selector))
        case ir.Combine("not", (operand,)):
            return Text(f"not {_text(operand, writer, found).at(_NOT)}", _NOT)
        case ir.Combine(operator, operands):
            level = _OR if operator == "or" else _AND
            texts = [_text(operand, writer, found).at(level) for operand in operands]
            return Text(f" {operator} ".join(texts), level)
        case _:
            raise AssertionError(selector)


def _glob(pattern: str) -> Text:
    source = glob_condition(pattern)
    return Text(source, _COMPARE if source.startswith("path ==") else _ATOM)


def _leaf_class(name: str, writer: Writer) -> Text:
    if name != "kernel":
        source = "\n".join(["def NAME(path):", *_search(name, "return")])
        return Text(f"{writer.own_snippet(f'is_{name}', source)}(path)")
    others = " or ".join(_leaf_class(other, writer).source for other in ("norm", "embedding"))
    decided = f"    return named and {ndim(writer)} >= {KERNEL_AXES} and not ({others})"
    source = "\n".join(["def NAME(path, leaf):", *_search(name, "named ="), decided])
    return Text(f"{writer.own_snippet('is_kernel', source)}(path, leaf)")


def _search(name: str, before: str) -> list[str]:
    """Returns the lines that search a path for what names a class of leaves, one alternative a line."""
    first, *rest = PATTERNS[name]
    alternatives = [f"        {raw(first)}", *(f"        {raw(f'|{pattern}')}" for pattern in rest)]
    alternatives[-1] += ","
    return [f"    {before} re.search(", *alternatives, "        path,", "        re.IGNORECASE,", "    )"]


def _leaf_test(test: ir.LeafTest, writer: Writer) -> Text:
    value = f"jnp.{test.value.name}" if isinstance(test.value, ir.Dtype) else literal(test.value)  # pyright: ignore
    if test.subject == "ndim":
        return Text(f"{ndim(writer)} {test.operator} {value}", _COMPARE)
    if test.subject != "shape":
        return Text(f"leaf.{test.subject} {test.operator} {value}", _COMPARE)
    index = test.index or 0
    least = index if index >= 0 else -index - 1
    compared = f"{shape(writer)}[{index}] {test.operator} {value}"
    return Text(f"{ndim(writer)} > {least} and {compared}", _AND)


def shape(writer: Writer) -> str:
    """Returns source of a leaf's shape, stacked axes left out."""
    return f"{own_shape(writer)}(path, leaf)" if writer.stacked else "leaf.shape"


def ndim(writer: Writer) -> str:
    """Returns source of a leaf's number of axes, stacked axes not counted."""
    return f"len({shape(writer)})" if writer.stacked else "leaf.ndim"


def own_shape(writer: Writer) -> str:
    """Returns the name of a function that leaves the stacked axes out of a shape."""
    lines = ["def NAME(path, leaf):", '    """The shape of a leaf without its stacked axes."""']
    for pattern, axes in writer.stacked:
        lines += [f"    if {glob_condition(pattern)}:", f"        return leaf.shape[{axes}:]"]
    return writer.own_snippet("own_shape", "\n".join([*lines, "    return leaf.shape"]))


def hosts(selector: ir.Selector) -> Iterator[ir.Host]:
    """Yields the masks of the host in a selector."""
    if isinstance(selector, ir.Host):
        yield selector
    elif isinstance(selector, ir.Combine):
        for operand in selector.operands:
            yield from hosts(operand)


def capturing(selector: ir.Selector) -> Iterator[str]:
    """Yields the globs of a selector that capture, those behind a `not` too."""
    if isinstance(selector, ir.PathGlob) and compile_glob(selector.pattern).captures:
        yield selector.pattern
    elif isinstance(selector, ir.Combine):
        for operand in selector.operands:
            yield from capturing(operand)


def described(selector: ir.Selector) -> str:
    """Returns a selector in a few words, as the program writes it."""
    match selector:
        case ir.PathGlob(pattern):
            return pattern
        case ir.PathRegex(pattern):
            return f"path ~ {pattern}"
        case ir.LeafClass(name):
            return name
        case ir.LeafTest(subject, index, operator, value):
            named = value.name if isinstance(value, ir.Dtype) else value
            return f"{subject}{'' if index is None else f'[{index}]'} {operator} {named}"
        case ir.Host(hole):
            return f":{hole}"
        case ir.Combine("not", (operand,)):
            return f"not {described(operand)}"
        case ir.Combine(operator, operands):
            return f" {operator} ".join(map(described, operands))
        case _:
            raise AssertionError(selector)


def decision(
    before: str, selector: ir.Selector, after: str, writer: Writer, found: dict[str, str] | None = None
) -> list[str]:
    """Returns the lines of `before condition after`, broken at its operators if one line is too short."""
    source = condition(selector, writer, found)
    if len(source) <= _LONG or not _breaks(selector):
        return [f"{before} {source}{after}"]
    return [f"{before} (", *_broken(selector, writer, found or {}, 1), f"){after}"]


def _breaks(selector: ir.Selector) -> bool:
    """Returns whether the condition holds an `and` or `or` to break at."""
    if isinstance(selector, ir.Combine) and selector.operator == "not":
        return _breaks(selector.operands[0])
    return isinstance(selector, ir.Combine)


def _broken(selector: ir.Selector, writer: Writer, found: dict[str, str], depth: int) -> list[str]:
    """Returns the condition with one operand a line, those that are too long broken in turn."""
    space = "    " * depth
    if not isinstance(selector, ir.Combine):
        return [space + condition(selector, writer, found)]
    if selector.operator == "not":
        return [f"{space}not (", *_broken(selector.operands[0], writer, found, depth + 1), f"{space})"]
    lines: list[str] = []
    level = _OR if selector.operator == "or" else _AND
    for place, operand in enumerate(_operands(selector)):
        text = _text(operand, writer, found).at(level)
        inner = [space + text]
        if len(text) > _LONG and _breaks(operand):
            inner = _broken(operand, writer, found, depth + 1)
            is_not = isinstance(operand, ir.Combine) and operand.operator == "not"
            inner = [line[4:] for line in inner] if is_not else [f"{space}(", *inner, f"{space})"]
        if place:
            inner[0] = f"{space}{selector.operator} {inner[0].lstrip()}"
        lines += inner
    return lines


def _operands(selector: ir.Combine) -> list[ir.Selector]:
    """Returns the operands, those of an operand of the same kind in its place."""
    found: list[ir.Selector] = []
    for operand in selector.operands:
        same = isinstance(operand, ir.Combine) and operand.operator == selector.operator
        found += _operands(operand) if same else [operand]  # pyright: ignore[reportArgumentType]
    return found
