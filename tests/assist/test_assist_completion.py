"""What is proposed where: `¦` in a text is the cursor."""

import time

import pytest

from optdsl import registry
from optdsl.assist import Completion, complete
from optdsl.assist.ranking import ranked
from optdsl.semantics.words import CLASSES, DTYPES, SEGMENTS

LEAVES = ("embed/kernel", "blocks_0/attn/kernel", "w")


def at(marked: str) -> tuple[Completion, ...]:
    offset = marked.index("¦")
    return complete(marked.replace("¦", ""), offset, LEAVES)


def labels(marked: str) -> list[str]:
    return [found.label for found in at(marked)]


def written(marked: str, label: str) -> str:
    """Returns the text after the proposal `label` is taken."""
    offset = marked.index("¦")
    text = marked.replace("¦", "")
    found = next(one for one in at(marked) if one.label == label)
    return text[: found.start] + found.insert + text[offset:]


@pytest.mark.parametrize(
    "before", ["¦", "clip(1.0) | ¦", "x = 1; ¦", "accumulate(2) { ¦ }", "match { bias => ¦", "def f(a) = ¦"]
)
def test_stages_stand_where_a_chain_goes_on(before: str) -> None:
    found = set(labels(before))
    assert {row.name for row in registry.transforms()} <= found
    assert "linear" not in found
    assert "constant_schedule" not in found


def test_what_begins_with_the_word_comes_first_and_the_shortest_of_that() -> None:
    found = labels("clip(1.0) | ad¦")
    assert found[0] == "adam"
    begins = [label.startswith("ad") for label in found]
    assert begins == sorted(begins, reverse=True)
    assert "scale_by_adam" in found


def test_letters_in_order_are_enough() -> None:
    assert "clip_by_global_norm" in labels("cgn¦")
    assert labels("xyz¦") == []


def test_ranks() -> None:
    names = ("scale_by_adam", "adam", "nadam", "a_d", "decay_adam")
    assert ranked("ad", [(name, name) for name in names]) == ["adam", "scale_by_adam", "decay_adam", "nadam", "a_d"]


def test_parameters_that_are_not_given_yet() -> None:
    found = {one.label: one for one in at("adam(1e-3, b2=0.9, ¦)") if one.kind == "parameter"}
    assert list(found) == ["b1=", "eps=", "eps_root=", "mu_dtype=", "nesterov="]
    assert found["b1="].detail == "0.9"
    assert found["b1="].documentation == "number, >= 0 and < 1, default 0.9"


def test_parameters_given_behind_the_cursor_are_not_proposed() -> None:
    assert "eps=" not in labels("adam(1e-3, ¦, eps=1e-3)")


def test_a_block_gives_its_parameter() -> None:
    assert "inner=" not in labels("accumulate(¦) { adam(1e-3) }")
    assert "inner=" in labels("accumulate(¦")


def test_the_first_argument_of_a_wrapper_may_be_its_chain() -> None:
    assert labels("lookahead(sg¦")[0] == "sgd"
    assert "sgd" not in labels("lookahead(¦) { sgd(0.1) }")
    assert "sgd" not in labels("lookahead(sgd(0.1), ¦")


def test_parameters_of_a_definition() -> None:
    found = {one.label: one.detail for one in at("def calm(a, b=2) = clip(a); calm(¦") if one.kind == "parameter"}
    assert found == {"a=": "required", "b=": "2"}


def test_a_number_may_be_a_schedule_or_a_binding() -> None:
    found = at("rate = 3e-4; adam(¦)")
    kinds = {one.label: one.kind for one in found}
    assert kinds["rate"] == "binding"
    assert {row.name for row in registry.schedules()} <= {label for label, kind in kinds.items() if kind == "schedule"}
    assert kinds["learning_rate="] == "parameter"


def test_names_are_seen_only_behind_their_statement_and_parameters_only_in_their_definition() -> None:
    assert "rate" not in labels("adam(¦); rate = 3")
    assert "rate" not in labels("rate = ¦")
    assert "bound" in labels("def f(bound) = clip(¦")
    assert "bound" not in labels("def f(bound) = clip(bound); clip(¦")
    assert "f" in labels("def f(bound) = clip(bound); ¦")


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("adam(b1=¦", "0.9"),
        ("adam(mu_dtype=¦", "none"),
        ("adam(nesterov=t¦", "true"),
        ("centralize(axes=f¦", "fan_in"),
        ("adam(mu_dtype=b¦", DTYPES[0]),
        ("x where dtype == b¦", DTYPES[0]),
        ("adam(:t¦", ":total"),
        ("adam(:rate) | lr(:¦", ":rate"),
        ("clip(1.0) when ¦", "step"),
        ("clip(1.0) w¦", "where"),
        ("adamw(1e-3, mask=t¦", "true where"),
    ],
)
def test_what_fits_best(marked: str, first: str) -> None:
    assert labels(marked)[0] == first


def test_each_label_once() -> None:
    for marked in ("adam(nesterov=¦", "¦", "clip(1.0) where ¦", "match { ¦"):
        assert len(set(labels(marked))) == len(labels(marked))


def test_segments_behind_an_arrow() -> None:
    assert labels("adam(0 -> ¦") == list(SEGMENTS)
    assert labels("lr = 0 -> linear(1, 2) -> c¦") == ["cosine"]


@pytest.mark.parametrize("marked", ["clip(1.0) where ¦", "sgd(0.1 where ¦", "match { ¦", "x where not (¦"])
def test_selectors_and_leaf_paths(marked: str) -> None:
    found = {one.label: one for one in at(marked)}
    assert set(CLASSES) <= found.keys()
    assert found["embed/kernel"].kind == "path"
    assert found["blocks_0/attn/**"].insert == "blocks_0/attn/**"
    assert found["w"].insert == "'w'", "a path of one segment is a word without quotes"


def test_paths_go_on_where_they_were_begun() -> None:
    assert labels("clip(1.0) where blocks_0/a¦") == ["blocks_0/attn/**", "blocks_0/attn/kernel"]
    assert (
        written("clip(1.0) where blocks_0/a¦ | adam(1)", "blocks_0/attn/**")
        == "clip(1.0) where blocks_0/attn/** | adam(1)"
    )
    assert written("clip(1.0) where 'emb¦", "embed/kernel") == "clip(1.0) where 'embed/kernel'"


def test_brackets_are_written_once() -> None:
    assert written("ada¦", "adam") == "adam("
    assert written("ada¦(1e-3)", "adam") == "adam(1e-3)"
    assert written("flat¦", "flatten") == "flatten { "
    assert written("cent¦", "centralize") == "centralize"
    assert written("optax.ada¦", "adam") == "adam("


@pytest.mark.parametrize("marked", ["# a¦", "adam(1e-3¦", "clip(1.0) as ¦", "live ¦", "def ¦", "def f(¦", "adam(1) ¦"])
def test_nothing_is_proposed_where_nothing_is_known(marked: str) -> None:
    assert labels(marked) == []


def test_a_string_of_a_parameter_with_choices() -> None:
    rows = (
        row for row in registry.transforms() for p in row.parameters if p.choices and p.kind is registry.Kind.STRING
    )
    row = next(rows)
    parameter = next(p for p in row.parameters if p.choices)
    assert labels(f"{row.name}({parameter.name}='¦") == list(parameter.choices)


def test_fifty_stages_are_completed_at_once() -> None:
    text = " | ".join(["scale_by_adam(b1=0.9, b2=0.99) where embed/**"] * 50) + " | ad"
    complete(text, len(text))
    took = []
    for _ in range(5):
        start = time.perf_counter()
        assert complete(text, len(text))
        took.append(time.perf_counter() - start)
    assert min(took) < 0.05
