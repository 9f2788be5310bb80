"""How `doctor` runs programs: an optimizer and a problem in, what was seen at each step out. It judges nothing."""

import warnings
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from optdsl import ir
from optdsl.backend.bound import selected_tree
from optdsl.backend.doctor_problem import Problem, half_squares
from optdsl.backend.machine import machine
from optdsl.backend.optimizer import Optimizer
from optdsl.backend.train import train_step

PyTree = Any
STEPS = 50
_MOST_CALLS = 5000


class Run(NamedTuple):
    """What was seen of a program on a problem.

    `losses` has one more than there were updates; `moved` says of each leaf whether it ever changed;
    `state_changes` are paths of the state with what became of their dtype or shape; `retraced` are calls;
    `unused` are donated buffers that jax could put no result into.
    """

    losses: np.ndarray
    moved: np.ndarray
    finite: bool
    nan_in_state: tuple[str, ...]
    state_changes: tuple[str, ...]
    retraced: tuple[int, ...]
    calls: int
    unused: str


class Donation(NamedTuple):
    """How many buffers were donated and taken, and how far results are from those without donation, relatively."""

    given: int
    taken: int
    difference: float


def sense(chain: ir.Chain) -> int | None:
    """Returns 1 for a program that descends if it is right, -1 for one that climbs, None for one that does both."""
    flips = 0
    for stage in chain.stages:
        if isinstance(stage, (ir.Match, ir.Guarded)) and _holds(stage, "maximize"):
            return None
        inner = [sense(a.value) for a in getattr(stage, "arguments", ()) if isinstance(a.value, ir.Chain)]
        if None in inner:
            return None
        flips += getattr(stage, "word", "") == "maximize" or -1 in inner
    return (-1) ** flips


def _holds(node: Any, word: str) -> bool:
    return getattr(node, "word", None) == word or any(_holds(part, word) for part in ir.parts(node))


def calls_an_update(node: Any) -> int:
    """Returns how many steps make one update: the `k` of `accumulate`, multiplied where one stands in another."""
    inner = max(map(calls_an_update, ir.parts(node)), default=1)
    own = node["k"] if isinstance(node, ir.Stage) and node.word in ("accumulate", "apply_every") else 1
    return inner * own if isinstance(own, int) else inner


def begun(opt: Optimizer, params: PyTree) -> tuple[PyTree, PyTree]:
    """Returns parameters that may be donated, a pair of them for lookahead, and the first state."""
    params = fresh(params)
    if _holds(opt.meaning.chain, "lookahead"):
        params = optax.LookaheadParams(params, fresh(params))
    return params, opt.init(params)


def fresh(tree: PyTree) -> PyTree:
    """Returns the tree with buffers of its own."""
    return jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), tree)


# ---- on a problem


class Training:
    """A program about to train on a problem, the objective turned for `maximize`, in one compiled step."""

    def __init__(self, opt: Optimizer, problem: Problem) -> None:
        self._opt, self._problem = opt, problem
        self._traces = 0
        turned = sense(opt.meaning.chain) == -1

        def loss(*arguments: Any) -> jax.Array:
            self._traces += 1  # runs at tracing alone
            return -problem.loss(*arguments) if turned else problem.loss(*arguments)

        self._step: Any = opt.train_step(loss)

    def run(self, steps: int) -> Run:
        """Returns what is seen in enough steps for `steps` updates, and one more for the last loss."""
        params, state = begun(self._opt, self._problem.params)
        first, seen = _kinds(state), _copied(params)
        period = calls_an_update(self._opt.meaning.chain)
        calls = min(steps * period, _MOST_CALLS)
        losses, retraced = list[float](), list[int]()
        moved, finite, unused, traces = np.zeros(len(seen), bool), True, "", 0
        for call in range(calls + 1):
            with _Unused() as warned:
                params, state, loss = self._step(params, state, *self._problem.data)
            unused = unused or warned.text
            losses.append(float(loss))
            retraced += [call + 1] if call and self._traces > traces else []
            traces, before, seen = self._traces, seen, _copied(params)
            moved |= [not np.array_equal(old, new, equal_nan=True) for old, new in zip(before, seen, strict=True)]
            finite = finite and all(np.isfinite(leaf).all() for leaf in seen)
        found = _changes(first, _kinds(state))
        return Run(np.array(losses[::period]), moved, finite, nan_paths(state), found, tuple(retraced), calls, unused)

    def donation(self) -> Donation:
        """Returns what became of the buffers that one step was given, and how its results compare with a plain step."""
        params, state = begun(self._opt, self._problem.params)
        given = [leaf for leaf in jax.tree.leaves((params, state)) if isinstance(leaf, jax.Array)]
        plain = jax.jit(partial(self._step.func.__wrapped__, *self._step.args))(params, state, *self._problem.data)[:2]
        with _Unused():
            done = self._step(params, state, *self._problem.data)[:2]
        differences = map(_relative, jax.tree.leaves(done), jax.tree.leaves(plain))
        return Donation(len(given), sum(leaf.is_deleted() for leaf in given), max(differences, default=0.0))


class _Unused(warnings.catch_warnings):
    """Keeps what jax says of donated buffers that it cannot use; other warnings go on."""

    _SAID = "donated buffers were not usable"

    def __init__(self) -> None:
        super().__init__(record=True)
        self.text = ""

    def __enter__(self) -> "_Unused":
        self._caught: Any = super().__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        for warning in self._caught:
            said = str(warning.message)
            if self._SAID in said:
                self.text = said.partition(":")[2].partition("\n")[0].strip(" .")
            else:
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _changes(before: dict[str, str], after: dict[str, str]) -> tuple[str, ...]:
    paths = [*before, *(path for path in after if path not in before)]
    became = ((path, before.get(path, "nothing"), after.get(path, "nothing")) for path in paths)
    return tuple(f"{path}: {old} -> {new}" for path, old, new in became if old != new)


def _relative(one: Any, other: Any) -> float:
    """Returns the largest difference of two arrays as a share of the largest number in `other`; inf for NaN in one."""
    if jnp.issubdtype(other.dtype, jax.dtypes.prng_key):
        one, other = jax.random.key_data(one), jax.random.key_data(other)
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    difference = np.max(np.abs(np.where(same, 0.0, a - b)))
    return float(difference / max(np.max(np.abs(b)), 1e-30)) if np.isfinite(difference) else float("inf")


def _copied(params: PyTree) -> list[np.ndarray]:
    return [np.array(leaf, np.float32) for leaf in jax.tree.leaves(selected_tree(params))]


def _kinds(state: PyTree) -> dict[str, str]:
    """Returns path -> dtype, shape and weakness of each leaf of a state."""
    return {
        jax.tree_util.keystr(keys, simple=True, separator="/"): jax.typeof(leaf).str_short()
        + ("" if not getattr(leaf, "weak_type", False) else " (weak)")
        for keys, leaf in jax.tree_util.tree_leaves_with_path(state)
    }


def nan_paths(state: PyTree) -> tuple[str, ...]:
    """Returns the paths of the state's leaves that hold a NaN; infinities may be meant (`best_value`)."""
    return tuple(
        jax.tree_util.keystr(keys, simple=True, separator="/")
        for keys, leaf in jax.tree_util.tree_leaves_with_path(state)
        if jnp.issubdtype(leaf.dtype, jnp.inexact) and bool(jnp.isnan(leaf).any())
    )


# ---- on gradients that are chosen


class Recorded(NamedTuple):
    """The last updates, float32, and the state of the program."""

    updates: PyTree
    inner: PyTree


class Pulled:
    """Runs a program on chosen gradients: the loss is their product with the parameters.

    A program that searches along a line gets a bowl under it, without which such a loss has no bottom.
    """

    def __init__(self, opt: Optimizer) -> None:
        self._opt = opt
        self.period = calls_an_update(opt.meaning.chain)
        self.depth = 1.0 if "value_fn" in opt.needs else 0.0

        def loss(params: PyTree, pull: PyTree, depth: jax.Array) -> jax.Array:
            wide = _float32(params)
            products = jax.tree.map(lambda leaf, by: jnp.sum(leaf * by), wide, pull)
            return sum(jax.tree.leaves(products), jnp.zeros(())) + depth * half_squares(wide)

        self._step = partial(train_step(_Recording(opt), loss, has_aux=False), ())

    def begun(self, params: PyTree) -> tuple[PyTree, PyTree]:
        """Returns parameters that may be donated and the first state."""
        params, inner = begun(self._opt, params)
        return params, Recorded(jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.float32), params), inner)

    def update(self, params: PyTree, state: PyTree, pull: PyTree, depth: float | None = None) -> Any:
        """Returns parameters, state and the loss before, after as many steps as make an update."""
        bowl = jnp.float32(self.depth if depth is None else depth)
        for _ in range(self.period):
            with _Unused():
                params, state, loss = self._step(params, state, pull, bowl)
        return params, state, loss


class _Recording:
    """Steps as an optimizer does, and keeps each update in the state."""

    def __init__(self, opt: Optimizer) -> None:
        self._opt = opt
        self.needs = opt.needs
        self.accepts = machine(opt.meaning).accepts

    def apply(
        self, params: PyTree, state: Any, arguments: tuple[Any, ...], grads: PyTree, /, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Returns parameters and state after one update, not compiled."""
        del arguments
        done, inner = self._opt.tx.update(grads, state.inner, params, **extra)
        return optax.apply_updates(params, done), Recorded(_float32(done), inner)


def _float32(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)
