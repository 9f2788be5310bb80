"""Measures what the transforms of the installed Optax do, and writes `optdsl/registry/traits.py`.

In: the rows. Out: a `Traits` for each row whose arguments are plain values. Each transform runs for a few
steps, on its own defaults where it has them, and one thing is changed at a time: the scale of the
gradients, one entry, the parameters. Wrappers are measured around `identity`, so their traits are what they
add.

    python tools/measure_traits.py           # writes the file
    python tools/measure_traits.py --check   # fails if the file is not what it would write
"""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from optdsl.backend.ordering import DEPTH_FIRST  # noqa: E402
from optdsl.registry.optax_rows import OPTAX_ROWS, OPTAX_VERSION  # noqa: E402
from optdsl.registry.row import Kind, Row, Sort, Traits  # noqa: E402
from trait_probe import SHAPES, Probe, Run, Tree, accepts, like, probe_of, run_of  # noqa: E402

TARGET = ROOT / "optdsl" / "registry" / "traits.py"

LEAVES = {f"{layer}{i}": shape for layer in "abcd" for i, shape in enumerate(((64, 32), (32,), (32, 96)))}
"""Enough of them, and unlike enough, that the order in which they are computed shows."""
FACTOR = 8.0
TOLERANCE = 2e-5


def measurable(row: Row) -> bool:
    """Returns whether a transform can be made from plain values alone."""
    needs_python = any(p.required and p.kind in (Kind.CALLABLE, Kind.OBJECT) for p in row.parameters)
    return row.sort is Sort.TRANSFORM and not needs_python


def measure(row: Row) -> Traits:
    """Returns the traits of a measurable row, on the installed Optax."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _measure(row)


def _measure(row: Row) -> Traits:
    still, moving = run_of(row, 0.0), run_of(row, 1e-3)
    params, gradient = still.params[0], still.gradients[0]
    probe = probe_of(row, still)
    state = probe.transform.init(params)
    base = probe.updates(still)
    other_leaf, other_entry = _spreads(probe, moving)
    floats = sum(leaf.size for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.inexact))
    return Traits(
        sign=_sign(still.gradients, base),
        degree=_degree(probe, still, base),
        couples_leaves=other_leaf,
        elementwise=not (other_leaf or other_entry),
        uses_params=_differ(base, probe.updates(_with_other_params(still))),
        needs_params=not accepts(probe.transform, params, gradient, None, probe.extras),
        extras=probe.extras,
        state_floats=round(floats / _size(params), 2),
        counts=sum(_is_count(leaf) for leaf in jax.tree.leaves(state)),
        aliases=_aliases(state, params),
        half_state=_follows_half(probe.transform, params),
        waits=_waits(row),
    )


def _sign(gradients: tuple[Tree, ...], updates: tuple[Tree, ...]) -> int:
    pairs = zip(jax.tree.leaves(gradients), jax.tree.leaves(updates), strict=True)
    return int(np.sign(sum(np.vdot(gradient, update) for gradient, update in pairs)))


def _degree(probe: Probe, run: Run, base: tuple[Tree, ...]) -> int | None:
    """Returns d if gradients scaled by c, up and down, give updates scaled by c^d at every step."""
    scaled = {
        c: probe.updates(run._replace(gradients=like(run.gradients, lambda x, c=c: c * x)))
        for c in (1 / FACTOR, FACTOR)
    }
    for degree in (0, 1):
        expected = {c: jax.tree.map(lambda u, by=c**degree: u * by, base) for c in scaled}
        # A small eps beside the gradients is no dependence on their scale.
        if not any(_differ(expected[c], scaled[c], tolerance=1e-3) for c in scaled):
            return degree
    return None


def _differ(one: Tree, other: Tree, tolerance: float = TOLERANCE) -> bool:
    return any(
        not np.allclose(a, b, rtol=tolerance, atol=tolerance * _largest(a), equal_nan=True)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    )


def _largest(array: np.ndarray) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def _spreads(probe: Probe, run: Run) -> tuple[bool, bool]:
    """Returns whether a change of one entry reaches another leaf, and another entry of its own leaf."""
    base = probe.updates(run)
    found = []
    for leaf in SHAPES:
        for factor in (-3.0, np.nan):
            after = probe.updates(_disturbed(run, leaf, factor))
            own = [
                _differ(_without_first(one), _without_first(other))
                for one, other in zip(_of(leaf, base), _of(leaf, after), strict=True)
            ]
            others = [_differ(_of(name, base), _of(name, after)) for name in SHAPES if name != leaf]
            found.append((any(others), any(own)))
    return any(others for others, _ in found), any(own for _, own in found)


def _of(name: str, updates: tuple[Tree, ...]) -> list[np.ndarray]:
    return [update[name] for update in updates]


def _without_first(update: np.ndarray) -> np.ndarray:
    return update.ravel()[1:]


def _disturbed(run: Run, leaf: str, factor: float) -> Run:
    """Returns the run with the first entry of one leaf's gradients multiplied by `factor`."""

    def disturb(gradient: Tree) -> Tree:
        first = (0,) * gradient[leaf].ndim
        return {**gradient, leaf: gradient[leaf].at[first].multiply(factor)}

    return run._replace(gradients=tuple(disturb(gradient) for gradient in run.gradients))


def _with_other_params(run: Run) -> Run:
    return run._replace(params=like(run.params, lambda x: 2 * x + 0.5))


def _is_count(leaf: Any) -> bool:
    return leaf.ndim == 0 and jnp.issubdtype(leaf.dtype, jnp.integer)


def _size(params: Tree) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(getattr(params, "fast", params)))


def _aliases(state: Tree, params: Tree) -> bool:
    own = {id(leaf) for leaf in jax.tree.leaves(params)}
    return any(id(leaf) in own for leaf in jax.tree.leaves(state))


def _follows_half(transform: optax.GradientTransformationExtraArgs, params: Tree) -> bool:
    half = jax.tree.map(lambda x: x.astype(jnp.bfloat16), params)
    return any(leaf.dtype == jnp.bfloat16 for leaf in jax.tree.leaves(transform.init(half)))


def _waits(row: Row) -> bool:
    """Returns whether a step holds half a tree or more in between, and less of it leaf by leaf."""
    run = run_of(row, 0.0, LEAVES)
    params, gradient, slope = run.params[0], run.gradients[0], run.slopes[0]
    probe = probe_of(row, run)
    state = probe.transform.init(params)

    def step(params: Tree, state: Tree, gradient: Tree, slope: Tree) -> tuple[Tree, Tree]:
        updates, state = probe.update(gradient, state, params, slope)
        return optax.apply_updates(params, updates), state

    def held(options: dict[str, int]) -> int:
        compiled = jax.jit(step, donate_argnums=(0, 1), compiler_options=options)
        memory = compiled.lower(params, state, gradient, slope).compile().memory_analysis()
        assert memory is not None
        return memory.temp_size_in_bytes

    breadth_first = held({})
    whole = sum(leaf.nbytes for leaf in jax.tree.leaves(getattr(params, "fast", params)))
    return breadth_first >= 0.5 * whole and held(DEPTH_FIRST) <= 0.95 * breadth_first


def traits() -> dict[str, Traits]:
    """Returns the traits of all measurable rows by name."""
    return {row.name: measure(row) for row in OPTAX_ROWS if measurable(row)}


def source(measured: dict[str, Traits]) -> str:
    """Returns the text of the generated module, formatted."""
    lines = "".join(f"{name!r}: {_text(found)},\n" for name, found in sorted(measured.items()))
    text = (
        f'"""What transforms of Optax {OPTAX_VERSION} do, measured by `tools/measure_traits.py`.\n\n'
        'Do not edit: run `make sync-optax`.\n"""\n\n'
        "from optdsl.registry.row import Traits\n\n"
        f"TRAITS: dict[str, Traits] = {{\n{lines}}}\n"
    )
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length", "110", "-"]
    return subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout


def _text(found: Traits) -> str:
    unset = Traits()
    fields = [f"{name}={value!r}" for name, value in found._asdict().items() if value != getattr(unset, name)]
    return f"Traits({', '.join(fields)})"


def main(arguments: list[str]) -> int:
    """Writes the file, or compares it, and returns the exit status."""
    measured = traits()
    text = source(measured)
    if "--check" in arguments:
        return int(text != TARGET.read_text())
    TARGET.write_text(text)
    print(f"{TARGET.name}: {len(measured)} transforms measured")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
