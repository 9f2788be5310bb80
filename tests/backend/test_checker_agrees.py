"""What the checker says about directions is what Optax does: tables, wrappers, and random chains of stages."""

import itertools
from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from drawn_chains import BLOCKS, NOT_DRAWN, ROWS, Draw, drawn_chains
from trees_for_rows import Written, arguments_of, holes_of, program_of

import optdsl
from optdsl.api import parse
from optdsl.diagnostics.edits import apply_edits
from optdsl.registry import transforms
from optdsl.semantics.effects import RATELESS, SIGNS, Effect, effects, net_sign
from optdsl.semantics.resolve import resolve
from optdsl.semantics.rules.doubled import has_momentum
from optdsl.semantics.rules.order import BY_NORM, adapts

pytestmark = [
    pytest.mark.usefixtures("quick_compiler"),
    pytest.mark.filterwarnings('ignore:"seed" is deprecated'),
    pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated"),
]

UPDATES = 3
PARAMS: Any = {"w": jnp.full((3, 2), 0.05), "v": jnp.full((2, 2), 0.08)}
WEIGHTS: Any = {
    "w": jnp.array([[1.0, 2.0], [0.7, 1.5], [1.2, 0.9]]),
    "v": jnp.array([[0.8, 1.1], [1.6, 0.6]]),
}


def loss(params: Any) -> jax.Array:
    """A loss that grows with every parameter around here."""
    return sum(jnp.sum(0.5 * w * (params[name] + 1.0) ** 2) for name, w in WEIGHTS.items())  # type: ignore[return-value]


def gradient_of(params: Any) -> Any:
    return {name: w * (params[name] + 1.0) for name, w in WEIGHTS.items()}


EXTRAS = {"value": loss, "grad": gradient_of}


def compiled(text: str, **holes: Any) -> Any:
    return optdsl.compile(text, holes=holes, fragment=True, exact=True, allow=("E301", "E302", "E307"))


def updates_of(text: str, gradients: list[Any] | None = None, **holes: Any) -> list[Any]:
    """Returns the updates of a program at parameters that stay where they are, operation by operation."""
    optimizer = compiled(text, **holes)
    gradient = gradient_of(PARAMS)
    known = {"value": loss(PARAMS), "grad": gradient, "value_fn": loss, "obj_fn": loss}
    extra = {name: known[name] for name in optimizer.needs}
    with jax.disable_jit():
        state, updates = optimizer.init(PARAMS), []
        for step in range(UPDATES * 2 ** text.count("(k=2")):
            given = gradient if gradients is None else gradients[step]
            update, state = optimizer.update(given, state, PARAMS, **extra)
            updates.append(update)
    return updates


def along(one: Any, other: Any) -> float:
    """Returns the inner product of two trees."""
    return float(sum(np.vdot(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)))


def sign(number: float) -> int | None:
    """Returns the sign of a number, None for NaN."""
    return None if np.isnan(number) else int(np.sign(number))


def measured_sign(text: str, **holes: Any) -> int | None:
    gradient = gradient_of(PARAMS)
    return sign(sum(along(gradient, update) for update in updates_of(text, **holes)))


def effects_of(text: str, **holes: Any) -> tuple[Effect, ...]:
    chain = resolve(parse(text), holes).chain
    assert chain is not None, text
    return effects(chain)


# ---- random chains

SEED = 4
CHAINS = 500


@pytest.mark.slow
def test_random_chains_descend_where_the_checker_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """500 chains: no E301 and no E302 means a step down, and one of the two that there is none."""
    outcomes, wrong = Counter[str](), list[str]()
    for text, holes in itertools.islice(drawn_chains(SEED), CHAINS):
        if net_sign(effects_of(text, **holes)) is None:
            outcomes["unknown"] += 1
            assert not direction_errors(text, **holes), text  # nothing is claimed
            continue
        says = "up" if direction_errors(text, **holes) else "down"
        does = {-1: "down", 1: "up", None: "nothing: 0 / 0"}.get(measured_sign(text, **holes), "nothing")
        outcomes[f"{says}, and Optax goes {does}"] += 1
        if does not in (says, "nothing: 0 / 0"):
            wrong.append(f"{text}: {says}, not {does}")
    assert wrong == []
    assert outcomes["unknown"] <= CHAINS / 10
    assert sum(number for what, number in outcomes.items() if "0 / 0" in what) <= CHAINS / 50
    assert min(outcomes[f"{way}, and Optax goes {way}"] for way in ("up", "down")) > CHAINS / 4
    with capsys.disabled():
        print(f"\n{CHAINS} random chains: " + "; ".join(f"{number} {what}" for what, number in outcomes.most_common()))


def direction_errors(text: str, **holes: Any) -> set[str]:
    return {finding.code for finding in optdsl.check(text, holes=holes)} & {"E301", "E302"}


def test_what_is_not_drawn_exists() -> None:
    assert set(NOT_DRAWN) <= set(ROWS)
    assert set(BLOCKS) <= set(ROWS)


# ---- every row by itself, and what the rules ask of rows


BY_EXAMPLE = ("dpsgd", "differentially_private_aggregate")
WITHOUT_DIRECTION = ("freeze", "hutchinson_estimator_diag_hessian", "sam", "mechanize", "lookahead", *BY_EXAMPLE)
ALONE = tuple(name for name in ROWS if name not in WITHOUT_DIRECTION)


def program(name: str) -> Draw:
    """Returns a stage with the arguments it needs; blocks stand around `sgd`."""
    given = arguments_of(ROWS[name])
    return Draw(program_of(ROWS[name], given), holes_of(given))


@pytest.mark.parametrize("name", ALONE)
def test_sign_of_a_row(name: str) -> None:
    text, holes = program(name)
    wanted = net_sign(effects_of(text, **holes))
    assert wanted is not None
    assert measured_sign(text, **holes) == wanted


FIXED_SIZE = {"learning_rate": Written("0.1", 0.1), "b1": Written("0.0", 0.0), "beta": Written("0.0", 0.0)}


def test_signs_are_the_stages_whose_entries_have_one_size() -> None:
    """Without momentum, and without decay, all updates of such a stage are of one size whatever the gradient."""
    stages = [name for name in ALONE if ROWS[name].traits.degree == 0 and ROWS[name].traits.elementwise]  # type: ignore[union-attr]
    assert {name for name in stages if _has_one_size(name)} == {*SIGNS, "sophia"}  # which clips all steps here


def _has_one_size(name: str) -> bool:
    row = ROWS[name]
    given = arguments_of(row)
    given |= {name: written for name, written in FIXED_SIZE.items() if row.parameter(name)}
    if row.parameter("weight_decay"):
        given["weight_decay"] = Written("0.0", 0.0)
    chance = np.random.default_rng(0)
    gradients = [
        jax.tree.map(lambda leaf: leaf * chance.uniform(0.2, 5.0, leaf.shape), WEIGHTS) for _ in range(UPDATES)
    ]
    updates = updates_of(program_of(row, given), gradients, **holes_of(given))
    for update in updates[1:]:
        sizes = np.abs(np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(update)]))
        if not sizes.any() or not np.allclose(sizes, sizes[0], rtol=1e-3):
            return False
    return True


def scaled(tree: Any, by: float) -> Any:
    return jax.tree.map(lambda leaf: by * leaf, tree)


def test_stages_by_norm_keep_the_direction_of_a_leaf() -> None:
    """The others that W504 warns of divide entry by entry, or by what they remember."""
    stateful = [n for n in ALONE if ROWS[n].traits.degree == 0 and ROWS[n].traits.state_floats > 0]  # type: ignore[union-attr]
    kept = {name for name in stateful if _keeps_direction(name)}
    assert set(BY_NORM) <= kept
    assert not [name for name in BY_NORM if any(map(adapts, _effects_alone(name)))]
    assert kept - set(BY_NORM) == LAYERWISE


LAYERWISE = {"novograd", "scale_by_novograd"}
"""Divide a leaf by a running norm, and decay behind it; L2 in front is normalised away all the same."""


def _keeps_direction(name: str) -> bool:
    text, holes = program(name)
    gradient = gradient_of(PARAMS)
    update = updates_of(text, **holes)[0]
    return all(abs(_cosine(gradient[leaf], update[leaf])) > 0.9999 for leaf in gradient)


def _cosine(one: Any, other: Any) -> float:
    return float(np.vdot(one, other) / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-30))


MOMENTUM = ("b1", "beta", "momentum", "decay")


def test_momentum_goes_on_where_gradients_have_stopped() -> None:
    """A stage with momentum goes on in its direction at a gradient of 0; what does not has none."""
    names = [name for name in ALONE if any(ROWS[name].parameter(p) for p in MOMENTUM) and name not in QUIET]
    said = {name for name in names if any(map(has_momentum, _effects_alone(name)))}
    assert said == {name for name in names if _goes_on(name)}


QUIET = {
    "adafactor": "its momentum is off by default",
    "average": "passes updates through",
    "ema": "is a momentum whose gain is 1",
    "optimistic_adam": "has one, and goes back on its last update",
    "optimistic_adam_v2": "the same",
}


def _effects_alone(name: str) -> tuple[Effect, ...]:
    text, holes = program(name)
    return effects_of(text, **holes)


def _goes_on(name: str) -> bool:
    text, holes = program(name)
    gradient = gradient_of(PARAMS)
    updates = updates_of(text, [gradient, gradient, scaled(gradient, 0.0)], **holes)
    before, after = along(gradient, updates[1]), along(gradient, updates[2])
    return bool(before * after > 0 and abs(after) > 1e-3 * abs(before))


# ---- blocks


MOVING = {
    "sam(sgd(0.05)) { sgd(0.1) }": 1.0,
    "mechanize(s_init=0.1) { sgd(0.1) }": 1.0,
    "schedule_free(0.1) { sgd(0.1) }": 1.0,
}


@pytest.mark.parametrize("text", MOVING)
def test_blocks_that_move_their_parameters_descend(text: str) -> None:
    assert net_sign(effects_of(text)) == -1
    assert _after(text, 20) < float(loss(PARAMS))


def _after(text: str, steps: int) -> float:
    optimizer = compiled(text)
    params, state = PARAMS, optimizer.init(PARAMS)
    for _ in range(steps):
        updates, state = optimizer.update(gradient_of(params), state, params)
        params = optax.apply_updates(params, updates)
    return float(loss(params))


def test_lookahead_descends() -> None:
    text = "lookahead(sync_period=2, slow_step_size=0.5) { sgd(0.1) }"
    optimizer, params = compiled(text), optax.LookaheadParams.init_synced(PARAMS)
    updates, _ = optimizer.update(gradient_of(PARAMS), optimizer.init(params), params)
    assert net_sign(effects_of(text)) == -1
    assert sign(along(gradient_of(PARAMS), updates.fast)) == -1


RATELESS_ROWS = {row.name for row in transforms() if (p := row.parameter("learning_rate")) and p.default is None}


def test_optimizers_without_a_rate() -> None:
    """All that may lack one are in the table, with the sign that Optax gives them; the stage `lr` is no optimizer."""
    assert RATELESS_ROWS - {"scale_by_learning_rate"} == set(RATELESS)
    assert {name: measured_sign(f"{name}(learning_rate=none)") for name in RATELESS} == RATELESS
    for name, its_sign in RATELESS.items():
        assert bool(direction_errors(name)) == (its_sign == 1)
        assert measured_sign(f"{name}(learning_rate=0.1)") == -1
        assert not direction_errors(f"{name}(learning_rate=0.1)")


BLOCK_SIGNS = ("accumulate(2)", "apply_if_finite(3)", "skip_nonfinite(inf)", "flatten", "split_real_and_imaginary")
CONTENTS = {
    "sgd(0.1)": -1,
    "scale_by_adam": 1,
    "scale(-0.5)": -1,
    "scale(0.5)": 1,
    "scale_by_learning_rate(0.1, flip_sign=false)": 1,
    "scale_by_adam | lr(0.1)": -1,
    "lr(0.1) | lr(0.1)": 1,
}


@pytest.mark.parametrize("block", BLOCK_SIGNS)
@pytest.mark.parametrize("inner", CONTENTS)
def test_sign_of_a_block(block: str, inner: str) -> None:
    text = f"{block} {{ {inner} }}".replace("(2)", "(k=2)")
    assert net_sign(effects_of(text)) == CONTENTS[inner]
    assert measured_sign(text) == CONTENTS[inner]
    assert bool(direction_errors(text)) == (CONTENTS[inner] == 1)


@pytest.mark.parametrize("name", [name for name in ALONE if name not in ("maximize", "set_to_zero")])
def test_a_row_before_a_rate(name: str) -> None:
    """`STAGE | lr` is right for what keeps the sign, and two descents for what descends."""
    text, holes = program(name)
    found = direction_errors(f"{text} | lr(0.01)", **holes)
    (effect,) = effects_of(text, **holes)
    assert found == ({"E301"} if effect.sign == -1 else set())


# ---- what edits do


def mended(code: str, text: str) -> str:
    """Returns the text with the edits of its findings of one kind made."""
    after = apply_edits(text, [finding for finding in optdsl.check(text) if finding.code == code])
    assert after != text
    return after


SAME = [
    ("N603", "clip(1.0) | scale(1) | sgd(.1)"),
    ("N603", "identity | adam(1e-3) | identity"),
    ("N603", "centralize(axes=-1) | trace(.9) | centralize(axes=-1) | sgd(.1)"),
    ("N603", "accumulate(k=2) { centralize | scale(2) | centralize | sgd(.1) }"),
    ("W516", "optimistic_adam(1e-3)"),
]


@pytest.mark.parametrize(("code", "text"), SAME)
def test_edits_of_what_was_right_keep_its_updates(code: str, text: str) -> None:
    for one, other in zip(updates_of(text), updates_of(mended(code, text)), strict=True):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), one, other)


UPHILL = ["scale_by_adam | scale(1e-3)", "accumulate(k=2) { scale_by_adam | scale(step_size=.1) }"]


@pytest.mark.parametrize("text", UPHILL)
def test_the_edit_of_an_ascent_descends(text: str) -> None:
    assert (measured_sign(text), measured_sign(mended("E301", text))) == (1, -1)


GROWING = [
    "sgd(.1) | add_decayed_weights(.01)",
    "add_decayed_weights(-.01) | sgd(.1)",
    "add_decayed_weights(.01) | sgd(.1) | maximize",
    "accumulate(k=2) { add_decayed_weights(-.01) } | sgd(.1)",
]


@pytest.mark.parametrize("text", GROWING)
def test_the_edit_of_growing_weights_shrinks_them(text: str) -> None:
    still = [scaled(gradient_of(PARAMS), 0.0)] * 6
    grown, shrunk = (
        sum(along(PARAMS, update) for update in updates_of(program, still)) for program in (text, mended("W506", text))
    )
    assert grown > 0 > shrunk


def test_a_guard_in_front_keeps_nan_out() -> None:
    text = "clip_norm(1.0) | clip(1.0) | zero_nans | sgd(.1)"
    gradient = gradient_of(PARAMS)
    broken = [{**gradient, "w": gradient["w"].at[0, 0].set(jnp.nan)}] * 6
    early = updates_of(mended("E305", text), broken)[0]["v"]
    by_hand = optax.chain(optax.clip_by_global_norm(1.0), optax.clip(1.0), optax.zero_nans(), optax.sgd(0.1))
    late: Any = by_hand.update(broken[0], by_hand.init(PARAMS), PARAMS)[0]
    assert not np.any(late["v"])  # one NaN took everything along
    assert np.all(early < 0)


def test_decay_in_adam_is_divided_out_and_adamw_has_it_in_full() -> None:
    """The step that decay adds, over the parameters: all but nothing inside Adam, rate * decay in the AdamW form."""
    text = "decay(.1) | adam(1e-2)"
    plain, inside, beside = (updates_of(program)[-1]["w"] for program in ("adam(1e-2)", text, mended("W504", text)))
    assert float(np.max(np.abs(inside - plain))) < 1e-6
    np.testing.assert_allclose(plain - beside, 1e-2 * 0.1 * PARAMS["w"], rtol=1e-2)
