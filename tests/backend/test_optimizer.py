"""An `Optimizer` as a value: its state, its steps, what it equals, and its text."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_model import GRADS, MAIN, PARAMS, assert_same, compiled, fresh, halved
from trees_for_rows import case_of, run_of, trees_of

import optdsl
from optdsl.registry import transforms

pytestmark = [
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]

ROOT = Path(__file__).parents[2]
ROWS = {row.name: row for row in transforms() if row.target}
ALIASING = [name for name, row in ROWS.items() if row.traits and row.traits.aliases]


def buffers(tree: Any) -> list[int]:
    return [leaf.unsafe_buffer_pointer() for leaf in jax.tree.leaves(tree) if not is_key(leaf)]


def is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


# ---- init


def test_the_rows_that_alias_in_optax_are_known() -> None:
    assert {"dog", "dowg", "prodigy", "cocob", "madgrad"} <= set(ALIASING)


@pytest.mark.parametrize("name", sorted({*ALIASING, "sam", "mechanize", "schedule_free", "lookahead", "adam", "lbfgs"}))
def test_init_shares_no_buffer(name: str) -> None:
    case, run = case_of(ROWS[name]), run_of(ROWS[name], trees_of(ROWS[name])[1])
    state = compiled(case.text, **case.holes).init(run.params)
    found = buffers((state, run.params))
    assert len(found) == len(set(found))


def test_what_a_transform_keeps_is_not_donated() -> None:
    """The state of a second training begins with the same key, though the first was donated."""
    optimizer = compiled("add_noise(0.1, 0.55, key=:key) | sgd(0.1)", key=jax.random.key(3))
    once, again = (optimizer.step(fresh(PARAMS), optimizer.init(PARAMS), GRADS)[0] for _ in range(2))
    assert_same(once, again)


@pytest.mark.parametrize("name", ["prodigy", "dog", "schedule_free_sgd", "adam"])
def test_parameters_may_be_donated_after_a_compiled_init(name: str) -> None:
    optimizer = compiled(name if name != "adam" else "adam(0.1)")
    params = fresh(PARAMS)
    state = jax.jit(optimizer.init)(params)
    assert_same(state, optimizer.init(params))
    params, state = optimizer.step(params, state, GRADS)
    assert np.isfinite(optimizer.step(params, state, GRADS)[0]["w"]).all()


@pytest.mark.parametrize("name", ROWS)
def test_init_of_shapes_is_the_shape_of_init(name: str) -> None:
    case, run = case_of(ROWS[name]), run_of(ROWS[name], trees_of(ROWS[name])[1])
    optimizer = compiled(case.text, **case.holes)
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), run.params)
    abstract, real = optimizer.init(shapes), optimizer.init(run.params)
    assert jax.tree.structure(abstract) == jax.tree.structure(real)
    for one, other in zip(jax.tree.leaves(abstract), jax.tree.leaves(real), strict=True):
        assert isinstance(one, jax.ShapeDtypeStruct)
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert not one.weak_type
        assert not getattr(other, "weak_type", False)


def test_a_first_init_inside_a_trace_leaves_nothing_behind() -> None:
    """Optax makes an array when this transform is built, and it is built at the first use."""
    optimizer = compiled("differentially_private_aggregate(1.0, 0.5, key=11)")
    shapes = jax.eval_shape(optimizer.init, PARAMS)
    state = optimizer.init(PARAMS)
    assert jax.tree.structure(state) == jax.tree.structure(shapes)
    batch = jax.tree.map(lambda leaf: leaf[None], GRADS)
    assert np.isfinite(optimizer.update(batch, state, PARAMS)[0]["w"]).all()


@pytest.mark.parametrize("text", ["adam(0.1)", "prodigy", "schedule_free_sgd(0.1)", "dog"])
def test_init_of_numpy_arrays_is_jax_arrays(text: str) -> None:
    params = jax.tree.map(np.asarray, PARAMS)
    state = compiled(text).init(params)
    assert_same(state, compiled(text).init(PARAMS))
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))
    taken = {leaf.ctypes.data for leaf in jax.tree.leaves(params)}
    assert taken.isdisjoint(buffers(state))


def test_sharded_parameters_keep_their_sharding() -> None:
    script = Path(__file__).with_name("optimizer_on_two_devices.py")
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- step


@pytest.mark.parametrize("text", [MAIN, "prodigy", "mechanize { sgd(0.1) }", "schedule_free_adamw(0.1)"])
def test_donation_changes_nothing(text: str) -> None:
    optimizer = compiled(text)
    kept, donated = [(fresh(PARAMS), optimizer.init(PARAMS)) for _ in range(2)]
    for _ in range(2):
        before = kept
        kept = optimizer.step(*kept, GRADS, donate=False)
        assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(before))
        given = donated
        donated = optimizer.step(*donated, GRADS)
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(given))
        assert_same(donated, kept)
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(GRADS))
    assert not np.array_equal(kept[0]["w"], PARAMS["w"])


def test_step_is_one_compiled_call() -> None:
    """Nothing is traced again for a second step, nor for another optimizer of the same program."""
    traces: list[int] = []

    def counted(updates: Any, params: Any) -> Any:
        traces.append(1)
        return updates

    optimizer = compiled("stateless(:f) | sgd(0.1)", f=counted)
    again = compiled("stateless(f=:f) | sgd(learning_rate=0.1)", f=counted)
    assert again == optimizer
    params, state = optimizer.step(fresh(PARAMS), optimizer.init(PARAMS), GRADS)
    params, state = optimizer.step(params, state, GRADS)
    again.step(params, state, GRADS)
    assert len(traces) == 1


# ---- as a value

PROGRAMS = {
    MAIN: "clip(1) | centralize(axes=-1, min_ndim=2) | adam(learning_rate=0.001, b1=0.9)",
    "sgd(warmup_cosine_decay_schedule(0, 0.1, 3, 9))": "rate = 0.1; "
    "sgd(warmup_cosine_decay_schedule(0, rate, warmup_steps=3, decay_steps=9))",
    "def twice(x) = scale(x) | scale(x); twice(0.5) | sgd(0.1)": "scale(0.5) | scale(1/2) | sgd(1e-1)",
    "apply_if_finite(2) { adam(0.1) }": "apply_if_finite(adam(0.1), 2)",
}


@pytest.mark.parametrize(("one", "other"), PROGRAMS.items())
def test_programs_that_mean_the_same_are_equal(one: str, other: str) -> None:
    first, second = compiled(one), compiled(other)
    assert first == second
    assert (first != second) is False
    assert hash(first) == hash(second)
    assert first.fingerprint == second.fingerprint
    assert {first, second} == {first}


def test_programs_that_mean_other_things_differ() -> None:
    texts = ["sgd(0.1)", "sgd(0.2)", "sgd(0.1, nesterov=true)", "sgd(0.1) | sgd(0.1)", "scale(-0.1)"]
    optimizers = [compiled(text) for text in texts]
    optimizers.append(optdsl.compile("sgd(0.1)", layout="torch"))
    optimizers.append(optdsl.compile("sgd(0.1)", stacked={"layers/**": 1}))
    assert len(set(optimizers)) == len(optimizers)
    assert len({optimizer.fingerprint for optimizer in optimizers}) == len(optimizers)
    assert optimizers[0] != "sgd(0.1)"
    assert optimizers[0] != optax.sgd(0.1)


@pytest.mark.parametrize("text", [*PROGRAMS, "stateless(:f) | sgd(0.1)"])
def test_copies_are_equal_and_work(text: str) -> None:
    optimizer = compiled(text, **({"f": halved} if ":f" in text else {}))
    for other in (pickle.loads(pickle.dumps(optimizer)), copy.copy(optimizer), copy.deepcopy(optimizer)):
        assert other == optimizer
        assert hash(other) == hash(optimizer)
        assert str(other) == str(optimizer)
        assert other.fingerprint == optimizer.fingerprint
        state = other.init(PARAMS)
        assert_same(other.update(GRADS, state, PARAMS), optimizer.update(GRADS, state, PARAMS))


@pytest.mark.parametrize(
    ("text", "holes"),
    [
        (MAIN, {}),
        ("adam(:rate, b1=:b1 ?? 0.8)", {"rate": 3e-4}),
        ("centralize when :gc | sgd(:rate)", {"gc": True, "rate": jnp.float32(0.5)}),
        ("sgd(0 -> linear(0.1, 10%) -> cosine(0))", {"total": 50}),
        ("sgd(0.1 -> hold(2ep) -> linear(0, 1ep))", {"epoch_steps": 7}),
        ("galore(0.1, base_optimizer=none, rank=:rank)", {"rank": 3}),
        ("snapshot(:name, :f) | sgd(0.1)", {"name": "it's", "f": halved}),
    ],
)
def test_the_text_compiles_alone(text: str, holes: dict[str, Any]) -> None:
    optimizer = compiled(text, **holes)
    objects = {name: value for name, value in holes.items() if callable(value)}
    again = compiled(str(optimizer), **objects)
    assert again == optimizer
    assert str(again) == str(optimizer)
    assert again.fingerprint == optimizer.fingerprint


FINGERPRINTS = """
import optdsl
for text in [{texts}]:
    print(optdsl.compile(text, stacked={{"a/**": 1, "b/**": 2}}, fragment=True).fingerprint)
"""


def test_fingerprints_are_the_same_in_every_process() -> None:
    texts = [
        *PROGRAMS,
        "scale_by_rms | lookahead(2, 0.5) { sgd(0.1) }",
        "sgd(piecewise_constant_schedule(0.1, {3: 0.5}))",
    ]
    code = FINGERPRINTS.format(texts=", ".join(map(repr, texts)))
    found = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.split())
    here = [optdsl.compile(text, stacked={"a/**": 1, "b/**": 2}, fragment=True).fingerprint for text in texts]
    assert found == [here, here]
    assert len(set(here)) == len(here)
    assert all(len(fingerprint) == 16 for fingerprint in here)


def test_hyperparams_are_listed_by_path() -> None:
    optimizer = compiled(
        "clip(0.5) as guard | apply_if_finite(3) { adam(linear_schedule(0.1, 0, 4)) } | scale(2) | scale(3)"
    )
    got = optimizer.hyperparams
    assert got["guard.max_delta"] == 0.5
    assert got["apply_if_finite.max_consecutive_errors"] == 3
    assert got["apply_if_finite.adam.b2"] == 0.999
    assert float(got["apply_if_finite.adam.learning_rate"](2)) == pytest.approx(0.05)
    assert (got["scale.step_size"], got["scale_2.step_size"]) == (2, 3)
    with pytest.raises(TypeError):
        got["guard.max_delta"] = 1.0
