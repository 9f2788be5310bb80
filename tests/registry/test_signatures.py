"""Signatures of Python functions become rows: kinds, defaults, and what cannot be a stage."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, Optional

import jax
import optax
import pytest

import optdsl
from optdsl import registry
from optdsl.registry import REQUIRED, Kind, Opaque, Parameter, Row


def codes(text: str, **holes: Any) -> list[str]:
    """Returns what is wrong with names, forms and values; whether a chain is a whole optimizer is not asked here."""
    return [finding.code for finding in optdsl.check(text, **holes) if finding.code < "E3"]


def row_of(function: Callable[..., Any]) -> Row:
    with optdsl.registered(it=function):
        row = registry.lookup("it")
    assert row is not None
    return row


def parameter_of(function: Callable[..., Any]) -> Parameter:
    (parameter,) = row_of(function).parameters
    return parameter


ANNOTATED = [
    (float, Parameter("x", Kind.NUMBER)),
    (int, Parameter("x", Kind.INTEGER)),
    (bool, Parameter("x", Kind.BOOL)),
    (str, Parameter("x", Kind.STRING)),
    ("float", Parameter("x", Kind.NUMBER)),
    ("int | None", Parameter("x", Kind.INTEGER, optional=True)),
    ("optax.GradientTransformation", Parameter("x", Kind.TRANSFORM)),
    ("unknown.Callable[[int], float] | float", Parameter("x", Kind.SCHEDULABLE)),
    (float | None, Parameter("x", Kind.NUMBER, optional=True)),
    (Optional[bool], Parameter("x", Kind.BOOL, optional=True)),  # noqa: UP045 - as people write it
    (int | float, Parameter("x", Kind.NUMBER)),
    (float | jax.Array, Parameter("x", Kind.NUMBER)),
    (float | str, Parameter("x", Kind.OBJECT)),
    (Annotated[float, "between 0 and 1"], Parameter("x", Kind.NUMBER)),
    (Literal["a", "b"], Parameter("x", Kind.STRING, choices=("a", "b"))),
    (Literal["a", None], Parameter("x", Kind.STRING, optional=True, choices=("a",))),
    (Literal[1, 2], Parameter("x", Kind.OBJECT)),
    (Callable[[Any], Any], Parameter("x", Kind.CALLABLE)),
    (Callable, Parameter("x", Kind.CALLABLE)),
    (optax.ScalarOrSchedule, Parameter("x", Kind.SCHEDULABLE)),
    (optax.GradientTransformation, Parameter("x", Kind.TRANSFORM)),
    (optax.GradientTransformationExtraArgs, Parameter("x", Kind.TRANSFORM)),
    (optax.GradientTransformation | None, Parameter("x", Kind.TRANSFORM, optional=True)),
    (tuple[float, ...], Parameter("x", Kind.NUMBERS)),
    (list[int], Parameter("x", Kind.INTEGERS)),
    (dict[str, float], Parameter("x", Kind.OBJECT)),
    (Any, Parameter("x", Kind.OBJECT)),
]


@pytest.mark.parametrize(("annotation", "wanted"), ANNOTATED, ids=lambda case: str(case)[:40])
def test_kinds_come_from_annotations(annotation: Any, wanted: Parameter) -> None:
    def function(x):  # noqa: ANN001, ANN202
        return optax.scale(x)

    function.__annotations__ = {"x": annotation}
    assert parameter_of(function) == wanted


DEFAULTS = [
    (0.5, Parameter("x", Kind.NUMBER, 0.5)),
    (2, Parameter("x", Kind.INTEGER, 2)),
    (True, Parameter("x", Kind.BOOL, True)),
    ("a", Parameter("x", Kind.STRING, "a")),
    (None, Parameter("x", Kind.OBJECT, None, optional=True)),
    ((1, 0.5), Parameter("x", Kind.OBJECT, (1, 0.5))),
    ([1], Parameter("x", Kind.OBJECT, Opaque("list(...)"))),
    (abs, Parameter("x", Kind.CALLABLE, Opaque("abs"))),
    (optax.identity(), Parameter("x", Kind.TRANSFORM, Opaque("GradientTransformation(...)"))),
]


@pytest.mark.parametrize(("default", "wanted"), DEFAULTS, ids=lambda case: str(case)[:40])
def test_kinds_come_from_defaults_where_no_annotation_is(default: Any, wanted: Parameter) -> None:
    def function(x=default):  # noqa: ANN001, ANN202
        return optax.scale(x)

    assert parameter_of(function) == wanted


def test_a_parameter_of_which_nothing_is_said_takes_literals_and_objects() -> None:
    def function(x, y: float = None):  # noqa: ANN001, ANN202, RUF013 - as people write it  # pyright: ignore[reportArgumentType]
        return optax.scale(x * y)

    row = row_of(function)
    assert row.parameters == (Parameter("x", Kind.OBJECT, REQUIRED), Parameter("y", Kind.NUMBER, None, optional=True))


def test_parameters_by_name_only_stay_so() -> None:
    def function(x: float, *, y: float = 1.0) -> optax.GradientTransformation:
        return optax.scale(x * y)

    with optdsl.registered(both=function):
        assert codes("both(1, y=2)") == []
        assert codes("both(1, 2)") == ["E213"]


def test_signatures_of_partials_and_wrapped_functions_are_read() -> None:
    row = row_of(partial(optax.sgd, momentum=0.9))
    assert [parameter.name for parameter in row.parameters][:2] == ["learning_rate", "momentum"]
    assert row.prose.summary == "A transform from Python, registered without a description."


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda *sizes: optax.identity(), r"`\*sizes` stands for arguments without names"),
        (lambda **more: optax.identity(), r"`\*\*more` hides the names"),
        (lambda x, /: optax.scale(x), "`x` cannot be given by name"),
    ],
)
def test_parameters_that_no_program_can_name_are_refused(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"`it` cannot be a stage: {reason}.*write its parameters out"):
        row_of(function)


def test_a_finished_transform_is_no_function() -> None:
    with pytest.raises(TypeError, match=r"`lambda: \.\.\.` around a transform"):
        row_of(optax.adam(1e-3))  # pyright: ignore[reportArgumentType]
