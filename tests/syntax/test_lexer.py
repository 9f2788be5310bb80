"""The lexer that makes its parts when they are first used takes a text apart as Lark's own does."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import UnexpectedInput
from lark.lexer import Scanner
from programs import programs

from optdsl.syntax import parser, tables


@pytest.fixture(scope="module")
def plain() -> Lark:
    return tables.build(parser.grammar_text())


@pytest.fixture(scope="module")
def prebuilt() -> Lark:
    loaded = tables.load(parser.TABLES)
    assert loaded is not None
    return loaded


def outcome(lark: Any, text: str) -> Any:
    """Returns the tree of a text, or what stopped the parser, where, and what could have stood there."""
    try:
        return lark.parse(text)
    except UnexpectedInput as error:
        found: Any = error
        stopped = getattr(found, "interactive_parser", None)
        accepts = None if stopped is None else stopped.accepts()
        token, history = getattr(found, "token", None), getattr(found, "token_history", None)
        return type(error), error.pos_in_stream, token, history, accepts


@given(tokens=programs(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_texts_are_taken_apart_as_by_lark(tokens: list[str], data: st.DataObject, plain: Lark, prebuilt: Lark) -> None:
    """Programs, and programs with a token too few or one in another's place."""
    place, other = (data.draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
    shorter = [*tokens[:place], *tokens[place + 1 :]]
    wrong = [*tokens[:place], tokens[other], *tokens[place + 1 :]]
    for text in (" ".join(tokens), " ".join(shorter), " ".join(wrong)):
        assert outcome(prebuilt, text) == outcome(plain, text)


def test_one_expression_is_compiled_for_an_ordinary_program() -> None:
    fresh: Any = tables.load(parser.TABLES)
    lexers = fresh.parser.lexer.lexers
    assert len(lexers) == 0
    fresh.parse("clip_by_global_norm(1.0) | centralize(axes=-1) | adam(1e-3)")
    assert len(lexers) > 0
    assert [lexer for lexer in lexers.values() if lexer._scanner is not None] == []


def test_no_word_is_found_by_the_expression_of_another_terminal(plain: Lark) -> None:
    """Lark would then find both with one, and tell them apart by a callback that the shared lexer does not have."""
    lexer: Any = plain.parser.lexer  # pyright: ignore[reportAttributeAccessIssue]
    assert lexer.root_lexer.scanner
    assert lexer.root_lexer.callback == {}


@pytest.mark.parametrize("text", ["*".join(["1"] * 300), "/".join(["x"] * 300), "x" * 900, "1" * 900])
def test_what_is_matched_is_no_longer_than_the_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where globs were looked for at each token, each would match all that is left."""
    matched: list[int] = []
    match = Scanner.match

    def counted(self: Scanner, text: Any, pos: int) -> Any:
        found = match(self, text, pos)
        matched.append(len(found[0]) if found else 0)
        return found

    monkeypatch.setattr(Scanner, "match", counted)
    lark: Any = tables.load(parser.TABLES)
    assert lark.parse(f"scale({text})") is not None
    assert sum(matched) <= 2 * len(text) + len("scale()")
