"""Every file of `examples/` is a good program, and does what the Optax written by hand beside it does."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Callable
from typing import Any

import by_hand_recipes
import jax
import numpy as np
import optax
import pytest
from by_hand_recipes import AverageState
from optax import contrib
from recipes import FOLDER, RECIPES, PyTree, Recipe

import optdsl
from optdsl.syntax import ast as syntax
from optdsl.syntax.ast import walk

EACH = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
BY_NAME = {recipe.name: recipe for recipe in RECIPES}
NOT_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def compiled(recipe: Recipe, **options: Any) -> optdsl.Optimizer:
    return optdsl.compile(recipe.text(), holes=recipe.holes, exact=True, **options)


def code_of_program(text: str) -> int:
    """Returns how many characters of a program are neither blank nor comment."""
    code = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return len("".join("".join(code).split()))


def code_of_body(function: Callable[..., Any]) -> int:
    """Returns how many characters of a function's body are neither blank nor comment, its `def` line aside."""
    source = inspect.getsource(function)
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    body = "\n".join(source.splitlines()[definition.body[0].lineno - 1 :])
    tokens = tokenize.generate_tokens(io.StringIO(f"if 1:\n{body}\n").readline)
    counted = sum(len("".join(token.string.split())) for token in tokens if token.type not in NOT_CODE)
    return counted - len("if1:")


def apart(got: jax.Array, want: jax.Array) -> float:
    return float(np.max(np.abs(np.asarray(got, np.float64) - np.asarray(want, np.float64)), initial=0.0))


def assert_same(got: PyTree, want: PyTree, within: Any) -> None:
    """Asserts equal trees, bit by bit or within a share of the largest entry of each leaf."""
    assert jax.tree.structure(got) == jax.tree.structure(want)
    for (keys, ours), theirs in zip(jax.tree_util.tree_leaves_with_path(got), jax.tree.leaves(want), strict=True):
        room = 0.0 if within == "exact" else within * apart(theirs, np.zeros_like(theirs))
        assert ours.dtype == theirs.dtype
        assert np.all(np.isfinite(ours))
        assert apart(ours, theirs) <= room, f"{jax.tree_util.keystr(keys)}: {apart(ours, theirs)}, allowed {room}"


def follow(recipe: Recipe, optimizer: optdsl.Optimizer, update: Callable[..., Any]) -> PyTree:
    """Compares five updates, from parameters that move with the reference; returns these and both states."""
    params = recipe.parameters()
    state, want_state = optimizer.init(params), recipe.by_hand().init(params)
    moved = False
    for grads in recipe.gradients():
        want, want_state = update(grads, want_state, params)
        updates, state = optimizer.update(grads, state, params)
        assert_same(updates, want, recipe.within)
        moved |= any(np.any(leaf) for leaf in jax.tree.leaves(want))
        params = optax.apply_updates(params, want)
    assert moved
    return params, state, want_state


def test_every_file_is_tested() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.opt")) == sorted(BY_NAME)


def test_the_table_lists_files_and_holes() -> None:
    rows = [line.strip("|\n ").split("|") for line in _lines("README.md") if line.startswith("| `")]
    listed = {cells[0].strip(" `"): set(re.findall(r"[\w\[\]]+", cells[3] if cells[3:] else "")) for cells in rows}
    assert listed == {f"{recipe.name}.opt": _holes(recipe.text()) for recipe in RECIPES}


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def _holes(text: str) -> set[str]:
    """Returns the names of a program's holes, in brackets those with a default, and the lengths it asks for."""
    _, _, code = text.partition("\n")
    written = {f"[{name}]" if default else name for name, default in re.findall(r":(\w+)( \?\?)?", code)}
    asked = {"total" for mark in ("%", "linear(0)", "cosine(1e-6)") if mark in code}
    return written | asked | ({"epoch_steps"} if "ep)" in code else set())


@EACH
def test_five_updates_are_those_written_by_hand(recipe: Recipe) -> None:
    follow(recipe, compiled(recipe), jax.jit(recipe.by_hand().update))


@EACH
def test_program_is_shorter_than_what_it_replaces(recipe: Recipe) -> None:
    assert code_of_program(recipe.text()) < code_of_body(getattr(by_hand_recipes, recipe.name))


def test_how_code_is_counted() -> None:
    assert code_of_program("# a\nclip(1.0)  # b\n  | lr(1)\n") == len("clip(1.0)#b|lr(1)")
    assert code_of_body(by_hand_recipes.gan_discriminator) == len("returnoptax.adam(4e-4,b1=0.0,b2=0.9)")


@EACH
def test_nothing_is_said_against_it(recipe: Recipe) -> None:
    found = optdsl.check(recipe.text(), holes=recipe.holes, params=recipe.parameters(), strict=True)
    assert [f"{finding.code}: {finding.message}" for finding in found if finding.severity != "note"] == []


@EACH
def test_text_is_canonical_and_begins_with_one_comment(recipe: Recipe) -> None:
    text = recipe.text()
    assert optdsl.format(text) + "\n" == text
    comments = [line for line in text.splitlines() if "#" in line]
    assert comments == text.splitlines()[:1]


@EACH
def test_holes_have_defaults(recipe: Recipe) -> None:
    """A recipe runs as it is: no hole but the length of the run and of an epoch has to be filled."""

    found = optdsl.check(recipe.text(), total=100_000, epoch_steps=1000)
    assert [finding for finding in found if finding.severity != "note"] == []


@EACH
def test_parameters_fit(recipe: Recipe) -> None:
    compiled(recipe, params=recipe.parameters(), strict=True)


def selections(text: str) -> list[str]:
    """Returns the text of every glob, class and test of leaves in a program."""
    program = optdsl.parse(text)
    kinds = (syntax.Glob, syntax.LeafClass, syntax.PathMatch, syntax.LeafTest)
    found = [node.span for node in walk(program.body, *program.statements) if isinstance(node, kinds)]
    return [text[span.start : span.end] for span in sorted(found, key=lambda span: span.start)]


def selects(selection: str, params: PyTree) -> bool:
    found = optdsl.check(f"clip(1.0) where {selection} | sgd(0.1)", params=params)
    assert {finding.code for finding in found} <= {"E402"}
    return found == []


@EACH
def test_every_selection_has_leaves_and_leaves_some_out(recipe: Recipe) -> None:
    params = recipe.parameters()
    for selection in selections(recipe.text()):
        assert selects(selection, params), selection
        assert selects(f"not ({selection})", params), selection


def test_what_counts_as_a_selection() -> None:
    text = (
        "freeze where a/** and not (bias or path ~ 'c') | sgd(2 * (1 where ndim > 1 else 3 where shape[0] == 4 else 5))"
    )
    assert selections(text) == ["a/**", "bias", "path ~ 'c'", "ndim > 1", "shape[0] == 4"]
    assert selects("*", {"a": np.zeros(3)})
    assert not selects("b/**", {"a": np.zeros(3)})
    assert sum(len(selections(recipe.text())) for recipe in RECIPES) >= 20


def evaluated_by_hand(name: str, params: PyTree, state: Any) -> PyTree:
    if name == "ranger":
        return params.slow
    if name == "schedule_free":
        return contrib.schedule_free_eval_params(state[1], params)
    (mean,) = (part.mean for part in state if isinstance(part, AverageState))
    return mean


@pytest.mark.parametrize("name", ["ema_evaluation", "gan_generator", "ranger", "schedule_free"])
def test_parameters_to_evaluate_with(name: str) -> None:
    recipe = BY_NAME[name]
    optimizer = compiled(recipe)
    params, state, want_state = follow(recipe, optimizer, jax.jit(recipe.by_hand().update))
    got, want = optimizer.eval_params(params, state), evaluated_by_hand(name, params, want_state)
    assert_same(got, want, 1e-6)
    assert any(apart(a, b) > 0 for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(params), strict=False))


def test_numbers_change_while_the_agent_learns() -> None:
    recipe = BY_NAME["interactive"]
    optimizer, params = compiled(recipe), recipe.parameters()
    reference: Any = recipe.by_hand()
    state, (clip, sgd) = optimizer.init(params), reference.init(params)
    for rate, grads in zip((1e-2, 1e-2, 3e-3, 3e-3, 0.1), recipe.gradients(), strict=True):
        state = optimizer.set(state, {"rate": rate, "bound": 20 * rate})
        clip.hyperparams["max_norm"], sgd.hyperparams["learning_rate"] = np.float32(20 * rate), np.float32(rate)
        want, (clip, sgd) = reference.update(grads, (clip, sgd), params)
        updates, state = optimizer.update(grads, state, params)
        assert_same(updates, want, 1e-6)


def test_state_of_the_adapters_alone() -> None:
    recipe = BY_NAME["lora"]
    params = recipe.parameters()
    state = jax.eval_shape(compiled(recipe).init, params)
    trained = sum(leaf.size for layer in params.values() for name, leaf in layer.items() if "lora_" in name)
    assert sum(leaf.size for leaf in jax.tree.leaves(state) if leaf.ndim) == 2 * trained
