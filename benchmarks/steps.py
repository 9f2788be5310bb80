"""One step of whole optimizers, ours against Optax written by hand. Prints Markdown.

Each side is one compiled function over update and apply, which may reuse the memory of parameters and state.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import optax
from side_by_side import Timed, interleaved, section, table, times_row, times_table, versions
from trees import copied, described, gpt_14m, gpt_68m, size

import optdsl
from optdsl.backend.ordering import DEPTH_FIRST, helps

ROUNDS = {"14M": 41, "68M": 15}
TREES = {"14M": gpt_14m, "68M": gpt_68m}
HAND, OURS = "Optax, jitted by hand", "optdsl"
CLIPPED = "clip_by_global_norm(1.0) | adamw(3e-4)"
ORDERED = (CLIPPED, "adam(1e-3)", "lion(1e-4)", "adafactor(1e-3)")


class Chain(NamedTuple):
    """A program, and what one writes with Optax for it."""

    text: str
    optax: Callable[[], optax.GradientTransformation]


CHAINS = (
    Chain(CLIPPED, lambda: optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(3e-4))),
    Chain(
        "clip(1.0) | centralize(axes=-1) | adam(1e-3)",
        lambda: optax.chain(optax.clip(1.0), optax.centralize(), optax.adam(1e-3)),
    ),
    Chain(
        "clip_by_global_norm(1.0) | centralize(axes=-1) | adam(1e-3)",
        lambda: optax.chain(optax.clip_by_global_norm(1.0), optax.centralize(), optax.adam(1e-3)),
    ),
    Chain("adam(1e-3)", lambda: optax.adam(1e-3)),
    Chain("sgd(0.1, momentum=0.9)", lambda: optax.sgd(0.1, momentum=0.9)),
    Chain("lion(1e-4)", lambda: optax.lion(1e-4)),
    Chain("adafactor(1e-3)", lambda: optax.adafactor(1e-3)),
    Chain("lamb(1e-3)", lambda: optax.lamb(1e-3)),
)


class Side:
    """A loop under way: each call is one step on what the step before left."""

    def __init__(self, step: Callable[..., Any], params: Any, state: Any, grads: Any) -> None:
        self.step = step
        self.held = copied(params), state
        self.grads = grads

    def __call__(self) -> None:
        self.held = jax.block_until_ready(self.step(*self.held, self.grads))


def by_hand(
    tx: optax.GradientTransformation, *, jitted: bool = True, options: Mapping[str, int] = MappingProxyType({})
) -> Callable[..., Any]:
    def step(params: Any, state: Any, grads: Any) -> tuple[Any, Any]:
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    return jax.jit(step, donate_argnums=(0, 1), compiler_options=dict(options)) if jitted else step


def gradients(params: Any) -> Any:
    return jax.tree.map(lambda leaf: 0.3 * leaf + 0.01, params)


def temporaries(step: Callable[..., Any], params: Any, state: Any, grads: Any, options: dict[str, int]) -> float:
    """Returns what a compiled step holds beside what goes in and out, as a part of the parameters."""
    compiled = jax.jit(step, donate_argnums=(0, 1), compiler_options=options).lower(params, state, grads).compile()
    memory = compiled.memory_analysis()
    assert memory is not None
    return memory.temp_size_in_bytes / size(params)


def chain_rows(chain: Chain, params: Any, grads: Any, rounds: int) -> list[tuple[str, ...]]:
    tx, opt = chain.optax(), optdsl.compile(chain.text)
    sides = {
        HAND: Side(by_hand(tx), params, tx.init(params), grads),
        OURS: Side(opt.step, params, opt.init(params), grads),
    }
    steps = {HAND: by_hand(tx), OURS: lambda *given: opt.step(*given, donate=False)}
    held = {HAND: tx.init(params), OURS: opt.init(params)}
    options = {HAND: {}, OURS: DEPTH_FIRST if helps(opt.meaning.chain, exact=False) else {}}
    times = interleaved(sides, rounds)
    shares = [temporaries(steps[side.name], params, held[side.name], grads, options[side.name]) for side in times]
    return [(f"`{chain.text}`", *_row(side, share)) for side, share in zip(times, shares, strict=True)]


def _row(side: Timed, share: float) -> tuple[str, ...]:
    return *times_row(side), f"{100 * share:.1f} %"


def chains(name: str) -> str:
    params = TREES[name]()
    grads = gradients(params)
    rows = [row for chain in CHAINS for row in chain_rows(chain, params, grads, ROUNDS[name])]
    columns = ("program", "side", "median ms", "quartiles", "times as fast", "temporaries")
    return f"{name}: {described(params)}, {ROUNDS[name]} rounds.\n\n{table(columns, rows)}"


def orders() -> str:
    """Returns what the order of computation alone does, to Optax as well."""
    params = gpt_14m()
    grads = gradients(params)
    rows: list[tuple[str, ...]] = []
    for chain in (chain for chain in CHAINS if chain.text in ORDERED):
        tx, opt = chain.optax(), optdsl.compile(chain.text)
        sides = {
            HAND: Side(by_hand(tx), params, tx.init(params), grads),
            f"{HAND}, with `{DEPTH_FIRST}`": Side(by_hand(tx, options=DEPTH_FIRST), params, tx.init(params), grads),
            OURS: Side(opt.step, params, opt.init(params), grads),
        }
        rows += [(f"`{chain.text}`", *times_row(side)) for side in interleaved(sides, 21)]
    columns = ("program", "side", "median ms", "quartiles", "times as fast")
    return f"Leaf by leaf: one option of XLA, on the 14M tree.\n\n{table(columns, rows)}"


def peers() -> str:
    params = gpt_14m()
    grads = gradients(params)
    clip = optax.clip_by_global_norm(1.0)
    plain = optax.chain(clip, optax.adamw(3e-4))
    injected = optax.chain(clip, optax.inject_hyperparams(optax.adamw)(learning_rate=3e-4))
    flat = optax.flatten(plain)
    ours = optdsl.compile(CLIPPED)
    exact = optdsl.compile(CLIPPED, exact=True)
    steps = {
        HAND: (plain, by_hand(plain)),
        "Optax, not jitted": (plain, by_hand(plain, jitted=False)),
        "`optax.inject_hyperparams`, jitted by hand": (injected, by_hand(injected)),
        "`optax.flatten`, jitted by hand": (flat, by_hand(flat)),
        "optdsl, `exact=True`": (exact, exact.step),
        OURS: (ours, ours.step),
    }
    sides = {name: Side(step, params, tx.init(params), grads) for name, (tx, step) in steps.items()}
    return f"Other ways to write `{CLIPPED}`, on the 14M tree.\n\n{times_table(interleaved(sides, 9))}"


if __name__ == "__main__":
    note = f"One step: update and apply, float32. {versions('jax', 'optax')}, {jax.default_backend()}."
    print(section("Steps", note, *map(chains, TREES), orders(), peers()))
