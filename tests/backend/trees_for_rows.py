"""Registry row -> a program, the hand-written Optax call that it means, and trees to run both on.

Arguments are chosen by parameter name, where a row does not choose its own. Nothing here compares anything.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib

from optdsl.registry import Kind, Opaque, Parameter, Row

Tree = Any
Leaf = Callable[..., jax.Array]

STEPS = 3


class Written(NamedTuple):
    """An argument as a program writes it and as Python does; one that starts with `:` is a hole."""

    text: str
    value: Any


class Case(NamedTuple):
    """A program of one stage, what fills its holes, and the transform of Optax that it has to be."""

    text: str
    holes: Mapping[str, Any]
    reference: optax.GradientTransformationExtraArgs


# ---- arguments


def _plain(**values: Any) -> dict[str, Written]:
    return {name: Written(repr(value), value) for name, value in values.items()}


def _late(step: Any) -> Any:
    """Returns whether the condition of a conditional stage holds: not at the first step, then always."""
    return step >= 1


def _norms(updates: Tree) -> Tree:
    return jax.tree.map(lambda leaf: jnp.sum(leaf.astype(jnp.float32) ** 2), updates)


def _towards(updates: Tree, params: Tree) -> Tree:
    return jax.tree.map(lambda update, param: update + 0.5 * param, updates, params)


def _halved(update: jax.Array, param: jax.Array) -> jax.Array:
    return 0.5 * update + param


def _every_matrix(tree: Tree) -> Tree:
    """Returns, for each leaf, the axes that Muon takes for a matrix."""
    return jax.tree.map(lambda _: optax.contrib.MuonDimensionNumbers(), tree)


_SGD = Written("sgd(0.1)", optax.sgd(0.1))

BY_NAME: dict[str, Written] = {
    **_plain(
        learning_rate=0.1,
        decay=0.9,
        weight_decay=0.05,
        eta=0.01,
        gamma=0.55,
        seed=3,
        k=2,
        l2_norm_clip=0.7,
        max_consecutive_errors=5,
        max_delta=0.4,
        max_norm=0.5,
        clipping=0.1,
        threshold=0.3,
        noise_multiplier=0.2,
        slow_step_size=0.5,
        step_size=-0.3,
        sync_period=2,
        max_backtracking_steps=4,
        max_linesearch_steps=4,
        measure_name="norm",
    ),
    "step_size_fn": Written("linear_schedule(-1.0, -0.5, 2)", optax.linear_schedule(-1.0, -0.5, 2)),
    "adv_optimizer": Written("sgd(0.05)", optax.sgd(0.05)),
    "should_transform_fn": Written(":should", _late),
    "measure": Written(":measure", _norms),
    "measures": Written(":measures", {"norms": _norms, "mean": optax.measure_with_ema(_norms, 0.9)}),
    "f": Written(":f", _towards),
    # The default is drawn anew for every transform, so that no two runs are alike.
    "key": Written("7", 7),
    "random_seed": Written(":random_seed", jax.random.key(5)),
}
"""Arguments of required parameters, and of those whose default is random."""

BY_ROW: dict[str, dict[str, Written]] = {
    # The defaults do nothing, or nothing on leaves this small.
    "adadelta": _plain(learning_rate=0.1),
    "adafactor": _plain(learning_rate=0.1, min_dim_size_to_factor=2),
    "add_decayed_weights": _plain(weight_decay=0.1),
    "apply_every": _plain(k=2),
    "scale_by_factored_rms": _plain(min_dim_size_to_factor=2),
    "scale_by_learning_rate": _plain(learning_rate=0.1),
    "galore": _plain(learning_rate=0.1, rank=1, update_proj_gap=2),
    "scale_by_galore": _plain(rank=1, update_proj_gap=2),
    "schedule_free_adamw": _plain(learning_rate=0.1),
    # Without these the default names no axes for a tree of more than one leaf.
    "scale_by_muon": {"weight_dimension_numbers": Written(":axes", _every_matrix)},
    "stateless_with_tree_map": {"f": Written(":f", _halved)},
    "sophia": _plain(learning_rate=0.1, update_interval=2),
}
"""Arguments that a row needs beside or instead of those."""

DRAWN = frozenset({"key", "random_seed"})
"""Parameters that have a default and are given nevertheless."""


def case_of(row: Row) -> Case:
    """Returns the program of one stage with the arguments it needs, and the direct call of Optax."""
    given = arguments_of(row)
    values = {name: argument.value for name, argument in given.items()}
    reference = function_of(row)(**values)
    return Case(program_of(row, given), holes_of(given), optax.with_extra_args_support(reference))


def function_of(row: Row) -> Callable[..., Any]:
    """Returns the function of Optax that a row names."""
    module, _, name = row.target.partition(":")
    return getattr({"optax": optax, "optax.contrib": optax.contrib}[module], name)


def arguments_of(row: Row) -> dict[str, Written]:
    """Returns what a row's stage is given, by parameter."""
    own = BY_ROW.get(row.name, {})
    return {p.name: own.get(p.name) or _argument(p) for p in row.parameters if p.name in own or _is_needed(p)}


def _is_needed(parameter: Parameter) -> bool:
    return parameter.required or parameter.name in DRAWN


def _argument(parameter: Parameter) -> Written:
    if parameter.kind is Kind.TRANSFORM and parameter.name not in BY_NAME:
        return _SGD
    return BY_NAME[parameter.name]


def program_of(row: Row, given: Mapping[str, Written]) -> str:
    """Returns the text: the first transform as a trailing block, everything else by name."""
    chains = [p.name for p in row.parameters if p.kind is Kind.TRANSFORM and p.name in given]
    block = next((name for name in chains if given[name].value is not None), None)
    written = ", ".join(f"{name}={argument.text}" for name, argument in given.items() if name != block)
    arguments = f"({written})" if written else ""
    return f"{row.name}{arguments}" + (f" {{ {given[block].text} }}" if block else "")


def holes_of(given: Mapping[str, Written]) -> dict[str, Any]:
    """Returns what fills the holes of the arguments."""
    return {a.text[1:]: a.value for a in given.values() if a.text.startswith(":")}


def defaults_of(row: Row) -> dict[str, Written]:
    """Returns the defaults of a row that a program can write, as it writes them."""
    optional = [p for p in row.parameters if not p.required and not isinstance(p.default, Opaque)]
    return {p.name: Written(_literal(p.default, p.kind), p.default) for p in optional}


def _literal(value: Any, kind: Kind) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_literal(item, kind) for item in value)},)"
    return value if kind is Kind.DTYPE and value else repr(value)


# ---- trees


@jax.tree_util.register_dataclass
@dataclass
class Layer:
    kernel: Any
    bias: Any


def _dict(leaf: Leaf) -> Tree:
    return {"dense": {"kernel": leaf((3, 2)), "bias": leaf((2,))}}


def _nested(leaf: Leaf) -> Tree:
    """A tuple, a list and a dataclass, a scalar, and a matrix in half precision."""
    return (Layer(leaf((3, 2), jnp.bfloat16), leaf((2,))), [leaf(())])


def _single(leaf: Leaf) -> Tree:
    """The nested tree without half precision."""
    return (Layer(leaf((3, 2)), leaf((2,))), [leaf(())])


def _arrays(leaf: Leaf) -> Tree:
    """The nested tree with a vector for the scalar."""
    return (Layer(leaf((3, 2), jnp.bfloat16), leaf((2,))), [leaf((1,))])


def _matrices(leaf: Leaf) -> Tree:
    return {"dense": {"kernel": leaf((3, 2))}}


def _nested_matrices(leaf: Leaf) -> Tree:
    return (Layer(leaf((3, 2), jnp.bfloat16), leaf((2, 2))), [leaf((1, 2))])


_TREES: dict[str, Callable[[Leaf], Tree]] = {
    "dict": _dict,
    "nested": _nested,
    "single": _single,
    "arrays": _arrays,
    "matrices": _matrices,
    "nested_matrices": _nested_matrices,
}

_TREES_BY_ROW: dict[str, tuple[str, str]] = {
    "scale_by_muon": ("matrices", "nested_matrices"),
    # What Optax does here on a scalar, or where leaves differ in dtype, is raise.
    "sm3": ("dict", "arrays"),
    "scale_by_sm3": ("dict", "arrays"),
    "mechanize": ("dict", "single"),
    "sophia": ("dict", "single"),
    "hutchinson_estimator_diag_hessian": ("dict", "single"),
}


def trees_of(row: Row) -> tuple[str, str]:
    """Returns the names of the two trees that a row's stage is run on."""
    return _TREES_BY_ROW.get(row.name, ("dict", "nested"))


BATCHED = frozenset({"differentially_private_aggregate", "dpsgd"})
"""Rows that take a gradient for each example, stacked along the first axis."""


class Run(NamedTuple):
    """Parameters, and the gradients of a few steps."""

    params: Tree
    gradients: tuple[Tree, ...]


def run_of(row: Row, tree: str) -> Run:
    """Returns what a row's stage is run on: the same numbers in every process."""
    make = _TREES[tree]
    params = make(_normal(row.name, 0.5))
    gradients = tuple(make(_normal(f"{row.name} {step}", 1.0)) for step in range(STEPS))
    if row.name in BATCHED:
        gradients = tuple(jax.tree.map(lambda leaf: jnp.stack([leaf, -0.5 * leaf]), g) for g in gradients)
    if row.name == "lookahead":
        params = optax.LookaheadParams(params, jax.tree.map(jnp.copy, params))
    return Run(params, gradients)


def _normal(seed: str, scale: float) -> Leaf:
    random = np.random.default_rng(zlib.crc32(seed.encode()))
    return lambda shape, dtype=jnp.float32: jnp.asarray(scale * random.standard_normal(shape), dtype)


def bowl(params: Tree) -> jax.Array:
    """Returns a loss that every leaf takes part in; its minimum is not at the origin."""
    leaves = jax.tree.leaves(getattr(params, "fast", params))
    return sum((jnp.sum((leaf.astype(jnp.float32) - 0.3) ** 2) for leaf in leaves), jnp.float32(0))


FUNCTIONS = frozenset({"value_fn", "obj_fn"})
"""Extra arguments that are functions, which no compiled call takes."""


def needs_of(row: Row) -> frozenset[str]:
    """Returns the names of the extra arguments that a row's stage needs, as they were measured."""
    return frozenset(row.traits.extras if row.traits else ())


def extras_of(needs: frozenset[str], params: Tree, grads: Tree) -> dict[str, Any]:
    """Returns the extra arguments that a stage needs."""
    known = {"value": bowl(params), "grad": grads, "value_fn": bowl, "obj_fn": bowl}
    return {name: known[name] for name in sorted(needs)}
