"""A program's executables: the transform, and its compiled `update` and `step`, shared by equal programs.

In: the meaning of a program. Out: functions over arrays. It knows nothing of text.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer

from optdsl import ir
from optdsl.backend import extras
from optdsl.backend.bound import depends_on_leaves, leaves_of, lowered, selected_tree
from optdsl.backend.lower import Find, Part, Transform
from optdsl.backend.options import Options

PyTree = Any


class Meaning(NamedTuple):
    """What two optimizers must share to be equal."""

    chain: ir.Chain
    options: Options = Options()
    exact: bool = False


class Machine:
    """Runs one meaning; compiled functions are made when first called, and kept."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.needs = extras.needs(meaning.chain)
        self.accepts = extras.accepted(meaning.chain)
        self._depends = depends_on_leaves(meaning.chain)
        self._parts: dict[Any, Part] = {}
        self._seen: dict[Any, PyTree] = {}

    @cached_property
    def tx(self) -> Transform:
        """The transform, every number baked in, not compiled; selectors are decided when it meets parameters."""
        if not self._depends:
            return self.part(None).tx
        return optax.GradientTransformationExtraArgs(self._init_part, self._update_part)

    def part(self, params: PyTree) -> Part:
        """Returns the program lowered for trees like `params`; None for a program without selectors."""
        if not self._depends:
            key: Any = None
        else:
            key = (jax.tree.structure(params), leaves_of(params, self.meaning.options))
        if key not in self._parts:
            # Optax makes arrays here (keys), which must not belong to a trace that happens to be under way.
            with nullcontext() if _holds_tracer(self.meaning.chain) else jax.ensure_compile_time_eval():
                self._parts[key] = lowered(self.meaning.chain, self.meaning.options, params)
        return self._parts[key]

    @property
    def places(self) -> dict[str, Find]:
        """The way to the state of each stage by path, on the tree that was met last."""
        if self._depends and not self._parts:
            return {}
        part = next(reversed(self._parts.values())) if self._parts else self.part(None)
        return dict(part.places)

    def _init_part(self, params: PyTree) -> PyTree:
        tree = selected_tree(params)
        self._seen[jax.tree.structure(tree)] = jax.tree.map(_shape, tree)
        return self.part(tree).tx.init(params)

    def _update_part(self, updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> Any:
        # Selectors speak of parameters; without them, of the ones that `init` saw, else of the gradients.
        tree = self._seen.get(jax.tree.structure(updates), updates) if params is None else selected_tree(params)
        return self.part(tree).tx.update(updates, state, params, **extra)

    def init(self, params: PyTree) -> PyTree:
        """Returns the state: strong dtypes, no buffer shared with the parameters or within itself."""
        if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in jax.tree.leaves(params)):
            return jax.eval_shape(self._init, params)
        return self._init(params)

    def _init(self, params: PyTree) -> PyTree:
        leaves, structure = jax.tree.flatten(self.tx.init(params))
        for i, leaf in enumerate(leaves):
            leaves[i] = _own(leaf)  # one at a time, so that no more than one leaf is held twice
        return structure.unflatten(leaves)

    def update(self, updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> tuple[PyTree, PyTree]:
        """Returns updates and state, compiled; extra arguments that no stage takes are left out, as Optax asks."""
        asked = self._asked(extra)
        if any(callable(value) for value in asked.values()):
            return self.tx.update(updates, state, params, **asked)  # a function cannot be traced
        return self._update(updates, state, params, asked)

    def _asked(self, extra: dict[str, Any]) -> dict[str, Any]:
        return extras.asked(self.accepts, extra)

    @cached_property
    def _update(self) -> Callable[..., tuple[PyTree, PyTree]]:
        def update(updates: PyTree, state: PyTree, params: PyTree, extra: dict[str, Any]) -> tuple[PyTree, PyTree]:
            return self.tx.update(updates, state, params, **extra)

        return jax.jit(update)

    def apply(self, params: PyTree, state: PyTree, grads: PyTree, extra: dict[str, Any]) -> tuple[PyTree, PyTree]:
        """Returns parameters and state after one update, not compiled."""
        updates, state = self.tx.update(grads, state, params, **extra)
        return optax.apply_updates(params, updates), state

    def step(
        self, params: PyTree, state: PyTree, grads: PyTree, extra: dict[str, Any], *, donate: bool
    ) -> tuple[PyTree, PyTree]:
        """Returns parameters and state after one update, in one compiled call."""
        functions = {name: value for name, value in extra.items() if callable(value)}
        if functions:
            return self.apply(params, state, grads, extra)
        return (self._donating if donate else self._keeping)(params, state, grads, extra)

    @cached_property
    def _donating(self) -> Callable[..., tuple[PyTree, PyTree]]:
        return jax.jit(self.apply, donate_argnums=(0, 1))

    @cached_property
    def _keeping(self) -> Callable[..., tuple[PyTree, PyTree]]:
        return jax.jit(self.apply)


def _shape(leaf: Any) -> jax.ShapeDtypeStruct:
    array = jnp.asarray(leaf) if not hasattr(leaf, "dtype") else leaf
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _own(leaf: Any) -> Any:
    """Returns a leaf of the state with a strong dtype and a buffer of its own.

    Copied always: a transform may put the parameters into its state, one array twice, or an array that it keeps.
    """
    if isinstance(leaf, (jax.Array, np.ndarray, bool, int, float, complex)):
        return jnp.array(leaf, dtype=jnp.asarray(leaf).dtype, copy=True)
    return leaf


def machine(meaning: Meaning) -> Machine:
    """Returns the machine of a meaning, the same one for equal meanings unless a hole holds a tracer."""
    return Machine(meaning) if _holds_tracer(meaning.chain) else _shared(meaning)


def _holds_tracer(node: Any) -> bool:
    if isinstance(node, ir.Host):
        return isinstance(node.value, Tracer)
    return any(_holds_tracer(part) for part in ir.parts(node))


_shared = lru_cache(maxsize=256)(Machine)
