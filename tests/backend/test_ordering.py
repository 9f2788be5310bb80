"""Steps that run leaf by leaf: the same results, under every transformation of jax, and less memory in between."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_model import GRADS, PARAMS

import optdsl
from optdsl.backend import ordering
from optdsl.backend.ordering import DEPTH_FIRST, helps

WAITING = "lion(0.01)"


def equal(one: Any, other: Any) -> bool:
    return bool(jax.tree.all(jax.tree.map(np.array_equal, one, other)))


def copies(tree: Any) -> Any:
    return jax.tree.map(jnp.array, tree)


@pytest.mark.parametrize(
    ("text", "exact", "expected"),
    [
        ("lion(0.01)", False, True),
        ("adamw(0.01)", False, False),
        ("clip_norm(1.0) | adamw(0.01)", False, False),
        ("clip_norm(1.0) | adamw(0.01)", True, True),
        ("clip_by_global_norm(1.0) | adamw(0.01)", False, False),
        ("match { ndim > 1 => lamb(0.01), else => sgd(0.1) }", False, True),
        ("accumulate(2) { adafactor(0.01) }", False, True),
        ("sgd(0.1, momentum=0.9)", True, False),
    ],
)
def test_the_order_is_for_programs_whose_leaves_wait(text: str, exact: bool, expected: bool) -> None:
    assert helps(optdsl.compile(text, exact=exact)._machine.meaning.chain, exact=exact) == expected


def test_other_backends_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    ordering._is_known.cache_clear()
    assert not helps(optdsl.compile(WAITING).meaning.chain, exact=False)
    ordering._is_known.cache_clear()


def test_an_xla_that_does_not_know_the_option_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "DEPTH_FIRST", {"xla_cpu_has_no_such_option": 1})
    ordering._is_known.cache_clear()
    assert not helps(optdsl.compile(WAITING).meaning.chain, exact=False)
    ordering._is_known.cache_clear()


@pytest.mark.parametrize("text", [WAITING, "lamb(0.01)", "clip_norm(0.1) | adafactor(0.01)"])
def test_a_step_gives_what_update_and_apply_give(text: str) -> None:
    opt = optdsl.compile(text, exact=True)
    state = opt.init(PARAMS)
    kept = opt.step(PARAMS, state, GRADS, donate=False)
    assert equal(opt.step(copies(PARAMS), opt.init(PARAMS), GRADS), kept)


@pytest.mark.parametrize("exact", [False, True])
def test_a_step_donates(exact: bool) -> None:
    opt = optdsl.compile(WAITING, exact=exact)
    params = copies(PARAMS)
    opt.step(params, opt.init(params), GRADS)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(params))


def test_a_step_inside_other_functions() -> None:
    opt = optdsl.compile(WAITING)
    state = opt.init(PARAMS)
    wanted = opt.step(PARAMS, state, GRADS, donate=False)

    def step(params: Any) -> Any:
        return opt.step(params, state, GRADS)

    assert equal(jax.jit(step)(PARAMS), wanted)
    assert equal(jax.jit(lambda: opt.step(PARAMS, state, GRADS))(), wanted)
    assert equal(
        jax.lax.scan(lambda _, params: (0, step(params)), 0, jax.tree.map(lambda x: x[None], PARAMS))[1][0],
        jax.tree.map(lambda x: x[None], wanted[0]),
    )
    many = jax.vmap(step)(jax.tree.map(lambda x: jnp.stack([x, x]), PARAMS))
    assert equal(jax.tree.map(lambda x: x[1], many), wanted)
    gradient = jax.grad(lambda params: sum(map(jnp.sum, jax.tree.leaves(step(params)[0]))))(PARAMS)
    assert jax.tree.all(jax.tree.map(lambda x: bool(jnp.all(jnp.isfinite(x))), gradient))


def test_an_error_of_a_step_is_the_error() -> None:
    opt = optdsl.compile(WAITING)
    with pytest.raises(ValueError, match="pytree structure error"):
        opt.step(copies(PARAMS), opt.init(PARAMS), {"another": jnp.ones(3)})


def test_less_is_held_in_between() -> None:
    opt = optdsl.compile("lamb(0.01)")
    params = {f"layer_{i}": jnp.ones((64, 32 + i)) for i in range(12)}
    state = opt.init(params)

    def held(options: dict[str, int]) -> int:
        def step(params: Any, state: Any) -> Any:
            return opt.step(params, state, params, donate=False)

        compiled = jax.jit(step, donate_argnums=(0, 1), compiler_options=options).lower(params, state).compile()
        memory = compiled.memory_analysis()
        assert memory is not None
        return memory.temp_size_in_bytes

    assert held(DEPTH_FIRST) < 0.5 * held({})
