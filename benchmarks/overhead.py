"""What one call costs beside the compiled work: a tiny model, where nothing else counts. Prints Markdown."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from side_by_side import interleaved, section, times_table, versions
from steps import Side, by_hand

import optdsl

TEXT = "clip_by_global_norm(1.0) | adam(1e-3)"
ROUNDS, CALLS = 41, 200


def tables() -> tuple[str, str]:
    tx = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    opt = optdsl.compile(TEXT)
    params = {"w": jnp.ones((4, 4)), "b": jnp.ones(4)}
    grads = jax.tree.map(jnp.ones_like, params)
    bare = by_hand(tx)
    steps = {
        "a bare jitted step": Side(bare, params, tx.init(params), grads),
        "`opt.step`": Side(opt.step, params, opt.init(params), grads),
    }
    update = jax.jit(tx.update)
    state, ours = tx.init(params), opt.init(params)
    updates: dict[str, Any] = {
        "a bare jitted update": lambda: jax.block_until_ready(update(grads, state, params)),
        "`opt.update`": lambda: jax.block_until_ready(opt.update(grads, ours, params)),
    }
    return tuple(times_table(interleaved(sides, ROUNDS, calls=CALLS), faster=False) for sides in (steps, updates))  # type: ignore[return-value]


if __name__ == "__main__":
    note = (
        f"`{TEXT}` on two leaves of 16 and 4 numbers; {CALLS} calls at a time, {ROUNDS} rounds. "
        f"{versions('jax', 'optax')}."
    )
    print(section("The cost of a call", note, *tables()))
