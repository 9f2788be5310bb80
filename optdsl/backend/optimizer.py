"""Stage 7, run: `Optimizer`, a program as a value that Optax, Flax and plain jax take for a transform."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from importlib import import_module
from typing import Any, NamedTuple

import jax
import optax

from optdsl import ir
from optdsl.backend.hyperparams import hyperparams
from optdsl.backend.leaf_report import leaf_report
from optdsl.backend.lower import Find
from optdsl.backend.machine import Arguments, Machine, Meaning, Numbers, PyTree, machine
from optdsl.backend.members import count, readable
from optdsl.backend.migration import Migration, Standing, migrate
from optdsl.backend.misuse import check_extras
from optdsl.backend.problems import check_params
from optdsl.backend.states import eval_params, read, set_live
from optdsl.diagnostics import OptdslError
from optdsl.explanation import Explanation, PassReport, explain
from optdsl.passes import fired
from optdsl.semantics.numbers import are_plain, given, taken
from optdsl.semantics.overrides import replaced
from optdsl.semantics.printed import printed
from optdsl.semantics.told import told
from optdsl.source import Source
from optdsl.syntax.canonical import canonical

_HTML = "optdsl.integrations.html"
"""A module of a layer above; it is called by name, as this layer must not know it."""


class Optimizer(optax.GradientTransformationExtraArgs):
    """A compiled program: a `GradientTransformationExtraArgs` that also compares, hashes, pickles and prints.

    >>> import jax.numpy as jnp, optdsl
    >>> opt = optdsl.compile("clip(1.0) | sgd(0.1)")
    >>> params, grads = {"w": jnp.ones(2)}, {"w": jnp.full(2, 3.0)}
    >>> params, state = opt.step(params, opt.init(params), grads)
    >>> params["w"].tolist()
    [0.8999999761581421, 0.8999999761581421]
    """

    _machine: Machine
    _chain: ir.Chain
    _numbers: Numbers
    source: Source
    _text: str | None

    def __new__(cls, meaning: Meaning, source: Source, text: str) -> "Optimizer":
        """Returns the optimizer of a meaning; `optdsl.compile` is the way there.

        `source` is what messages point into, `text` the program with its holes filled.
        """
        structure, numbers = (meaning.chain, ()) if meaning.exact else taken(meaning.chain)
        return cls._of(machine(meaning._replace(chain=structure)), structure, numbers, source, text)

    @classmethod
    def _of(cls, run: Machine, chain: ir.Chain, numbers: Numbers, source: Source, text: str | None) -> "Optimizer":
        """Returns the optimizer of a structure and its numbers, which may be tracers or stacks.

        `chain` is the structure with the places of this program; the machine has those of the program it was made for.
        """

        def init(params: PyTree) -> PyTree:
            check_params(self.meaning, params, source)
            return run.init(numbers, params)

        def update(updates: PyTree, state: PyTree, params: PyTree = None, **extra: Any) -> tuple[PyTree, PyTree]:
            return run.update(self._arguments, updates, state, params, **extra)

        self = super().__new__(cls, init, update)
        self._machine, self._chain, self._numbers = run, chain, numbers
        self.source, self._text = source, text
        return self

    @cached_property
    def _arguments(self) -> Arguments:
        """The numbers as compiled functions take them."""
        return self._machine.arguments(self._numbers)

    @cached_property
    def meaning(self) -> Meaning:
        """What the program means, its numbers in their places."""
        return self._machine.meaning._replace(chain=given(self._chain, self._numbers))

    @property
    def text(self) -> str:
        """The canonical text, holes filled; it compiles alone. That of a stack tells numbers of all members."""
        if self._text is not None:
            return self._text
        text = printed(self._told)
        return text if count(self._numbers) else canonical(text)

    @property
    def _told(self) -> ir.Chain:
        """The program as people read it: numbers of jax by their values, where these are known."""
        return told(given(self._chain, tuple(map(readable, self._numbers))))

    @property
    def tx(self) -> optax.GradientTransformationExtraArgs:
        """The plain NamedTuple of Optax, every number baked in, not compiled."""
        return self._machine.tx(self._numbers, exact=True)

    @property
    def needs(self) -> frozenset[str]:
        """Names of the extra arguments that `update` cannot do without: `value`, `grad`, `value_fn`, ..."""
        return self._machine.needs

    @property
    def hyperparams(self) -> Mapping[str, Any]:
        """Path -> number or schedule, defaults included: `hyperparams["adam.b1"]`."""
        return hyperparams(self.meaning.chain)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of what the program means, the same in every process and on every machine."""
        return ir.fingerprint(self.meaning.chain, self.meaning.options)

    def step(
        self, params: PyTree, state: PyTree, grads: PyTree, *, donate: bool = True, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Returns parameters and state after one update: one compiled call, update and apply in one.

        The buffers of `params` and `state` are donated and must not be used again; `donate=False` keeps them.
        Raises `OptdslError` E405 if an extra argument is missing that a stage needs, or if no stage takes one.
        """
        run = self._machine
        if extra or run.needs:
            check_extras(self.meaning.chain, run.needs, run.accepts, extra)
            if any(map(callable, extra.values())):  # a function cannot be traced
                return run.apply(params, state, self._arguments, grads, **extra)
        return (run.donating if donate else run.keeping)(params, state, self._arguments, grads, **extra)

    def train_step(self, loss_fn: Callable[..., Any], has_aux: bool = False) -> Callable[..., Any]:
        """Returns a compiled `(params, state, *batch) -> params, state, loss`.

        `loss_fn(params, *batch)` gives the loss, shape (); with `has_aux`, a pair of it and anything, and the third
        result is `(loss, aux)`. The loss is the one before the update. Stages that need value, grad or value_fn get
        them. `params` and `state` are donated.
        """
        return partial(self._machine.train_step(loss_fn, has_aux), self._arguments)

    def read(self, state: PyTree) -> dict[str, Any]:
        """Returns what moves, by path: live numbers, schedules at the current step, counts as `adam.count`."""
        return read(self.meaning.chain, self._places(), state)

    def set(self, state: PyTree, values: Mapping[str, Any]) -> PyTree:
        """Returns the state with live numbers set, which compiles nothing; E247 for a name that is not live."""
        return set_live(state, values)

    def eval_params(self, params: PyTree, state: PyTree) -> PyTree:
        """Returns the parameters to evaluate with: averaged, schedule-free, slow ones of lookahead, else `params`."""
        return eval_params(params, state)

    def explain(self, params: PyTree = None, *, passes: bool = False) -> Explanation:
        """Returns a report of the stages and, with `params`, arrays or shapes, of what they do to each leaf.

        With `passes` it also says what runs in another way than Optax writes it; nothing does in exact mode.
        """
        chain = self._told
        found = fired(self.meaning.chain) if passes and not self.meaning.exact else ()
        asked = tuple([PassReport(*one) for one in found]) if passes else None
        if params is None:
            return explain(chain, passes=asked)
        check_params(self.meaning, params, self.source)
        return explain(chain, leaf_report(self.meaning, params), asked)

    def replace(self, values: Mapping[str, Any]) -> "Optimizer":
        """Returns the optimizer with other values by path: `opt.replace({"adam.learning_rate": 3e-4})`.

        Raises `OptdslError` for a path that is not there, naming the nearest, and for a value that does not fit.
        """
        chain, findings = replaced(self.meaning.chain, values, self.source)
        if findings:
            raise OptdslError(findings)
        return Optimizer(self.meaning._replace(chain=chain), self.source, canonical(printed(chain)))

    def migrate(self, state: PyTree, from_: "Optimizer", params: PyTree) -> tuple[PyTree, Migration]:
        """Returns the state of another program as one of this, and what was kept, added and dropped.

        What a stage of the same path and word remembers is kept where it has the same form; nothing moves between
        stages of different words, whose numbers may look alike and mean something else.
        """
        old = Standing(from_.meaning.chain, from_._places(), state, from_.source)
        fresh = self.init(params)
        return migrate(old, Standing(self.meaning.chain, self._places(), fresh, self.source))

    def _places(self) -> dict[str, Find]:
        return self._machine.places(self._numbers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optimizer) and self.meaning == other.meaning

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.meaning)

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (self._machine.meaning, self._chain, self._numbers, self.source, self._text)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Optimizer":
        return self

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        members = count(self._numbers)
        return f"<a stack of {members} optimizers: {self.text}>" if members else f"optdsl.compile({self.text!r})"

    def _repr_html_(self) -> str:
        """Returns the program, its stages and its schedules, as a notebook shows them."""
        return import_module(_HTML).optimizer(self)


def _revived(structure: Meaning, chain: ir.Chain, numbers: Numbers, source: Source, text: str | None) -> Optimizer:
    """Returns the optimizer that was pickled as these parts; a stack keeps its numbers apart, as any other."""
    return Optimizer._of(machine(structure), chain, numbers, source, text)


class _Structure(NamedTuple):
    """An optimizer less its numbers; beside it, no part of it, what to say about the numbers that it came from."""

    run: Machine
    chain: ir.Chain
    numbers: Numbers
    source: Source
    text: str | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Structure) and self.run == other.run

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.run)


def _flatten(optimizer: Optimizer) -> tuple[Numbers, _Structure]:
    numbers = tuple(float(number) if isinstance(number, int) else number for number in optimizer._numbers)
    return numbers, _Structure(optimizer._machine, optimizer._chain, numbers, optimizer.source, optimizer._text)


def _unflatten(structure: _Structure, leaves: Iterable[Any]) -> Optimizer:
    numbers = tuple(leaves)
    same = are_plain(numbers) and numbers == structure.numbers
    text = structure.text if same else None
    return Optimizer._of(structure.run, structure.chain, numbers, structure.source, text)


jax.tree_util.register_pytree_node(Optimizer, _flatten, _unflatten)


def stack(optimizers: Sequence[Optimizer]) -> Optimizer:
    """Returns a population for `jax.vmap`: one optimizer whose numbers are arrays of shape (n,).

    Raises `ValueError` where the programs differ in more than their numbers, and where there are none.
    >>> import jax, jax.numpy as jnp, optdsl
    >>> population = optdsl.stack([optdsl.compile(f"sgd({rate})") for rate in (0.1, 0.2)])
    >>> jax.vmap(lambda opt: opt.update(jnp.ones(()), opt.init(jnp.ones(())))[0])(population).tolist()
    [-0.10000000149011612, -0.20000000298023224]
    """
    if not optimizers:
        raise ValueError("a stack holds at least one optimizer, and there is none")
    first = optimizers[0]
    structures = [jax.tree.structure(optimizer) for optimizer in optimizers]
    differing = next((i for i, one in enumerate(structures) if one != structures[0]), None)
    if differing is not None:
        raise ValueError(f"programs 0 and {differing} differ in more than their numbers, so they do not stack")
    columns = zip(*(optimizer._numbers for optimizer in optimizers), strict=True)
    return Optimizer._of(first._machine, first._chain, first._machine.stacked(columns), first.source, None)
