"""The parser's tables: built from the grammar once (`make grammar`), kept in the package, loaded in milliseconds.

They are tied to the grammar's text and to the version of Lark that made them. A pickle, read from the package alone.
"""

import hashlib
import pickle
from collections.abc import Iterable
from os.path import exists
from typing import Any

import lark
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.utils import SerializeMemoizer

from optdsl.syntax.build import Builder
from optdsl.syntax.lexer import LazyLexer

_OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "lexer": "contextual",
    "start": ["program"],
    "maybe_placeholders": False,
    "keep_all_tokens": True,
}


def digest(grammar: str) -> str:
    """Returns what ties tables to a grammar's text."""
    return hashlib.sha256(grammar.encode()).hexdigest()


def build(grammar: str, *, strict: bool = False) -> lark.Lark:
    """Returns a parser built from the text; `strict` refuses any conflict or collision (needs interegular)."""
    return lark.Lark(grammar, transformer=Builder(), strict=strict, **_OPTIONS)


def save(grammar: str, path: str) -> None:
    """Writes the tables of `grammar`, which must be free of conflicts."""
    parser = lark.Lark(grammar, strict=True, **_OPTIONS)
    data, memo = parser.memo_serialize([TerminalDef, Rule])  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    # Lark takes rules and terminals themselves, too, and a pickle makes them faster than Lark does of their fields.
    made = SerializeMemoizer.deserialize(memo, {"Rule": Rule, "TerminalDef": TerminalDef}, {})
    _share_symbols(made.values())
    content = {"lark": lark.__version__, "grammar": digest(grammar), "data": data, "memo": made}
    with open(path, "wb") as file:
        pickle.dump(content, file, protocol=4)


def _share_symbols(made: Iterable[Any]) -> None:
    """Has all rules hold the same object for the same symbol, and for the same options, so that each is kept once."""
    kept: dict[Any, Any] = {}
    for rule in made:
        if isinstance(rule, Rule):
            rule.origin, *rule.expansion = [
                kept.setdefault(part.fullrepr, part) for part in (rule.origin, *rule.expansion)
            ]
            rule.options = kept.setdefault(repr(vars(rule.options)), rule.options)


def load(path: str) -> lark.Lark | None:
    """Returns the parser of the prebuilt tables, or None where there are none for this Lark."""
    content = read(path)
    if content is None or content["lark"] != lark.__version__:
        return None
    plugins = {"ContextualLexer": LazyLexer}
    return lark.Lark._load_from_dict(content["data"], content["memo"], transformer=Builder(), _plugins=plugins)  # pyright: ignore


def read(path: str) -> dict[str, Any] | None:
    """Returns what the file holds, or None if there is no file."""
    if not exists(path):
        return None
    with open(path, "rb") as file:
        return pickle.load(file)
