"""A thousand small leaves: time to trace, to compile and for a step. Prints Markdown."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax
from side_by_side import interleaved, milliseconds, section, shown, table, versions
from steps import Side, by_hand
from trees import copied, described, many_small

import optdsl

TEXT = "clip_by_global_norm(1.0) | adam(1e-3)"
ROUNDS = 15


class Way(NamedTuple):
    """A way to write the same optimizer: its transform, and its step over parameters, state and gradients."""

    tx: Any
    step: Callable[..., Any]


class Built(NamedTuple):
    """A step that was built, and what it took in milliseconds."""

    compiled: Any
    trace: float
    compile: float


def ways() -> dict[str, Way]:
    plain = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))
    flat = optax.flatten(plain)
    opt = optdsl.compile(TEXT)
    return {
        "Optax, jitted by hand": Way(plain, by_hand(plain, jitted=False)),
        "`optax.flatten`, jitted by hand": Way(flat, by_hand(flat, jitted=False)),
        "optdsl": Way(opt, lambda *given: opt.step(*given, donate=False)),
    }


def built(way: Way, params: Any) -> Built:
    given = params, way.tx.init(params), params
    lowered: list[Any] = []
    compiled: list[Any] = []
    jitted = jax.jit(way.step, donate_argnums=(0, 1))
    trace = milliseconds(lambda: lowered.append(jitted.lower(*given)))
    compile_ = milliseconds(lambda: compiled.append(lowered[0].compile()))
    return Built(compiled[0], trace, compile_)


def main() -> str:
    params = many_small()
    found = ways()
    done = {name: built(way, params) for name, way in found.items()}
    sides = {
        name: Side(one.compiled, params, found[name].tx.init(params), copied(params)) for name, one in done.items()
    }
    rows = [
        (
            side.name,
            shown(done[side.name].trace),
            shown(done[side.name].compile),
            shown(side.times.median),
            f"{side.speeds.median:.2f}",
        )
        for side in interleaved(sides, ROUNDS)
    ]
    note = (
        f"`{TEXT}`, {described(params)}, {ROUNDS} rounds of steps; traced and compiled once. "
        f"{versions('jax', 'optax')}."
    )
    columns = ("side", "trace ms", "compile ms", "step ms", "step, times as fast")
    return section("Many leaves", note, table(columns, rows))


if __name__ == "__main__":
    print(main())
