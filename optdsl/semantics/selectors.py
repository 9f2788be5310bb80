"""Selectors: which leaves are meant, by path, by shape and dtype, by class, or by a mask of the host."""

import re

from optdsl import ir
from optdsl.diagnostics.suggest import listed, nearest
from optdsl.registry import Kind
from optdsl.semantics import values
from optdsl.semantics.fit import fit
from optdsl.semantics.scope import Context, Scope, Want
from optdsl.semantics.words import CLASSES
from optdsl.syntax import ast

TESTS = ("ndim", "size", "dtype", "shape")
_CAPTURE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def selector(node: ast.Selector, scope: Scope, context: Context) -> ir.Selector:
    """Returns the selector that `node` means, or UNKNOWN after a report."""
    context.burn()
    match node:
        case ast.Glob():
            return _glob(node, context)
        case ast.LeafClass():
            return _leaf_class(node, context)
        case ast.PathMatch():
            return _path_match(node, context)
        case ast.LeafTest():
            return _leaf_test(node, scope, context)
        case ast.Hole():
            return _mask(node, scope, context)
        case ast.Group(_, inner):
            return selector(inner, scope, context)  # pyright: ignore[reportArgumentType]
        case ast.Unary(_, _, operand):
            return _combine("not", (selector(operand, scope, context),))  # pyright: ignore[reportArgumentType]
        case ast.Binary(_, operator, left, right):
            return _combine(operator, (selector(left, scope, context), selector(right, scope, context)))  # pyright: ignore


def captures(chosen: ir.Selector) -> frozenset[str]:
    """Returns the names that a selector captures from every path that it selects."""
    match chosen:
        case ir.PathGlob(pattern):
            return frozenset(_CAPTURE.findall(pattern))
        case ir.Combine("and", (one, other)):
            return captures(one) | captures(other)
        case ir.Combine("or", (one, other)):
            return captures(one) & captures(other)
        case _:
            return frozenset()


def _combine(operator: str, operands: tuple[ir.Selector, ...]) -> ir.Selector:
    known = not any(isinstance(operand, ir.Unknown) for operand in operands)
    return ir.Combine(operator, operands) if known else ir.UNKNOWN


def _glob(node: ast.Glob, context: Context) -> ir.Selector:
    from optdsl.globs import GlobError, compile_glob

    try:
        compile_glob(node.pattern)
    except GlobError as error:
        return context.error("E242", f"the glob does not read: {error}", node.span, help="mend the glob")
    return ir.PathGlob(node.pattern)


def _leaf_class(node: ast.LeafClass, context: Context) -> ir.Selector:
    if node.id in CLASSES:
        return ir.LeafClass(node.id)
    if node.id in TESTS or node.id == "path":
        form = {"path": "path ~ 'regex'", "shape": "shape[0] == 4", "dtype": "dtype == bfloat16"}
        example = form.get(node.id, f"{node.id} > 1")
        return context.error("E207", f"`{node.id}` selects nothing by itself", node.span, help=f"write `{example}`")
    near = nearest(node.id, (*CLASSES, *TESTS))
    message = f"`{node.id}` is no class of leaves; the classes are {listed(CLASSES)}"
    help = f"write `{near}`" if near else f"write `{node.id}/**` for what lies below that path"
    return context.error("E207", message, node.span, help=help, edit=near if near in CLASSES else None)


def _path_match(node: ast.PathMatch, context: Context) -> ir.Selector:
    if node.subject.id != "path":
        message = f"only `path` is matched with `~`, not `{node.subject.id}`"
        return context.error("E207", message, node.subject.span, help="write `path`", edit="path")
    from optdsl.regex import RegexError, compile_regex

    try:
        compile_regex(node.pattern.text)
    except RegexError as error:
        message = f"the regular expression does not read: {error.message}"
        return context.error("E242", message, node.pattern.span, help="mend the expression")
    return ir.PathRegex(node.pattern.text)


def _leaf_test(node: ast.LeafTest, scope: Scope, context: Context) -> ir.Selector:
    subject = node.subject.id
    if subject not in TESTS:
        near = nearest(subject, TESTS)
        message = f"leaves have no `{subject}`; compared are {listed(TESTS)}"
        help = f"write `{near}`" if near else "write `ndim > 1`, say"
        return context.error("E207", message, node.subject.span, help=help, edit=near)
    index = _index(node, scope, context)
    if isinstance(index, ir.Unknown):
        return index
    kind = Kind.DTYPE if subject == "dtype" else Kind.INTEGER
    want = Want(kind, f"`{subject}`")
    compared = fit(values.value(node.value, scope, want, context), want, node.value.span, context)
    if isinstance(compared, ir.Unknown):
        return compared
    if subject == "dtype" and node.operator not in ("==", "!="):
        return context.error("E207", "dtypes are not ordered", node.span, help="write `==` or `!=`")
    return ir.LeafTest(subject, index, node.operator, compared)


def _index(node: ast.LeafTest, scope: Scope, context: Context) -> int | ir.Unknown | None:
    if (node.index is None) == (node.subject.id != "shape"):
        if node.index is None:
            return None
        want = Want(Kind.INTEGER, "the axis of `shape`")
        index = fit(values.value(node.index, scope, want, context), want, node.index.span, context)
        return index if isinstance(index, int) else ir.UNKNOWN
    if node.index is None:
        return context.error("E207", "`shape` is compared axis by axis", node.subject.span, help="write `shape[0]`")
    return context.error("E207", f"`{node.subject.id}` has no axes", node.span, help=f"write `{node.subject.id}`")


def _mask(node: ast.Hole, scope: Scope, context: Context) -> ir.Selector:
    from optdsl.semantics.holes import hole

    mask = hole(node, scope, Want(Kind.MASK, "the selector"), context)
    if isinstance(mask, (ir.Host, ir.Unknown)):
        return mask
    message = f"the hole `:{node.name}` must hold a mask: a tree of booleans, or a function that returns one"
    return context.error("E221", message, node.span, help="pass a tree of booleans")
