"""The report of a program, and the names of its stages by path."""

import json
from html.parser import HTMLParser

import pytest

import optdsl
from optdsl import ir
from optdsl.explanation import Explanation, explain
from optdsl.semantics.names import named, walk
from optdsl.semantics.show import show, show_selector

CLIP = ir.Stage("clip", (ir.Argument("max_delta", 1.0),))
ADAM = ir.Stage("adam")
SGD = ir.Stage("sgd")
WIDE = ir.LeafTest("ndim", None, ">", 1)


def chain(*stages: ir.AnyStage) -> ir.Chain:
    return ir.Chain(stages)


def alias(name: str) -> ir.Stage:
    return ir.Stage("adam", alias=name)


def paths(*stages: ir.AnyStage) -> list[str]:
    return [path for path, _ in named(chain(*stages))]


def test_a_second_stage_of_a_word_is_numbered() -> None:
    assert paths(ADAM, SGD, ADAM, ADAM) == ["adam", "sgd", "adam_2", "adam_3"]


def test_aliases_are_names_that_no_other_stage_takes() -> None:
    assert paths(alias("slow"), ADAM) == ["slow", "adam"]
    assert paths(ADAM, ADAM, alias("adam_2")) == ["adam", "adam_3", "adam_2"]
    assert paths(ADAM, alias("adam")) == ["adam_2", "adam"]
    assert paths(alias("adam"), alias("adam"), ADAM) == ["adam", "adam_2", "adam_3"]
    assert paths(alias("a"), alias("a")) == ["a", "a_2"]


def test_all_names_of_a_chain_differ() -> None:
    stages = [*[ADAM] * 50, *[alias(f"adam_{number}") for number in range(2, 90, 3)], *[ADAM] * 50]
    assert len(set(paths(*stages))) == len(stages)


def test_guards_are_transparent() -> None:
    guarded = ir.Guarded(chain(ADAM, SGD), WIDE, None)
    assert paths(guarded, ADAM) == ["adam", "sgd", "adam_2"]
    assert [found.guards for found in walk(chain(guarded, ADAM))] == [(guarded,), (guarded,), ()]


def test_nested_stages_have_the_path_of_the_outer_one() -> None:
    inner = ir.Stage("accumulate", (ir.Argument("inner", chain(CLIP, ADAM, ADAM)), ir.Argument("k", 4)))
    assert paths(inner, ADAM) == [
        "accumulate",
        "accumulate.clip",
        "accumulate.adam",
        "accumulate.adam_2",
        "adam",
    ]


def test_the_second_chain_of_a_stage_says_which_one_it_is() -> None:
    sam = ir.Stage("sam", (ir.Argument("optimizer", chain(SGD)), ir.Argument("adv_optimizer", chain(SGD))))
    assert paths(sam) == ["sam", "sam.sgd", "sam.adv_optimizer.sgd"]


def test_arms_are_numbered_and_frozen_ones_count() -> None:
    arms = (ir.Arm(WIDE, chain(ADAM)), ir.Arm(ir.LeafClass("bias"), None), ir.Arm(None, chain(ADAM, ADAM)))
    assert paths(ir.Match(arms)) == ["match", "match.0.adam", "match.2.adam", "match.2.adam_2"]


def test_freeze_has_no_name_and_is_reported() -> None:
    frozen = ir.Freeze(ir.PathGlob("embed/**"))
    assert paths(frozen, ADAM) == ["adam"]
    assert [stage.guard for stage in explain(chain(frozen, ADAM)).stages] == ["where embed/**", ""]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-3, "1e-3"),
        (-0.5, "-0.5"),
        (True, "true"),
        (None, "none"),
        (float("inf"), "inf"),
        ("fast", "'fast'"),
        ("it's", '"it\'s"'),
        (ir.Dtype("bfloat16"), "bfloat16"),
        (ir.Mapping(((1000, 0.5),)), "{1000: 0.5}"),
        ((1,), "(1,)"),
        (ir.Host("rate", print), ":rate"),
        (
            ir.Arrow(0, (ir.Segment("linear", 1e-3, 100), ir.Segment("hold", 1e-3, 5))),
            "0 -> linear(1e-3, 100) -> hold(5)",
        ),
        (ir.Apply("*", (2, ir.Apply("min", (1, ir.Apply("/", (ir.Step(), 500)))))), "2 * min(1, step / 500)"),
        (ir.Apply("**", (-2, ir.Apply("+", (ir.Step(), 1)))), "(-2) ** (step + 1)"),
        (ir.PathGlob("a b/**"), "'a b/**'"),
        (ir.Apply("neg", (ir.Step(),)), "-step"),
        (ir.Spread(WIDE, 0.1, 0.0), "0.1 where ndim > 1 else 0.0"),
        (ir.Choose(ir.Apply("<", (ir.Step(), 9)), 1, 2), "1 when step < 9 else 2"),
        (ir.OptaxSchedule("constant_schedule", (ir.Argument("value", 0.1),)), "constant_schedule(value=0.1)"),
        (chain(CLIP, ADAM), "clip | adam"),
    ],
)
def test_values_are_shown_as_the_language_writes_them(value: ir.Value, text: str) -> None:
    assert show(value) == text


def test_selectors_are_shown_as_the_language_writes_them() -> None:
    either = ir.Combine("or", (ir.PathGlob("embed/**"), ir.Combine("not", (WIDE,))))
    assert show_selector(either) == "embed/** or (not ndim > 1)"
    assert show_selector(ir.PathRegex("^a")) == "path ~ '^a'"
    assert show_selector(ir.LeafTest("shape", 0, "==", 4)) == "shape[0] == 4"


def test_the_report_of_the_main_program() -> None:
    assert (
        str(optdsl.explain("clip(1.0) | centralize(axes=-1) | adam(1e-3)"))
        == """\
clip: Limits each entry to an interval around zero.
    max_delta=1.0
    u = max(-max_delta, min(g, max_delta))
centralize: Subtracts from each unit's gradient its mean over the chosen axes.
    axes=-1
    by default: min_ndim=2, axis_name=none, sparse_rows=false
    u = g - mean(g, axes)
    Yong et al. 2020, arXiv 2004.01461
adam: Divides the running mean of gradients by their running root mean square, without bias.
    learning_rate=1e-3
    by default: b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, mu_dtype=none, nesterov=false
    u = -lr * m^ / (sqrt(v^ + eps_root) + eps), m = b1*m + (1-b1)*g, v = b2*v + (1-b2)*g^2
    Kingma and Ba 2014, arXiv 1412.6980"""
    )


def test_explaining_twice_works() -> None:
    """A module of the same name would take the function's place after the first call."""
    assert str(optdsl.explain("sgd(0.1)")) == str(optdsl.explain("sgd(0.1)"))


def test_nested_stages_are_indented() -> None:
    report = optdsl.explain("apply_if_finite(inf) { clip(1.0) | adam(:lr) }", lr=0.1)
    lines = str(report).splitlines()
    assert lines[1] == "    inner=clip | adam, max_consecutive_errors=inf"
    assert "    apply_if_finite.clip: Limits each entry to an interval around zero." in lines
    assert "        learning_rate=0.1" in lines


def test_the_report_is_plain_data() -> None:
    report = optdsl.explain("apply_if_finite(inf) { adam(1e-3, mu_dtype=bfloat16) } | optimistic_adam(0.1)")
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    stages = data["stages"]
    assert [stage["path"] for stage in stages] == [
        "apply_if_finite",
        "apply_if_finite.adam",
        "optimistic_adam",
    ]
    assert stages[0]["parameters"][1] == {
        "name": "max_consecutive_errors",
        "text": "inf",
        "value": None,
        "is_default": False,
    }
    by_name = {parameter["name"]: parameter for parameter in stages[1]["parameters"]}
    assert by_name["learning_rate"] == {
        "name": "learning_rate",
        "text": "1e-3",
        "value": 1e-3,
        "is_default": False,
    }
    assert by_name["b1"]["is_default"]
    assert stages[2]["deprecated"] == "optimistic_adam_v2"


def test_errors_are_raised_with_all_findings() -> None:
    with pytest.raises(optdsl.OptdslError) as raised:
        optdsl.explain("adm(1) | clpi(2)")
    assert [finding.code for finding in raised.value.diagnostics] == ["E201", "E201"]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_is_a_table_in_which_every_text_is_escaped() -> None:
    wild = "<script>alert('x')</script>&"
    stage = ir.Stage("polyak_sgd", (ir.Argument("variant", wild),), alias="<b>")
    report = explain(chain(ir.Guarded(chain(stage), ir.PathGlob("<i>"), None), ADAM))
    tags = _Tags()
    tags.feed(report._repr_html_())
    assert set(tags.opened) <= {"table", "thead", "tbody", "tr", "th", "td", "code", "small", "span", "br"}
    assert wild in "".join(tags.texts)
    assert "<b>" in tags.texts
    assert "where '<i>'" in tags.texts


def test_an_explanation_is_a_value() -> None:
    assert explain(chain(ADAM)) == explain(chain(ADAM))
    assert isinstance(optdsl.explain("sgd(0.1)"), Explanation)
