"""Programs read from Python do what that Python does: the source is run here, and only here, to compare."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import optdsl
from optdsl.python.read import from_python

pytestmark = pytest.mark.usefixtures("quick_compiler")

STEPS = 4


def leaf(seed: int, *shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


def tree(seed: int) -> Any:
    return {
        "embed": {"embedding": leaf(seed, 4, 3)},
        "encoder": {"kernel": leaf(seed + 1, 3, 3), "bias": leaf(seed + 2, 3)},
        "LayerNorm": {"scale": leaf(seed + 3, 3), "bias": leaf(seed + 4, 3)},
        "head": {"kernel": leaf(seed + 5, 3, 2), "bias": leaf(seed + 6, 2)},
    }


def updates_of(tx: Any) -> list[Any]:
    """Returns the updates of a few steps."""
    params, made = tree(0), []
    state = tx.init(params)
    for step in range(STEPS):
        updates, state = tx.update(tree(10 * (step + 1)), state, params)
        params = optax.apply_updates(params, updates)
        made.append(updates)
    return made


SOURCES = {
    "chain": "tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-2, b2=0.95, weight_decay=0.1))",
    "schedule": """
        schedule = optax.join_schedules(
            [optax.linear_schedule(0.0, 0.1, 2), optax.cosine_decay_schedule(0.1, 5)], boundaries=[2]
        )
        tx = optax.sgd(lambda step: 0.5 * schedule(step) + 0.01 * jnp.minimum(1, step / 2), momentum=0.9)
    """,
    "warmup": "tx = optax.lion(optax.warmup_cosine_decay_schedule(0.0, 0.1, 2, 6, end_value=0.01))",
    "step": "tx = optax.sgd(lambda step: jnp.where(step < 2, 0.1, 0.2 / jnp.sqrt(step)))",
    "mask by shape": """
        def mask(params):
            return jax.tree.map(lambda p: p.ndim > 1 and p.shape[-1] != 2, params)
        tx = optax.adamw(1e-2, weight_decay=0.5, mask=mask)
    """,
    "mask by path": """
        def decayed(path, _):
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            return not (name.endswith("bias") or "LayerNorm" in name)
        tx = optax.chain(
            optax.masked(
                optax.add_decayed_weights(0.3), lambda params: jax.tree_util.tree_map_with_path(decayed, params)
            ),
            optax.sgd(0.1),
        )
    """,
    "mask in the manner of Flax": """
        def mask(params):
            flat = traverse_util.flatten_dict(params)
            return traverse_util.unflatten_dict(
                {path: path[-1] != "bias" and path[-2:] != ("LayerNorm", "scale") for path in flat}
            )
        tx = optax.adamw(1e-2, mask=mask, weight_decay=0.5)
    """,
    "groups": """
        def label(path, p):
            if path[0].key == "embed":
                return "still"
            return "small" if p.ndim < 2 else "large"
        tx = optax.multi_transform(
            {
                "still": optax.set_to_zero(),
                "small": optax.adam(1e-2),
                "large": optax.chain(optax.clip_by_global_norm(0.1), optax.sgd(0.5)),
            },
            lambda params: jax.tree_util.tree_map_with_path(label, params),
        )
    """,
    "a label that comes twice": """
        def label(path, p):
            if path[0].key == "encoder":
                return "a"
            if p.ndim > 1:
                return "b"
            if path[-1].key == "scale":
                return "a"
            return "b"
        tx = optax.partition(
            {"a": optax.sgd(0.1), "b": optax.sgd(1.0)},
            lambda params: jax.tree_util.tree_map_with_path(label, params),
        )
    """,
    "still leaves in the manner of Flax": """
        labels = lambda params: traverse_util.path_aware_map(
            lambda path, _: "frozen" if "encoder" in path else "trainable", params
        )
        groups = {"trainable": optax.adam(1e-2), "frozen": optax.set_to_zero()}
        tx = optax.multi_transform(groups, labels)
    """,
    "still leaves, last": """
        still = {"embed": True, "encoder": False, "LayerNorm": False, "head": False}
        tx = optax.chain(optax.adamw(1e-2, weight_decay=0.3), optax.masked(optax.set_to_zero(), still))
    """,
    "still leaves that count": """
        still = {"embed": True, "encoder": False, "LayerNorm": False, "head": False}
        tx = optax.chain(
            optax.masked(optax.set_to_zero(), still), optax.clip_by_global_norm(0.5), optax.adamw(0.1, weight_decay=0.3)
        )
    """,
    "halves": """
        big = lambda params: jax.tree.map(lambda p: p.ndim >= 2, params)
        small = lambda params: jax.tree.map(lambda p: not p.ndim >= 2, params)
        tx = optax.chain(optax.masked(optax.adam(1e-2), big), optax.masked(optax.sgd(0.1), small))
    """,
    "accumulation": "tx = optax.MultiSteps(optax.adam(1e-2), every_k_schedule=2).gradient_transformation()",
    "wrappers": "tx = optax.apply_if_finite(optax.chain(optax.clip(0.5), optax.adam(1e-2)), 3)",
    "named": 'tx = optax.named_chain(("clip", optax.clip(0.5)), ("step", optax.rmsprop(1e-2, momentum=0.9)))',
    "injected": "tx = optax.inject_hyperparams(optax.adamw)(learning_rate=1e-2, weight_decay=0.1)",
    "signs": "tx = optax.chain(optax.sgd(0.1), optax.add_decayed_weights(-0.01), optax.scale(0.5))",
    "centralize": "tx = optax.chain(optax.centralize(), optax.trace(0.9), optax.scale_by_learning_rate(0.1))",
    "conditional": "tx = optax.chain(optax.conditionally_transform(optax.clip(0.1), lambda n: n >= 2), optax.sgd(0.1))",
    "function": """
        def make(rate, *, bound=1.0):
            stages = [optax.clip(bound)]
            stages.append(optax.scale_by_adam())
            rate *= 2
            return optax.chain(*stages, optax.scale(-rate))
        config = {"rate": 1e-2}
        tx = make(**config)
    """,
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_program_does_what_the_source_does(name: str) -> None:
    from inspect import cleandoc

    from flax import traverse_util

    source = cleandoc(SOURCES[name])
    names: dict[str, Any] = {"optax": optax, "jax": jax, "jnp": jnp, "traverse_util": traverse_util}
    exec(source, names)
    program = from_python(source)
    want, got = updates_of(names["tx"]), updates_of(optdsl.compile(program))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6), want, got)
    assert any(float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(want))
