"""A real client of the language server, over standard input and output, as an editor is one."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class Editor:
    """One editor with its server; positions may be written as `¦` in a text."""

    def __init__(self) -> None:
        self.client = LanguageClient("test", "1")
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.capabilities: types.ServerCapabilities | None = None

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(params)

    async def start(self, options: dict[str, Any] | None, encodings: list[str] | None) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        await self.client.start_io(sys.executable, "-m", "optdsl.lsp", env=environment)
        general = types.GeneralClientCapabilities(position_encodings=encodings) if encodings else None
        found = await self.client.initialize_async(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(general=general), initialization_options=options
            )
        )
        self.capabilities = found.capabilities
        self.client.initialized(types.InitializedParams())

    async def stop(self) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    async def open(self, text: str, name: str = "train.opt", language: str = "optdsl") -> list[types.Diagnostic]:
        """Returns the diagnostics of a file that is opened."""
        item = types.TextDocumentItem(uri(name), language, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.diagnostics()

    async def replace(self, text: str, name: str = "train.opt", version: int = 2) -> list[types.Diagnostic]:
        """Returns the diagnostics after the text of a file has changed."""
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        return await self.diagnostics()

    async def diagnostics(self) -> list[types.Diagnostic]:
        params = await asyncio.wait_for(self.published.get(), PATIENCE)
        return list(params.diagnostics)

    async def complete(self, line: int, character: int, name: str = "train.opt") -> list[types.CompletionItem]:
        found = await self.client.text_document_completion_async(
            types.CompletionParams(document(name), types.Position(line, character))
        )
        assert isinstance(found, types.CompletionList)
        return list(found.items)


def uri(name: str) -> str:
    return f"file:///project/{name}"


def document(name: str = "train.opt") -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri(name))


def edit(
    script: Callable[[Editor], Awaitable[None]],
    options: dict[str, Any] | None = None,
    encodings: list[str] | None = None,
) -> None:
    """Runs what an editor does in one session."""

    async def session() -> None:
        editor = Editor()
        await editor.start(options, encodings)
        try:
            await script(editor)
        finally:
            await editor.stop()

    asyncio.run(session())


def cursor(marked: str) -> tuple[str, int, int]:
    """Returns a text without its `¦`, and the line and character of that in UTF-16."""
    before = marked[: marked.index("¦")]
    line = before.rpartition("\n")[2]
    return marked.replace("¦", ""), before.count("\n"), len(line.encode("utf-16-le")) // 2


def taken(text: str, edits: list[types.TextEdit]) -> str:
    """Returns a text of UTF-16 positions with edits made."""
    lines = text.split("\n")
    starts = [0]
    for one in lines:
        starts.append(starts[-1] + len(one) + 1)

    def offset(position: types.Position) -> int:
        line = lines[position.line].encode("utf-16-le")
        return starts[position.line] + len(line[: position.character * 2].decode("utf-16-le"))

    for one in sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True):
        text = text[: offset(one.range.start)] + one.new_text + text[offset(one.range.end) :]
    return text
