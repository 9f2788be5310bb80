"""Translations to plain Optax do what the same optimizer written by hand does, and read like one."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optax import contrib

from optdsl import ir, registry
from optdsl.backend.centralize import centralize
from optdsl.globs import compile_glob
from optdsl.python import to_python
from optdsl.python.literals import literal
from optdsl.python.patterns import match_of
from optdsl.registry import Kind, Sort
from optdsl.semantics.resolve import resolve
from optdsl.source import Source
from optdsl.syntax.parser import parse

Transform = optax.GradientTransformation
Predicate = Callable[[str, Any], bool]
STEPS = 4


def meaning(text: str, **holes: Any) -> ir.Chain:
    program, findings = parse(Source(text))
    assert program is not None, findings
    chain, findings, _ = resolve(program, holes)
    assert chain is not None, findings
    return chain


def translate(text: str, *, stacked: Any = (), layout: str = "flax", **holes: Any) -> str:
    return to_python(meaning(text, **holes), stacked=stacked, layout=layout, text=text)


def built(source: str, **holes: Any) -> Transform:
    """Runs a translation and returns its transformation."""
    names: dict[str, Any] = {}
    exec(compile(source, "<to_python>", "exec"), names)
    if "tx" in names:
        return names["tx"]
    return names["make"](**{name: holes[name] for name in inspect.signature(names["make"]).parameters})


def leaf(seed: int, *shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def tree(seed: int) -> Any:
    return {
        "embed": {"embedding": leaf(seed, 4, 3)},
        "blocks_0": {"attn": {"kernel": leaf(seed + 1, 3, 3), "bias": leaf(seed + 2, 3)}},
        "blocks_1": {"attn": {"kernel": leaf(seed + 3, 3, 3), "bias": leaf(seed + 4, 3)}},
        "norm": {"scale": leaf(seed + 5, 3)},
        "head": {"kernel": leaf(seed + 6, 3, 1), "bias": leaf(seed + 7, 1)},
    }


def updates_of(tx: Transform, params: Any = None, **extra: Any) -> list[Any]:
    """Returns the updates of a few steps."""
    params = tree(0) if params is None else params
    half = any(leaf.dtype == jnp.bfloat16 for leaf in jax.tree.leaves(params))
    update, state, made = jax.jit(tx.update), tx.init(params), []
    for step in range(STEPS):
        grads = tree(10 * (step + 1))
        grads = jax.tree.map(lambda g: g.astype(jnp.bfloat16), grads) if half else grads
        updates, state = update(grads, state, params, **extra)
        params = optax.apply_updates(params, updates)
        made.append(updates)
    return made


def assert_same(got: Any, want: Any, within: float = 0.0) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(want)
    for ours, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(
            np.asarray(ours, np.float64), np.asarray(theirs, np.float64), rtol=within, atol=within / 10
        )


# ---- by hand


def over(function: Callable[[str, Any], Any]) -> Callable[[Any], Any]:
    def path(keys: Any) -> str:
        return jax.tree_util.keystr(keys, simple=True, separator="/")

    return lambda tree: jax.tree_util.tree_map_with_path(lambda keys, leaf: function(path(keys), leaf), tree)


def groups(*arms: tuple[Predicate, Transform]) -> Transform:
    def label(path: str, leaf: Any) -> int:
        return next(i for i, (predicate, _) in enumerate(arms) if predicate(path, leaf))

    return optax.partition({i: tx for i, (_, tx) in enumerate(arms)}, over(label))


def matrix(path: str, leaf: Any) -> bool:
    return leaf.ndim > 1


def anything(path: str, leaf: Any) -> bool:
    return True


def frozen(predicate: Predicate, tx: Transform) -> Transform:
    return groups((predicate, optax.set_to_zero()), (anything, tx))


def scaled_leaves(factor: Callable[[str, Any], float]) -> Transform:
    return optax.stateless(lambda updates, _: over(lambda path, leaf: factor(path, leaf) * leaf)(updates))


def depth(path: str) -> int | None:
    return int(path[7]) if path.startswith("blocks_") else None


def averaged(decay: float) -> Transform:
    def update(updates: Any, state: Any, params: Any = None) -> Any:
        new = optax.apply_updates(params, updates)
        return updates, jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, state, new)

    return optax.GradientTransformation(lambda params: params, update)


def every(k: int, inner: Transform) -> Transform:
    return optax.MultiSteps(inner, k).gradient_transformation()


def at_steps(make: Callable[[Any], Transform]) -> Transform:
    """A transform whose numbers change with the step; all share one state tree."""

    def update(updates: Any, state: Any, params: Any = None) -> Any:
        count, inner = state
        updates, inner = make(count).update(updates, inner, params)
        return updates, (count + 1, inner)

    return optax.GradientTransformation(lambda params: (jnp.int32(0), make(0.0).init(params)), update)


PLAIN: list[tuple[str, Callable[[], Transform]]] = [
    ("adam(1e-3)", lambda: optax.adam(1e-3)),
    ("clip(1.0) | adam(1e-3, b1=0.8)", lambda: optax.chain(optax.clip(1.0), optax.adam(1e-3, b1=0.8))),
    ("scale_by_adam | lr(1e-3)", lambda: optax.adam(1e-3)),
    (
        "adamw(1e-3, mu_dtype=bfloat16, nesterov=true)",
        lambda: optax.adamw(1e-3, mu_dtype=jnp.bfloat16, nesterov=True),
    ),
    ("prodigy(1.0, betas=(0.9, 0.99))", lambda: contrib.prodigy(1.0, betas=(0.9, 0.99))),
    ("add_noise(0.01, 0.55, 7) | sgd(0.1)", lambda: optax.chain(optax.add_noise(0.01, 0.55, 7), optax.sgd(0.1))),
    ("clip(inf) | sgd(0.1, momentum=none)", lambda: optax.chain(optax.clip(jnp.inf), optax.sgd(0.1))),
    ("adam(1e-3) | maximize", lambda: optax.chain(optax.adam(1e-3), optax.scale(-1.0))),
    ("clip_norm(1.0) | sgd(0.1)", lambda: optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1))),
    ("sgd(0.1) | decay(1e-2)", lambda: optax.chain(optax.sgd(0.1), optax.add_decayed_weights(-1e-2))),
    ("decay(1e-2) | sgd(0.1)", lambda: optax.chain(optax.add_decayed_weights(1e-2), optax.sgd(0.1))),
    (
        "sgd(piecewise_constant_schedule(0.1, {1: 0.5, 3: 0.1}))",
        lambda: optax.sgd(optax.piecewise_constant_schedule(0.1, {1: 0.5, 3: 0.1})),
    ),
    (
        "sgd(join_schedules([constant_schedule(0.1), linear_schedule(0.1, 0, 3)], [2]))",
        lambda: optax.sgd(optax.join_schedules([optax.constant_schedule(0.1), optax.linear_schedule(0.1, 0, 3)], [2])),
    ),
    (
        "skip_nonfinite(5) { clip(1.0) | adam(1e-3) }",
        lambda: optax.apply_if_finite(optax.chain(optax.clip(1.0), optax.adam(1e-3)), 5),
    ),
    (
        "sam(normalize | sgd(0.05), sync_period=2) { sgd(0.1, momentum=0.9) }",
        lambda: contrib.sam(
            optax.sgd(0.1, momentum=0.9), optax.chain(contrib.normalize(), optax.sgd(0.05)), sync_period=2
        ),
    ),
    ("accumulate(2) { adam(1e-3) }", lambda: every(2, optax.adam(1e-3))),
    ("adamw(1e-3, weight_decay=linear_schedule(0.1, 0, 4))", lambda: _scheduled_adamw(None)),
    ("adamw(1e-3, weight_decay=linear_schedule(0.1, 0, 4) where ndim > 1)", lambda: _scheduled_adamw(matrix)),
    (
        "adamw(1e-3, weight_decay=0.1 where ndim > 1)",
        lambda: optax.adamw(1e-3, weight_decay=0.1, mask=over(matrix)),
    ),
    (
        "adadelta(0.1, weight_decay=0.1 where **/kernel)",
        lambda: optax.adadelta(0.1, weight_decay=0.1, weight_decay_mask=over(lambda path, _: path.endswith("kernel"))),
    ),
    (
        "lars(0.1, trust_ratio_mask=true where ndim > 1)",
        lambda: optax.lars(0.1, trust_ratio_mask=over(matrix)),
    ),
    (
        "sgd(0.1) | (decay(0.1) where not (bias or norm))",
        lambda: optax.chain(
            optax.sgd(0.1),
            optax.add_decayed_weights(-0.1, over(lambda path, _: path.endswith(("kernel", "embedding")))),
        ),
    ),
    (
        "clip(0.1) where path ~ '^(embed|head)/' | adam(1e-3)",
        lambda: optax.chain(
            optax.masked(optax.clip(0.1), over(lambda path, _: path[:5] in ("embed", "head/"))),
            optax.adam(1e-3),
        ),
    ),
    (
        "clip(0.1) where shape[1] == 3 or size <= 1 and dtype == float32 | adam(1e-3)",
        lambda: optax.chain(
            optax.masked(optax.clip(0.1), over(lambda _, p: p.shape[1:] == (3,) or p.size <= 1)),
            optax.adam(1e-3),
        ),
    ),
    (
        "match { embed/** => sgd(0.1), ndim > 1 => adam(1e-3), else => sgd(0.01) }",
        lambda: groups(
            (lambda path, _: path.startswith("embed"), optax.sgd(0.1)),
            (matrix, optax.adam(1e-3)),
            (anything, optax.sgd(0.01)),
        ),
    ),
    (
        "match { kernel => adam(1e-3), bias or norm => sgd(0.1), embedding => lion(1e-4) }",
        lambda: groups(
            (lambda path, _: path.endswith("kernel"), optax.adam(1e-3)),
            (lambda path, _: path.endswith(("bias", "scale")), optax.sgd(0.1)),
            (anything, optax.lion(1e-4)),
        ),
    ),
    (
        "match { embed/** => freeze, else => sgd(0.1) }",
        lambda: _frozen_embed(optax.sgd(0.1)),
    ),
    (
        "clip_norm(0.5) | adamw(1e-3, weight_decay=0.1) | freeze where embed/**",
        lambda: _frozen_embed(optax.chain(optax.clip_by_global_norm(0.5), optax.adamw(1e-3, weight_decay=0.1))),
    ),
    (
        "match { blocks_*/** => match { ndim > 1 => freeze, else => sgd(0.1) }, else => sgd(0.2) } | clip_norm(0.1)",
        lambda: frozen(
            lambda path, leaf: path[0] == "b" and leaf.ndim > 1,
            optax.chain(
                groups((lambda path, _: path[0] == "b", optax.sgd(0.1)), (anything, optax.sgd(0.2))),
                optax.clip_by_global_norm(0.1),
            ),
        ),
    ),
    ("adam(1e-3) | average(0.9)", lambda: optax.chain(optax.adam(1e-3), averaged(0.9))),
    ("live rate = 1e-3; adam(rate)", lambda: optax.adam(1e-3)),
]
"""Programs that are plain Optax: translations agree bit for bit."""


def _scheduled_adamw(predicate: Predicate | None) -> Transform:
    mask = None if predicate is None else over(predicate)
    return optax.adamw(1e-3, weight_decay=optax.linear_schedule(0.1, 0, 4), mask=mask)


def _frozen_embed(tx: Transform) -> Transform:
    return frozen(lambda path, _: path.startswith("embed"), tx)


def _leaf_rates(rate: Callable[[str, Any], float]) -> Transform:
    return optax.chain(optax.scale_by_adam(), scaled_leaves(lambda path, leaf: -rate(path, leaf)))


CLOSE: list[tuple[str, Callable[[], Transform]]] = [
    (
        "adam(1e-3 * (0.75 ** (4 - i) where blocks_{i}/** else 0.5 ** 5 where embed/** else 1))",
        lambda: _leaf_rates(
            lambda path, _: (
                1e-3 * (0.75 ** (4 - (depth(path) or 0)) if path[0] == "b" else 0.5**5 if path[0] == "e" else 1)
            )
        ),
    ),
    (
        "adamw(1e-3, weight_decay=0.1 where ndim > 1 else 0.01)",
        lambda: groups((matrix, optax.adamw(1e-3, weight_decay=0.1)), (anything, optax.adamw(1e-3, weight_decay=0.01))),
    ),
    (
        "clip(0.5 where ndim > 1 else 0.1) | adam(1e-3, b1=0.5 where norm else 0.9)",
        lambda: optax.chain(
            groups((matrix, optax.clip(0.5)), (anything, optax.clip(0.1))),
            groups((lambda path, _: path[0] == "n", optax.adam(1e-3, b1=0.5)), (anything, optax.adam(1e-3))),
        ),
    ),
    (
        "sgd((0.1 -> linear(0.02, 4)) * (0.5 where norm else 1))",
        lambda: optax.chain(
            scaled_leaves(lambda path, _: 0.5 if path.startswith("norm/") else 1.0),
            optax.sgd(optax.linear_schedule(0.1, 0.02, 4)),
        ),
    ),
    (
        "sgd((0.1 -> linear(0.02, 4)) * (i + 1) where blocks_{i}/** else 0.3)",
        lambda: groups(
            (lambda path, _: depth(path) == 0, optax.sgd(optax.linear_schedule(0.1, 0.02, 4))),
            (lambda path, _: depth(path) == 1, optax.sgd(optax.linear_schedule(0.2, 0.04, 4))),
            (anything, optax.sgd(0.3)),
        ),
    ),
    (
        "adamw(0 -> linear(1e-3, 2) -> cosine(1e-4, 5 - 2))",
        lambda: optax.adamw(optax.warmup_cosine_decay_schedule(0, 1e-3, 2, 5, 1e-4)),
    ),
    ("sgd(0.3 -> linear(0.1, 0) -> hold(2))", lambda: optax.sgd(0.1)),
    (
        "sgd(0.1 -> exponential(0.001, 3))",
        lambda: optax.sgd(optax.exponential_decay(0.1, 3, 0.01, end_value=0.001)),
    ),
    (
        "sgd(0.1 * min(1, (step + 1) / 3) ** 2)",
        lambda: optax.sgd(lambda step: 0.1 * jnp.minimum(1.0, (step + 1) / 3) ** 2),
    ),
    (
        "sgd(0.1 when step < 2 and not step == 1 else 0.01)",
        lambda: optax.sgd(lambda step: jnp.where(step == 0, 0.1, 0.01)),
    ),
    (
        "adam(1e-3, b1=0.5 -> linear(0.9, 4))",
        lambda: at_steps(lambda step: optax.adam(1e-3, b1=0.5 + 0.1 * step)),
    ),
    (
        "prodigy(1.0, betas=(0.5 + 0.1 * step, 0.99))",
        lambda: at_steps(lambda step: contrib.prodigy(1.0, betas=(0.5 + 0.1 * step, 0.99))),
    ),
    (
        "s = 1 -> linear(0.2, 4); scale_by_adam | lr(1e-3 * s) | decay(1e-2 * s ** 2)",
        lambda: at_steps(
            lambda step: optax.chain(
                optax.scale_by_adam(),
                optax.scale(-1e-3 * (1 - 0.2 * step)),
                optax.stateless(lambda u, p: jax.tree.map(lambda u, p: u - 1e-2 * (1 - 0.2 * step) ** 2 * p, u, p)),
            )
        ),
    ),
    (
        "clip(0.2) when step >= 1 and step < 3 | sgd(0.1)",
        lambda: at_steps(
            lambda step: optax.chain(optax.clip(jnp.where((step == 1) | (step == 2), 0.2, 1e9)), optax.sgd(0.1))
        ),
    ),
    (
        "accumulate(2) { sgd(0.1 * 0.5 ** step) }",
        lambda: every(2, optax.sgd(lambda step: 0.1 * 0.5**step)),
    ),
    (
        "live rate = 2e-3; adam(rate / 2 * (1 where ndim > 1 else 0.5))",
        lambda: _leaf_rates(lambda _, leaf: 1e-3 if leaf.ndim > 1 else 5e-4),
    ),
]
"""Programs of more than Optax: the order of operations may differ by hand."""


@pytest.mark.parametrize(("text", "by_hand"), PLAIN, ids=[text for text, _ in PLAIN])
def test_plain_optax_bit_for_bit(text: str, by_hand: Callable[[], Transform]) -> None:
    assert_same(updates_of(built(translate(text))), updates_of(by_hand()))


@pytest.mark.parametrize(("text", "by_hand"), CLOSE, ids=[text for text, _ in CLOSE])
def test_values_over_time_and_leaves(text: str, by_hand: Callable[[], Transform]) -> None:
    assert_same(updates_of(built(translate(text))), updates_of(by_hand()), within=2e-5)


def test_same_state_as_optax() -> None:
    tx = built(translate("clip(1.0) | adamw(1e-3, weight_decay=0.1 where ndim > 1)"))
    want = optax.chain(optax.clip(1.0), optax.adamw(1e-3, weight_decay=0.1, mask=over(matrix)))
    assert jax.tree.structure(tx.init(tree(0))) == jax.tree.structure(want.init(tree(0)))


def test_half_precision_stays() -> None:
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), tree(0))
    tx = built(translate("clip(2.0 -> linear(0.4, 4)) | adam(1e-3, b1=0.5 + 0.1 * step / 3)"))
    assert {leaf.dtype for leaf in jax.tree.leaves(updates_of(tx, params))} == {jnp.dtype(jnp.bfloat16)}


def test_whole_numbers_do_not_overflow() -> None:
    source = translate("sgd(1e-12 * step ** 2)")
    names: dict[str, Any] = {}
    exec(source, names)
    assert float(names["learning_rate"](jnp.int32(100_000))) == pytest.approx(1e-2)


def test_extra_arguments_come_through() -> None:
    text = "clip(1.0) | accumulate(2) { match { ndim > 1 => polyak_sgd(0.5), else => sgd(0.1) } }"
    steps = optax.MultiSteps(groups((matrix, optax.polyak_sgd(0.5)), (anything, optax.sgd(0.1))), 2)
    want = optax.chain(optax.clip(1.0), optax.GradientTransformationExtraArgs(steps.init, steps.update))
    loss = jnp.float32(2.0)
    assert_same(updates_of(built(translate(text)), value=loss), updates_of(want, value=loss))


def test_a_leaf_without_group_is_named() -> None:
    with pytest.raises(ValueError, match="head/bias"):
        built(translate("match { not head/bias => sgd(0.1) }")).init(tree(0))


# ---- holes


def test_python_objects_are_parameters() -> None:
    holes = {
        "mine": optax.trace(0.5),
        "rate": optax.linear_schedule(0.1, 0.0, 4),
        "decayed": over(matrix),
        "kept": jax.tree.map(lambda leaf: leaf.size > 1, tree(0)),
    }
    text = ":mine | freeze where not :kept | decay(0.1) where :decayed | sgd(0.5 * :rate)"
    source = translate(text, **holes)
    assert "def make(" in source
    assert "\ntx =" not in source
    want = optax.chain(
        optax.trace(0.5),
        optax.add_decayed_weights(0.1, over(matrix)),
        optax.sgd(lambda step: 0.5 * holes["rate"](step)),
    )
    want = frozen(lambda _, leaf: leaf.size == 1, want)
    assert_same(updates_of(built(source, **holes)), updates_of(want), within=1e-6)


def test_masks_of_the_host_spread_values() -> None:
    holes = {"fast": over(lambda path, _: path.startswith("head"))}
    tx = built(translate("adam(1e-2 where :fast and ndim > 1 else 1e-4)", **holes), **holes)
    want = groups((lambda path, _: path == "head/kernel", optax.adam(1e-2)), (anything, optax.adam(1e-4)))
    assert_same(updates_of(tx), updates_of(want))


def test_names_of_holes_do_not_clash() -> None:
    holes = {"optax": optax.scale(0.5), "leafwise": optax.scale(2.0), "lambda": optax.scale(3.0)}
    source = translate(":optax | :leafwise | :lambda | clip(0.1) where embed/** | sgd(0.1)", **holes)
    names: dict[str, Any] = {}
    exec(source, names)
    tx = names["make"](*holes.values())
    mask = over(lambda path, _: path.startswith("embed"))
    want = optax.chain(*holes.values(), optax.masked(optax.clip(0.1), mask), optax.sgd(0.1))
    assert_same(updates_of(tx), updates_of(want))


# ---- centralize

CENTRALIZE: list[tuple[str, dict[str, Any]]] = [
    ("axes=-1", {"axes": -1}),
    ("", {}),
    ("axes=fan_in", {"axes": "fan_in"}),
    ("axes=all", {"axes": "all"}),
    ("axes=(0, -1), min_ndim=2", {"axes": (0, -1), "min_ndim": 2}),
    ("axes=0, min_ndim=1", {"axes": 0, "min_ndim": 1}),
    ("axes=0, sparse_rows=true", {"axes": 0, "sparse_rows": True}),
    ("sparse_rows=true", {"sparse_rows": True}),
    ("axes=all, sparse_rows=true", {"axes": "all", "sparse_rows": True}),
]
SETTINGS: list[dict[str, Any]] = [{}, {"layout": "torch"}, {"stacked": {"blocks_*/**": 1, "embed/*": 1}}]


def gradients(dtype: Any) -> Any:
    grads = tree(3)
    grads["embed"]["embedding"] = grads["embed"]["embedding"].at[1:3].set(0.0)
    cast = jax.tree.map(lambda g: (100 * g).astype(dtype), grads)
    return cast | {"count": jnp.arange(6).reshape(2, 3), "cube": leaf(9, 2, 3, 4).astype(dtype), "none": None}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16, jnp.complex64])
@pytest.mark.parametrize(("arguments", "same"), CENTRALIZE)
def test_centralize(arguments: str, same: dict[str, Any], dtype: Any, settings: dict[str, Any]) -> None:
    source = translate(f"centralize({arguments}) | sgd(1.0)", **settings)
    names: dict[str, Any] = {}
    exec(source, names)
    grads = gradients(dtype)
    got, _ = names["centralize"]().update(grads, optax.EmptyState())
    want, _ = centralize(**same, **settings).update(grads, optax.EmptyState())
    for ours, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("axes", "split"), [(-1, 1), (-1, -1), ((0, 1), 0), ("fan_in", 0), ("fan_in", 2)])
def test_centralize_over_devices(axes: Any, split: int, sparse: bool) -> None:
    written = axes if isinstance(axes, str) else repr(axes)
    text = f"centralize(axes={written}, axis_name={{{split}: 'data'}}, sparse_rows={str(sparse).lower()}) | sgd(1.0)"
    names: dict[str, Any] = {}
    exec(translate(text), names)
    whole = {"w": jnp.array([[1.0, 2, 3, 10], [0, 0, 0, 4]]), "head": jnp.ones((2, 2))}
    halves = jax.tree.map(lambda g: jnp.stack(jnp.split(g, 2, axis=split % 2)), whole)
    ours, theirs = (
        jax.vmap(lambda g, tx=tx: tx.update(g, optax.EmptyState())[0], axis_name="data")(halves)
        for tx in (names["centralize"](), centralize(axes, axis_name={split: "data"}, sparse_rows=sparse))
    )
    assert_same(ours, theirs, within=1e-6)


# ---- the text


def test_adam_is_two_lines() -> None:
    assert to_python(meaning("adam(1e-3)")) == "import optax\n\ntx = optax.adam(1e-3)\n"


def test_layout() -> None:
    text = "clip(1.0) | muon(2e-2) | apply_if_finite(5) { lion(1e-4, weight_decay=0.1) | scale(-1.0) }"
    assert translate(text) == (
        f"# {text}\n\nimport optax\nfrom optax import contrib\n\n"
        "tx = optax.chain(\n"
        "    optax.clip(1.0),\n"
        "    contrib.muon(0.02),\n"
        "    optax.apply_if_finite(\n"
        "        optax.chain(\n"
        "            optax.lion(1e-4, weight_decay=0.1),\n"
        "            optax.scale(-1.0),\n"
        "        ),\n"
        "        max_consecutive_errors=5,\n"
        "    ),\n"
        ")\n"
    )


def test_the_same_schedule_is_written_once() -> None:
    text = "s = 0.1 -> linear(0.2, 2); scale_by_adam | lr(0.3 * s) | decay(0.01 * s)"
    assert translate(text).count("optax.linear_schedule") == 1


ALL = [text for text, _ in (*PLAIN, *CLOSE)]


def test_sources_are_clean(tmp_path: Path) -> None:
    ruff = subprocess.run([sys.executable, "-m", "ruff", "--version"], capture_output=True, check=False)
    if ruff.returncode:
        pytest.skip("ruff is not installed")
    for place, text in enumerate([*ALL, *(f"centralize({arguments}) | sgd(1.0)" for arguments, _ in CENTRALIZE)]):
        source = translate(text)
        assert "optdsl" not in source
        (tmp_path / f"program_{place}.py").write_text(source, encoding="utf-8")
    rules = ["--isolated", "--select", "E,F,I,W,B,SIM", "--line-length", "110"]
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout


def test_translating_does_not_import_jax() -> None:
    code = (
        "import sys; from optdsl import ir; from optdsl.python import to_python\n"
        "to_python(ir.Chain((ir.Centralize(), ir.Stage('maximize'))))\n"
        "print(sorted({'jax', 'optax', 'numpy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# ---- every row

OBJECTS = (Kind.CALLABLE, Kind.OBJECT)
BY_KIND: dict[Kind, Any] = {
    Kind.NUMBER: 0.5,
    Kind.SCHEDULABLE: 0.1,
    Kind.INTEGER: 2,
    Kind.BOOL: True,
    Kind.STRING: "linear",
    Kind.DTYPE: ir.Dtype("float32"),
    Kind.TRANSFORM: ir.Chain((ir.Stage("sgd", (ir.Argument("learning_rate", 0.1),)),)),
    Kind.SCHEDULES: (ir.Arrow(0.1, (ir.Segment("linear", 0.0, 3),)), 0.1),
    Kind.NUMBERS: (0.9, 0.99),
    Kind.INTEGERS: (2,),
    Kind.MAP: ir.Mapping(((2, 0.5),)),
    Kind.AXES: 0,
    Kind.KEY: 7,
    Kind.MASK: ir.Spread(ir.PathGlob("embed/**"), True, False),
}


BY_NAME = {"decay_steps": 5}


def _value(parameter: registry.Parameter) -> Any:
    if parameter.kind in OBJECTS:
        return ir.Host(parameter.name, object())
    return BY_NAME.get(parameter.name, BY_KIND[parameter.kind])


def _arguments(row: registry.Row) -> tuple[ir.Argument, ...]:
    wanted = [p for p in row.parameters if p.required or p.kind is Kind.KEY]
    return tuple(ir.Argument(parameter.name, _value(parameter)) for parameter in wanted)


OPTAX_ROWS = [row for row in (*registry.transforms(), *registry.schedules()) if row.target]


@pytest.mark.parametrize("row", OPTAX_ROWS, ids=lambda row: row.name)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_row_of_optax(row: registry.Row) -> None:
    arguments = _arguments(row)
    stage = ir.Stage(row.name, arguments)
    if row.sort is Sort.SCHEDULE:
        schedule = ir.OptaxSchedule(row.name, arguments)
        stage = ir.Stage("sgd", (ir.Argument("learning_rate", schedule),))
    source = to_python(ir.Chain((stage,)))
    ast.parse(source)
    if any(isinstance(argument.value, ir.Host) for argument in arguments):
        assert f".{row.name}(" in source
    else:
        assert isinstance(built(source), optax.GradientTransformation)


# ---- small parts

LONG = (
    "decay(0.5) where kernel and not (head/** or embed/** or blocks_0/attn/* or path ~ '^norm'"
    " or (size > 100 and ndim == 2 and not shape[0] == 7 and dtype == float32)) | sgd(0.1)"
)


def test_long_conditions_are_broken() -> None:
    source = translate(LONG)
    assert max(map(len, source.splitlines())) <= 100
    mask = over(lambda path, _: path == "blocks_1/attn/kernel")
    want = optax.chain(optax.add_decayed_weights(0.5, mask), optax.sgd(0.1))
    assert_same(updates_of(built(source)), updates_of(want))


@given(st.floats(allow_nan=False) | st.integers())
def test_numbers_are_exact(number: float) -> None:
    assert eval(literal(number), {"float": float}) == number


def test_numbers_are_short() -> None:
    written = [literal(x) for x in (1e-3, 0.05, 1e-8, 2.5e-4, 1.0, 1000, 0.0, 1e7)]
    assert written == ["1e-3", "0.05", "1e-8", "2.5e-4", "1.0", "1000", "0.0", "1e7"]


PIECES = st.sampled_from(["**", "*", "a", "a*", "*b", "b_{i}", "a{j}b", "x.y"])
NAMES = st.sampled_from(["a", "b", "ab", "aab", "b_7", "b_12", "a1b", "a12b", "x.y", "xzy"])


@given(st.lists(PIECES, min_size=1, max_size=4, unique=True), st.lists(NAMES, min_size=1, max_size=4))
def test_globs_as_regular_expressions(pieces: list[str], names: list[str]) -> None:
    import re

    glob, path = "/".join(pieces), "/".join(names)
    found = eval(match_of(glob), {"re": re, "path": path})
    got = None if found is None else {name: int(text) for name, text in found.groupdict().items()}
    assert got == compile_glob(glob).match(path)


def test_paths_of_nnx_variables() -> None:
    nnx = pytest.importorskip("flax.nnx")
    state = nnx.state(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), nnx.Param)
    tx = built(translate("match { kernel => sgd(0.1), bias => sgd(0.2), else => sgd(0.3) }"))
    grads = jax.tree.map(jnp.ones_like, state)
    updates, _ = tx.update(grads, tx.init(state), state)
    assert float(updates["kernel"][...][0, 0]) == pytest.approx(-0.1)
    assert float(updates["bias"][...][0]) == pytest.approx(-0.2)
