import re
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import lark
import pytest

from optdsl.source import Source
from optdsl.syntax import parser, tables

GRAMMAR = parser.grammar_text()


class Example(NamedTuple):
    """A comment of the grammar that shows what the rule or the terminal below it matches."""

    name: str
    text: str


def _examples() -> list[Example]:
    """Returns every comment directly above a rule, an alternative or a terminal."""
    lines = GRAMMAR.split("\n")
    found, name = [], ""
    for comment, line in pairwise(lines):
        name = definition[1] if (definition := re.match(r"\??(\w+)(?:\.\d)?:", line)) else name
        if comment.startswith("// ") and line and not line.startswith("//"):
            found.append(Example(name, comment.removeprefix("// ")))
    return found


EXAMPLES = _examples()
RULES = sorted({example.name for example in EXAMPLES if example.name.islower()})
OF_RULES = [example for example in EXAMPLES if example.name.islower()]
OF_TERMINALS = [example for example in EXAMPLES if example.name.isupper()]


@cache
def _any_rule() -> lark.Lark:
    """Returns a parser that starts at any rule."""
    options: dict[str, Any] = {"parser": "lalr", "lexer": "contextual", "start": RULES}
    return lark.Lark(GRAMMAR, **options)


def test_the_tables_are_those_of_the_grammar() -> None:
    content = tables.read(parser.TABLES)
    assert content is not None
    assert content["grammar"] == tables.digest(GRAMMAR), "the grammar has changed: run `make grammar`"
    assert content["lark"] == lark.__version__, "Lark has changed: run `make grammar`"


def test_the_tables_read_what_the_grammar_reads() -> None:
    text = "x = 0 -> hold; clip(1.0) where blocks_{i}/** | match { ndim > 1 => adam(:rate ?? x), else => f }"
    prebuilt = tables.load(parser.TABLES)
    assert prebuilt is not None
    assert prebuilt.parse(text) == tables.build(GRAMMAR).parse(text)


def test_the_grammar_has_no_conflicts() -> None:
    assert tables.build(GRAMMAR, strict=True).parse("adam(1e-3)")


def test_strict_would_find_a_conflict() -> None:
    ambiguous = GRAMMAR.replace('| "(" pipeline ")"  ', '| "(" pipeline ")" | "(" NAME ")" ')
    assert ambiguous != GRAMMAR
    with pytest.raises(lark.exceptions.GrammarError, match="conflict"):
        tables.build(ambiguous, strict=True)


def test_a_parser_of_another_lark_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lark, "__version__", "0.0.0")
    assert tables.load(parser.TABLES) is None


def test_every_rule_has_an_example_above_it() -> None:
    lines = GRAMMAR.split("\n")
    rules = [(above, line) for above, line in pairwise(lines) if re.match(r"\??[a-z_]+:", line)]
    assert len(rules) > 30
    assert [line for above, line in rules if not re.match(r"// (?!----)", above)] == []


def test_rules_stand_before_terminals() -> None:
    names = re.findall(r"^\??([A-Za-z_]+)(?:\.\d)?:", GRAMMAR, re.MULTILINE)
    kinds = [name.isupper() for name in names]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("example", OF_RULES, ids=lambda example: f"{example.name}: {example.text}")
def test_examples_of_rules_match(example: Example) -> None:
    tree = _any_rule().parse(example.text, start=example.name)
    assert tree is not None


@pytest.mark.parametrize("example", OF_TERMINALS, ids=lambda example: example.name)
def test_examples_of_terminals_match(example: Example) -> None:
    patterns = {terminal.name: terminal.pattern.to_regexp() for terminal in _any_rule().terminals}
    for text in re.split(r"(?<=\S): ", example.text)[0].split("   "):
        assert re.fullmatch(patterns[example.name], text), text


def test_examples_cover_what_a_rule_can_be() -> None:
    """An example of each alternative with a name of its own, so that none is forgotten when one is added."""
    shown = {node.data for example in OF_RULES for node in _subtrees(example)}
    named = set(re.findall(r"-> ([a-z_]+)$", GRAMMAR, re.MULTILINE))
    assert named - shown == set()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("clip(1.0) wherebias", "wherebias"),
        ("clip(1.0) whenstep > 3", "whenstep"),
        ("clip(1.0) asguard", "asguard"),
        ("clip(1.0) where bias andnorm", "andnorm"),
        ("clip(1.0) where bias ornorm", "ornorm"),
        ("clip(1.0 where bias elsenorm)", "elsenorm"),
    ],
)
def test_a_word_ends_where_no_letter_follows(text: str, word: str) -> None:
    program, (finding,) = parser.parse(Source(text))
    assert program is None
    assert f"found `{word}`" in finding.message
    assert finding.span.column == text.index(word) + 1


def _subtrees(example: Example) -> list[lark.Tree[Any]]:
    tree = _any_rule().parse(example.text, start=example.name)
    return list(tree.iter_subtrees()) if isinstance(tree, lark.Tree) else []


RESERVED = ("match where when else as or and not live def true false none inf True False None").split()


@pytest.mark.parametrize("word", RESERVED)
def test_reserved_words_are_no_names(word: str) -> None:
    assert parser.parse(Source(f"{word} = 1; adam(1e-3)"))[0] is None
    assert parser.parse(Source(f"{word}_ = 1; adam({word}_, f.{word}, :{word})"))[0] is not None
