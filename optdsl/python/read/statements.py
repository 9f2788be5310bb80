"""Statements -> names: the assignments of a module or of a plain function, in order, and what it returns.

In: statements and a scope. Out: the scope behind them, and the thing that a `return` gives. A name that a loop or
another construct binds is `Unknown`: nothing is guessed about it.
"""

import ast
from collections.abc import Iterable, Iterator

from optdsl.python.read.reading import Reading
from optdsl.python.read.things import Address, Choice, Expr, Function, Nothing, Scope, Thing, Unknown

_LISTS = ("append", "extend")
_LAYERS = 100
"""So many layers of a scope cost a step to look through."""


def run(statements: list[ast.stmt], scope: Scope, reading: Reading) -> tuple[Thing | None, Scope]:
    """Returns what the statements return, None if they run to their end, and the scope behind them."""
    for place, statement in enumerate(statements):
        reading.burn(1 + scope.layers // _LAYERS)
        match statement:
            case ast.Return(value):
                return Expr(value or ast.Constant(None), scope), scope
            case ast.Raise():
                return Nothing(statement), scope
            case ast.If():
                straight, rest = _straight(statement), statements[place + 1 :]
                if straight is not None:
                    return run([*straight, *rest], scope, reading)
                if _returns(statement):
                    return _parted(statement, rest, scope, reading), scope
                scope = _merged(statement, scope, reading)
            case ast.With():
                return run([*statement.body, *statements[place + 1 :]], _bound_inside(statement.items, scope), reading)
            case _ if _returns(statement):
                return Unknown(statement), scope
            case _:
                scope = _bound(statement, scope)
    return None, scope


def _straight(statement: ast.If) -> list[ast.stmt] | None:
    """Returns the branch that is taken, whatever the test says: what raises is no program, and a script is run."""
    test = statement.test
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
        return statement.body
    if isinstance(statement.body[-1], ast.Raise):
        return statement.orelse
    raises = bool(statement.orelse) and isinstance(statement.orelse[-1], ast.Raise)
    return statement.body if raises and not _returns(statement) else None


def _parted(statement: ast.If, rest: list[ast.stmt], scope: Scope, reading: Reading) -> Thing:
    """Returns what a function returns that parts here: each branch goes on to its end."""
    one, _ = run([*statement.body, *rest], scope.inner(), reading)
    other, _ = run([*statement.orelse, *rest], scope.inner(), reading)
    nothing = Unknown(statement)
    return Choice(statement, Expr(statement.test, scope), one or nothing, other or nothing)


def _merged(node: ast.If, scope: Scope, reading: Reading) -> Scope:
    """Returns the scope behind an `if`: a name that a branch binds is one thing or the other."""
    test = Expr(node.test, scope)
    _, one = run(node.body, scope.inner(), reading)
    _, other = run(node.orelse, scope.inner(), reading)
    after = scope
    for name in dict.fromkeys((*_names(one, scope), *_names(other, scope))):
        sides = [branch.find(name) or Unknown(node, name) for branch in (one, other)]
        after = after.bind(name, Choice(node, test, *sides))
    return after


def _names(scope: Scope | None, outer: Scope) -> list[str]:
    found: list[str] = []
    while scope is not None and scope is not outer:
        found += scope.names
        scope = scope.parent
    return found


def _returns(statement: ast.stmt) -> bool:
    """Returns whether a loop or the like may return from the function around it."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    return any(isinstance(node, ast.Return) for node in ast.walk(statement))


# ---- single statements


def _bound(statement: ast.stmt, scope: Scope) -> Scope:
    match statement:
        case ast.Assign([_, _, *_], value) if _is_container(value):
            return _bound_inside([statement], scope)  # several names of one list, which each may change
        case ast.Assign(targets, value):
            for target in targets:
                scope = _assigned(target, value, scope)
            return scope
        case ast.AnnAssign(target, _, value) if value is not None:
            return _assigned(target, value, scope)
        case ast.AugAssign(ast.Name(name), operator, value):
            before = ast.copy_location(ast.Name(name, ast.Load()), statement)
            made = ast.copy_location(ast.BinOp(before, operator, value), statement)
            return scope.bind(name, Expr(made, scope))
        case ast.Import() | ast.ImportFrom():
            return _imported(statement, scope)
        case ast.FunctionDef(name):
            return scope.bind(name, Function(statement, scope))
        case ast.Expr(ast.Call() as call):
            return _changed(call, scope)
        case _:
            return _bound_inside([statement], scope)


def _assigned(target: ast.expr, value: ast.expr, scope: Scope) -> Scope:
    match target, value:
        case ast.Name(name), _:
            return scope.bind(name, Expr(value, scope))
        case ((ast.Tuple(names) | ast.List(names)), (ast.Tuple(values) | ast.List(values))) if len(names) == len(
            values
        ):
            before = scope
            for name, item in zip(names, values, strict=True):
                if isinstance(name, ast.Name):
                    scope = scope.bind(name.id, Expr(item, before))
                else:
                    scope = _bound_inside([name], scope)
            return scope
        case _:
            return _bound_inside([target], _touched(target, scope))


def _touched(target: ast.expr, scope: Scope) -> Scope:
    """Returns the scope in which nothing is known about what an item or attribute was set of."""
    base = target
    while isinstance(base, (ast.Subscript, ast.Attribute)):
        base = base.value
    return _forgotten(base, target, scope) if isinstance(base, ast.Name) and base is not target else scope


def _changed(call: ast.Call, scope: Scope) -> Scope:
    """Returns the scope behind a call that stands alone: lists grow, what else it may change is unknown."""
    match call:
        case ast.Call(ast.Attribute(ast.Name(name), method), [value]) if method in _LISTS and _is_list(
            scope.find(name)
        ):
            added = ast.List([value], ast.Load()) if method == "append" else value
            before = ast.copy_location(ast.Name(name, ast.Load()), call)
            made = ast.copy_location(ast.BinOp(before, ast.Add(), added), call)
            return scope.bind(name, Expr(made, scope))
        case ast.Call(function, arguments):
            for part in (function, *arguments):
                scope = _forgotten(part, call, scope) if isinstance(part, ast.Name) else _touched(part, scope)
    return scope


def _forgotten(name: ast.Name, node: ast.AST, scope: Scope) -> Scope:
    """Returns the scope in which nothing is known about a list or dict, nor about what is another name of it."""
    found = scope.find(name.id)
    if not isinstance(found, Expr):
        return scope
    if isinstance(found.node, ast.Name):
        inner = _forgotten(found.node, node, scope)
        return scope if inner is scope else inner.bind(name.id, Unknown(node, name.id))
    return scope.bind(name.id, Unknown(node, name.id)) if _is_container(found.node) else scope


def _is_list(thing: Thing | None) -> bool:
    return isinstance(thing, Expr) and _lists(thing.node)


def _lists(node: ast.expr) -> bool:
    """Returns whether an expression is a list, or a sum with one."""
    if isinstance(node, ast.BinOp):
        return _lists(node.left) or _lists(node.right)
    return isinstance(node, ast.List)


def _is_container(node: ast.expr) -> bool:
    """Returns whether an expression makes something that a call may change."""
    match node:
        case ast.Call(ast.Name("list" | "dict" | "set")):
            return True
        case _:
            return _lists(node) or isinstance(node, (ast.Dict, ast.Set, ast.ListComp, ast.DictComp))


def _bound_inside(nodes: Iterable[ast.AST], scope: Scope) -> Scope:
    """Returns the scope in which nothing is known about the names that are bound inside of `nodes`."""
    for node in nodes:
        for part in _outside_of_functions(node):
            match part:
                case ast.Name(name, ast.Store() | ast.Del()):
                    scope = scope.bind(name, Unknown(node, name))
                case ast.ClassDef(name) | ast.AsyncFunctionDef(name) | ast.FunctionDef(name):
                    scope = scope.bind(name, Unknown(part, name))
                case ast.Import() | ast.ImportFrom():
                    scope = _imported(part, scope)
                case ast.Expr(ast.Call() as call):
                    scope = _touched(call.func, scope)
                case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                    scope = _touched(part, scope)
                case _:
                    pass
    return scope


def _outside_of_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes inside of one, those left out that have names of their own."""
    pending = [node]
    while pending:
        part = pending.pop(0)
        yield part
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(part))


def _imported(statement: ast.Import | ast.ImportFrom, scope: Scope) -> Scope:
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            first = alias.name.split(".")[0]
            name, path = (alias.asname, alias.name) if alias.asname else (first, first)
        else:
            module = "." * statement.level + (statement.module or "")
            if alias.name == "*":
                outermost = scope.outermost().module
                if outermost is not None:
                    outermost.stars.append(module)
                continue
            name, path = alias.asname or alias.name, f"{module}.{alias.name}"
        scope = scope.bind(name, Address(statement, path))
    return scope
