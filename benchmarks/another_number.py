"""Programs that differ from an earlier one in numbers alone: what the next one costs up to its first step. Markdown."""

from collections.abc import Callable
from typing import Any

import jax
import optax
from side_by_side import milliseconds, section, summary, times_table, versions
from steps import by_hand
from trees import copied, gpt_14m

import optdsl

PROGRAMS = 16
COMPILED = "/jax/core/compile/backend_compile_duration"


def text(number: int) -> str:
    return f"clip_norm({1 + number}) | adamw({number + 1}e-4, b1={0.8 + number / 100:g}, weight_decay={number / 100:g})"


def chain(number: int) -> optax.GradientTransformation:
    adamw = optax.adamw((number + 1) * 1e-4, b1=0.8 + number / 100, weight_decay=number / 100)
    return optax.chain(optax.clip_by_global_norm(1.0 + number), adamw)


def main() -> str:
    params = gpt_14m()
    grads = copied(params)
    state = optdsl.compile(text(0)).init(params)
    events: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(lambda event, duration_secs, **_: events.append(event))

    def compiled(number: int) -> object:
        return optdsl.compile(text(number))

    def stepped(number: int) -> object:
        opt = optdsl.compile(text(number))
        return jax.block_until_ready(opt.step(params, state, grads, donate=False))

    def hand(number: int) -> object:
        step: Callable[..., Any] = by_hand(chain(number))
        return jax.block_until_ready(step(copied(params), copied(state), grads))

    stepped(0)
    sides: dict[str, Callable[[int], object]] = {
        "a fresh chain of Optax, jitted by hand, and its first step": hand,
        "`optdsl.compile` and the first step": stepped,
        "`optdsl.compile` alone": compiled,
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    counts = dict.fromkeys(sides, 0)
    for number in range(1, PROGRAMS + 1):
        for name, side in sides.items():
            events.clear()
            times[name].append(milliseconds(lambda side=side, number=number: side(number)))
            counts[name] += events.count(COMPILED)
    note = (
        f"`{text(1)}` and {PROGRAMS - 1} others on 14 million parameters, after a first one of the same structure; the "
        f"step itself is counted. {versions('jax', 'optax')}."
    )
    listed = ", ".join(f"{name} {count}" for name, count in counts.items())
    return section("Another number", note, times_table(summary(times)), f"Compilations: {listed}.")


if __name__ == "__main__":
    print(main())
