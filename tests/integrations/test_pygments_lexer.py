"""The lexer as Pygments uses it: every character is in a token, and the words are what the editor says they are."""

from pathlib import Path

import pytest

pytest.importorskip("pygments")

from hypothesis import given
from hypothesis import strategies as st
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.token import Error, Token

from optdsl.assist import tokens
from optdsl.assist.places import TokenKind
from optdsl.integrations.pygments import _TYPES, OptdslLexer

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.opt"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    found = list(OptdslLexer().get_tokens(text))
    assert "".join(value for _, value in found) == text
    assert all(kind is not Error and kind is not Token.Text for kind, _ in found)


def test_html() -> None:
    shown = highlight("clip(1.0) | adam(:rate) # <b>", OptdslLexer(), HtmlFormatter())
    assert '<span class="nf">clip</span>' in shown
    assert '<span class="vg">:rate</span>' in shown
    assert '<span class="c1"># &lt;b&gt;</span>' in shown


def test_every_kind_of_word_has_a_colour() -> None:
    assert set(_TYPES) == set(TokenKind.__args__)
    assert len(set(_TYPES.values())) == len(_TYPES)


@given(st.text())
def test_any_text(text: str) -> None:
    found = list(OptdslLexer().get_tokens_unprocessed(text))
    assert "".join(value for _, _, value in found) == text
    assert [at for at, _, _ in found] == [sum(len(value) for _, _, value in found[:n]) for n in range(len(found))]
    assert len([1 for _, kind, _ in found if kind is not Token.Text.Whitespace]) == len(tokens(text))


def test_pygments_finds_it_by_name_and_ending() -> None:
    assert OptdslLexer.aliases == ("optdsl",)
    assert OptdslLexer.filenames == ("*.opt",)
