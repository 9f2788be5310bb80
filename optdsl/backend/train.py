"""One training step: loss, gradients, update and apply in one compiled call."""

from collections.abc import Callable
from typing import Any, Protocol

import jax
import optax

from optdsl.backend.extras import EVERYTHING
from optdsl.diagnostics import Findings, OptdslError
from optdsl.source import Range, Source

PyTree = Any

_SUPPLIED = frozenset({"value", "grad", "value_fn", "obj_fn", "grad_fn"})
_USUAL = frozenset({"value", "grad", "value_fn"})
"""What a transform of the host gets that takes any keyword: a line search inside it raises on others."""


class Stepper(Protocol):
    """What takes one step with the numbers of a program: a `Machine`."""

    needs: frozenset[str]
    accepts: frozenset[str]

    def apply(
        self, params: PyTree, state: PyTree, arguments: Any, grads: PyTree, /, **extra: Any
    ) -> tuple[PyTree, PyTree]:
        """Returns parameters and state after one update."""
        ...


def train_step(run: Stepper, loss_fn: Callable[..., Any], has_aux: bool) -> Callable[..., Any]:
    """Returns the compiled `(arguments, params, state, *batch) -> params, state, loss`; params and state are donated.

    Of the extra arguments, those that `run` needs and accepts are supplied. Raises `OptdslError` E405 if another
    one is needed.
    """
    _check_supplied(run.needs)
    names = run.needs | (_USUAL if run.accepts == EVERYTHING else run.accepts & _SUPPLIED)

    def step(arguments: Any, params: PyTree, state: PyTree, *batch: Any) -> tuple[PyTree, PyTree, Any]:
        trained = _trained(params)
        outcome, grads = jax.value_and_grad(loss_fn, has_aux=has_aux)(trained, *batch)

        def value_fn(other: PyTree) -> jax.Array:
            found = loss_fn(other, *batch)
            return found[0] if has_aux else found

        known = {
            "value": outcome[0] if has_aux else outcome,
            "grad": grads,
            "value_fn": value_fn,
            "obj_fn": value_fn,
            "grad_fn": lambda other, _: jax.grad(value_fn)(other),
        }
        extra = {name: known[name] for name in names}
        params, state = run.apply(params, state, arguments, grads, **extra)
        return params, state, outcome

    return jax.jit(step, donate_argnums=(1, 2))


def _check_supplied(needs: frozenset[str]) -> None:
    findings = Findings(Source("", "train_step"))
    for name in sorted(needs - _SUPPLIED):
        message = f"`train_step` has no `{name}` for the stage that needs this extra argument"
        findings.add("E405", message, Range(0, 0), help=f"write the step with `update(..., {name}=...)`")
    if findings.has_errors:
        raise OptdslError(findings.sorted())


def _trained(params: PyTree) -> PyTree:
    """Returns the parameters that the loss is taken at: the fast ones of lookahead, else all."""
    return params.fast if isinstance(params, optax.LookaheadParams) else params
