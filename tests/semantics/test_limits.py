"""Names that multiply: growth ends in E107, depth in E108, and neither in a hang, a crash or a full memory.

Each of these programs is resolved in a process of its own, with little time and memory.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from meanings import meaning

import optdsl

ROOT = Path(__file__).parents[2]
SECONDS = 5
BYTES = 1 << 30

ALONE = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({bytes}, {bytes}))
import optdsl
print(json.dumps([finding.code for finding in optdsl.check(sys.stdin.read())]))
"""


def codes_alone(text: str) -> list[str]:
    """Returns the codes of `check`, run with limits; what they stop fails the test with its last line."""
    command = [sys.executable, "-c", ALONE.format(bytes=BYTES)]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr.strip().rpartition("\n")[2]
    return json.loads(done.stdout)


def bindings(count: int, first: str, rest: str, last: str) -> str:
    """Returns `x0 = first; x1 = rest of x0; ...; last of the last`; `@` stands for the name."""
    chain = [f"x{n} = {rest.replace('@', f'x{n - 1}')};" for n in range(1, count + 1)]
    return " ".join([f"x0 = {first};", *chain, last.replace("@", f"x{count}")])


def definitions(count: int, first: str, rest: str, last: str) -> str:
    """Returns the same as definitions of one parameter `x`."""
    chain = [f"def f{n}(x) = {rest.replace('@', f'f{n - 1}')};" for n in range(1, count + 1)]
    return " ".join([f"def f0(x) = {first};", *chain, last.replace("@", f"f{count}")])


DOUBLING = {
    "definitions": definitions(40, "clip(x)", "@(x) | @(x)", "@(1.0) | sgd(0.1)"),
    "definitions_in_blocks": definitions(40, "clip(x)", "flatten { @(x) | @(x) }", "@(1.0) | sgd(0.1)"),
    "definitions_switched_off": definitions(40, "clip(x)", "@(x) when false | @(x)", "@(1.0) | sgd(0.1)"),
    "definitions_never_called": definitions(40, "clip(x)", "@(x) | @(x)", "sgd(0.1)"),
    "arguments_that_vary": definitions(40, "sgd(x)", "@(x + x)", "@(1e-3 * step)"),
    "values_that_vary": bindings(60, "step", "@ + @", "sgd(1e-3 * @)"),
    "values_over_leaves": bindings(60, "0.1", "@ where ndim > 1 else @", "adamw(1e-3, weight_decay=@)"),
    "chains": bindings(60, "clip(1.0)", "@ | @", "@ | sgd(0.1)"),
    "arrows": bindings(60, "step", "@ -> linear(@, 3)", "sgd(@)"),
    "lists": bindings(60, "1", "[@, @]", "dog(1.0, init_step=@)"),
}


@pytest.mark.parametrize("text", DOUBLING.values(), ids=DOUBLING)
def test_names_that_double_end_in_one_error(text: str) -> None:
    assert codes_alone(text) == ["E107"]


def test_constants_may_double() -> None:
    text = bindings(60, "1e-30", "@ + @", "sgd(@)")
    assert codes_alone(text) == []
    assert meaning(text) == meaning(f"sgd({2.0**60} * 1e-30)")


LONG = {
    "numbers": bindings(3000, "1e-6", "@ + 1e-6", "sgd(@)"),
    "values_that_vary": bindings(3000, "step", "@ + 1", "sgd(@)"),
    "chains": bindings(3000, "clip(1.0)", "(@)", "@ | sgd(0.1)"),
    "blocks": bindings(3000, "clip(1.0)", "flatten { @ }", "@ | sgd(0.1)"),
    "definitions": definitions(3000, "clip(x)", "@(x)", "@(1.0) | sgd(0.1)"),
    "deep_bindings": bindings(59, "1e-6", f"{'(' * 60}@ + 1{')' * 60}", "sgd(@)"),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_names_of_names_work_or_are_too_deep(text: str) -> None:
    assert set(codes_alone(text)) <= {"E107", "E108"}


@pytest.mark.parametrize("count", [10, 60])
def test_names_of_names(count: int) -> None:
    assert codes_alone(bindings(count, "1e-6", "@ + 1e-6", "sgd(@)")) == []
    assert codes_alone(bindings(count, "step", "@ + 1", "sgd(@)")) == []
    assert codes_alone(definitions(count, "clip(x)", "@(x)", "@(1.0) | sgd(0.1)")) == []


DEEP = {
    "parentheses": f"sgd({'(' * 63}1e-3{')' * 63})",
    "operators": f"sgd({'(1 + -' * 63}1e-3{')' * 63} ** 2)",
    "varying": f"sgd({'(step + -' * 63}1e-3{')' * 63})",
    "conditions": f"sgd({'(1 when step < 3 else ' * 63}1e-3{')' * 63})",
    "functions": f"sgd({'min(1, ' * 63}1e-3{')' * 63})",
    "blocks": f"{'flatten { ' * 63}clip(1.0) | sgd(0.1){' }' * 63}",
    "arms": f"{'match { a/** => ' * 63}sgd(0.1){', else => freeze }' * 63}",
    "selectors": f"clip(1.0) where {'(' * 63}bias{')' * 63} | sgd(0.1)",
    "defaults": f"sgd({':x ?? (' * 62}1e-3{')' * 62})",
    "definitions": definitions(60, "clip(x)", "@(x)", "@(1.0) | sgd(0.1)"),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_the_deepest_that_is_allowed_has_a_meaning(text: str) -> None:
    assert [finding.code for finding in optdsl.check(text) if finding.severity == "error"] == []


def below(frames: int, work: Callable[[], Any]) -> Any:
    """Returns what `work` returns when it is called that many frames further down."""
    return work() if frames == 0 else below(frames - 1, work)


def test_the_deepest_that_is_allowed_works_at_the_end_of_a_deep_stack() -> None:
    limit = sys.getrecursionlimit()
    room = limit - 150 - len(_frames())
    for text in DEEP.values():
        assert below(room, lambda text=text: optdsl.format(text))
        found = below(room, lambda text=text: optdsl.check(text))
        assert [finding.code for finding in found if finding.severity == "error"] == []


def _frames() -> list[object]:
    frame, found = sys._getframe(), list[object]()
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def test_one_thousand_stages_and_no_more() -> None:
    stages = ["clip(1.0)"] * 999
    assert len(meaning(" | ".join([*stages, "sgd(0.1)"])).stages) == 1000
    assert [finding.code for finding in optdsl.check(" | ".join([*stages, "scale(2)", "sgd(0.1)"]))] == ["E107"]


def test_stages_behind_names_count() -> None:
    written_out = "a = " + " | ".join(["clip(1.0)"] * 600) + "; a | a | sgd(0.1)"
    assert [finding.code for finding in optdsl.check(written_out)] == ["E107"]
