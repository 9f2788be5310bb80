"""LSP, the server: which question is answered by whom, what is kept between them, and what the client may set.

`initializationOptions`: `keys`, patterns of keys that hold programs in YAML, TOML and JSON; `docs`, where pages about
codes are; `leaves`, paths of parameters that selectors may name.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from optdsl import __version__
from optdsl.lsp import answers
from optdsl.lsp.document import Document
from optdsl.lsp.findings import FIX_ALL, diagnostics, fix_all, formatting, quick_fixes
from optdsl.source import Range


class Settings(NamedTuple):
    """What a client may say when it begins."""

    keys: tuple[str, ...] = ()
    docs: str = ""
    leaves: tuple[str, ...] = ()


class Server(LanguageServer):
    """A language server, and the documents of its client, each in its last version."""

    def __init__(self) -> None:
        super().__init__("optdsl", __version__)  # pyright: ignore[reportUnknownMemberType]
        self.settings = Settings()
        self._documents: dict[str, tuple[str, Document]] = {}

    def document(self, uri: str) -> Document:
        """Returns an open file as it is now."""
        now = self.workspace.get_text_document(uri)
        kept = self._documents.get(uri)
        if kept is not None and kept[0] == now.source:
            return kept[1]
        found = Document(uri, now.source, now.language_id or "", now.position_codec, self.settings.keys)
        self._documents[uri] = now.source, found
        return found

    def forget(self, uri: str) -> None:
        """Drops a file that was closed."""
        self._documents.pop(uri, None)

    def publish(self, uri: str, version: int | None) -> None:
        """Sends the diagnostics of an open file."""
        found = diagnostics(self.document(uri), self.settings.docs)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))


def make_server() -> Server:
    """Returns a server that knows all its answers."""
    server = Server()
    _add_documents(server)
    _add_places(server)
    _add_edits(server)
    return server


def serve() -> None:
    """Serves standard input and output until the client goes."""
    make_server().start_io()


def settings_from(options: object) -> Settings:
    """Returns what a client set; what is of another form is left out."""
    given = cast("dict[str, Any]", options) if isinstance(options, dict) else {}
    docs = given.get("docs")
    return Settings(_strings(given.get("keys")), docs if isinstance(docs, str) else "", _strings(given.get("leaves")))


def _strings(given: object) -> tuple[str, ...]:
    items = cast("Sequence[object]", given) if isinstance(given, list) else ()
    return tuple(item for item in items if isinstance(item, str))


def _add_documents(server: Server) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.settings = settings_from(params.initialization_options)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.publish(params.text_document.uri, params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.publish(params.text_document.uri, params.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))


def _add_places(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=answers.TRIGGERS))
    def completion(params: types.CompletionParams) -> types.CompletionList:
        document = server.document(params.text_document.uri)
        items = answers.completion(document, params.position, server.settings.leaves)
        return types.CompletionList(is_incomplete=False, items=items)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        return answers.hover(server.document(params.text_document.uri), params.position)

    @server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(trigger_characters=["(", ",", "="]))
    def signature_help(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        return answers.signature_help(server.document(params.text_document.uri), params.position)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:
        return answers.definition(server.document(params.text_document.uri), params.position)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, answers.LEGEND)
    def semantic_tokens(params: types.SemanticTokensParams) -> types.SemanticTokens:
        return answers.semantic_tokens(server.document(params.text_document.uri))


def _add_edits(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def format_document(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        return formatting(server.document(params.text_document.uri))

    kinds: list[types.CodeActionKind | str] = [types.CodeActionKind.QuickFix, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(kinds))
    def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = server.document(params.text_document.uri)
        only = params.context.only or []
        actions: list[types.CodeAction] = []
        if not only or any(_asks(kind, types.CodeActionKind.QuickFix) for kind in only):
            start, end = (document.positions.offset(at) for at in (params.range.start, params.range.end))
            actions += quick_fixes(document, Range(start, end), params.context.diagnostics)
        if any(_asks(kind, FIX_ALL) for kind in only):
            found = fix_all(document)
            actions += [found] if found else []
        return actions


def _asks(asked: types.CodeActionKind | str, kind: str) -> bool:
    """Returns whether a client that asks for one kind of actions means another: `source` means `source.fixAll`."""
    name = asked.value if isinstance(asked, types.CodeActionKind) else asked
    return kind == name or kind.startswith(f"{name}.")
