"""Finds which numbers of the installed Optax may be traced, and writes `optdsl/registry/traced.py`.

In: the rows. Out: two sets of (word, parameter). A number is structure if Optax reads it in Python, or gives another
result for a traced one. A share of 1 counts by its complement if updates change when `1 - b` alone is changed.

    python tools/measure_numbers.py           # writes the file
    python tools/measure_numbers.py --check   # fails if the file is not what it would write
"""

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from measure_traits import measurable  # noqa: E402
from optdsl.backend.complement import Share  # noqa: E402
from optdsl.registry.optax_rows import OPTAX_ROWS, OPTAX_VERSION  # noqa: E402
from optdsl.registry.row import Kind, Parameter, Row, Sort  # noqa: E402
from trait_probe import CHOSEN, PLAIN, Tree, extras_of, made, probe_of, run_of  # noqa: E402

TARGET = ROOT / "optdsl" / "registry" / "traced.py"
TOLERANCE = 2e-5
STEPS = 2

DIFFERENCES = {("schedule_free", "b1"), ("schedule_free_adamw", "b1"), ("schedule_free_sgd", "b1")}
"""Updates here are differences of parameters: the last bit of a parameter is large beside a small step, and a traced
`b1` moves it (8.7e-5 of the largest update with the defaults of `schedule_free_adamw`)."""

SCHEDULE_ARGUMENTS: dict[str, Any] = {
    "value": 0.1,
    "init_value": 0.1,
    "end_value": 0.01,
    "peak_value": 0.2,
    "transition_steps": 8,
    "warmup_steps": 3,
    "decay_steps": 9,
    "decay_rate": 0.5,
    "power": 2.0,
    "interpolate_type": "cosine",
    "boundaries_and_scales": {3: 0.5, 8: 0.1},
}


class Found(NamedTuple):
    """What is known of one number."""

    structural: bool
    complement: bool


def is_number(parameter: Parameter) -> bool:
    """Returns whether a parameter takes a number that could be traced."""
    return parameter.kind in (Kind.NUMBER, Kind.SCHEDULABLE)


def numbers(row: Row) -> Iterator[Parameter]:
    """Yields the parameters of a row that are measured: none of a row that only the host can call."""
    if row.sort is Sort.SCHEDULE and any(p.required and p.name not in SCHEDULE_ARGUMENTS for p in row.parameters):
        return
    if row.sort is Sort.SCHEDULE or measurable(row):
        yield from (p for p in row.parameters if is_number(p) and not callable(PLAIN.get(p.name)))


def measure(row: Row, parameter: Parameter) -> Found:
    """Returns what the installed Optax does with one number of a row."""
    if (row.name, parameter.name) in DIFFERENCES:
        return Found(structural=True, complement=False)
    work = _schedule(row, parameter.name) if row.sort is Sort.SCHEDULE else _transform(row, parameter.name)
    value = _value(row, parameter)
    share = parameter.bounds is not None and parameter.bounds.high == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = work(value)
        given = Share.of(value) if share else jnp.asarray(value)
        try:
            got = jax.jit(work)(given)
        # Optax refuses a tracer in many ways, and any refusal is the answer.
        except Exception:
            return Found(structural=True, complement=False)
        other = jax.jit(work)(Share(jnp.asarray(value), jnp.asarray(2 * (1 - value)))) if share else got
    # Where the complement does not count, the number goes in alone, as its weak type is safer there.
    complement = _differ(got, other)
    plain = got if complement else jax.jit(work)(jnp.asarray(value))
    return Found(_differ(wanted, plain), complement)


def _value(row: Row, parameter: Parameter) -> float:
    chosen = CHOSEN.get(row.name, {}).get(parameter.name, parameter.default)
    for value in (chosen, PLAIN.get(parameter.name), SCHEDULE_ARGUMENTS.get(parameter.name)):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            # A share of exactly 1 is a special case of its own; the usual one is below.
            return 0.9 if parameter.bounds is not None and parameter.bounds.high == 1 == value else float(value)
    return 0.5


def _transform(row: Row, name: str) -> Callable[[Any], Tree]:
    run = run_of(row, 1e-3)
    extras = probe_of(row, run).extras

    def work(number: Any) -> Tree:
        transform = optax.with_extra_args_support(made(row, **{name: number}))
        state, updates = transform.init(run.params[0]), []
        for gradient, params, slope in zip(run.gradients[:STEPS], run.params, run.slopes, strict=False):
            update, state = transform.update(gradient, state, params, **extras_of(extras, slope, params))
            updates.append(update)
        return updates

    return work


def _schedule(row: Row, name: str) -> Callable[[Any], Tree]:
    required = {p.name: SCHEDULE_ARGUMENTS[p.name] for p in row.parameters if p.required}
    return lambda number: jax.vmap(getattr(optax, row.name)(**{**required, name: number}))(jnp.arange(13))


def _differ(one: Tree, other: Tree) -> bool:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return any(not _same(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype != other.dtype:
        return False
    largest = float(np.max(np.abs(one), initial=0.0))
    return np.allclose(one, other, rtol=0, atol=TOLERANCE * largest, equal_nan=True)


def found() -> dict[tuple[str, str], Found]:
    """Returns what is known of every number of every row; unmeasured ones are structure."""
    known = {(row.name, p.name): measure(row, p) for row in OPTAX_ROWS for p in numbers(row)}
    every = {(row.name, p.name) for row in OPTAX_ROWS for p in row.parameters if is_number(p)}
    return {key: known.get(key, Found(structural=True, complement=False)) for key in sorted(every)}


def source(known: dict[tuple[str, str], Found]) -> str:
    """Returns the text of the generated module, formatted."""
    structural = [key for key, one in known.items() if one.structural]
    complements = [key for key, one in known.items() if one.complement and not one.structural]
    text = (
        f'"""Which numbers of Optax {OPTAX_VERSION} may be traced, measured by `tools/measure_numbers.py`.\n\n'
        'Do not edit: run `make sync-optax`.\n"""\n\n'
        f"STRUCTURAL = frozenset({_text(structural)})\n"
        '"""(word, parameter): Optax reads the number in Python, or only the host can call the row."""\n\n'
        f"COMPLEMENTS = frozenset({_text(complements)})\n"
        '"""(word, parameter): the number counts by its complement `1 - b`, which float32 has to be given."""\n'
    )
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length", "120", "-"]
    return subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout


def _text(keys: list[tuple[str, str]]) -> str:
    return "{" + ",".join(map(repr, keys)) + "}"


def main(arguments: list[str]) -> int:
    """Writes the file, or compares it, and returns the exit status."""
    known = found()
    text = source(known)
    if "--check" in arguments:
        return int(text != TARGET.read_text())
    TARGET.write_text(text)
    print(f"{TARGET.name}: {sum(not one.structural for one in known.values())} of {len(known)} numbers may be traced")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
