"""Writes the TextMate grammar from the registry: `python tools/write_textmate.py`.

TextMate reads a line at a time and knows no brackets, so it colours words by what they are called. The language server
says more where it runs.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optdsl.assist.words import CLASSES, FUNCTIONS, KEYWORDS, SEGMENTS, SUBJECTS
from optdsl.registry import is_builtin, schedules, transforms
from optdsl.semantics.words import AXES_WORDS, DTYPES
from optdsl.syntax.mistakes import RESERVED

ROOT = Path(__file__).parents[1]
TARGETS = (
    ROOT / "grammar" / "optdsl.tmLanguage.json",
    ROOT / "editors" / "vscode" / "syntaxes" / "optdsl.tmLanguage.json",
)
"""Where the grammar belongs: beside the language's own, and in the extension, which can hold only what lies in it."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_DIGITS = r"(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)"
_STATEMENTS = ("live", "def")
_SPELT = ("and", "or", "not")
_GLOB = r"[A-Za-z0-9_.\-{}]*(?:/|\*)[A-Za-z0-9_.\-*/{}]*"
_OPERATORS = r"\||->|=>|\?\?|==|!=|<=|>=|\*\*|//|[-+*/<>=~]"


def grammar() -> str:
    """Returns the text of the grammar."""
    content: dict[str, Any] = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "optdsl",
        "scopeName": "source.optdsl",
        "fileTypes": ["opt"],
        "patterns": [{"include": f"#{name}"} for name in ("plain", "selector", "statement", "words", "marks")],
        "repository": {
            "plain": {"patterns": _plain()},
            "selector": {"patterns": [_selector(), _arm()]},
            "statement": {"patterns": _statements()},
            "words": {"patterns": _words()},
            "marks": {"patterns": [_match(_OPERATORS, "keyword.operator"), _match(r"[;,]", "punctuation.separator")]},
        },
    }
    return json.dumps(content, indent=2) + "\n"


def _plain() -> list[dict[str, Any]]:
    return [
        _match(r"#.*$", "comment.line.number-sign"),
        _match(r"'[^'\n]*'", "string.quoted.single"),
        _match(r'"[^"\n]*"', "string.quoted.double"),
        _match(rf":{_NAME}", "variable.other.hole"),
        _match(rf"(?<![A-Za-z0-9_]){_DIGITS}(?:%|ep\b|(?:[eE][+-]?[0-9]+)?[kM]?)", "constant.numeric"),
    ]


def _selector() -> dict[str, Any]:
    """Returns the rule for what stands behind `where`, up to what ends a selector."""
    return {
        "begin": r"\bwhere\b",
        "end": r"(?=\b(?:where|when|else)\b|=>|->|[|;,}])|$",
        "beginCaptures": {"0": {"name": "keyword.control.optdsl"}},
        "patterns": [
            _match(_GLOB, "string.regexp"),
            {"include": "#plain"},
            {"include": "#words"},
            {"include": "#marks"},
        ],
    }


def _arm() -> dict[str, Any]:
    return _match(rf"{_GLOB}(?=\s*(?:=>|\s(?:and|or)\b))", "string.regexp")


def _statements() -> list[dict[str, Any]]:
    return [
        {
            "match": rf"\b(live|def)\s+({_NAME})",
            "captures": {"1": {"name": "storage.type.optdsl"}, "2": {"name": "entity.name.function.optdsl"}},
        },
        _match(rf"{_NAME}(?=\s*=(?![=>]))", "variable.parameter"),
    ]


def _words() -> list[dict[str, Any]]:
    stages = (row.name for row in transforms() if is_builtin(row.name))
    values = (*(row.name for row in schedules()), *FUNCTIONS, *SEGMENTS, "step")
    control = (word for word in KEYWORDS if word not in (*_SPELT, *_STATEMENTS))
    constants = (*(word for word in RESERVED if word not in KEYWORDS), *DTYPES, *AXES_WORDS)
    return [
        _listed(control, "keyword.control"),
        _listed(_SPELT, "keyword.operator.logical"),
        _listed(_STATEMENTS, "storage.type"),
        _listed(constants, "constant.language"),
        _listed(stages, "entity.name.function"),
        _listed(values, "support.function"),
        _listed((*CLASSES, *SUBJECTS), "support.type"),
        _match(rf"\b{_NAME}(?=\s*[({{])", "entity.name.function"),
    ]


def _listed(words: Iterable[str], scope: str) -> dict[str, Any]:
    """Returns the rule for words, the longest first; a word that goes on with a dot is another one."""
    ordered = sorted(set(words), key=lambda word: (-len(word), word))
    return _match(rf"\b(?:{'|'.join(ordered)})\b(?!\.[A-Za-z_])", scope)


def _match(pattern: str, scope: str) -> dict[str, Any]:
    return {"match": pattern, "name": f"{scope}.optdsl"}


if __name__ == "__main__":
    text = grammar()
    for target in TARGETS:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"{target.relative_to(ROOT)}: {len(text):,} bytes")
