"""The work of the rules grows linearly with a program, and stays small; counted in calls, which no machine changes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from effort import calls  # pyright: ignore[reportMissingImports]

from optdsl import check, parse
from optdsl.semantics import effects
from optdsl.semantics.check import check as check_meaning
from optdsl.semantics.resolve import resolve
from optdsl.semantics.rules.finding import views

ROOT = Path(__file__).parents[2]
MIXED = (
    *("clip(1.0)", "trace(0.9)", "scale(0.5)", "add_decayed_weights(1e-4)", "scale_by_adam(b1=0.9)"),
    *("clip_by_global_norm(1.0)", "zero_nans", "centralize(axes=-1)", "ema(0.99)", "scale_by_rms"),
)


def mixed(count: int) -> str:
    """A program of `count` stages, most of which stand in a bad order."""
    return " | ".join([*(MIXED[i % len(MIXED)] for i in range(count - 1)), "lr(1e-3)"])


def arms(count: int) -> str:
    cases = ", ".join(f"a_{i}/** => clip_norm(1.0) | centralize | adam(1e-3)" for i in range(count))
    return f"match {{ {cases}, else => sgd(0.1) }}"


def late(count: int) -> str:
    return f"adam(1e-3) | {' | '.join(['clip(1.0)'] * count)}"


def nested(count: int) -> str:
    return f"{'skip_nonfinite(3) { ' * count}adam(1e-3) | clip(1.0){' }' * count}"


def work(text: str) -> int:
    program = parse(text)
    chain = resolve(program, {}).chain
    assert chain is not None
    return calls(lambda: check_meaning(chain, program))


@pytest.mark.parametrize(("write", "count"), [(mixed, 40), (arms, 20), (late, 40)])
def test_rules_are_linear(write: Callable[[int], str], count: int) -> None:
    small, large = work(write(count)), work(write(4 * count))
    assert large < 1.2 * 4 * small


def test_blocks_in_blocks_cost_their_depth() -> None:
    small, large = work(nested(10)), work(nested(40))
    assert large < 1.2 * 16 * small


def test_a_program_of_fifty_stages_takes_few_calls() -> None:
    """A guard of the promise of 5 ms: of the calls that it took when it was kept, one and a half times as many."""
    text = mixed(50)
    assert len(check(text)) > 15
    assert work(text) < RULE_CALLS
    assert calls(lambda: check(text)) < ALL_CALLS


RULE_CALLS = 9_000
ALL_CALLS = 65_000


def test_effects_are_found_out_once_for_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0
    effect_of = effects._effect_of  # pyright: ignore[reportPrivateUsage]

    def counting(*arguments: object) -> object:
        nonlocal counted
        counted += 1
        return effect_of(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(effects, "_effect_of", counting)
    text = "clip(1.0) | accumulate(2) { trace(.9) | match { bias => sgd(.1), else => flatten { adam(.1) } } }"
    program = parse(text)
    chain = resolve(program, {}).chain
    assert chain is not None
    assert len(list(views(chain, text))) == 5
    assert counted == 7


def test_all_findings_come_in_one_run_by_place() -> None:
    found = check(mixed(50))
    assert [finding.span[1:3] for finding in found] == sorted(finding.span[1:3] for finding in found)
    assert {finding.code for finding in found} >= {"E305", "W504", "W508", "W511"}


def test_checking_imports_no_jax() -> None:
    code = f"import sys, optdsl; optdsl.check({mixed(50)!r}); print('jax' in sys.modules, 'optax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
