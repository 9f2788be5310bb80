"""LSP, answers about a place: proposals, hover, signatures, definitions and kinds of words, in the protocol's types."""

from collections.abc import Iterable

from lsprotocol import types

from optdsl import assist
from optdsl.lsp.document import At, Document
from optdsl.source import Range

TOKEN_TYPES: dict[assist.TokenKind, str] = {
    "stage": types.SemanticTokenTypes.Function.value,
    "schedule": types.SemanticTokenTypes.Method.value,
    "parameter": types.SemanticTokenTypes.Parameter.value,
    "number": types.SemanticTokenTypes.Number.value,
    "keyword": types.SemanticTokenTypes.Keyword.value,
    "operator": types.SemanticTokenTypes.Operator.value,
    "string": types.SemanticTokenTypes.String.value,
    "comment": types.SemanticTokenTypes.Comment.value,
    "selector": types.SemanticTokenTypes.Type.value,
    "hole": types.SemanticTokenTypes.Macro.value,
    "binding": types.SemanticTokenTypes.Variable.value,
    "path": types.SemanticTokenTypes.Regexp.value,
}
"""Kinds of words by what the protocol calls them; punctuation has none."""
LEGEND = types.SemanticTokensLegend(list(TOKEN_TYPES.values()), [])
_NUMBERS = {kind: number for number, kind in enumerate(TOKEN_TYPES)}
TRIGGERS = ["|", "(", ",", "=", ">", ":", "/", "{", "'", '"', " "]

_ITEM_KINDS: dict[assist.CompletionKind, types.CompletionItemKind] = {
    "stage": types.CompletionItemKind.Function,
    "parameter": types.CompletionItemKind.Property,
    "schedule": types.CompletionItemKind.Method,
    "selector": types.CompletionItemKind.Class,
    "value": types.CompletionItemKind.Value,
    "binding": types.CompletionItemKind.Variable,
    "hole": types.CompletionItemKind.Constant,
    "path": types.CompletionItemKind.File,
    "keyword": types.CompletionItemKind.Keyword,
}


def completion(document: Document, position: types.Position, leaves: tuple[str, ...]) -> list[types.CompletionItem]:
    """Returns what may be written at a position, best first."""
    offset, at = _at(document, position)
    if at is None:
        return []
    text, inside = at.inside
    found = assist.complete(text, inside, leaves)
    return [
        _item(document, number, one, Range(offset - inside + one.start, offset), text[one.start : inside])
        for number, one in enumerate(found)
    ]


def _item(document: Document, number: int, found: assist.Completion, place: Range, typed: str) -> types.CompletionItem:
    module = typed.rpartition(".")[0] if found.kind == "stage" else ""
    return types.CompletionItem(
        found.label,
        kind=_ITEM_KINDS[found.kind],
        detail=found.detail or None,
        documentation=_markdown(found.documentation) if found.documentation else None,
        sort_text=f"{number:04}",
        filter_text=f"{module}.{found.label}" if module else found.label,
        text_edit=types.TextEdit(document.positions.range(place), found.insert),
    )


def hover(document: Document, position: types.Position) -> types.Hover | None:
    """Returns what is known of the word at a position."""
    _, at = _at(document, position)
    found = None if at is None else assist.hover(*at.inside)
    if at is None or found is None:
        return None
    return types.Hover(_markdown(found.markdown), _range(document, at, found.span))


def signature_help(document: Document, position: types.Position) -> types.SignatureHelp | None:
    """Returns the signature of the call around a position."""
    _, at = _at(document, position)
    found = None if at is None else assist.signature(*at.inside)
    if found is None:
        return None
    parameters = [
        types.ParameterInformation((one.span.start, one.span.end), one.documentation) for one in found.parameters
    ]
    information = types.SignatureInformation(
        found.label, _markdown(found.documentation), parameters, active_parameter=found.active
    )
    return types.SignatureHelp([information], 0, found.active)


def definition(document: Document, position: types.Position) -> types.Location | None:
    """Returns where the name at a position is bound."""
    _, at = _at(document, position)
    place = None if at is None else assist.definition(*at.inside)
    if at is None or place is None:
        return None
    return types.Location(document.uri, _range(document, at, Range(*place)))


def semantic_tokens(document: Document) -> types.SemanticTokens:
    """Returns the kinds of all words of all programs, each place relative to the one before."""
    data: list[int] = []
    line = column = 0
    for place, kind in _words(document):
        at = document.positions.range(place)
        if at.start.line == at.end.line:
            step = at.start.line - line
            column = 0 if step else column
            data += [step, at.start.character - column, at.end.character - at.start.character, _NUMBERS[kind], 0]
            line, column = at.start.line, at.start.character
    return types.SemanticTokens(data)


def _words(document: Document) -> Iterable[tuple[Range, assist.TokenKind]]:
    for found in document.programs:
        for token in assist.tokens(found.source.text):
            if token.kind in TOKEN_TYPES:
                yield found.source.place(token.span), token.kind


def _at(document: Document, position: types.Position) -> tuple[int, At | None]:
    offset = document.positions.offset(position)
    return offset, document.at(offset)


def _range(document: Document, at: At, place: Range) -> types.Range:
    return document.positions.range(at.found.source.place(place))


def _markdown(text: str) -> types.MarkupContent:
    return types.MarkupContent(types.MarkupKind.Markdown, text)
