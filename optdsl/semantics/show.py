"""Back to text: values and selectors of the intermediate form, as the language writes them.

In: a value. Out: one line. Operands that are operations stand in parentheses: nothing depends on precedence.
"""

from collections.abc import Iterable
from typing import assert_never

from optdsl import ir
from optdsl.syntax import ast
from optdsl.syntax.format import format_expression, show_number

_INFIX = frozenset("+ - * / // ** == != < <= > >= and or".split())

_MOST_MEMBERS = 4
"""Members of a population whose numbers are listed; of more, what they lie between is told."""


def show(value: ir.Value | ir.Selector) -> str:
    """Returns `value` as it could stand in a program; a Python object as its hole, a chain as its words.

    >>> show((0.9, 0.999)), show(ir.Axes("fan_in")), show(None)
    ('(0.9, 0.999)', 'fan_in', 'none')
    """
    match value:
        case bool() | int() | float() | None:
            return show_number(value)
        case str():
            return format_expression(ast.String(ir.NOWHERE, value))
        case ir.Dtype(word) | ir.Axes(word) | ir.Default(word) | ir.LiveNumber(word) | ir.Capture(word):
            return word
        case ir.Mapping(entries):
            return f"{{{', '.join(f'{show(key)}: {show(item)}' for key, item in entries)}}}"
        case ir.Host(hole):
            return f":{hole}"
        case ir.Step():
            return "step"
        case ir.Unknown() | ir.Slot():
            return "?"
        case tuple():
            return f"({_listed(value)},)" if len(value) == 1 else f"({_listed(value)})"
        case ir.Chain(stages):
            return " | ".join(map(_word, stages))
        case ir.PerLeaf(values):
            return f"one of {_listed(dict.fromkeys(values))} for each leaf"
        case ir.PerMember(values):
            return _show_members(values)
        case ir.PathGlob() | ir.PathRegex() | ir.LeafClass() | ir.LeafTest() | ir.Combine() | ir.Decided():
            return show_selector(value)
        case _:
            return _show_varying(value)


def _show_varying(value: ir.Apply | ir.Arrow | ir.OptaxSchedule | ir.Choose | ir.Spread) -> str:
    match value:
        case ir.Apply(function, operands):
            return _show_operation(function, operands)
        case ir.Arrow(start, segments):
            return " -> ".join([_operand(start), *map(_show_segment, segments)])
        case ir.OptaxSchedule(word, arguments):
            given = (f"{argument.name}={show(argument.value)}" for argument in arguments if argument.given)
            return f"{word}({', '.join(given)})"
        case ir.Choose(condition, chosen, otherwise):
            return f"{_operand(chosen)} when {show(condition)} else {_operand(otherwise)}"
        case ir.Spread(selector, chosen, otherwise):
            return f"{_operand(chosen)} where {show_selector(selector)} else {_operand(otherwise)}"
        case _:
            assert_never(value)


def show_selector(selector: ir.Selector) -> str:
    """Returns a selector as it could stand behind `where`.

    >>> show_selector(ir.LeafTest("shape", 0, "==", 4))
    'shape[0] == 4'
    """
    match selector:
        case ir.PathGlob(pattern):
            return format_expression(ast.Glob(ir.NOWHERE, pattern))
        case ir.LeafClass(word):
            return word
        case ir.PathRegex(pattern):
            return f"path ~ {show(pattern)}"
        case ir.LeafTest(subject, index, operator, value):
            axis = "" if index is None else f"[{index}]"
            return f"{subject}{axis} {operator} {show(value)}"
        case ir.Combine("not", (operand,)):
            return f"not {_selector_operand(operand)}"
        case ir.Combine(operator, operands):
            return f" {operator} ".join(map(_selector_operand, operands))
        case ir.Host(hole):
            return f":{hole}"
        case ir.Decided(mask):
            return f"one of {sum(mask)} of {len(mask)} leaves"
        case ir.Unknown():
            return "?"
        case _:
            assert_never(selector)


def _selector_operand(selector: ir.Selector) -> str:
    text = show_selector(selector)
    return f"({text})" if isinstance(selector, ir.Combine) else text


def _show_operation(function: str, operands: tuple[ir.Value, ...]) -> str:
    if function in _INFIX:
        return f" {function} ".join(map(_operand, operands))
    if function in ("neg", "not"):
        return ("-" if function == "neg" else "not ") + _operand(operands[0])
    return f"{function}({_listed(operands)})"


def _operand(value: ir.Value) -> str:
    text = show(value)
    is_negative = isinstance(value, (int, float)) and value < 0
    is_operation = is_negative or (isinstance(value, ir.Apply) and value.function in (*_INFIX, "neg", "not"))
    return f"({text})" if is_operation or isinstance(value, (ir.Arrow, ir.Choose, ir.Spread)) else text


def _show_segment(segment: ir.Segment) -> str:
    if segment.kind == "hold":
        return f"hold({segment.length})"
    return f"{segment.kind}({show(segment.to)}, {segment.length})"


def _show_members(values: tuple[float, ...]) -> str:
    if len(values) <= _MOST_MEMBERS:
        return f"[{_listed(values)}]"
    return f"{show(min(values))} to {show(max(values))}"


def _listed(values: Iterable[ir.Value]) -> str:
    return ", ".join(map(show, values))


def _word(stage: ir.AnyStage) -> str:
    match stage:
        case ir.Guarded(inner):
            return show(inner)
        case ir.Freeze():
            return "freeze"
        case _:
            return stage.word
