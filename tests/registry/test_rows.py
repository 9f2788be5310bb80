"""The rows say what the installed Optax says, and every public name of Optax has an answer."""

import functools
import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import optax
import optax.contrib
import pytest

from optdsl import registry
from optdsl.registry import REQUIRED, Kind, Opaque, Parameter, Row, Sort
from optdsl.registry.elsewhere import PARAMETERS, REFUSED, STAGES
from optdsl.registry.optax_rows import OPTAX_ROWS, OPTAX_VERSION, OTHER_NAMES
from optdsl.registry.own_words import OWN_WORDS
from optdsl.registry.prose import PROSE

ROOT = Path(__file__).resolve().parents[2]
ALL_ROWS = registry.transforms() + registry.schedules()
NUMERIC = (Kind.NUMBER, Kind.SCHEDULABLE, Kind.INTEGER)


def ids(rows: tuple[Row, ...]) -> list[str]:
    return [row.name for row in rows]


def optax_function(row: Row) -> Callable[..., Any]:
    module, _, name = row.target.partition(":")
    return getattr(importlib.import_module(module), name)


@pytest.fixture
def sync_optax(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("sync_optax")


@pytest.fixture
def adam() -> Row:
    row = registry.lookup("adam")
    assert row is not None
    return row


def test_rows_are_those_of_the_installed_optax(sync_optax: ModuleType) -> None:
    assert optax.__version__ == OPTAX_VERSION
    assert sync_optax.rows() == OPTAX_ROWS, "run `make sync-optax`"
    assert set(sync_optax.other_names()) == OTHER_NAMES, "run `make sync-optax`"


def test_every_transform_by_annotation_is_a_row_or_refused() -> None:
    makers = {
        name
        for module in (optax, optax.contrib)
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, functools.partial))
        and "GradientTransformation" in str(inspect.signature(value).return_annotation)
    }
    assert len(makers) == 124
    refused = {name for name in makers if registry.refusal(name) is not None}
    rows = {name for name in makers if registry.lookup(name) is not None}
    assert refused.isdisjoint(rows)
    assert refused | rows == makers
    assert refused == makers & set(REFUSED)
    assert makers - refused - {row.name for row in OPTAX_ROWS} == {"centralize", "freeze"}
    print(f"{len(makers)} annotated transforms of Optax: {len(rows)} stages, {len(refused)} refused by design")


@pytest.mark.parametrize("module", [optax, optax.contrib], ids=["optax", "contrib"])
def test_every_public_name_has_an_answer(module: ModuleType) -> None:
    names = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    silent = [name for name in names if registry.lookup(name) is None and registry.refusal(name) is None]
    assert silent == []


def test_public_instances_of_transforms_do_not_exist() -> None:
    """A transform that is no function would be missed by the rows."""
    values = [value for module in (optax, optax.contrib) for value in vars(module).values()]
    assert not any(isinstance(value, optax.GradientTransformation) for value in values)


@pytest.mark.parametrize("row", OPTAX_ROWS, ids=ids(OPTAX_ROWS))
def test_parameters_are_those_of_the_signature(row: Row) -> None:
    signature = inspect.signature(optax_function(row))
    assert [p.name for p in row.parameters] == list(signature.parameters)
    for ours, theirs in zip(row.parameters, signature.parameters.values(), strict=True):
        assert ours.keyword_only == (theirs.kind is inspect.Parameter.KEYWORD_ONLY)
        assert same_default(ours, theirs.default), ours.name


def same_default(parameter: Parameter, default: Any) -> bool:
    if default is inspect.Parameter.empty:
        return parameter.default is REQUIRED
    if isinstance(parameter.default, Opaque):
        return callable(default) or isinstance(default, optax.GradientTransformation)
    if parameter.kind is Kind.DTYPE and default is not None:
        return np.dtype(default) == np.dtype(parameter.default)
    return type(parameter.default) is type(default) and parameter.default == default


@pytest.mark.parametrize("row", ALL_ROWS, ids=ids(ALL_ROWS))
def test_defaults_are_valid_values(row: Row) -> None:
    for parameter in row.parameters:
        if parameter.default is None:
            assert parameter.optional, parameter.name
        elif parameter.bounds is not None and not parameter.required:
            values = parameter.default if parameter.kind is Kind.NUMBERS else (parameter.default,)
            assert all(parameter.bounds.admits(value) for value in values), parameter.name
        if parameter.kind is Kind.STRING and parameter.choices and not parameter.required:
            assert parameter.default in parameter.choices
        if parameter.neutral is not None and parameter.bounds is not None:
            assert parameter.bounds.admits(parameter.neutral)


@pytest.mark.parametrize("row", ALL_ROWS, ids=ids(ALL_ROWS))
def test_prose_is_a_sentence(row: Row) -> None:
    assert row.prose.summary[0].isupper()
    assert row.prose.summary.endswith(".")
    assert row.prose.summary.count(". ") == 0
    assert "\n" not in row.prose.summary + row.prose.formula + row.prose.source


def test_tables_by_name_have_no_strays() -> None:
    assert set(PROSE) == {row.name for row in OPTAX_ROWS}
    assert not {row.name for row in OWN_WORDS} & {row.name for row in OPTAX_ROWS}
    assert all(row.deprecated == "" or registry.lookup(row.deprecated) is not None for row in ALL_ROWS)


def test_words_from_elsewhere_lead_to_rows() -> None:
    assert [word for word, meant in STAGES.items() if registry.lookup(meant.write[0]) is None] == []
    assert [word for word in STAGES if registry.lookup(word) is not None] == []
    known = {parameter.name for row in ALL_ROWS for parameter in row.parameters}
    candidates = {name for meant in PARAMETERS.values() for name in meant.write if name.isidentifier()}
    assert candidates <= known


@pytest.mark.parametrize(
    ("row", "parameter", "valid", "invalid"),
    [
        ("sgd", "learning_rate", (0.0, 0.1), (-0.1, float("nan"))),
        ("adam", "b1", (0.0, 0.999), (1.0, -0.5)),
        ("clip", "max_delta", (1.0, float("inf")), (-1.0,)),
        ("apply_if_finite", "max_consecutive_errors", (5, float("inf")), (-1,)),
        ("lookahead", "sync_period", (1, 5), (0,)),
        ("accumulate", "k", (1,), (0,)),
        ("average", "decay", (0.0, 0.99), (1.5, 1.0)),
        ("reduce_on_plateau", "factor", (0.5,), (0.0, 1.0)),
        ("prodigy", "betas", (0.9,), (1.0,)),
    ],
)
def test_bounds(row: str, parameter: str, valid: tuple[float, ...], invalid: tuple[float, ...]) -> None:
    found = registry.lookup(row)
    assert found is not None
    declared = found.parameter(parameter)
    assert declared is not None
    bounds = declared.bounds
    assert bounds is not None
    assert [value for value in valid if not bounds.admits(value)] == []
    assert [value for value in invalid if bounds.admits(value)] == []


@pytest.mark.parametrize(("row", "parameter"), [("scale", "step_size"), ("add_decayed_weights", "weight_decay")])
def test_negative_values_are_legal_where_they_mean_something(row: str, parameter: str) -> None:
    found = registry.lookup(row)
    assert found is not None
    declared = found.parameter(parameter)
    assert declared is not None
    assert declared.bounds is None


def test_bounds_stand_on_numbers_only() -> None:
    allowed = (*NUMERIC, Kind.NUMBERS, Kind.INTEGERS)
    assert all(p.bounds is None or p.kind in allowed for row in ALL_ROWS for p in row.parameters)


def test_lookup_knows_stages_and_schedules_alone(adam: Row) -> None:
    assert adam.target == "optax:adam"
    assert adam.sort is Sort.TRANSFORM
    schedule = registry.lookup("linear_schedule")
    assert schedule is not None
    assert schedule.sort is Sort.SCHEDULE
    assert registry.lookup("qwertyuiop") is None
    assert set(registry.names()) == set(registry.names(Sort.TRANSFORM)) | set(registry.names(Sort.SCHEDULE))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("partition", "match"),
        ("multi_transform", "match"),
        ("masked", "where"),
        ("inject_hyperparams", "live"),
        ("chain", "|"),
        ("named_chain", " as "),
        ("MultiSteps", "accumulate"),
        ("optax.selective_transform", "freeze"),
    ],
)
def test_refusals_name_the_languages_way(name: str, says: str) -> None:
    refused = registry.refusal(name)
    assert refused is not None
    assert any(says in form for form in refused.write)


def test_functions_for_python_share_one_message() -> None:
    refused = registry.refusal("global_norm")
    assert refused is not None
    assert refused.write == ()
    assert "global_norm" in refused.reason
    assert registry.refusal("freeze") is None
    assert registry.refusal("adam") is None


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("AdamW", "adamw"),
        ("optax.adam", "adam"),
        ("optax.contrib.muon", "muon"),
        ("torch.optim.SGD", "sgd"),
        ("centralise", "centralize"),
        ("ADAGRAD", "adagrad"),
        ("cosine_decay", "cosine_decay_schedule"),
    ],
)
def test_names_from_elsewhere(written: str, word: str) -> None:
    meant = registry.meant(written)
    assert meant is not None
    assert meant.write == (word,)


def test_a_name_that_says_nothing_means_nothing() -> None:
    assert registry.meant("qwertyuiop") is None
    assert registry.meant("adam") is None


@pytest.mark.parametrize(
    ("row", "written", "names"),
    [
        ("adam", "betas", ("b1", "b2")),
        ("adam", "lr", ("learning_rate",)),
        ("adam", "epsilon", ("eps",)),
        ("adamw", "wd", ("weight_decay",)),
        ("adamw", "weight_decay_rate", ("weight_decay",)),
        ("adafactor", "weight_decay", ("weight_decay_rate",)),
        ("centralize", "axis", ("axes",)),
        ("adaptive_grad_clip", "axes", ("axis",)),
        ("rmsprop", "alpha", ("decay",)),
        ("prodigy", "beta1", ("betas",)),
        ("polyak_sgd", "learning_rate", ("max_learning_rate",)),
    ],
)
def test_parameters_from_elsewhere(row: str, written: str, names: tuple[str, ...]) -> None:
    found = registry.lookup(row)
    assert found is not None
    meant = registry.meant_parameter(found, written)
    assert meant is not None
    assert meant.write == names


def test_a_parameter_of_another_kind_of_stage_means_nothing(adam: Row) -> None:
    assert registry.meant_parameter(adam, "every_k") is None
    assert registry.meant_parameter(adam, "qwertyuiop") is None


def test_registry_leaves_jax_alone() -> None:
    code = (
        "import sys; from optdsl import registry; registry.names(); registry.refusal('masked'); "
        "registry.meant('AdamW'); print(sorted({'jax', 'optax', 'numpy', 'lark'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
