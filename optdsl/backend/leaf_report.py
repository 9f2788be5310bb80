"""What a program does to each leaf: a meaning and parameters, arrays or shapes, in; plain data for a report out."""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
from optax import contrib

from optdsl import ir
from optdsl.backend.bound import bound_to, selected_tree
from optdsl.backend.machine import Meaning, PyTree, machine
from optdsl.backend.paths import leaf_paths
from optdsl.backend.sampled import sampled
from optdsl.backend.state_bytes import state_bytes
from optdsl.diagnostics import Findings, OptdslError
from optdsl.leaf_table import DecayReport, LeafReport, Leaves
from optdsl.semantics.applied import Applied, Masks, applied
from optdsl.semantics.arms import arms
from optdsl.semantics.turns import turns, watched
from optdsl.source import Source

_SAMPLES = 500


def leaf_report(meaning: Meaning, params: PyTree) -> Leaves:
    """Returns what the program does to each leaf of `params`, in the order of the tree, and totals.

    Raises `OptdslError` if it does not fit them.
    """
    params = jax.eval_shape(lambda tree: tree, params)
    tree = selected_tree(params)
    bound = bound_to(meaning.chain, meaning.options, tree, findings := Findings(Source("", "parameters")))
    if findings.has_errors:
        raise OptdslError(findings.sorted())
    leaves = jax.tree.leaves(tree)
    masks = Masks(lambda host: _chosen(host, meaning, tree), lambda numbers: _orthogonalized(numbers, tree))
    reached = [
        Applied() if still else own
        for own, still in zip(applied(bound.chain, masks, len(leaves)), bound.frozen, strict=True)
    ]
    rates = _Rates(reached)
    kept = state_bytes(machine(meaning).tx(()).init, params, tree)
    columns = zip(
        leaf_paths(tree),
        leaves,
        arms(meaning.chain, lambda selector: _chosen(selector, meaning, tree), len(leaves)),
        bound.frozen,
        map(rates.of, reached),
        (_decays(own) for own in reached),
        kept.of_leaves,
        strict=True,
    )
    reports = [
        LeafReport(path, leaf.shape, str(leaf.dtype), leaf.size, _innermost(arm), frozen, rate, factor, decays, size)
        for path, leaf, arm, frozen, (rate, factor), decays, size in columns
    ]
    return Leaves(tuple(reports), kept.total, rates.highest)


def _innermost(paths: Sequence[str]) -> str | None:
    """Returns the arms as one text, those left out that others stand in."""
    inner = [path for path in paths if not any(other.startswith(f"{path}.") for other in paths)]
    return ", ".join(inner) or None


# ---- numbers


class _Rates:
    """Learning rates of leaves, and how high each gets over time."""

    def __init__(self, reached: Iterable[Applied]) -> None:
        rates = dict.fromkeys(own.rate for own in reached if own.rate is not None)
        self._peaks = {rate: _peak(rate) for rate in rates}
        self._highest = max(self._peaks.values(), default=0.0)

    @property
    def highest(self) -> float | None:
        """The highest rate of all, None if there is none."""
        return _rounded(self._highest) if self._highest else None

    def of(self, own: Applied) -> tuple[float | None, float | None]:
        """Returns a leaf's rate at the first update, and its highest as a share of the highest of all."""
        if own.rate is None:
            return None, None
        return _first(own.rate), _rounded(self._peaks[own.rate] / self._highest) if self._highest else None


def _peak(rate: ir.Value) -> float:
    """Returns the highest value that a rate has over time: at its turns, and at many steps between them."""
    found = sampled(rate, watched(turns(rate), _SAMPLES))
    return max((number for number in found if number < float("inf")), default=0.0)


def _decays(own: Applied) -> tuple[DecayReport, ...]:
    return tuple(DecayReport(path, _first(value)) for path, value in own.decays)


def _first(value: ir.Value) -> float:
    return _rounded(sampled(value, [0])[0])


def _rounded(number: float) -> float:
    """Returns a number without the digits that differ between devices."""
    return float(f"{number:.6g}")


# ---- what Python objects in holes select


def _chosen(selector: ir.Selector, meaning: Meaning, tree: PyTree) -> Sequence[bool]:
    """Returns the leaves that a selector selects: those that a program which freezes them would freeze."""
    freezing = ir.Chain((ir.Freeze(selector),))
    return bound_to(freezing, meaning.options, tree, Findings(Source("", "parameters"))).frozen


def _orthogonalized(numbers: ir.Value, tree: PyTree) -> Sequence[bool]:
    """Returns the leaves that muon orthogonalizes, all matrices unless it is given dimension numbers."""
    if not isinstance(numbers, ir.Host):
        return [leaf.ndim == 2 for leaf in jax.tree.leaves(tree)]
    given = numbers.value(tree) if callable(numbers.value) else numbers.value
    chosen = jax.tree.map(
        lambda one, below: jax.tree.map(lambda _: one is not None, below), given, tree, is_leaf=_is_dimension_numbers
    )
    return jax.tree.leaves(chosen)


def _is_dimension_numbers(node: Any) -> bool:
    return node is None or isinstance(node, contrib.MuonDimensionNumbers)
