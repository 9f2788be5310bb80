"""Numbers as data: an optimizer is a tree of them, nothing is compiled for another one, and they have derivatives."""

import importlib
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from small_model import GRADS, PARAMS, assert_close

import optdsl
from optdsl.backend.complement import Share
from optdsl.registry import Row, schedules, transforms
from optdsl.registry.traced import COMPLEMENTS, STRUCTURAL
from optdsl.semantics.numbers import given, taken

ROOT = Path(__file__).resolve().parents[2]
COMPILED = "/jax/core/compile/backend_compile_duration"
STEPS = 5
pytestmark = [
    pytest.mark.usefixtures("quick_compiler"),
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]


@pytest.fixture(scope="module")
def compilations() -> Callable[[Callable[[], object]], int]:
    """Returns a function that runs an action and counts what XLA compiled for it."""
    events: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda name, *_, **__: events.append(name))

    def count(action: Callable[[], object]) -> int:
        events.clear()
        jax.block_until_ready(action())
        return events.count(COMPILED)

    return count


# ---- the facts


@pytest.fixture(scope="module")
def measure_numbers() -> ModuleType:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return importlib.import_module("measure_numbers")
    finally:
        sys.path.remove(str(ROOT / "tools"))


@pytest.mark.slow
@pytest.mark.parametrize("row", [*transforms(), *schedules()], ids=lambda row: row.name)
def test_numbers_are_as_measured(row: Row, measure_numbers: ModuleType) -> None:
    if not row.target:
        pytest.skip("a word of ours is no transform of Optax")
    for parameter in measure_numbers.numbers(row):
        found = measure_numbers.measure(row, parameter)
        key = (row.name, parameter.name)
        assert found.structural == (key in STRUCTURAL), "run `make sync-optax`"
        assert found.structural or found.complement == (key in COMPLEMENTS), "run `make sync-optax`"


# ---- the tree


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("sgd(0.1)", [0.1]),
        ("clip(1) | sgd(0.1, momentum=0.9)", [1.0, 0.1, 0.9]),
        ("sgd(0 -> linear(0.1, 10) -> hold(9))", [0.0, 0.1, 0.1]),
        ("sgd(2 * (0.1 -> linear(0, 10)))", [2.0, 0.1, 0.0]),
        ("decay(0.1 where ndim > 1) | sgd(0.2)", [0.1, 0.2]),
        ("decay(0.1 where ndim > 1 else 0.3) | sgd(0.2)", [0.1, 0.3, 0.2]),
        ("sgd(exponential_decay(0.1, 10, 0.5, end_value=0.01))", [0.1, 0.01]),
        ("match { ndim > 1 => sgd(0.1), else => sgd(0.2) }", [0.1, 0.2]),
        ("accumulate(2) { sgd(0.1) }", [0.1]),
        ("live rate = 0.1; sgd(rate)", []),
        ("freeze where bias | sgd(0.1)", [0.1]),
        ("sgd(0.1, momentum=0.99999)", [0.1, 0.99999]),
        ("ema(0.99999) | sgd(0.1)", [0.1]),
    ],
)
def test_the_leaves_are_the_numbers(text: str, numbers: list[float]) -> None:
    optimizer = optdsl.compile(text)
    leaves, structure = jax.tree.flatten(optimizer)
    assert leaves == pytest.approx(numbers)
    assert all(type(leaf) is float for leaf in leaves)
    again = jax.tree.unflatten(structure, leaves)
    assert again == optimizer
    assert str(again) == str(optimizer)
    assert again.fingerprint == optimizer.fingerprint


def test_taking_numbers_and_giving_them_back_changes_nothing() -> None:
    chain = optdsl.compile(
        "clip(1) | adamw(0.1 -> linear(0, 9), weight_decay=0.1 where bias)", exact=True
    ).meaning.chain
    structure, numbers = taken(chain)
    assert given(structure, numbers) == chain
    assert structure != chain


def test_a_number_changed_in_the_tree_is_in_the_text() -> None:
    optimizer = jax.tree.map(lambda number: 2 * number, optdsl.compile("clip(1.0) | sgd(0.1)"))
    assert optimizer == optdsl.compile("clip(2.0) | sgd(0.2)")
    assert optdsl.compile(str(optimizer)) == optimizer


def test_programs_of_one_structure_keep_their_own_places_and_spelling() -> None:
    first = optdsl.compile(
        "adam(learning_rate=0.1, b1=0.9, b2=0.99) | centralize(axes=5)", fragment=True, allow=("W501",)
    )
    second = optdsl.compile("adam(0.2, b2=0.98) | centralize(axes=5)", fragment=True)
    assert jax.tree.structure(first) == jax.tree.structure(second)
    assert str(second.replace({"adam.b2": 0.5})) == "adam(learning_rate=0.2, b2=0.5) | centralize(axes=5)"
    with pytest.raises(optdsl.OptdslError) as raised:
        second.init(PARAMS)
    assert all(finding.span.column == 38 for finding in raised.value.diagnostics)


def test_ints_stay_as_they_are_written() -> None:
    assert dict(optdsl.compile("clip(2) | sgd(1)").hyperparams)["clip.max_delta"] == 2
    assert type(optdsl.compile("clip(2) | sgd(1)").hyperparams["clip.max_delta"]) is int


# ---- compilation


PROGRAMS: dict[str, Callable[[int], str]] = {
    "adam": lambda n: (
        f"clip(1.0) | adam({1e-3 * (n + 1)}, b1={0.8 + n / 100}, b2={0.9 + n / 200}, eps={1e-8 * (n + 1)})"
    ),
    "centralize": lambda n: f"clip_norm({n + 1}) | centralize(axes=-1) | sgd({0.1 / (n + 1)}, momentum={n / 20})",
    "schedule": lambda n: f"adamw(0 -> linear({n + 1}e-3, 10) -> cosine(0, 90), weight_decay={n / 100} where ndim > 1)",
    "match": lambda n: f"match {{ ndim > 1 => adamw({n + 1}e-3), else => sgd({n + 1}e-2) }}",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_sixteen_programs_that_differ_in_numbers_compile_nothing(
    name: str, compilations: Callable[[Callable[[], object]], int]
) -> None:
    write = PROGRAMS[name]

    def run(text: str) -> Any:
        optimizer = optdsl.compile(text)
        state = optimizer.init(PARAMS)
        updates = optimizer.update(GRADS, state, PARAMS)
        return updates, optimizer.step(PARAMS, state, GRADS, donate=False)

    run(write(0))
    assert compilations(lambda: [run(write(n)) for n in range(1, 17)]) == 0


def test_training_steps_are_shared_by_structure(compilations: Callable[[Callable[[], object]], int]) -> None:
    def loss(params: Any) -> jax.Array:
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))  # type: ignore[return-value]

    def run(rate: float) -> Any:
        optimizer = optdsl.compile(f"adam({rate})")
        params = jax.tree.map(jnp.copy, PARAMS)
        return optimizer.train_step(loss)(params, optimizer.init(params))

    first = run(0.1)
    assert compilations(lambda: run(0.2)) == 0
    assert not np.allclose(run(0.2)[0]["w"], first[0]["w"])


def test_a_hole_with_a_tracer_is_a_number_like_others(compilations: Callable[[Callable[[], object]], int]) -> None:
    @jax.jit
    def update(rate: jax.Array) -> Any:
        optimizer = optdsl.compile("adam(2 * :rate, b1=:b1)", rate=rate, b1=0.9)
        assert len(jax.tree.leaves(optimizer)) >= 3
        return optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)[0]

    update(jnp.float32(0.1))
    plain = optdsl.compile("adam(0.4)")
    assert_close(update(jnp.float32(0.2)), plain.update(GRADS, plain.init(PARAMS), PARAMS)[0])
    assert compilations(lambda: update(jnp.float32(0.3))) == 0


# ---- transformations


def test_a_stack_is_a_population() -> None:
    members = [optdsl.compile(f"clip_norm(1.0) | adam({rate}, b2={b2})") for rate, b2 in ((0.1, 0.9), (0.01, 0.99))]
    population = optdsl.stack(members)
    states = jax.vmap(lambda opt: opt.init(PARAMS))(population)
    updates, _ = jax.vmap(lambda opt, state: opt.update(GRADS, state, PARAMS))(population, states)
    for i, member in enumerate(members):
        wanted, _ = member.update(GRADS, member.init(PARAMS), PARAMS)
        assert_close(jax.tree.map(lambda leaf, i=i: leaf[i], updates), wanted)


def test_stacking_compiles_nothing(compilations: Callable[[Callable[[], object]], int]) -> None:
    jax.clear_caches()
    members = [optdsl.compile(f"clip_norm(1.0) | adam({rate})") for rate in (0.1, 0.01, 0.001)]
    assert compilations(lambda: jax.tree.leaves(optdsl.stack(members))) == 0


def test_programs_of_two_structures_do_not_stack() -> None:
    with pytest.raises(ValueError, match="programs 0 and 1 differ"):
        optdsl.stack([optdsl.compile("sgd(0.1)"), optdsl.compile("adam(0.1)")])


def test_a_stack_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="at least one"):
        optdsl.stack([])


def test_a_stack_by_itself_says_that_it_wants_vmap() -> None:
    population = optdsl.stack([optdsl.compile("sgd(0.1)"), optdsl.compile("sgd(0.2)")])
    with pytest.raises(ValueError, match=r"jax\.vmap"):
        population.update(GRADS, population.init(PARAMS), PARAMS)


def stack(*texts: str) -> Any:
    return optdsl.stack(list(map(optdsl.compile, texts)))


def test_a_stack_prints_what_its_members_share_and_what_varies() -> None:
    population = stack("clip(0.5) | adam(1e-3)", "clip(0.5) | adam(3e-3)", "clip(0.5) | adam(0.1)")
    text = "clip(max_delta=0.5) | adam(learning_rate=[1e-3, 3e-3, 0.1])"
    assert str(population) == text
    assert repr(population) == f"<a stack of 3 optimizers: {text}>"
    assert "learning_rate=[1e-3, 3e-3, 0.1]\n    by default: b1=0.9, b2=0.999, eps=1e-8" in str(population.explain())
    assert population.hyperparams["adam.learning_rate"].tolist() == pytest.approx([1e-3, 3e-3, 0.1])


def test_a_stack_pickles() -> None:
    population = stack("clip_norm(1.0) | adam(0.1)", "clip_norm(1.0) | adam(0.01, b2=0.9)")
    revived = pickle.loads(pickle.dumps(population))
    assert jax.tree.structure(revived) == jax.tree.structure(population)
    run = jax.vmap(lambda opt: opt.update(GRADS, opt.init(PARAMS), PARAMS)[0])
    assert_close(run(revived), run(population))


def test_a_large_stack_prints_in_which_range_its_numbers_lie() -> None:
    rates = [0.01 * 2**i for i in range(8)]
    population = stack(*(f"sgd(0 -> linear({rate}, 10), momentum=0.5)" for rate in rates))
    text = "sgd(learning_rate=0.0 -> linear(0.01 to 1.28, 10), momentum=0.5)"
    assert repr(population) == f"<a stack of 8 optimizers: {text}>"


def test_a_stack_prints_a_default_that_not_all_members_have() -> None:
    assert str(stack("adam(0.1)", "adam(0.1, b1=0.5)")) == "adam(learning_rate=0.1, b1=[0.9, 0.5])"
    assert str(stack("adam(0.1, b1=0.5)", "adam(0.1)")) == "adam(learning_rate=0.1, b1=[0.5, 0.9])"


def test_numbers_that_were_changed_from_outside_are_printed() -> None:
    doubled = jax.tree.map(lambda number: 2 * number, optdsl.compile("adam(1e-3, eps=0.25)"))
    assert str(doubled) == "adam(learning_rate=2e-3, b1=1.8, b2=1.998, eps=0.5)"
    on_device = jax.tree.map(jnp.asarray, optdsl.compile("adam(1e-3)"))
    assert optdsl.compile(str(on_device)) == optdsl.compile("adam(1e-3)")


HYPERGRADIENTS = {
    "sgd(0.05, momentum=0.5)": ("sgd.learning_rate", "sgd.momentum"),
    "adam(0.05, b1=0.8, b2=0.9, eps=0.01)": ("adam.learning_rate", "adam.b1", "adam.b2", "adam.eps"),
    "clip_norm(0.5) | centralize(axes=-1) | sgd(0.05)": ("clip_norm.max_norm", "sgd.learning_rate"),
}


def final_loss(opt: Any) -> jax.Array:
    """Returns the loss after five steps of a program on a bowl."""

    def loss(params: Any) -> jax.Array:
        # No gradient is 0 here: the root of the second moment has no derivative there.
        gaps = jax.tree.map(lambda p, g: jnp.sum((p - g + 0.3) ** 2 * (1 + g**2)), params, GRADS)
        return jax.tree.reduce(jnp.add, gaps)

    params, state = PARAMS, opt.init(PARAMS)
    for _ in range(STEPS):
        updates, state = opt.update(jax.grad(loss)(params), state, params)
        params = optax.apply_updates(params, updates)
    return loss(params)


@pytest.mark.parametrize("text", HYPERGRADIENTS)
def test_hypergradients_are_those_of_finite_differences(text: str) -> None:
    optimizer = optdsl.compile(text)
    found = jax.jit(jax.grad(final_loss))(optimizer).hyperparams
    run = jax.jit(final_loss)
    for path in HYPERGRADIENTS[text]:
        value = float(optimizer.hyperparams[path])
        width = 0.02 * value
        above, below = (float(run(optimizer.replace({path: value + side * width}))) for side in (1, -1))
        assert float(found[path]) == pytest.approx((above - below) / (2 * width), rel=2e-2)


def test_the_hypergradient_of_a_scheduled_rate() -> None:
    """Of the arrow's two numbers, each has its part."""
    optimizer = optdsl.compile("sgd(0.02 -> linear(0.08, 4))")
    found = jax.tree.leaves(jax.grad(final_loss)(optimizer))
    leaves, structure = jax.tree.flatten(optimizer)
    for place, number in enumerate(leaves):
        width = 0.02 * number
        moved = ([*leaves[:place], number + side * width, *leaves[place + 1 :]] for side in (1, -1))
        above, below = (float(final_loss(jax.tree.unflatten(structure, one))) for one in moved)
        assert float(found[place]) == pytest.approx((above - below) / (2 * width), rel=2e-2)


# ---- shares


def test_a_share_knows_its_complement_and_else_is_its_number() -> None:
    share = Share.of(0.999)
    assert float(1 - share) == pytest.approx(0.001, rel=1e-7)
    assert float(share - 1) == pytest.approx(-0.001, rel=1e-7)
    assert abs(float(1 - share.value) - 0.001) > 1e-9
    for other in (2.0, jnp.float32(3)):
        for ours, plain in (
            (share * other, share.value * other),
            (other * share, other * share.value),
            (share + other, share.value + other),
            (other - share, other - share.value),
            (share / other, share.value / other),
            (other / share, other / share.value),
            (share**other, share.value**other),
            (other**share, other**share.value),
        ):
            assert float(ours) == float(plain)
    assert (-share) == -share.value
    assert (share < 1, share <= 1, share > 1, share >= 1, share != 1) == (True, True, False, False, True)


def test_arithmetic_with_a_share_keeps_half_precision() -> None:
    leaf = jnp.ones(3, jnp.bfloat16)
    assert {(leaf * Share.of(0.9)).dtype, ((1 - Share.of(0.9)) * leaf).dtype} == {jnp.dtype(jnp.bfloat16)}
