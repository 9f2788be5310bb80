"""A whole source -> a program: which transformation is meant, and the text that is put together.

In: Python. Out: `Program` with its comments, or findings about the source.
"""

import ast
import textwrap
import warnings
from collections.abc import Iterator

from optdsl.diagnostics import Diagnostic, Findings, OptdslError
from optdsl.python.read.follow import called, head, is_word
from optdsl.python.read.known import known
from optdsl.python.read.parameters import parameter_defaults
from optdsl.python.read.reading import Reading
from optdsl.python.read.stages import chain, text_of
from optdsl.python.read.statements import run
from optdsl.python.read.things import Address, Choice, Expr, Function, Module, Role, Scope, Thing, Unread, node_of
from optdsl.room import with_room
from optdsl.source import Range, Source
from optdsl.syntax import parser
from optdsl.syntax.ast import Program
from optdsl.syntax.format import format_program
from optdsl.syntax.limits import SOURCE_BYTES

_TX = ("optimizer", "opt")
"""What a transformation is often called, where nothing is called `tx`."""


def from_python(source: str, name: str = "<python>") -> Program:
    """Returns the program that Python source builds with Optax; nothing of the source is run.

    It reads an expression, or a module that ends in one or binds `tx`. What the language has no words for becomes a
    hole, with a comment that says what stood there. Raises `OptdslError` where the source is no Python, or builds no
    transformation.
    >>> str(from_python("optax.chain(optax.clip(1.0), optax.adam(1e-3))"))
    'clip(1.0) | adam(1e-3)'
    """
    program, findings = read(Source(source, name))
    if program is None:
        raise OptdslError(findings)
    return program


def read(source: Source) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    """Returns the program that Python source builds, or None and what is wrong with the source."""
    source = Source(
        textwrap.dedent(source.text.removeprefix("\ufeff")), source.name
    )  # a part of a file may be indented
    findings = Findings(source)
    if len(source.text.encode(errors="replace")) > SOURCE_BYTES:
        findings.add("E107", "the source is longer than 256 KiB", Range(0, 1), help="leave only the optimizer")
        return None, findings.sorted()
    try:
        tree = with_room(_parsed, source, findings)
        program = None if tree is None else with_room(_read, tree, source, findings)
    except (RecursionError, MemoryError):
        findings.add("E108", "the source is nested too deep", Range(0, 1), help="give its parts names")
        program = None
    return program, findings.sorted()


# ---- Python


def _parsed(source: Source, findings: Findings) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the style of the source
            return ast.parse(source.text)
    except SyntaxError as error:
        place = _place(error, Reading(source))
        findings.add("E110", f"this is not Python: {_said(error)}", place, help="write Python that runs")
    except ValueError:
        message = "this is not Python: it holds characters that no source may hold"
        findings.add("E110", message, Range(0, min(1, len(source.text))), help="write Python that runs")
    return None


def _said(error: SyntaxError) -> str:
    said = (error.msg or "invalid syntax").split(" (<")[0]
    return said if said.isprintable() else ascii(said)


def _place(error: SyntaxError, reading: Reading) -> Range:
    """Returns the characters that Python points at; its columns count characters from 1."""
    text = reading.source.text
    starts = reading.line_starts()

    def offset(line: int | None, column: int | None, otherwise: int) -> int:
        if not line or line > len(starts):
            return otherwise
        return min(starts[line - 1] + max((column or 1) - 1, 0), len(text))

    start = offset(error.lineno, error.offset, len(text))
    end = offset(error.end_lineno, error.end_offset, start)
    return Range(start, max(end, start + 1) if start < len(text) else start)


# ---- which transformation


def _read(tree: ast.Module, source: Source, findings: Findings) -> Program | None:
    reading = Reading(source)
    try:
        thing = _meant(tree, reading)
    except Unread:
        thing = None
    place = _last(tree, reading)
    if thing is None and reading.fuel < 0:
        findings.add("E107", "the source takes too many steps to follow", place, help="leave only the optimizer")
        return None
    if thing is None:
        findings.add("E111", "no optimizer of Optax is built here", place, help="bind one to `tx`, or end with it")
        return None
    body = text_of(chain(thing, reading, outermost=True))
    return _program(reading.text(body), reading.range(node_of(thing)), findings)


def _last(tree: ast.Module, reading: Reading) -> Range:
    return reading.range(tree.body[-1]) if tree.body else Range(0, min(1, len(reading.source.text)))


def _program(text: str, place: Range, findings: Findings) -> Program | None:
    """Returns the program of a text in canonical form; reports one that is past the limits of the language."""
    program, found = parser.parse(Source(text))
    if program is not None:
        program, found = parser.parse(Source(format_program(program)))
    if program is None:
        code = found[0].code if found[0].code in ("E107", "E108") else "E107"
        findings.add(code, f"what is built here is no program: {found[0].message}", place, help="build less at once")
    return program


def _meant(tree: ast.Module, reading: Reading) -> Thing | None:
    """Returns the transformation that a module is about: `tx`, else the last that it builds, bound or not."""
    module = Module()
    _, scope = run(tree.body, Scope(module=module), reading)
    module.last = scope
    bound = scope.find("tx")
    if bound is not None:
        return bound
    last = next((thing for thing in _candidates(tree.body, scope) if _is_transform(thing, reading)), None)
    named = (found for name in _TX if (found := scope.find(name)) is not None)
    if last is not None or (last := next(named, None)) is not None:
        return last
    return _made_by_function(tree.body, scope, reading) or _only_expression(tree.body, scope)


def _candidates(statements: list[ast.stmt], scope: Scope) -> Iterator[Thing]:
    for statement in reversed(statements):
        match statement:
            case ast.Expr(value):
                yield Expr(value, scope)
            case ast.Assign([ast.Name() as name]) | ast.AnnAssign(ast.Name() as name):
                yield Expr(name, scope)
            case ast.If(body=body, orelse=orelse):
                yield from _candidates([*body, *orelse], scope)
            case _:
                pass


def _only_expression(statements: list[ast.stmt], scope: Scope) -> Thing | None:
    """Returns the one expression that a source consists of, whatever it may be."""
    rest = [one for one in statements if not isinstance(one, (ast.Import, ast.ImportFrom))]
    return Expr(rest[0].value, scope) if len(rest) == 1 and isinstance(rest[0], ast.Expr) and _calls(rest[0]) else None


def _calls(statement: ast.Expr) -> bool:
    return isinstance(statement.value, (ast.Call, ast.Name, ast.Attribute))


def _is_transform(thing: Thing, reading: Reading) -> bool:
    """Returns whether a thing is surely a transformation: a call of Optax that makes one."""
    from optdsl.registry import Sort, lookup

    try:
        found = head(thing, reading)
        if isinstance(found, Choice):
            return _is_transform(found.one, reading) or _is_transform(found.other, reading)
        call = called(found, reading)
        while (inner := _inside(call.function)) is not None:
            call = called(head(inner, reading), reading)
    except Unread:
        return False
    if isinstance(call.function, Function):
        found = known(call.function, reading)
        return found is not None and found not in ("cosine", "exponential", "leafwise", "maskwise")
    if not (isinstance(call.function, Address) and is_word(call.function.path)):
        return False
    row = lookup(call.function.path.rpartition(".")[2])
    return row is None or row.sort is Sort.TRANSFORM


def _inside(function: Thing) -> Thing | None:
    """Returns the call that makes what is called: `inject_hyperparams(f)`, or `MultiSteps(...)` before its method."""
    match function:
        case Expr(ast.Call()):
            return function
        case Expr(ast.Attribute(value, "gradient_transformation"), scope):
            return Expr(value, scope)
        case _:
            return None


def _made_by_function(statements: list[ast.stmt], scope: Scope, reading: Reading) -> Thing | None:
    """Returns what the last function of a module that returns a transformation returns, its parameters left open."""
    for statement in reversed(statements):
        if not isinstance(statement, ast.FunctionDef):
            continue
        function = Function(statement, scope)
        if known(function, reading):
            continue
        defaults = parameter_defaults(function)
        arguments = (*statement.args.posonlyargs, *statement.args.args, *statement.args.kwonlyargs)
        given: dict[str, Thing] = {a.arg: Role("hole", a.arg, a, defaults.get(a.arg)) for a in arguments}
        try:
            result, _ = run(statement.body, Scope(scope, given), reading)
        except Unread:
            continue
        if result is not None and _is_transform(result, reading):
            return result
    return None
