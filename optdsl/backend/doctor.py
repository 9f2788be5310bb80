"""The examination behind `optdsl doctor`: an optimizer in, what a few steps of it show out, each with a verdict.

It runs programs on small problems of its own, and looks at numbers alone; what a program says is the checker's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import jax
import numpy as np

from optdsl.backend.bound import selected_tree
from optdsl.backend.doctor_half import in_half
from optdsl.backend.doctor_problem import Problem, assorted, drawn, frozen, problem_for
from optdsl.backend.doctor_runs import STEPS, Pulled, Run, Training, nan_paths, sense
from optdsl.backend.optimizer import Optimizer
from optdsl.backend.paths import leaf_paths
from optdsl.diagnostics import OptdslError

PyTree = Any
Verdict = Literal["ok", "warning", "failed", "skipped"]
_SCALES = (0.0, 1e-12, 1.0, 1e6)
_HARDLY = 1e-3
_ROUNDING = 1e-5
_SHOWN = 4
_TOLERANCE = 1e-5
_APART = 0.2
_LONGEST_PERIOD = 100


@dataclass(frozen=True, slots=True)
class Examined:
    """One question about a program and its answer: a verdict, a sentence, and the numbers behind it."""

    name: str
    verdict: Verdict
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)


def examine(opt: Optimizer, shapes: PyTree | None = None, steps: int = STEPS) -> list[Examined]:
    """Returns what `steps` updates of a program show, on leaves like `shapes` or on a small model.

    Never raises on a program: what fails is said by the answer that it belongs to.
    """
    problem = problem_for(opt, shapes)
    if isinstance(problem, str):
        return [Examined("runs", "skipped", problem)]
    try:
        training = Training(opt, problem)
        run = training.run(steps)
    except Exception as error:  # a program may fail in any way that Optax and jax know
        return [_raised("runs", error)]
    later: dict[str, Callable[[], Examined]] = {
        **_on_chosen_gradients(opt, problem),
        "donation": lambda: _donation(training, run),
        "leaves": lambda: _leaves(opt, problem, run),
    }
    first = [_runs(problem, run), _descends(opt, run), _finite(run), _state(run), _compiles(run)]
    return [*first, *(_guarded(name, look) for name, look in later.items())]


def _guarded(name: str, look: Callable[[], Examined]) -> Examined:
    try:
        return look()
    except Exception as error:  # as above: the answer is that it failed, and why
        return _raised(name, error)


def _raised(name: str, error: Exception) -> Examined:
    if isinstance(error, OptdslError):
        return Examined(name, "failed", "; ".join(f"{found.code}, {found.message}" for found in error.diagnostics))
    said = next(iter(str(error).strip().splitlines()), "")[:200]
    return Examined(name, "failed", f"{type(error).__name__}: {said}")


# ---- on the problem


def _runs(problem: Problem, run: Run) -> Examined:
    updates = len(run.losses) - 1
    numbers = {"updates": updates, "steps": run.calls, "leaves": len(jax.tree.leaves(problem.params))}
    steps = f" in {run.calls} steps" if run.calls != updates else ""
    return Examined("runs", "ok", f"{updates} updates{steps}, on {problem.name}", numbers)


def _descends(opt: Optimizer, run: Run) -> Examined:
    toward = sense(opt.meaning.chain)
    if toward is None:
        return Examined("descends", "skipped", "`maximize` for some leaves alone: the loss has no one direction")
    return _directed("descends", "the loss" if toward == 1 else "the objective", toward, run.losses)


def _directed(name: str, what: str, toward: int, losses: np.ndarray) -> Examined:
    """Returns whether losses fall (`toward` 1) or rise (-1) from the first to the last."""
    if len(losses) < 2:
        return Examined(name, "skipped", "no update was made in these steps")
    start, end = float(losses[0]), float(losses[-1])
    with np.errstate(invalid="ignore", over="ignore"):
        wrong = int(np.sum(toward * np.diff(losses) > 0))
    numbers = {"start": start, "end": end, "wrong_way": wrong / (len(losses) - 1)}
    bad = np.flatnonzero(~np.isfinite(losses))
    if bad.size:
        said = f"{what} diverges: {start:.4g} -> {losses[bad[0]]} after {_counted(int(bad[0]), 'update')}"
        return Examined(name, "failed", said, numbers)
    gain = toward * (start - end) / max(abs(start), 1e-30)
    way, turn = ("falls", "rise") if toward == 1 else ("rises", "fall")
    if gain < -_ROUNDING:
        other = "rises" if toward == 1 else "falls"
        return Examined(name, "failed", f"{what} {other}: {start:.4g} -> {end:.4g}", numbers)
    if gain < _HARDLY:
        return Examined(name, "warning", f"{what} hardly moves: {start:.6g} -> {end:.6g}", numbers)
    said = f"{what} {way}: {start:.4g} -> {end:.4g}; {wrong} of {len(losses) - 1} updates let it {turn}"
    return Examined(name, "ok", said, numbers)


def _finite(run: Run) -> Examined:
    if not (run.finite and np.isfinite(run.losses).all()):
        return Examined("finite", "failed", "parameters or loss are no longer finite")
    if run.nan_in_state:
        return Examined("finite", "warning", f"NaN in the state: {_some(run.nan_in_state)}")
    return Examined("finite", "ok", "loss and parameters are finite at every step, and the state holds no NaN")


def _state(run: Run) -> Examined:
    numbers = {"changed": len(run.state_changes)}
    if run.state_changes:
        return Examined("state", "failed", f"the state changes its form: {_some(run.state_changes)}", numbers)
    return Examined("state", "ok", "every leaf of the state keeps its dtype and shape", numbers)


def _compiles(run: Run) -> Examined:
    numbers = {"traced_again": len(run.retraced)}
    if run.retraced:
        said = f"{_counted(len(run.retraced), 'step')} compiled again, the first of them step {run.retraced[0]}"
        return Examined("compiles once", "failed", said, numbers)
    return Examined("compiles once", "ok", f"one compilation serves all {run.calls} steps", numbers)


def _donation(training: Training, run: Run) -> Examined:
    found = training.donation()
    numbers = {"buffers": found.given, "reused": found.taken, "difference": found.difference}
    if found.difference > _TOLERANCE:
        sentence = f"a donating step differs from a plain one by {found.difference:.2g} of the largest number"
        return Examined("donation", "failed", sentence, numbers)
    if run.unused or not found.taken:
        return Examined("donation", "warning", f"donated buffers without use: {run.unused or 'all'}", numbers)
    left = found.given - found.taken
    unread = f", {left} read by no step" if left else ""
    sentence = f"{found.taken} of {found.given} buffers are reused{unread}; results are those of a plain step"
    return Examined("donation", "ok", sentence, numbers)


def _leaves(opt: Optimizer, problem: Problem, run: Run) -> Examined:
    paths = leaf_paths(problem.params)
    rows = list(zip(paths, frozen(opt, problem.params), run.moved, strict=True))
    ice = [path for path, is_frozen, _ in rows if is_frozen]
    still = [path for path, is_frozen, moved in rows if not (is_frozen or moved)]
    loose = [path for path, is_frozen, moved in rows if is_frozen and moved]
    moved = int(run.moved.sum())
    numbers = {"leaves": len(paths), "moved": moved, "frozen": len(ice), "still": len(still)}
    behind = f"; frozen: {_some(ice)}" if ice else ""
    if loose:
        return Examined("leaves", "failed", f"frozen leaves move: {_some(loose)}", numbers)
    if still:
        sentence = f"{len(still)} of {len(paths)} leaves never move, and are not frozen: {_some(still)}{behind}"
        return Examined("leaves", "warning", sentence, numbers)
    verdict = "ok" if moved else "warning"
    return Examined("leaves", verdict, f"{moved} of {len(paths)} leaves move{behind}", numbers)


# ---- on chosen gradients


def _on_chosen_gradients(opt: Optimizer, problem: Problem) -> dict[str, Callable[[], Examined]]:
    pulled = Pulled(opt)
    tree = jax.tree.map(lambda leaf: leaf.astype(np.float32), assorted(opt, problem.params))
    looks: dict[str, Callable[[], Examined]] = {
        "random tree": lambda: _random_tree(pulled, tree, sense(opt.meaning.chain)),
        "gradients": lambda: _gradients(pulled, tree),
        "bfloat16": lambda: _bfloat16(pulled, tree),
    }
    if pulled.period <= _LONGEST_PERIOD:
        return looks
    sentence = f"one update takes {pulled.period} steps, too many to try"
    return {name: partial(Examined, name, "skipped", sentence) for name in looks}


def _random_tree(pulled: Pulled, tree: PyTree, toward: int | None) -> Examined:
    if toward is None:
        return Examined("random tree", "skipped", "`maximize` for some leaves alone")
    params, state = pulled.begun(tree)
    nothing, losses = jax.tree.map(np.zeros_like, tree), list[float]()
    for _ in range(STEPS + 1):
        params, state, loss = pulled.update(params, state, nothing, depth=float(toward))
        losses.append(float(loss))
    return _directed("random tree", f"a quadratic over {_leaf_count(tree)}", toward, np.array(losses))


def _gradients(pulled: Pulled, tree: PyTree) -> Examined:
    broken = {scale: found for scale in _SCALES if (found := _breaks(pulled, tree, scale))}
    numbers = {"leaves": len(jax.tree.leaves(tree)), "broken": len(broken)}
    if not broken:
        scales = ", ".join(f"{scale:g}" for scale in _SCALES)
        return Examined(
            "gradients", "ok", f"updates of {_leaf_count(tree)} are finite for gradients around {scales}", numbers
        )
    said = "; ".join(f"for gradients around {scale:g} {found}" for scale, found in broken.items())
    return Examined("gradients", "failed" if 1.0 in broken else "warning", said, numbers)


def _breaks(pulled: Pulled, tree: PyTree, scale: float) -> str:
    """Returns what is not finite after gradients of a size, empty if nothing is."""
    params, state = pulled.begun(tree)
    for seed in range(5):
        pull = jax.tree.map(partial(np.multiply, np.float32(scale)), drawn(tree, seed))
        params, state, _ = pulled.update(params, state, pull)
        named = zip(leaf_paths(tree), jax.tree.leaves(selected_tree(state.updates)), strict=True)
        bad = [path for path, leaf in named if not np.isfinite(leaf).all()]
        if bad:
            return f"updates are not finite: {_some(bad)}"
    nan = nan_paths(state.inner)
    return f"the state holds NaN: {_some(nan)}" if nan else ""


def _bfloat16(pulled: Pulled, tree: PyTree) -> Examined:
    found = in_half(pulled, tree)
    if isinstance(found, str):
        return Examined("bfloat16", "skipped", found)
    numbers = {"difference": found.difference, "stalled": len(found.stalled), "lost": found.lost}
    complaints = list[str]()
    if not np.isfinite(found.difference):
        complaints.append(f"the update of `{found.worst}` is not finite")
    elif found.difference > _APART:
        size = f"{found.difference:.0%} of" if found.difference < 10 else f"{found.difference:.3g} times"
        complaints.append(f"updates are off by up to {size} the largest, at `{found.worst}`")
    if found.stalled:
        stalled = _counted(len(found.stalled), "leaf", "leaves")
        complaints.append(f"{stalled} of the state stall where float32 moves on, as `{found.stalled[0]}`")
    if complaints:
        return Examined("bfloat16", "warning", "; ".join(complaints), numbers)
    return Examined("bfloat16", "ok", f"updates agree with float32 within {found.difference:.1%}", numbers)


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(f'`{path}`' for path in paths[:_SHOWN])}{more}"


def _counted(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def _leaf_count(tree: PyTree) -> str:
    return _counted(len(jax.tree.leaves(tree)), "leaf", "leaves")
