"""Makes transforms of Optax from their rows and runs them for a few steps, for `tools/measure_traits.py`.

In: a row. Out: a `Probe`, and the `Run` it is given. Does not know what is measured.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib

from optdsl.registry.row import Kind, Row

Tree = Any

STEPS = 8
SHAPES = {"b": (3,), "w": (2, 3)}

MUON_AXES = optax.contrib.MuonDimensionNumbers()

PLAIN: dict[str, Any] = {
    "learning_rate": 0.1,
    "decay": 0.9,
    "eta": 0.01,
    "gamma": 0.55,
    "key": 0,
    "seed": 0,
    "k": 2,
    "l2_norm_clip": 1.0,
    "max_consecutive_errors": 5,
    "max_delta": 1.0,
    "max_norm": 1.0,
    "clipping": 1.0,
    "threshold": 1.0,
    "noise_multiplier": 0.0,
    "slow_step_size": 0.5,
    "step_size": 1.0,
    "step_size_fn": optax.constant_schedule(1.0),
    "sync_period": 2,
    "max_backtracking_steps": 10,
    "max_linesearch_steps": 10,
}
"""Values for parameters that have no default, by name."""

CHOSEN: dict[str, dict[str, Any]] = {
    # The defaults do nothing, or nothing on leaves this small.
    "adadelta": {"learning_rate": 0.1},
    "adafactor": {"learning_rate": 0.1, "min_dim_size_to_factor": 2},
    "add_decayed_weights": {"weight_decay": 0.1},
    "apply_every": {"k": 2},
    "lbfgs": {"learning_rate": 1.0},
    "scale_by_factored_rms": {"min_dim_size_to_factor": 2},
    "scale_by_learning_rate": {"learning_rate": 0.1},
    # The default names no axes for a tree of more than one leaf.
    "scale_by_muon": {"weight_dimension_numbers": lambda updates: jax.tree.map(lambda _: MUON_AXES, updates)},
    # The adversary is expected to descend; it is turned around inside.
    "sam": {"adv_optimizer": optax.sgd(0.05)},
    # Steps well above the rounding of the parameters.
    "schedule_free_adamw": {"learning_rate": 0.1},
}
"""Values that replace defaults, by row."""

BATCHED = {"differentially_private_aggregate", "dpsgd"}
"""Transforms that take one gradient an example, stacked along the first axis."""


MATRICES = {"scale_by_muon"}
"""Transforms that take matrices only."""

SEARCHES = {"scale_by_backtracking_linesearch", "scale_by_zoom_linesearch"}
"""Transforms that search along what comes in, which has to point against the gradient of the loss."""

EXTRAS = ((), ("value",), ("value", "grad", "value_fn"), ("obj_fn",))
"""Sets of extra arguments, tried in this order; line searches raise on a surplus one."""


class Run(NamedTuple):
    """What goes into a few updates, one a step: gradients, parameters, and slopes of the loss."""

    gradients: tuple[Tree, ...]
    params: tuple[Tree, ...]
    slopes: tuple[Tree, ...]


class Probe(NamedTuple):
    """A transform that can be run, and its compiled update."""

    transform: optax.GradientTransformationExtraArgs
    extras: tuple[str, ...]
    update: Callable[[Tree, Tree, Tree, Tree], tuple[Tree, Tree]]

    def updates(self, run: Run) -> tuple[Tree, ...]:
        """Returns the updates of a run."""
        state, made = self.transform.init(run.params[0]), []
        for gradient, params, slope in zip(run.gradients, run.params, run.slopes, strict=True):
            update, state = self.update(gradient, state, params, slope)
            made.append(getattr(update, "fast", update))
        return jax.tree.map(np.asarray, tuple(made))


def probe_of(row: Row, run: Run) -> Probe:
    """Returns the transform of a row, made from plain values, with the fewest extra arguments it runs on."""
    transform = optax.with_extra_args_support(made(row))
    params, gradient = run.params[0], run.gradients[0]
    extras = next(names for names in EXTRAS if accepts(transform, params, gradient, params, names))

    def update(gradient: Tree, state: Tree, params: Tree, slope: Tree) -> tuple[Tree, Tree]:
        return transform.update(gradient, state, params, **extras_of(extras, slope, params))

    return Probe(transform, extras, jax.jit(update))


def made(row: Row, **changed: Any) -> optax.GradientTransformation:
    """Returns the transform of a row: its defaults, plain values for what has none, and what is changed."""
    module, _, name = row.target.partition(":")
    function = getattr({"optax": optax, "optax.contrib": optax.contrib}[module], name)
    given: dict[str, Any] = {}
    for parameter in row.parameters:
        if parameter.name in CHOSEN.get(row.name, {}):
            given[parameter.name] = CHOSEN[row.name][parameter.name]
        elif parameter.kind is Kind.TRANSFORM and parameter.required:
            given[parameter.name] = optax.identity()
        elif parameter.required or parameter.kind is Kind.KEY:
            given[parameter.name] = PLAIN[parameter.name]
    return function(**{**given, **changed})


def run_of(row: Row, movement: float, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> Run:
    """Returns a run whose gradients keep their signs and whose parameters move at random, if at all."""
    random = np.random.default_rng(0)
    if row.name in MATRICES:
        shapes = {name: shape if len(shape) == 2 else (*shape, 1) for name, shape in shapes.items()}
    start = {name: random.uniform(0.5, 1.5, shape) for name, shape in shapes.items()}
    signs = {name: np.where(np.arange(x.size) % 2, -1.0, 1.0).reshape(x.shape) for name, x in start.items()}
    gradients = tuple(like(signs, lambda x: x * random.uniform(0.5, 1.5, x.shape)) for _ in range(STEPS))
    params = tuple(like(start, lambda x: x + movement * random.uniform(-1, 1, x.shape)) for _ in range(STEPS))
    slopes = gradients
    if row.name in SEARCHES:
        slopes = tuple(like(g, lambda x: -x) for g in gradients)
    if row.name in BATCHED:
        gradients = tuple(like(g, lambda x: x[None]) for g in gradients)
    if row.name == "lookahead":
        params = tuple(optax.LookaheadParams(fast=p, slow=params[0]) for p in params)
    return Run(gradients, params, slopes)


def like(tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """Returns the tree with every leaf changed, in float32."""
    return jax.tree.map(lambda x: jnp.asarray(change(x), jnp.float32), tree)


def extras_of(names: tuple[str, ...], slope: Tree, params: Tree) -> dict[str, Any]:
    """Returns the extra arguments of one step: those of a bowl whose slope at `params` is `slope`."""

    def value_fn(at: Tree) -> Any:
        away = optax.tree.sub(at, params)
        return 2.0 + optax.tree.vdot(slope, away) + optax.tree.vdot(away, away)

    known = {"value": jnp.float32(2.0), "grad": slope, "value_fn": value_fn, "obj_fn": value_fn}
    return {name: known[name] for name in names}


def accepts(
    transform: optax.GradientTransformationExtraArgs,
    start: Tree,
    gradient: Tree,
    params: Tree,
    names: tuple[str, ...],
) -> bool:
    """Returns whether one update gets by with what it is given."""
    extras = extras_of(names, gradient, start)
    try:
        jax.eval_shape(lambda: transform.update(gradient, transform.init(start), params, **extras))
    # Optax refuses in many ways, and any refusal is the answer.
    except Exception:
        return False
    return True
