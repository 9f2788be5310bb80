"""The examination behind `optdsl doctor`: programs and transforms with known faults, and what is said of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest

import optdsl
from optdsl.backend.doctor import Examined, examine
from optdsl.backend.doctor_problem import problem_for
from optdsl.backend.doctor_runs import calls_an_update, sense
from optdsl.backend.paths import leaf_paths
from optdsl.backend.shapes import shapes

pytestmark = pytest.mark.usefixtures("quick_compiler")

STEPS = 12
NAMES = {
    "runs",
    "descends",
    "finite",
    "state",
    "compiles once",
    "random tree",
    "gradients",
    "bfloat16",
    "donation",
    "leaves",
}


def compiled(text: str, **holes: Any) -> Any:
    """Returns the optimizer of a program, also of one that climbs."""
    return optdsl.compile(text, holes=holes, fragment=True, allow=("E301", "E302", "E307"))


def answers(text: str, like: Any = None, **holes: Any) -> dict[str, Examined]:
    return {answer.name: answer for answer in examine(compiled(text, **holes), like, STEPS)}


def verdicts(found: dict[str, Examined]) -> dict[str, str]:
    """Returns the verdicts that are not `ok`."""
    return {name: answer.verdict for name, answer in found.items() if answer.verdict != "ok"}


def host(update: Callable[[Any, Any], tuple[Any, Any]], first: Any = ()) -> optax.GradientTransformation:
    """Returns a transform of the host from `(updates, state) -> updates, state`."""

    def stateful(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        del params
        return update(updates, state)

    return optax.GradientTransformation(lambda params: first, stateful)


# ---- what is right


def test_a_good_program_has_nothing_against_it() -> None:
    found = answers("clip(1.0) | centralize(axes=fan_in) | adam(1e-2, b2=0.9)")
    assert found.keys() == NAMES
    assert verdicts(found) == {}
    numbers = found["descends"].numbers
    assert 0 < numbers["end"] < 0.99 * numbers["start"]
    assert found["donation"].numbers["buffers"] == found["donation"].numbers["reused"] > 0
    assert found["leaves"].numbers == {"leaves": 6, "moved": 6, "frozen": 0, "still": 0}


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "lbfgs",
        "muon(0.02)",
        "skip_nonfinite(5) { adam(1e-2) }",
        "schedule_free_adamw",
        "lookahead(5, 0.5) { sgd(0.1) }",
        "polyak_sgd",
        "reduce_on_plateau | sgd(0.1)",
        "live rate = 0.1; sgd(rate)",
        "sgd(0.1 -> linear(0, 10))",
        "sam(sgd(0.1), sgd(0.05))",
        "sophia(0.01)",
    ],
)
def test_nothing_fails_for_programs_that_work(text: str) -> None:
    found = answers(text)
    assert found["runs"].verdict == "ok", found["runs"].sentence
    assert "failed" not in verdicts(found).values(), verdicts(found)


@pytest.mark.slow
def test_accumulation_takes_as_many_more_steps() -> None:
    whole, parts = answers("sgd(0.1)"), answers("accumulate(2) { accumulate(2) { sgd(0.1) } }")
    assert parts["runs"].numbers == {**whole["runs"].numbers, "steps": 4 * STEPS}
    assert parts["descends"].numbers == pytest.approx(whole["descends"].numbers, rel=1e-4)
    assert parts["bfloat16"].verdict == "ok"


def test_a_period_that_is_too_long_is_not_tried() -> None:
    found = answers("accumulate(100k) { sgd(0.1) }")
    skipped = {name for name, verdict in verdicts(found).items() if verdict == "skipped"}
    assert skipped == {"descends", "random tree", "gradients", "bfloat16"}
    assert calls_an_update(compiled("accumulate(100k) { sgd(0.1) }").meaning.chain) == 100_000


def test_maximizing_climbs() -> None:
    found = answers("sgd(0.1) | maximize")
    assert verdicts(found) == {}
    assert "the objective rises" in found["descends"].sentence
    assert found["descends"].numbers["start"] < found["descends"].numbers["end"] < 0
    inside = compiled("accumulate(2) { sgd(0.1) | maximize } | maximize")
    assert (sense(inside.meaning.chain), sense(compiled("sgd(0.1)").meaning.chain)) == (1, 1)


def test_two_directions_are_none() -> None:
    found = answers("match { bias => sgd(0.1) | maximize, else => sgd(0.1) }")
    assert verdicts(found) == {"descends": "skipped", "random tree": "skipped"}


# ---- what is wrong


def test_a_climbing_program_fails() -> None:
    found = answers("adadelta")
    assert verdicts(found) == {"descends": "failed", "random tree": "failed"}
    assert "the loss rises" in found["descends"].sentence
    assert found["descends"].numbers["wrong_way"] == 1.0


def test_a_diverging_program_fails() -> None:
    found = answers("sgd(1e3)")
    assert found["descends"].verdict == found["finite"].verdict == "failed"
    assert "diverges" in found["descends"].sentence


def test_a_program_that_hardly_moves_is_noticed() -> None:
    assert verdicts(answers("sgd(1e-6)"))["descends"] == "warning"


def test_frozen_leaves_are_told_from_others_that_never_move() -> None:
    found = answers("freeze where bias | sgd(0.1 * (0 where norm else 1))")
    assert found["leaves"].numbers == {"leaves": 6, "moved": 3, "frozen": 2, "still": 1}
    assert found["leaves"].verdict == "warning"
    assert "not frozen: `norm/scale`; frozen: `dense_0/bias`, `head/bias`" in found["leaves"].sentence
    assert answers("freeze where bias | sgd(0.1)")["leaves"].verdict == "ok"


def test_a_program_that_freezes_everything_is_noticed() -> None:
    found = answers("freeze where size > 0 | sgd(0.1)")
    assert verdicts(found) == {"descends": "warning", "random tree": "warning", "leaves": "warning"}
    assert found["leaves"].numbers == {"leaves": 6, "moved": 0, "frozen": 6, "still": 0}


def test_gradients_of_zero_can_be_too_few() -> None:
    found = answers("rmsprop(1e-2, eps=0)")
    assert found["gradients"].verdict == "warning"
    assert "around 0 updates are not finite: `conv/kernel`" in found["gradients"].sentence


@pytest.mark.slow
def test_second_moments_stall_in_bfloat16() -> None:
    slow, quick = answers("adam(1e-2)")["bfloat16"], answers("adam(1e-2, b2=0.9)")["bfloat16"]
    assert (slow.verdict, quick.verdict) == ("warning", "ok")
    assert slow.numbers["stalled"] > quick.numbers["stalled"] == 0
    assert "nu/" in slow.sentence
    assert slow.numbers["difference"] < 0.2


def test_an_epsilon_that_bfloat16_swallows_is_noticed() -> None:
    def rounded(updates: Any, state: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda leaf: -((1 + 1e-3 * leaf) - 1), updates), state

    found = answers(":tx", tx=host(rounded))
    assert found["bfloat16"].verdict == "warning"
    assert found["bfloat16"].numbers["difference"] > 0.2


@pytest.mark.slow
def test_random_numbers_are_not_compared() -> None:
    assert answers("add_noise(0.01, 0.55, 1) | sgd(0.1)")["bfloat16"].verdict == "skipped"


# ---- transforms of the host, at fault in other ways


def test_a_state_that_changes_its_dtype_is_found() -> None:
    def update(updates: Any, state: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda leaf: -0.1 * leaf, updates), state + jnp.float32(1)

    found = answers(":tx", tx=host(update, jnp.zeros((), jnp.int32)))
    assert found["state"].verdict == found["compiles once"].verdict == "failed"
    assert "int32" in found["state"].sentence
    assert "step 2" in found["compiles once"].sentence


def test_a_donated_buffer_without_use_is_found() -> None:
    def update(updates: Any, state: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda leaf: -0.1 * leaf, updates), state[:2] + 1

    found = answers(":tx", tx=host(update, jnp.zeros(5)))
    assert verdicts(found) == {"state": "failed", "compiles once": "failed", "donation": "warning"}
    assert "float32[5]" in found["donation"].sentence


def test_a_transform_that_raises_is_reported() -> None:
    def update(updates: Any, state: Any) -> tuple[Any, Any]:
        raise ValueError("no such thing")

    assert examine(compiled(":tx", tx=host(update))) == [Examined("runs", "failed", "ValueError: no such thing")]


def test_nan_in_the_state_is_reported() -> None:
    def update(updates: Any, state: Any) -> tuple[Any, Any]:
        return jax.tree.map(lambda leaf: -0.1 * leaf, updates), state * jnp.nan

    found = answers(":tx", tx=host(update, jnp.ones(())))
    assert verdicts(found) == {"finite": "warning", "gradients": "failed"}


# ---- problems


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("freeze where backbone/** | sgd(0.1)", "backbone/kernel"),
        ("sgd(0.9 ** i where blocks_{i}/** else 1)", "blocks_1/bias"),
        ("match { a/*/scale => freeze, b/** => sgd(0.1) }", "a/0/scale"),
        ("freeze where net/** and not path ~ 'stage_[234]/' | sgd(0.1 where net/** else 1)", "net/stage_2/kernel"),
        ("sgd(0.1 where ndim == 4 else 1)", "conv/kernel"),
        ("freeze where not **/lora_* | sgd(0.1)", "inner/lora_0"),
    ],
)
def test_a_tree_is_made_for_the_program(text: str, path: str) -> None:
    problem = problem_for(compiled(text))
    assert not isinstance(problem, str), problem
    assert path in leaf_paths(problem.params)


def test_a_program_without_a_tree_is_skipped() -> None:
    (answer,) = examine(compiled("sgd(0.1 where shape[0] == 77 else 1)"))
    assert (answer.name, answer.verdict) == ("runs", "skipped")
    assert "E402" in answer.sentence
    assert "--params" in answer.sentence


def test_shapes_make_the_problem() -> None:
    given = shapes({"a/w": ((77, 3), "bfloat16"), "b": ((), "float32")})
    found = answers("sgd(0.1 where shape[0] == 77 else 0.2)", given)
    assert verdicts(found) == {}
    assert found["leaves"].numbers["moved"] == 2
    assert "2 leaves" in found["runs"].sentence


@pytest.mark.parametrize(
    ("leaves", "said"),
    [
        ({"table": ((3,), "int32")}, "`table` is int32"),
        ({"huge": ((100_000, 100_000), "float32")}, "10,000,000,000 parameters"),
        ({"empty": ((0, 2), "float32")}, "0 parameters"),
    ],
)
def test_shapes_that_are_not_run(leaves: Any, said: str) -> None:
    (answer,) = examine(compiled("sgd(0.1)"), shapes(leaves))
    assert answer.verdict == "skipped"
    assert said in answer.sentence
