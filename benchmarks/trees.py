"""Trees of parameters for benchmarks: shapes like those of real models, filled with numbers from a fixed seed."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def gpt(layers: int, width: int, words: int, context: int, *, final_norm: bool) -> dict[str, Any]:
    """Returns float32 parameters with the shapes of a GPT."""
    norm = {"scale": (width,), "bias": (width,)}
    shapes: dict[str, Any] = {"wte": (words, width), "wpe": (context, width), **({"ln_f": norm} if final_norm else {})}
    for layer in range(layers):
        shapes[f"layer_{layer}"] = {
            "ln_1": norm,
            "qkv": _dense(width, 3 * width),
            "out": _dense(width, width),
            "ln_2": norm,
            "up": _dense(width, 4 * width),
            "down": _dense(4 * width, width),
        }
    return filled(shapes)


def gpt_14m() -> dict[str, Any]:
    return gpt(6, 384, 8192, 512, final_norm=False)


def gpt_68m() -> dict[str, Any]:
    return gpt(4, 768, 50257, 1024, final_norm=True)


def many_small() -> dict[str, Any]:
    """Returns 1,000 leaves, half of them 32 x 32 and half 32."""
    return filled({f"layer_{layer}": _dense(32, 32) for layer in range(500)})


def _dense(fan_in: int, fan_out: int) -> dict[str, tuple[int, ...]]:
    return {"kernel": (fan_in, fan_out), "bias": (fan_out,)}


def filled(shapes: Any) -> Any:
    draw = np.random.default_rng(0)
    return jax.tree.map(
        lambda shape: jnp.asarray(0.05 * draw.standard_normal(shape, np.float32)),
        shapes,
        is_leaf=lambda node: isinstance(node, tuple),
    )


def copied(tree: Any) -> Any:
    """Returns the tree with buffers of its own, which may be donated."""
    return jax.tree.map(lambda leaf: jnp.array(leaf, copy=True), tree)


def described(tree: Any) -> str:
    leaves = jax.tree.leaves(tree)
    return f"{sum(leaf.size for leaf in leaves) / 1e6:.1f} million numbers in {len(leaves)} leaves"


def size(tree: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree))
