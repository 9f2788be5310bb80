"""States of one program in another: kept by name and word, never by looks."""

import jax
import jax.numpy as jnp
import pytest

import optdsl

PARAMS = {"dense": {"kernel": jnp.ones((3, 2)), "bias": jnp.ones(2)}}
GRADS = jax.tree.map(lambda leaf: 0.5 * leaf, PARAMS)


def trained(text: str) -> tuple[optdsl.Optimizer, object]:
    optimizer = optdsl.compile(text)
    _, state = optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)
    return optimizer, state


def test_moments_of_the_same_stage_are_kept() -> None:
    old, state = trained("adam(1e-3)")
    new = optdsl.compile("clip(0.5) | adam(1e-2) | average(0.9)")
    moved, report = new.migrate(state, old, PARAMS)
    assert (report.kept, report.added, report.dropped) == (("adam",), ("average",), ())
    for want, got in zip(jax.tree.leaves(state), jax.tree.leaves(moved[1]), strict=True):
        assert jnp.array_equal(want, got)
    new.update(GRADS, moved, PARAMS)


def test_a_lookalike_starts_anew_and_is_reported() -> None:
    old, state = trained("adam(1e-3)")
    new = optdsl.compile("yogi(1e-3)")
    moved, report = new.migrate(state, old, PARAMS)
    assert report.lookalikes == ("yogi",)
    assert report.dropped == ("adam",)
    (finding,) = report.findings
    assert (finding.code, finding.span.column) == ("E404", 1)
    assert "`yogi`" in finding.message
    assert "`adam`" in finding.message
    for want, got in zip(jax.tree.leaves(new.init(PARAMS)), jax.tree.leaves(moved), strict=True):
        assert jnp.array_equal(want, got)


def test_stages_inside_others_and_in_arms_are_found() -> None:
    text = "match {{ ndim > 1 => accumulate(2) {{ {} }}, else => sgd(0.1, momentum=0.9) }}"
    old, state = trained(text.format("adam(1e-3)"))
    new, _ = trained(text.format("clip(1.0) | adam(1e-2)"))
    _, report = new.migrate(state, old, PARAMS)
    assert report.kept == ("match.0.accumulate.adam", "match.1.sgd")
    assert "kept: match.0.accumulate.adam, match.1.sgd" in str(report)


def test_replace_gives_another_program() -> None:
    optimizer = optdsl.compile("clip(0.5) | adam(1e-3)")
    other = optimizer.replace({"adam.learning_rate": 2e-3, "clip.max_delta": 0.25})
    assert other == optdsl.compile("clip(0.25) | adam(2e-3)")
    assert optdsl.compile(str(other)) == other
    assert optimizer == optdsl.compile("clip(0.5) | adam(1e-3)")


@pytest.mark.parametrize(
    ("text", "values", "says"),
    [
        ("adam(1e-3)", {"adam.learning_rat": 1.0}, "adam.learning_rate"),
        ("adam(1e-3)", {"adam.b1": 1.5}, "< 1"),
        ("adam(1e-3)", {"adam.nesterov": 3}, "`true` or `false`"),
        ("scale_by_adam | scale(-1e-3)", {"scale.step_size": 1e-3}, "sign"),
    ],
)
def test_replace_refuses_what_does_not_fit(text: str, values: dict[str, object], says: str) -> None:
    with pytest.raises(optdsl.OptdslError, match=says):
        optdsl.compile(text).replace(values)
