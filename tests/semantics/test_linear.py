"""The work of checking a program grows linearly with it: counted in evaluations, which no busy machine changes."""

from collections.abc import Callable

import pytest

from optdsl.semantics import scope
from optdsl.semantics.resolve import resolve
from optdsl.source import Source
from optdsl.syntax import limits, parser


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Returns a function that returns how many nodes are evaluated when a text is resolved."""
    burnt = [0]
    burn = scope.Context.burn

    def counted(context: scope.Context, nodes: int | None = None) -> None:
        burnt[0] += nodes is None  # with a number, a value is used once more, which evaluates nothing
        burn(context) if nodes is None else burn(context, nodes)

    monkeypatch.setattr(scope.Context, "burn", counted)

    def count(text: str) -> int:
        burnt[0] = 0
        program, findings = parser.parse(Source(text, "test"))
        assert program is not None, findings
        resolved = resolve(program, {})
        assert resolved.chain is not None, resolved.findings
        return burnt[0]

    return count


def bound(n: int) -> str:
    """Each binding refers to the one before."""
    names = "".join(f"x{i} = x{i - 1} * 0.99; " for i in range(1, n))
    return f"x0 = 0.1; {names}sgd(x{n - 1})"


GROWING: dict[str, Callable[[int], str]] = {
    "stages": lambda n: " | ".join(["clip(1.0)"] * (n - 1) + ["adam(1e-3)"]),
    "arguments": lambda n: " | ".join(["scale_by_adam(0.9, b2=0.99, eps=2 * 1e-8)"] * (n - 1) + ["lr(:rate ?? 0.1)"]),
    "segments": lambda n: f"sgd(1 {'-> linear(0.5, 10) ' * n})",
    "bindings": bound,
    "definitions": lambda n: (
        "".join(f"def d{i}(x) = scale(x); " for i in range(n))
        + " | ".join([f"d{i}(0.5)" for i in range(n)] + ["sgd(0.1)"])
    ),
    "arms": lambda n: (
        "match { " + ", ".join([f"layer_{i}/** => sgd(0.{i + 1})" for i in range(n)] + ["else => adam(1e-3)"]) + " }"
    ),
    "arithmetic": lambda n: f"sgd(0.1{' + 0.001' * n})",
    "list": lambda n: (
        f"sgd(join_schedules([{', '.join(['constant_schedule(0.1)'] * (n + 1))}], "
        f"[{', '.join(str(i + 1) for i in range(n))}]))"
    ),
}


@pytest.mark.parametrize("kind", GROWING)
def test_evaluations_grow_linearly(kind: str, evaluations: Callable[[str], int]) -> None:
    write = GROWING[kind]
    one, two, four = (evaluations(write(n)) for n in (15, 30, 60))
    assert two > one, "the count does not see what grows"
    assert four - two == 2 * (two - one)


def test_evaluations_of_the_longest_chain(evaluations: Callable[[str], int]) -> None:
    one, two, longest = (evaluations(GROWING["stages"](n)) for n in (10, 11, limits.STAGES))
    assert longest == one + (two - one) * (limits.STAGES - 10)


@pytest.mark.parametrize("depth", [5, 10, 20])
def test_a_binding_is_evaluated_once_however_often_it_is_used(depth: int, evaluations: Callable[[str], int]) -> None:
    """Doubled at every line, so that evaluating each use anew would take 2 ** depth evaluations."""
    doubled = "".join(f"x{i} = x{i - 1} + x{i - 1}; " for i in range(1, depth))
    assert evaluations(f"x0 = 1e-9; {doubled}sgd(x{depth - 1})") < 12 * depth
