"""The lexer that makes its parts when they are first used takes a text apart as Lark's own does."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import UnexpectedInput
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


def test_lexers_are_made_when_they_are_needed() -> None:
    prebuilt: Any = tables.load(parser.TABLES)
    lexers = prebuilt.parser.lexer.lexers
    assert len(lexers) == 0
    prebuilt.parse("clip(1.0) | adam(1e-3)")
    assert 0 < len({id(lexer) for lexer in lexers.values()}) <= 9
