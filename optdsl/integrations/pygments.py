"""Integrations, Pygments: a lexer for documents, blogs and terminals; `pygmentize -l optdsl`.

In: any text. Out: Pygments' tokens, none of them lost. Which word is what is decided by `assist`, as in the editor.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pygments.lexer import Lexer
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
    _TokenType,  # pyright: ignore[reportPrivateUsage]
)

from optdsl.assist import TokenKind, tokens

_TYPES: dict[TokenKind, _TokenType] = {
    "stage": Name.Function,
    "schedule": Name.Builtin,
    "parameter": Name.Attribute,
    "number": Number,
    "keyword": Keyword,
    "operator": Operator,
    "string": String,
    "comment": Comment.Single,
    "selector": Name.Class,
    "hole": Name.Variable.Global,
    "binding": Name.Variable,
    "path": String.Regex,
    "punctuation": Punctuation,
}


class OptdslLexer(Lexer):
    """Colours programs; total on any text.

    >>> [(str(kind), text) for kind, text in OptdslLexer().get_tokens("adam(1)")][:2]
    [('Token.Name.Function', 'adam'), ('Token.Punctuation', '(')]
    """

    name = "optdsl"
    aliases: ClassVar[Sequence[str]] = ("optdsl",)
    filenames: ClassVar[Sequence[str]] = ("*.opt",)
    mimetypes: ClassVar[Sequence[str]] = ("text/x-optdsl",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Yields every character of `text` in a token, with where that begins."""
        at = 0
        for (start, end), kind in tokens(text):
            if at < start:
                yield at, Whitespace, text[at:start]
            yield start, _TYPES[kind], text[start:end]
            at = end
        if at < len(text):
            yield at, Whitespace, text[at:]
