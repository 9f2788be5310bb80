"""Python functions as stages: how long a name lasts and who sees it, and what is wrong with a call."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Literal

import jax.numpy as jnp
import optax
import pytest

import optdsl
from optdsl import registry
from optdsl.cli import main
from optdsl.registry import Kind, Parameter, Prose, Row, Sort
from optdsl.registry import registered as home
from optdsl.room import with_room


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers for good is gone after it."""
    monkeypatch.setattr(home, "_ALWAYS", {})


def codes(text: str, **holes: Any) -> list[str]:
    """Returns what is wrong with names, forms and values; whether a chain is a whole optimizer is not asked here."""
    return [finding.code for finding in optdsl.check(text, **holes) if finding.code < "E3"]


# ---- names


def test_a_decorated_function_is_a_stage_and_stays_a_function() -> None:
    assert codes("centre(0.5)") == ["E201"]

    @optdsl.transform
    def centre(gain: float = 0.5) -> optax.GradientTransformation:
        """Centres, and then

        scales.

        Second paragraph."""
        return optax.scale(gain)

    assert codes("centre | centre(0.1) | centre(gain=1)") == []
    assert isinstance(centre(0.1), optax.GradientTransformation)
    row = registry.lookup("centre")
    assert row is not None
    gain = Parameter("gain", Kind.NUMBER, 0.5)
    assert row == Row("centre", row.target, Sort.TRANSFORM, (gain,), own_prose=Prose("Centres, and then"))
    assert row.target.startswith(f"{__name__}:")
    assert row.target.endswith(".centre")
    assert row in registry.transforms()
    assert row not in registry.schedules()


def test_the_decorator_takes_a_name_and_traits() -> None:
    @optdsl.transform(name="down", traits=optdsl.Traits(sign=-1))
    def something(rate: float) -> optax.GradientTransformation:
        return optax.sgd(rate)

    row = registry.lookup("down")
    assert row is not None
    assert row.traits == optdsl.Traits(sign=-1)
    assert registry.lookup("something") is None
    assert something(0.1)

    @optdsl.transform()
    def plain() -> optax.GradientTransformation:
        return optax.identity()

    row = registry.lookup(plain.__name__)
    assert row is not None
    assert row.traits is None


def test_a_scope_ends() -> None:
    with optdsl.registered(centre=optax.scale, other=optax.scale):
        assert codes("centre(0.5) | other(1)") == []
    assert codes("centre(0.5)") == ["E201"]
    assert "centre" not in registry.names()


def test_a_scope_ends_when_something_fails_inside() -> None:
    with pytest.raises(RuntimeError), optdsl.registered(centre=optax.scale):
        raise RuntimeError
    assert registry.lookup("centre") is None


def test_scopes_nest() -> None:
    with optdsl.registered(outer=optax.scale):
        with optdsl.registered(inner=optax.scale):
            assert codes("outer(1) | inner(1)") == []
        assert codes("outer(1)") == []
        assert codes("inner(1)") == ["E201"]


def test_scopes_belong_to_their_thread() -> None:
    with ThreadPoolExecutor(1) as pool, optdsl.registered(centre=optax.scale):
        assert pool.submit(codes, "centre(1)").result() == ["E201"]
        assert pool.submit(copy_context().run, codes, "centre(1)").result() == []


def test_what_is_registered_for_good_is_seen_by_all_threads() -> None:
    optdsl.transform(name="centre")(optax.scale)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(codes, "centre(1)").result() == []


def test_a_scope_reaches_programs_that_need_a_stack_of_their_own() -> None:
    full = iter([True])

    def work() -> list[str]:
        if next(full, False):
            raise RecursionError
        return codes("centre(1)")

    with optdsl.registered(centre=optax.scale):
        assert with_room(work) == []


@pytest.mark.parametrize("taken", ["adam", "centralize", "cosine_decay_schedule", "masked", "chain", "mine"])
def test_a_doubled_name_is_an_error(taken: str) -> None:
    optdsl.transform(name="mine")(optax.scale)
    with pytest.raises(ValueError, match=f"`{taken}` .* already.*; choose another name"):
        optdsl.transform(name=taken)(optax.identity)
    with pytest.raises(ValueError, match=taken), optdsl.registered(**{taken: optax.identity}):
        pass


def test_a_scope_inside_another_shadows_nothing() -> None:
    with optdsl.registered(inner=optax.scale):
        with pytest.raises(ValueError, match="`inner` is registered already"), optdsl.registered(inner=optax.scale):
            pass
        assert codes("inner(1)") == []


@pytest.mark.parametrize("name", ["match", "none", "a.b", "zwei wörter", "größe", ""])
def test_a_name_is_one_that_programs_can_write(name: str) -> None:
    with pytest.raises(ValueError, match="no name that a program can write"), optdsl.registered(**{name: optax.scale}):
        pass


def test_the_keywords_are_those_of_the_grammar() -> None:
    for word in home.KEYWORDS:
        assert codes(f"{word}(1)") != ["E201"], word


def test_a_lambda_needs_a_name() -> None:
    with pytest.raises(ValueError, match="<lambda>"):
        optdsl.transform(lambda: optax.identity())


def test_a_definition_does_not_take_a_registered_name() -> None:
    with optdsl.registered(centre=optax.scale):
        assert codes("def centre(x) = scale(x); centre(1)") == ["E209"]


def test_a_slip_in_a_registered_name_is_seen() -> None:
    with optdsl.registered(centre=optax.scale):
        (finding,) = optdsl.check("centr(0.5) | adam(1e-3)")
    assert finding.help == "write `centre`"
    assert finding.edit is not None
    assert finding.edit.text == "centre"


# ---- arguments


def centre(gain: float, mode: Literal["mean", "median"] = "mean", k: int = 1) -> optax.GradientTransformation:
    del mode, k
    return optax.scale(gain)


WRONG = [
    ("centre()", "E211", 1),
    ("centre(1, gain=2)", "E212", 11),
    ("centre(0.5, 'mean', 1, 4)", "E213", 24),
    ("centre('a')", "E221", 8),
    ("centre(0.5, k=0.5)", "E221", 15),
    ("centre(0.5, mode='mena')", "E223", 18),
    ("centre(gian=1)", "E202", 8),
    ("centre(1) { adam(1e-3) }", "E214", 1),
    ("clip(centre)", "E221", 6),
]


@pytest.mark.parametrize(("text", "code", "column"), WRONG, ids=[text for text, _, _ in WRONG])
def test_wrong_arguments_are_findings_with_places(text: str, code: str, column: int) -> None:
    with optdsl.registered(centre=centre):
        (finding,) = [found for found in optdsl.check(text) if found.code < "E3"]
    assert (finding.code, finding.span.line, finding.span.column) == (code, 1, column)


def test_right_arguments_are_fine() -> None:
    with optdsl.registered(centre=centre):
        assert codes("centre(0 -> linear(1, 10), 'median', k=2)") == []
        assert codes("centre(:gain, mode='mean')", gain=jnp.float32(0.5)) == []


# ---- the command line, in this process


def test_list_and_doc_show_them(capsys: pytest.CaptureFixture[str]) -> None:
    with optdsl.registered(centre=centre):
        assert main(["list", "centre", "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert (found["name"], found["group"], found["optax"]) == ("centre", "transforms", None)
        assert main(["doc", "centre"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("centre(gain, mode='mean', k=1)")
    assert f"in Python\n    {__name__}.centre" in page
    assert main(["doc", "centre"]) == 1
