"""Arguments and parameters: by place, by name, the block; kinds and ranges; where each finding stands."""

from typing import Any

import numpy as np
import pytest
from meanings import errors, meaning, places, read, the_error, values

from optdsl import ir
from optdsl.registry import REQUIRED, Sort, lookup, names


def test_arguments_go_by_place_and_by_name() -> None:
    written = values("adam(1e-3, 0.8, eps=1e-7)")
    assert [written[name] for name in ("learning_rate", "b1", "b2", "eps")] == [1e-3, 0.8, 0.999, 1e-7]


def test_a_place_that_a_name_has_taken_is_passed_over() -> None:
    assert meaning("adam(b1=0.8, 1e-3, 0.99)") == meaning("adam(1e-3, b1=0.8, b2=0.99)")


@pytest.mark.parametrize("name", sorted(names(Sort.TRANSFORM)))
def test_defaults_are_those_of_the_row(name: str) -> None:
    row = lookup(name)
    assert row is not None
    if any(parameter.required for parameter in row.parameters) or name == "freeze":
        assert errors(name), "a stage with required parameters must say so"
        return
    found = values(name)
    plain = {p.name: p.default for p in row.parameters if isinstance(p.default, (int, float, type(None)))}
    assert list(found) == [parameter.name for parameter in row.parameters]
    assert {parameter: found[parameter] for parameter in plain} == plain
    assert REQUIRED not in found.values()
    assert meaning(name) == meaning(f"{name}()")


def test_the_block_is_the_first_parameter_of_kind_transform() -> None:
    in_block = meaning("apply_if_finite(5) { clip(1.0) | adam(1e-3) }")
    assert in_block == meaning("apply_if_finite(clip(1.0) | adam(1e-3), 5)")
    assert in_block == meaning("apply_if_finite(max_consecutive_errors=5, inner=clip(1.0) | adam(1e-3))")
    inner = values("apply_if_finite(5) { clip(1.0) | adam(1e-3) }")["inner"]
    assert isinstance(inner, ir.Chain)
    assert [found.word for found in inner.stages if isinstance(found, ir.Stage)] == ["clip", "adam"]


def test_blocks_nest() -> None:
    text = "lookahead(5, 0.5) { apply_if_finite(3) { flatten { sgd(0.1) } } }"
    assert meaning(text) == meaning("lookahead(apply_if_finite(flatten(sgd(0.1)), 3), 5, 0.5)")


def test_a_stage_is_an_argument_by_its_bare_name() -> None:
    assert meaning("flatten { zero_nans }") == meaning("flatten(zero_nans())")


KINDS = [
    ("adam(1e-3, nesterov=1 < 2)", "nesterov", True),
    ("adam(1e-3, nesterov=not (1 == 1 or false))", "nesterov", False),
    ("adam(1e-3, mu_dtype=bfloat16)", "mu_dtype", ir.Dtype("bfloat16")),
    ("adam(1e-3, mu_dtype='bfloat16')", "mu_dtype", ir.Dtype("bfloat16")),
    ("adam(1e-3, mu_dtype=none)", "mu_dtype", None),
    ("centralize(axes=fan_in)", "axes", ir.Axes("fan_in")),
    ("centralize(axes=all)", "axes", ir.Axes("all")),
    ("centralize(axes=(0, 1))", "axes", (0, 1)),
    ("centralize(axes=[0, -1])", "axes", (0, -1)),
    ("centralize(axes=2 - 3)", "axes", -1),
    ("lbfgs(0.1, memory_size=2e1)", "memory_size", 20),
    ("polyak_sgd(variant='sps')", "variant", "sps"),
    ("sgd(inf)", "learning_rate", float("inf")),
    ("sgd(.5)", "learning_rate", 0.5),
    ("sgd(1.5k)", "learning_rate", 1500),
    ("add_noise(1, 0.5, 7)", "key", 7),
]


@pytest.mark.parametrize(("text", "parameter", "want"), KINDS)
def test_values_by_kind(text: str, parameter: str, want: Any) -> None:
    found = values(text)[parameter]
    assert (found, type(found)) == (want, type(want))


def test_words_mean_something_where_they_are_wanted_only() -> None:
    assert the_error("adam(float32)").code == "E203"
    assert the_error("adam(1e-3, mu_dtype=fan_in)").code == "E203"
    assert the_error("centralize(axes=float32)").code == "E203"
    assert meaning("all = -1; centralize(axes=all)") == meaning("centralize(axes=-1)"), "a binding wins"


BAD = [
    ("«adam»", "E211", "`learning_rate` of `adam` is missing", "adam(learning_rate=...)"),
    ("«lookahead(sgd(0.1))»", "E211", "`sync_period` and `slow_step_size`", "sync_period=..., slow_"),
    ("adam(1e-3, b1=0.9, «b1=0.8»)", "E212", "`b1` is given twice", "remove one"),
    ("clip(1.0, «2.0»)", "E213", "takes 1 argument by place", "remove it"),
    ("adam(1e-3, 0.9, 0.999, 1e-8, 0.0, none, «true»)", "E213", "6 arguments by place", "`nesterov=...`"),
    ("«adam(1e-3) { clip(1.0) }»", "E214", "`adam` takes no chain", "`|`"),
    ("«accumulate(4)»", "E214", "`accumulate` takes a chain", "{ chain }"),
    ("adam(«'1e-3'»)", "E221", "found the string '1e-3'", "a number"),
    ("adam(«true»)", "E221", "found `true`", "a number"),
    ("adam(«none»)", "E221", "found `none`", "a number"),
    ("adam(«[1e-3]»)", "E221", "found a list", "a number"),
    ("adam(«clip(1.0)»)", "E221", "found the stage `clip`", "a number"),
    ("adam(1e-3, nesterov=«1»)", "E221", "expected `true` or `false`", "`true` or `false`"),
    ("adam(1e-3, nesterov=«'yes'»)", "E221", "found the string 'yes'", "`true` or `false`"),
    ("accumulate(«2.5») { sgd(0.1) }", "E221", "a whole number", "a whole number"),
    ("centralize(axes=«(0, 'x')»)", "E221", "found a list", "a tuple of them"),
    ("sgd(piecewise_constant_schedule(0.1, «{1.5: 0.5}»))", "E221", "a map of steps", "{1k: 0.5}"),
    ("flatten { «1e-3» }", "E221", "expected a stage, found the number 0.001", ""),
    ("«2 + 3»", "E221", "expected a stage, found the number 5", ""),
    ("«adam(1e-3) + sgd(0.1)»", "E221", "stages are not joined with `+`", "`|`"),
    ("«[clip(1.0), adam(1e-3)]»", "E221", "expected a stage, found a list", "`|`"),
    ("«cosine_decay_schedule(0.1, 1k)»", "E221", "is a schedule", "scale_by_schedule"),
    ("sgd(«-0.1»)", "E222", "`learning_rate` of `sgd` is -0.1", ">= 0"),
    ("adam(1e-3, b1=«1»)", "E222", "must be >= 0 and < 1", "< 1"),
    ("adam(1e-3, b1=«0.5 + 0.5»)", "E222", "`b1` of `adam` is 1", "< 1"),
    ("b = 1.0; adam(1e-3, b1=«b»)", "E222", "`b1` of `adam` is 1", "< 1"),
    ("accumulate(«0») { sgd(0.1) }", "E222", "`k` of `accumulate`", ">= 1"),
    ("sgd(«0.1 -> linear(-1, 10)»)", "E222", "is -1", ">= 0"),
    ("polyak_sgd(variant=«'spss'»)", "E223", "found 'spss'", "'sps'"),
]


@pytest.mark.parametrize(("marked", "code", "says", "helps"), BAD, ids=[read(row[0]).text for row in BAD])
def test_findings(marked: str, code: str, says: str, helps: str) -> None:
    text, where = read(marked)
    found = the_error(text)
    assert found.code == code
    assert says in found.message
    assert helps in (found.help or "")
    assert places((found,)) == where


def test_all_findings_at_once() -> None:
    text, where = read("«clipp»(1.0) | adamw(3e-4, «weigth_decay»=0.1, «bb1»=0.9, b2=«2»)\n  | «scael»(0.5)")
    assert places(errors(text)) == where


@pytest.mark.parametrize(
    "marked",
    [
        "adam(learning_rate=«1 / 0», «betas»=(0.9, 0.99))",
        "adam(«1 / 0», «betas»=(0.9, 0.99))",
        "«addam»(«1 / 0»)",
    ],
)
def test_values_beside_a_wrong_name_are_checked_too(marked: str) -> None:
    text, where = read(marked)
    assert places(errors(text)) == where


def test_ends_of_ranges() -> None:
    assert values("adam(0, b1=0)")["b1"] == 0
    assert values("adam(1e-3, b1=0.9999)")["b1"] == 0.9999
    assert the_error("adam(1e-3, b1=:b)", b=np.float32(1.0)).code == "E222"
    assert the_error("adam(:rate)", rate=float("nan")).code == "E222"
