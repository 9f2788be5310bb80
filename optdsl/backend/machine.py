"""A program's executables: the transform, and its compiled `update` and `step`, shared by programs of one structure.

In: the meaning of a program without its numbers, and the numbers. Out: functions over arrays. It knows no text.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer

from optdsl import ir
from optdsl.backend import extras, ordering
from optdsl.backend.bound import depends_on_leaves, leaves_of, lowered, selected_tree
from optdsl.backend.complement import Share
from optdsl.backend.evaluate import weak
from optdsl.backend.lower import Find, Part, Transform
from optdsl.backend.options import Options
from optdsl.backend.train import train_step
from optdsl.semantics.numbers import are_plain, given, slots

PyTree = Any
Numbers = tuple[Any, ...]
"""Values for the slots of a structure: Python numbers, arrays and tracers of shape (), or shares."""
Arguments = jax.Array | Numbers
"""Numbers as compiled functions take them: Python numbers as one vector, which costs a call the least."""
Compiled = Callable[..., tuple[PyTree, PyTree]]
_MOST_PARTS = 64
"""Lowered programs that a structure keeps; a sweep over numbers must not keep them all."""


class Meaning(NamedTuple):
    """What two optimizers must share to be equal."""

    chain: ir.Chain
    options: Options = Options()
    exact: bool = False


class Machine:
    """Runs one structure with any numbers; compiled functions are made when first called, and kept."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.needs = extras.needs(meaning.chain)
        self.accepts = extras.accepted(meaning.chain)
        self._hash = hash(meaning)
        self._slots = slots(meaning.chain)
        self._depends = depends_on_leaves(meaning.chain)
        self._holds_tracer = _holds_tracer(meaning.chain)
        self._parts: dict[Any, Part] = {}
        self._seen: dict[Any, PyTree] = {}
        self._train_step = lru_cache(maxsize=16)(partial(train_step, self))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Machine) and self.meaning == other.meaning)

    def __hash__(self) -> int:
        return self._hash

    # ---- lowering

    def tx(self, numbers: Numbers, *, exact: bool | None = None) -> Transform:
        """Returns the transform, not compiled; selectors are decided when it meets parameters."""
        if not self._depends:
            return self.part(numbers, None, exact=exact).tx

        def init(params: PyTree) -> PyTree:
            tree = selected_tree(params)
            self._seen[jax.tree.structure(tree)] = jax.tree.map(_shape, tree)
            return self.part(numbers, tree, exact=exact).tx.init(params)

        def update(updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> Any:
            # Selectors speak of parameters; without them, of the ones that `init` saw, else of the gradients.
            seen = self._seen.get(jax.tree.structure(updates), updates)
            tree = seen if params is None else selected_tree(params)
            return self.part(numbers, tree, exact=exact).tx.update(updates, state, params, **extra)

        return optax.GradientTransformationExtraArgs(init, update)

    def part(self, numbers: Numbers, params: PyTree, *, exact: bool | None = None) -> Part:
        """Returns the program lowered for trees like `params`; None for a program without selectors."""
        exact = self.meaning.exact if exact is None else exact
        if self._holds_tracer or not are_plain(numbers):
            return self._lowered(numbers, params, exact)
        tree = (jax.tree.structure(params), leaves_of(params, self.meaning.options)) if self._depends else None
        key = (numbers, tree, exact)
        if key not in self._parts:
            if len(self._parts) == _MOST_PARTS:
                self._parts.clear()
            # Optax makes arrays here (keys), which must not belong to a trace that happens to be under way.
            with jax.ensure_compile_time_eval():
                self._parts[key] = self._lowered(numbers, params, exact)
        return self._parts[key]

    def _lowered(self, numbers: Numbers, params: PyTree, exact: bool) -> Part:
        return lowered(given(self.meaning.chain, numbers), self.meaning.options, params, exact=exact)

    def places(self, numbers: Numbers) -> dict[str, Find]:
        """Returns the way to the state of each stage by path, on the tree that was met last."""
        if not self._depends:
            return dict(self.part(numbers, None).places)
        if not self._seen:
            return {}
        return dict(self.part(numbers, next(reversed(self._seen.values()))).places)

    # ---- running

    def arguments(self, numbers: Numbers) -> Arguments:
        """Returns numbers as compiled functions take them; in a vector, complements stand behind the numbers."""
        if any(map(jnp.ndim, jax.tree.leaves(numbers))):
            raise ValueError("a stack of optimizers runs under jax.vmap, which hands each of them its own numbers")
        if not numbers or not are_plain(numbers):
            return numbers
        rests = [1 - number for slot, number in zip(self._slots, numbers, strict=True) if slot.below_one]
        with jax.ensure_compile_time_eval():  # made once, and not in the trace that happens to be under way
            return _vector([*numbers, *rests])

    def stacked(self, columns: Iterable[Numbers]) -> Numbers:
        """Returns for each slot its numbers in all members of a population: arrays of shape (n,), shares of such."""
        return tuple([_column(slot, column) for slot, column in zip(self._slots, columns, strict=True)])

    def _numbers(self, arguments: Arguments) -> Numbers:
        """Returns what `arguments` holds as weakly typed scalars, shares with their complements."""
        if isinstance(arguments, tuple):
            return arguments
        scalars = [weak(jax.lax.squeeze(one, (0,))) for one in jax.lax.split(arguments, [1] * len(arguments))]
        rests = iter(scalars[len(self._slots) :])
        pairs = zip(self._slots, scalars[: len(self._slots)], strict=True)
        return tuple([Share(number, next(rests)) if slot.below_one else number for slot, number in pairs])

    def init(self, numbers: Numbers, params: PyTree) -> PyTree:
        """Returns the state: strong dtypes, no buffer shared with the parameters or within itself."""
        if any(isinstance(leaf, jax.ShapeDtypeStruct) for leaf in jax.tree.leaves(params)):
            return jax.eval_shape(partial(self._init, numbers), params)
        return self._init(numbers, params)

    def _init(self, numbers: Numbers, params: PyTree) -> PyTree:
        leaves, structure = jax.tree.flatten(self.tx(numbers).init(params))
        for i, leaf in enumerate(leaves):
            leaves[i] = _own(leaf)  # one at a time, so that no more than one leaf is held twice
        return structure.unflatten(leaves)

    def update(
        self, arguments: Arguments, updates: PyTree, state: PyTree, params: PyTree, /, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Returns updates and state, compiled; extra arguments that no stage takes are left out, as Optax asks."""
        if not extra:
            return self._update(arguments, updates, state, params)
        asked = extras.asked(self.accepts, extra)
        if any(map(callable, asked.values())):  # a function cannot be traced
            return self.tx(self._numbers(arguments)).update(updates, state, params, **asked)
        return self._update(arguments, updates, state, params, **asked)

    @cached_property
    def _update(self) -> Compiled:
        def update(
            arguments: Arguments, updates: PyTree, state: PyTree, params: PyTree, /, **extra: Any
        ) -> tuple[PyTree, PyTree]:
            return self.tx(self._numbers(arguments)).update(updates, state, params, **extra)

        return jax.jit(update)

    def apply(
        self, params: PyTree, state: PyTree, arguments: Arguments, grads: PyTree, /, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Returns parameters and state after one update, not compiled."""
        updates, state = self.tx(self._numbers(arguments)).update(grads, state, params, **extra)
        return optax.apply_updates(params, updates), state

    @cached_property
    def donating(self) -> Compiled:
        """`apply`, compiled; the buffers of parameters and state are donated."""
        if ordering.helps(self.meaning.chain, exact=self.meaning.exact):
            return ordering.leaf_by_leaf(self.keeping)
        return jax.jit(self.apply, donate_argnums=(0, 1))

    @cached_property
    def keeping(self) -> Compiled:
        """`apply`, compiled; nothing is donated."""
        return jax.jit(self.apply)

    def train_step(self, loss_fn: Callable[..., Any], has_aux: bool) -> Callable[..., Any]:
        """Returns the compiled `(arguments, params, state, *batch) -> params, state, loss`, the same for one loss."""
        return self._train_step(loss_fn, has_aux)


def _column(slot: ir.Slot, numbers: Numbers) -> Any:
    if not are_plain(numbers):
        return jnp.stack([jnp.asarray(number, float) for number in numbers])
    vector = _vector(numbers)
    return Share(vector, _vector([1 - number for number in numbers])) if slot.below_one else vector


def _vector(numbers: Sequence[Any]) -> jax.Array:
    """Returns Python numbers as one array of the default float dtype; unlike `jnp.asarray` this compiles nothing."""
    return jax.device_put(np.asarray(numbers, jax.dtypes.canonicalize_dtype(float)))


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
    """Returns the machine of a structure, the same one for equal structures unless a hole holds a tracer."""
    return Machine(meaning) if _holds_tracer(meaning.chain) else _shared(meaning)


def _holds_tracer(node: Any) -> bool:
    if isinstance(node, ir.Host):
        return isinstance(node.value, Tracer)
    return any(_holds_tracer(part) for part in ir.parts(node))


_shared = lru_cache(maxsize=256)(Machine)
