"""What each file of `examples/` means, written in Optax by hand. A function is named after its file.

Each function holds all that a user would have to write for this optimizer, apart from the three definitions
at the top, so that its length can be compared with that of the program.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from optax import contrib

PyTree = Any
Transform = optax.GradientTransformation


def by_path(tree: PyTree, function: Callable[[str, jax.Array], Any]) -> PyTree:
    """Maps `function(path, leaf)` over a tree; a path is its keys joined by `/`."""
    return jax.tree_util.tree_map_with_path(
        lambda keys, leaf: function(jax.tree_util.keystr(keys, simple=True, separator="/"), leaf), tree
    )


class AverageState(NamedTuple):
    mean: PyTree


def average(decay: float) -> Transform:
    """Keeps a running mean of the parameters as they are after each update."""

    def init(params: PyTree) -> AverageState:
        return AverageState(params)

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, AverageState]:
        new = optax.apply_updates(params, updates)
        return updates, AverageState(optax.incremental_update(new, state.mean, 1 - decay))

    return optax.GradientTransformation(init, update)


def accumulation(micro: int = 8) -> Transform:
    def decayed(params: PyTree) -> PyTree:
        return by_path(params, lambda path, leaf: path.endswith("/kernel") and leaf.ndim > 1)

    inner = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(6e-4, b2=0.95, weight_decay=0.1, mask=decayed))
    return optax.MultiSteps(optax.apply_if_finite(inner, 2**31 - 1), micro).gradient_transformation()


def adafactor(warmup: int = 1000, factor_from: int = 128) -> Transform:
    return optax.adafactor(
        lambda step: 1e-3 * jnp.minimum(1.0, step / warmup),
        min_dim_size_to_factor=factor_from,
        multiply_by_parameter_scale=False,
    )


def decay_table(rate: float = 1e-3) -> Transform:
    def speed(path: str) -> float:
        if path.startswith("tokens/"):
            return 0.1
        if path.startswith(("blocks/0/", "blocks/1/")):
            return 0.5
        return 1.0

    def decay(path: str) -> float:
        if path == "head/kernel":
            return 0.2
        if path.endswith("/kernel"):
            return 0.05
        return 0.01 if path.endswith("/embedding") else 0.0

    def decayed(updates: PyTree, params: PyTree) -> PyTree:
        rates = by_path(params, lambda path, _: decay(path))
        return jax.tree.map(lambda u, r, p: u + r * p, updates, rates, params)

    def scaled(updates: PyTree, params: PyTree) -> PyTree:
        return by_path(updates, lambda path, u: -rate * speed(path) * u)

    return optax.chain(optax.scale_by_adam(), optax.stateless(decayed), optax.stateless(scaled))


def ema_evaluation(warmup: int = 5000, ema: float = 0.9999) -> Transform:
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adam(lambda step: 2e-4 * jnp.minimum(1.0, step / warmup)),
        average(ema),
    )


def frozen_backbone() -> Transform:
    def label(path: str) -> str:
        if not path.startswith("backbone/"):
            return "trained"
        late = any(f"stage_{i}/" in path for i in (2, 3, 4))
        return "trained" if late and "/norm" not in path else "frozen"

    def slowed(updates: PyTree, params: PyTree) -> PyTree:
        return by_path(updates, lambda path, u: (0.1 if path.startswith("backbone/") else 1.0) * u)

    trained = optax.chain(
        optax.clip_by_global_norm(0.1),
        optax.scale_by_adam(),
        optax.add_decayed_weights(1e-4),
        optax.stateless(slowed),
        optax.scale_by_learning_rate(1e-4),
    )
    return optax.partition(
        {"trained": trained, "frozen": optax.set_to_zero()},
        lambda params: by_path(params, lambda path, _: label(path)),
    )


def gan_discriminator() -> Transform:
    return optax.adam(4e-4, b1=0.0, b2=0.9)


def gan_generator(ema: float = 0.9999) -> Transform:
    return optax.chain(optax.adam(1e-4, b1=0.0, b2=0.9), average(ema))


def interactive() -> Transform:
    return optax.chain(
        optax.inject_hyperparams(optax.clip_by_global_norm)(max_norm=1.0),
        optax.inject_hyperparams(optax.sgd, static_args=("momentum",))(learning_rate=1e-2, momentum=0.9),
    )


def llm_pretraining(total: int, peak: float = 3e-4, warmup: int = 2000) -> Transform:
    last = round(0.2 * total)
    rate = optax.join_schedules(
        [
            optax.linear_schedule(0.0, peak, warmup),
            optax.constant_schedule(peak),
            optax.linear_schedule(peak, 0.0, last),
        ],
        [warmup, total - last],
    )
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adamw(rate, b2=0.95, weight_decay=0.1, mask=lambda params: jax.tree.map(lambda p: p.ndim > 1, params)),
    )


def lora(total: int) -> Transform:
    warmup = round(0.03 * total)
    rate = optax.join_schedules([optax.linear_schedule(0.0, 2e-4, warmup), optax.constant_schedule(2e-4)], [warmup])
    return optax.partition(
        {
            True: optax.chain(optax.clip_by_global_norm(0.3), optax.adam(rate)),
            False: optax.set_to_zero(),
        },
        lambda params: by_path(params, lambda path, _: path.split("/")[-1].startswith("lora_")),
    )


def muon(total: int) -> Transform:
    last = round(0.4 * total)

    def rate(peak: float) -> optax.Schedule:
        return optax.join_schedules(
            [optax.constant_schedule(peak), optax.linear_schedule(peak, 0.0, last)], [total - last]
        )

    def label(path: str, leaf: jax.Array) -> str:
        if path.startswith(("embed/", "head/")):
            return "ends"
        return "vectors" if leaf.ndim < 2 else "matrices"

    return optax.partition(
        {
            "ends": optax.adamw(rate(0.15 * 0.02), b1=0.8, b2=0.95, weight_decay=0.0),
            "vectors": optax.adamw(rate(0.02 * 0.02), b1=0.8, b2=0.95, weight_decay=0.0),
            "matrices": contrib.muon(rate(0.02), weight_decay=0.01),
        },
        lambda params: by_path(params, label),
    )


def nerf(settled: int = 5000, length: int = 200_000) -> Transform:
    return optax.partition(
        {
            "camera": optax.adam(optax.exponential_decay(1e-3, settled, 0.1, end_value=1e-4), eps=1e-15),
            "fields": optax.adam(optax.exponential_decay(1e-2, length, 0.01, end_value=1e-4), eps=1e-15),
        },
        lambda params: by_path(params, lambda path, _: "camera" if path.startswith("camera/") else "fields"),
    )


def ppo(total: int) -> Transform:
    return optax.chain(optax.clip_by_global_norm(0.5), optax.adam(optax.linear_schedule(2.5e-4, 0.0, total), eps=1e-5))


def ranger(k: int = 6) -> optax.GradientTransformation:
    def centralize(updates: PyTree, params: PyTree) -> PyTree:
        def centred(u: jax.Array) -> jax.Array:
            return u - u.mean(range(u.ndim - 1), keepdims=True) if u.ndim > 1 else u

        return jax.tree.map(centred, updates)

    fast = optax.chain(
        optax.scale_by_radam(b1=0.95, eps=1e-5), optax.stateless(centralize), optax.scale_by_learning_rate(1e-3)
    )
    return optax.lookahead(fast, k, 0.5)


def resnet(total: int, batch: int = 256) -> Transform:
    def centralize(updates: PyTree, params: PyTree) -> PyTree:
        def centred(u: jax.Array) -> jax.Array:
            return u - u.mean(range(u.ndim - 1), keepdims=True) if u.ndim > 1 else u

        return jax.tree.map(centred, updates)

    def kernels(params: PyTree) -> PyTree:
        return by_path(params, lambda path, _: path.endswith("/kernel"))

    third = total // 3
    rate = optax.piecewise_constant_schedule(0.1 * batch / 256, {third: 0.1, 2 * third: 0.1})
    return optax.chain(
        optax.stateless(centralize),
        optax.add_decayed_weights(1e-4, mask=kernels),
        optax.sgd(rate, momentum=0.9, nesterov=True),
    )


def schedule_free(warmup: int = 1000) -> Transform:
    return optax.chain(
        optax.clip_by_global_norm(1.0),
        contrib.schedule_free_adamw(2.5e-3, warmup_steps=warmup, weight_decay=0.01),
    )


def transformer(warmup: int = 4000) -> Transform:
    def rate(step: Any) -> jax.Array:
        ramp = jnp.minimum(1.0, step / warmup)
        return (512 * warmup) ** -0.5 * ramp * jnp.sqrt(warmup / jnp.maximum(step, warmup))

    return optax.adam(rate, b2=0.98, eps=1e-9)


def vit_finetuning(total: int, warmup: int, depth: int = 12) -> Transform:
    def share(path: str) -> float:
        if path.startswith("Transformer/encoderblock_"):
            block = int(path.split("/")[1].removeprefix("encoderblock_"))
            return 0.75 ** (depth - block)
        embeds = path == "cls" or path.startswith("embedding/") or path.endswith("/pos_embedding")
        return 0.75 ** (depth + 1) if embeds else 1.0

    def layerwise(updates: PyTree, params: PyTree) -> PyTree:
        return by_path(updates, lambda path, u: share(path) * u)

    def kernels(params: PyTree) -> PyTree:
        return by_path(params, lambda path, _: path.endswith("/kernel"))

    return optax.chain(
        optax.scale_by_adam(),
        optax.add_decayed_weights(0.05, mask=kernels),
        optax.stateless(layerwise),
        optax.scale_by_learning_rate(optax.warmup_cosine_decay_schedule(0.0, 1e-3, warmup, total, 1e-6)),
    )
