"""Every row of the registry is the function of Optax that it names: states, updates and steps, bit for bit."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_model import compiled, fresh
from trees_for_rows import (
    FUNCTIONS,
    STEPS,
    Case,
    Tree,
    arguments_of,
    bowl,
    case_of,
    defaults_of,
    extras_of,
    holes_of,
    needs_of,
    program_of,
    run_of,
    trees_of,
)

from optdsl.registry import refusal, schedules, transforms

pytestmark = [
    pytest.mark.usefixtures("quick_compiler"),
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]

Update = Callable[..., tuple[Tree, Tree]]

ROWS = {row.name: row for row in transforms() if row.target}
OWN = tuple(row.name for row in transforms() if not row.target)


@functools.cache
def prepared(name: str) -> tuple[Case, Any]:
    case = case_of(ROWS[name])
    return case, compiled(case.text, **case.holes)


def assert_same_bits(ours: Tree, theirs: Tree) -> None:
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        bits, others = (np.asarray(_data(leaf)) for leaf in (one, other))
        assert bits.tobytes() == others.tobytes(), f"{bits} is not {others}"


def _data(leaf: Any) -> Any:
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


def assert_strong(tree: Tree) -> None:
    assert not any(getattr(leaf, "weak_type", False) for leaf in jax.tree.leaves(tree))


def traced(update: Update, needs: frozenset[str]) -> Update:
    """Returns the compiled `(grads, state, params) -> updates, state` that makes its extra arguments itself."""

    def call(grads: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        return update(grads, state, params, **extras_of(needs, params, grads))

    # Under the name that ours has, so that it is the same program to the compiler.
    call.__name__ = "call" if needs else "update"
    return jax.jit(call)


def applied(update: Update) -> Update:
    """Returns the compiled `(params, state, grads, extra) -> params, state` that `update` makes, donating as ours."""

    def apply(params: Tree, state: Tree, grads: Tree, extra: dict[str, Any]) -> tuple[Tree, Tree]:
        updates, state = update(grads, state, params, **extra)
        return optax.apply_updates(params, updates), state

    return jax.jit(apply, donate_argnums=(0, 1))


@pytest.mark.parametrize("which", [0, 1], ids=["plain", "nested"])
@pytest.mark.parametrize("name", ROWS)
def test_updates_and_states_are_those_of_optax(name: str, which: int) -> None:
    case, optimizer = prepared(name)
    run = run_of(ROWS[name], trees_of(ROWS[name])[which])
    state, theirs = optimizer.init(run.params), case.reference.init(run.params)
    assert_same_bits(state, jax.tree.map(jnp.asarray, theirs))
    assert_strong(state)
    # A function is no argument of a compiled call, so the stages that take one are compiled from outside.
    update = traced(optimizer.update, optimizer.needs) if optimizer.needs else optimizer.update
    reference = traced(case.reference.update, optimizer.needs)
    params = run.params
    for grads in run.gradients:
        updates, state = update(grads, state, params)
        wanted, theirs = reference(grads, theirs, params)
        assert_same_bits(updates, wanted)
        assert_same_bits(state, theirs)
        params = optax.apply_updates(params, wanted)


TAKE_FUNCTIONS = frozenset(name for name, row in ROWS.items() if FUNCTIONS & needs_of(row))


@pytest.mark.parametrize("name", [name for name in ROWS if name not in TAKE_FUNCTIONS])
def test_steps_are_those_of_optax(name: str) -> None:
    case, optimizer = prepared(name)
    run = run_of(ROWS[name], trees_of(ROWS[name])[1])
    reference = applied(case.reference.update)
    params, state = run.params, optimizer.init(run.params)
    # Optax's own state may hold the parameters themselves, which cannot be donated twice.
    wanted, theirs = fresh((run.params, case.reference.init(run.params)))
    for grads in run.gradients:
        extra = extras_of(optimizer.needs, wanted, grads)
        given = params
        params, state = optimizer.step(given, state, grads, **extra)
        wanted, theirs = reference(wanted, theirs, grads, extra)
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(given))
        assert_same_bits(params, wanted)
        assert_same_bits(state, theirs)


@pytest.mark.parametrize("name", sorted(TAKE_FUNCTIONS))
def test_training_steps_are_those_of_optax(name: str) -> None:
    case, optimizer = prepared(name)
    params = run_of(ROWS[name], trees_of(ROWS[name])[1]).params

    @jax.jit
    def by_hand(params: Tree, state: Tree) -> tuple[Tree, Tree, jax.Array]:
        value, grads = jax.value_and_grad(bowl)(params)
        known = {"value": value, "grad": grads, "value_fn": bowl, "obj_fn": bowl}
        extra = {name: known[name] for name in optimizer.needs}
        updates, state = case.reference.update(grads, state, params, **extra)
        return optax.apply_updates(params, updates), state, value

    step = optimizer.train_step(bowl)
    ours = fresh(params), optimizer.init(params)
    theirs = params, case.reference.init(params)
    for _ in range(STEPS):
        *ours, value = step(*ours)
        *theirs, wanted = by_hand(*theirs)
        assert_same_bits((ours, value), (theirs, wanted))


@pytest.mark.parametrize("name", ROWS)
def test_defaults_may_be_written_out(name: str) -> None:
    case, optimizer = prepared(name)
    row = ROWS[name]
    everything = {**defaults_of(row), **arguments_of(row)}
    in_order = {p.name: everything[p.name] for p in row.parameters if p.name in everything}
    written = compiled(program_of(row, in_order), **holes_of(in_order))
    assert written == optimizer
    assert hash(written) == hash(optimizer)
    assert written.fingerprint == optimizer.fingerprint
    assert compiled(str(optimizer), **case.holes) == optimizer


SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "constant_schedule": ("value=0.1", {"value": 0.1}),
    "cosine_decay_schedule": ("init_value=0.1, decay_steps=9", {"init_value": 0.1, "decay_steps": 9}),
    "cosine_onecycle_schedule": ("10, 0.1", {"transition_steps": 10, "peak_value": 0.1}),
    "exponential_decay": (
        "0.1, 4, 0.5, transition_begin=2, staircase=true",
        {
            "init_value": 0.1,
            "transition_steps": 4,
            "decay_rate": 0.5,
            "transition_begin": 2,
            "staircase": True,
        },
    ),
    "join_schedules": (
        "[constant_schedule(0.1), linear_schedule(0.2, 0, 5)], [4]",
        {"schedules": [optax.constant_schedule(0.1), optax.linear_schedule(0.2, 0, 5)], "boundaries": [4]},
    ),
    "linear_onecycle_schedule": ("10, 0.1", {"transition_steps": 10, "peak_value": 0.1}),
    "linear_schedule": ("0.1, 0, 8", {"init_value": 0.1, "end_value": 0, "transition_steps": 8}),
    "piecewise_constant_schedule": (
        "0.1, {3: 0.5, 8: 0.1}",
        {"init_value": 0.1, "boundaries_and_scales": {3: 0.5, 8: 0.1}},
    ),
    "piecewise_interpolate_schedule": (
        "'cosine', 0.1, {3: 0.5, 8: 0.1}",
        {"interpolate_type": "cosine", "init_value": 0.1, "boundaries_and_scales": {3: 0.5, 8: 0.1}},
    ),
    "polynomial_schedule": (
        "0.1, 0.01, 2, 8",
        {"init_value": 0.1, "end_value": 0.01, "power": 2, "transition_steps": 8},
    ),
    "sgdr_schedule": (
        "[{'init_value': 0, 'peak_value': 0.1, 'warmup_steps': 2, 'decay_steps': 6}]",
        {"cosine_kwargs": [{"init_value": 0, "peak_value": 0.1, "warmup_steps": 2, "decay_steps": 6}]},
    ),
    "warmup_constant_schedule": (
        "0, 0.1, warmup_steps=4",
        {"init_value": 0, "peak_value": 0.1, "warmup_steps": 4},
    ),
    "warmup_cosine_decay_schedule": (
        "0, 0.1, 3, 9",
        {"init_value": 0, "peak_value": 0.1, "warmup_steps": 3, "decay_steps": 9},
    ),
    "warmup_exponential_decay_schedule": (
        "0, 0.1, 3, 4, 0.5",
        {"init_value": 0, "peak_value": 0.1, "warmup_steps": 3, "transition_steps": 4, "decay_rate": 0.5},
    ),
}


@pytest.mark.parametrize("name", [row.name for row in schedules()])
def test_schedules_are_those_of_optax(name: str) -> None:
    text, keywords = SCHEDULES[name]
    schedule = getattr(optax, name)(**keywords)
    optimizer, reference = compiled(f"sgd({name}({text}))"), optax.sgd(schedule)
    params = jnp.ones((2,))

    def updates(tx: optax.GradientTransformation) -> Tree:
        def body(state: Tree, _: None) -> tuple[Tree, Tree]:
            updates, state = tx.update(params, state, params)
            return state, updates

        return jax.lax.scan(body, tx.init(params), length=13)[1]

    assert_same_bits(updates(optimizer), updates(reference))
    assert float(optimizer.hyperparams["sgd.learning_rate"](5)) == float(schedule(5))
    assert np.unique(updates(reference)).size > 1 or name == "constant_schedule"


CHAINS: dict[str, optax.GradientTransformation] = {
    "lr(0.1)": optax.scale_by_learning_rate(0.1),
    "clip_norm(0.5)": optax.clip_by_global_norm(0.5),
    "maximize": optax.scale(-1.0),
    "skip_nonfinite(3) { sgd(0.1) }": optax.apply_if_finite(optax.sgd(0.1), 3),
    "scale_by_adam | decay(0.1) | lr(0.2)": optax.chain(
        optax.scale_by_adam(), optax.add_decayed_weights(0.1), optax.scale_by_learning_rate(0.2)
    ),
    "sgd(0.2) | decay(0.1)": optax.chain(optax.sgd(0.2), optax.add_decayed_weights(-0.1)),
    "zero_nans | clip(0.5) | (trace(0.9) | scale(-1))": optax.chain(
        optax.zero_nans(), optax.clip(0.5), optax.trace(0.9), optax.scale(-1)
    ),
    "apply_if_finite(2) { clip(0.5) | adam(0.1) }": optax.apply_if_finite(
        optax.chain(optax.clip(0.5), optax.adam(0.1)), 2
    ),
}


@pytest.mark.parametrize("text", CHAINS)
def test_chains_are_those_of_optax(text: str) -> None:
    optimizer, reference = compiled(text), optax.with_extra_args_support(CHAINS[text])
    run = run_of(ROWS["adam"], "nested")
    state, theirs, update = optimizer.init(run.params), reference.init(run.params), jax.jit(reference.update)
    for grads in run.gradients:
        updates, state = optimizer.update(grads, state, run.params)
        wanted, theirs = update(grads, theirs, run.params)
        assert_same_bits((updates, state), (wanted, theirs))


def test_every_transform_of_optax_is_run_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    makers = {
        name
        for module in (optax, optax.contrib)
        for name, value in vars(module).items()
        if not name.startswith("_") and "GradientTransformation" in _returns(value)
    }
    refused = {name for name in makers if refusal(name)}
    ours = makers & set(OWN)
    assert len(makers) == 124
    assert makers - refused - ours <= ROWS.keys()
    assert ours == {"centralize", "freeze"}  # primitives of the language, with tests of their own
    with capsys.disabled():
        print(
            f"\n{len(ROWS)} rows of the registry run as Optax does, bit for bit; of the {len(makers)} transforms that "
            f"Optax declares, {len(makers - refused - ours)} are among them, {', '.join(sorted(ours))} are "
            f"our own, and refused by design are {', '.join(sorted(refused))}."
        )


def _returns(value: Any) -> str:
    """Returns what a function says that it returns."""
    is_function = inspect.isroutine(value) or isinstance(value, functools.partial)
    return str(inspect.signature(value).return_annotation) if is_function else ""
