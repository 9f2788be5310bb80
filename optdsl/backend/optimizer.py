"""Stage 7, run: `Optimizer`, a program as a value that Optax, Flax and plain jax take for a transform."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jax
import optax

from optdsl import ir
from optdsl.backend.arguments import python
from optdsl.backend.leaf_report import leaf_report
from optdsl.backend.machine import Machine, Meaning, PyTree, machine
from optdsl.backend.migration import Migration, Standing, migrate
from optdsl.backend.misuse import check_extras
from optdsl.backend.problems import check_params
from optdsl.backend.states import eval_params, read, set_live
from optdsl.backend.train import train_step
from optdsl.diagnostics import OptdslError
from optdsl.explanation import Explanation, explain
from optdsl.semantics.names import named
from optdsl.semantics.overrides import replaced
from optdsl.semantics.printed import printed
from optdsl.source import Source
from optdsl.syntax.canonical import canonical

_NUMBERS = (int, float, ir.OptaxSchedule, ir.Arrow, ir.Apply, ir.Choose, ir.Step)


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
    meaning: Meaning
    source: Source
    text: str

    def __new__(cls, meaning: Meaning, source: Source, text: str) -> "Optimizer":
        """Returns the optimizer of a meaning; `optdsl.compile` is the way there.

        `source` is what messages point into, `text` the program with its holes filled.
        """
        run = machine(meaning)

        def init(params: PyTree) -> PyTree:
            check_params(meaning, params, source)
            return run.init(params)

        self = super().__new__(cls, init, run.update)
        self._machine = run
        self.meaning = meaning
        self.source = source
        self.text = text
        return self

    @property
    def tx(self) -> optax.GradientTransformationExtraArgs:
        """The plain NamedTuple of Optax, every number baked in, not compiled."""
        return self._machine.tx

    @property
    def needs(self) -> frozenset[str]:
        """Names of the extra arguments that `update` cannot do without: `value`, `grad`, `value_fn`, ..."""
        return self._machine.needs

    @property
    def hyperparams(self) -> Mapping[str, Any]:
        """Path -> number or schedule, defaults included: `hyperparams["adam.b1"]`."""
        found = {
            f"{path}.{argument.name}": python(_number(argument.value))
            for path, stage in named(self.meaning.chain)
            for argument in getattr(stage, "arguments", ())
            if _is_number(_number(argument.value))
        }
        return MappingProxyType(found)

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
        return run.step(params, state, grads, extra, donate=donate)

    def train_step(self, loss_fn: Callable[..., Any], has_aux: bool = False) -> Callable[..., Any]:
        """Returns a compiled `(params, state, *batch) -> params, state, loss`.

        `loss_fn(params, *batch)` gives the loss, shape (); with `has_aux`, a pair of it and anything, and the third
        result is `(loss, aux)`. The loss is the one before the update. Stages that need value, grad or value_fn get
        them. `params` and `state` are donated.
        """
        run = self._machine
        return train_step(run.tx, run.needs, loss_fn, has_aux, run.accepts)

    def read(self, state: PyTree) -> dict[str, Any]:
        """Returns what moves, by path: live numbers, schedules at the current step, counts as `adam.count`."""
        return read(self.meaning.chain, self._machine.places, state)

    def set(self, state: PyTree, values: Mapping[str, Any]) -> PyTree:
        """Returns the state with live numbers set, which compiles nothing; E247 for a name that is not live."""
        return set_live(state, values)

    def eval_params(self, params: PyTree, state: PyTree) -> PyTree:
        """Returns the parameters to evaluate with: averaged, schedule-free, slow ones of lookahead, else `params`."""
        return eval_params(params, state)

    def explain(self, params: PyTree = None) -> Explanation:
        """Returns a report of the stages and, with `params`, arrays or shapes, of what they do to each leaf."""
        if params is None:
            return explain(self.meaning.chain)
        check_params(self.meaning, params, self.source)
        return explain(self.meaning.chain, leaf_report(self.meaning, params))

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
        old = Standing(from_.meaning.chain, from_._machine.places, state, from_.source)
        fresh = self.init(params)
        return migrate(old, Standing(self.meaning.chain, self._machine.places, fresh, self.source))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optimizer) and self.meaning == other.meaning

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.meaning)

    def __reduce__(self) -> tuple[Any, ...]:
        return Optimizer, (self.meaning, self.source, self.text)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Optimizer":
        return self

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"optdsl.compile({self.text!r})"


def _number(value: ir.Value) -> ir.Value:
    """Returns `x` of `x where SEL`, which is 0 elsewhere: one number, for some leaves."""
    return value.value if isinstance(value, ir.Spread) and value.otherwise == 0 else value


def _is_number(value: ir.Value) -> bool:
    if isinstance(value, ir.Host):
        return callable(value.value) or hasattr(value.value, "dtype")
    varies_by_leaf = ir.contains(value, (ir.Spread, ir.Capture, ir.LiveNumber))
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and not varies_by_leaf


jax.tree_util.register_static(Optimizer)
