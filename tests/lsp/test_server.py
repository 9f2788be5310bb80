"""The language server as an editor meets it: another process, JSON over pipes."""

from typing import Any

import pytest

pytest.importorskip("pygls")

from editor import Editor, cursor, document, edit, taken, uri
from lsprotocol import types

import optdsl


def changes(action: types.CodeAction | types.Command, name: str) -> list[types.TextEdit]:
    assert isinstance(action, types.CodeAction)
    assert action.edit is not None
    assert action.edit.changes is not None
    return list(action.edit.changes[uri(name)])


async def actions(
    editor: Editor, found: list[types.Diagnostic], place: types.Range, name: str, only: list[str] | None = None
) -> list[Any]:
    context = types.CodeActionContext(found, only)  # pyright: ignore
    params = types.CodeActionParams(document(name), place, context)
    return list(await editor.client.text_document_code_action_async(params) or [])


def test_what_the_server_offers() -> None:
    async def script(editor: Editor) -> None:
        offered = editor.capabilities
        assert offered is not None
        assert offered.position_encoding == "utf-16"
        for one in ("completion", "hover", "signature_help", "definition", "document_formatting", "code_action"):
            assert getattr(offered, f"{one}_provider"), one
        assert offered.semantic_tokens_provider is not None

    edit(script)


def test_diagnostics_while_typing() -> None:
    async def script(editor: Editor) -> None:
        assert await editor.open("clip(1.0) | adam(1e-3)") == []
        (found,) = await editor.replace("clip(1.0) |\n  adma(1e-3)")
        assert found.code == "E201"
        assert found.severity == types.DiagnosticSeverity.Error
        assert found.source == "optdsl"
        assert found.message == "there is no stage `adma`\nhelp: write `adam`"
        assert found.range == types.Range(types.Position(1, 2), types.Position(1, 6))
        assert found.code_description is not None
        assert found.code_description.href.endswith("/E201.md")
        (unclosed,) = await editor.replace("clip(1.0) | adam(1e-3", version=3)
        assert unclosed.code == "E102"
        assert await editor.replace("adam(1e-3)", version=4) == []
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(document()))
        assert await editor.diagnostics() == []

    edit(script)


def test_severities_and_related_places() -> None:
    async def script(editor: Editor) -> None:
        found = await editor.open("sgd(0.1) | sgd(0.1)")
        twice = next(one for one in found if one.code == "E301")
        assert twice.related_information
        assert twice.related_information[0].location.uri == uri("train.opt")
        assert twice.related_information[0].location.range != twice.range
        (warning,) = await editor.replace("adam(1e-3) | clip(1.0)")
        assert warning.code is not None
        assert str(warning.code).startswith("W")
        assert warning.severity == types.DiagnosticSeverity.Warning
        (hole,) = await editor.replace("adam(:rate)", version=3)
        assert (hole.code, hole.severity) == ("E205", types.DiagnosticSeverity.Information)

    edit(script)


def test_places_are_in_utf_16() -> None:
    text = "# 𝒜𝒷 é\nclip(1.0) | adam(1e-3, mask='𝒜', b3=1)"

    async def script(editor: Editor) -> None:
        found = await editor.open(text)
        unknown = next(one for one in found if "b3" in one.message)
        line = text.split("\n")[1]
        before = line[: line.index("b3")].encode("utf-16-le")
        assert unknown.range.start == types.Position(1, len(before) // 2)
        items = await editor.complete(1, len(before) // 2 + 1)
        assert items[0].label == "b1="
        assert isinstance(items[0].text_edit, types.TextEdit)
        assert items[0].text_edit.range.start == unknown.range.start

    edit(script)


def test_a_client_may_count_characters() -> None:
    async def places(editor: Editor) -> None:
        assert editor.capabilities is not None
        assert editor.capabilities.position_encoding == "utf-32"
        found = await editor.open("clip(1.0) where '𝒜' | adma(1)")
        assert found[0].range.start == types.Position(0, 22)

    edit(places, encodings=["utf-32"])


def test_completion() -> None:
    async def script(editor: Editor) -> None:
        text, line, character = cursor("clip(1.0) |\n  ada¦")
        await editor.open(text)
        items = await editor.complete(line, character)
        assert items[0].label == "adam"
        assert items[0].kind == types.CompletionItemKind.Function
        assert isinstance(items[0].text_edit, types.TextEdit)
        assert taken(text, [items[0].text_edit]) == "clip(1.0) |\n  adam("
        assert sorted(items, key=lambda item: item.sort_text or "") == items
        text, line, character = cursor("adam(1e-3, ¦)")
        await editor.replace(text)
        items = await editor.complete(line, character)
        assert (items[0].label, items[0].detail) == ("b1=", "0.9")
        text, line, character = cursor("adam(1e-3) where dense/k¦")
        await editor.replace(text, version=3)
        assert [item.label for item in await editor.complete(line, character)] == ["dense/kernel"]

    edit(script, {"leaves": ["dense/kernel", "dense/bias"]})


def test_hover_signature_and_definition() -> None:
    async def script(editor: Editor) -> None:
        text, line, character = cursor("rate = 3e-4;\nadam(ra¦te, b1=0.9)")
        await editor.open(text)
        position = types.Position(line, character)
        shown = await editor.client.text_document_hover_async(types.HoverParams(document(), position))
        assert shown is not None
        assert isinstance(shown.contents, types.MarkupContent)
        assert "rate = 3e-4" in shown.contents.value
        assert shown.range == types.Range(types.Position(1, 5), types.Position(1, 9))
        params = types.SignatureHelpParams(document(), types.Position(1, 15))
        help = await editor.client.text_document_signature_help_async(params)
        assert help is not None
        assert help.active_parameter == 1
        assert help.signatures[0].label.startswith("adam(learning_rate, b1=0.9")
        place = await editor.client.text_document_definition_async(types.DefinitionParams(document(), position))
        assert place == types.Location(uri("train.opt"), types.Range(types.Position(0, 0), types.Position(0, 4)))
        nothing = types.DefinitionParams(document(), types.Position(1, 1))
        assert await editor.client.text_document_definition_async(nothing) is None

    edit(script)


def test_formatting() -> None:
    text = "# the rate\nrate=3e-4;clip( 1.0 )|adam( rate )"

    async def script(editor: Editor) -> None:
        await editor.open(text)
        options = types.FormattingOptions(4, True)
        params = types.DocumentFormattingParams(document(), options)
        edits = list(await editor.client.text_document_formatting_async(params) or [])
        assert taken(text, edits) == optdsl.format(text) + "\n"
        await editor.replace(optdsl.format(text) + "\n")
        assert not await editor.client.text_document_formatting_async(params)
        await editor.replace("clip(1.0", version=3)
        assert not await editor.client.text_document_formatting_async(params)

    edit(script)


def test_quick_fixes() -> None:
    text = "clpi(1.0) | adma(1e-3)"

    async def script(editor: Editor) -> None:
        found = await editor.open(text)
        assert [one.code for one in found] == ["E201", "E201"]
        fixes = await actions(editor, found, found[1].range, "train.opt")
        assert [fix.title for fix in fixes] == ["Write `adam`"]
        assert fixes[0].kind == types.CodeActionKind.QuickFix
        assert list(fixes[0].diagnostics) == [found[1]]
        assert taken(text, changes(fixes[0], "train.opt")) == "clpi(1.0) | adam(1e-3)"
        (everything,) = await actions(editor, found, found[0].range, "train.opt", ["source.fixAll"])
        assert taken(text, changes(everything, "train.opt")) == "clip(1.0) | adam(1e-3)"
        assert await editor.replace(taken(text, changes(everything, "train.opt"))) == []

    edit(script)


def test_semantic_tokens() -> None:
    text = "rate = 3e-4;\nadam(rate, b1=0.9) where not bias # x"

    async def script(editor: Editor) -> None:
        await editor.open(text)
        found = await editor.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document()))
        assert found is not None
        assert editor.capabilities is not None
        legend = editor.capabilities.semantic_tokens_provider.legend.token_types  # type: ignore[union-attr]
        lines, read = text.split("\n"), []
        line = column = 0
        for at in range(0, len(found.data), 5):
            step, move, length, kind, _ = found.data[at : at + 5]
            line, column = line + step, move if step else column + move
            read.append((lines[line][column : column + length], legend[kind]))
        assert read == [
            ("rate", "variable"),
            ("=", "operator"),
            ("3e-4", "number"),
            ("adam", "function"),
            ("rate", "variable"),
            ("b1", "parameter"),
            ("=", "operator"),
            ("0.9", "number"),
            ("where", "keyword"),
            ("not", "keyword"),
            ("bias", "type"),
            ("# x", "comment"),
        ]

    edit(script)


CONFIG = """\
name: adma
optimizer:
  spec: clip(1.0) | adma(1e-3)
  # optdsl
  warm: "sgd(0.1, mometum=0.9)"
loss: adma(1)
"""


def test_programs_in_a_config_file() -> None:
    async def script(editor: Editor) -> None:
        found = await editor.open(CONFIG, "config.yaml", "yaml")
        assert [(one.code, one.range.start.line) for one in found] == [("E201", 2), ("E202", 4)]
        assert found[0].range.start.character == CONFIG.split("\n")[2].index("adma")
        (fix,) = await actions(editor, found, found[0].range, "config.yaml")
        new = taken(CONFIG, changes(fix, "config.yaml"))
        assert new == CONFIG.replace("| adma", "| adam")
        (again,) = await editor.replace(new, "config.yaml")
        assert again.code == "E202"
        text, line, character = cursor(new.replace("adam(1e-3)", "adam(1e-3, b1¦)"))
        await editor.replace(text, "config.yaml", 3)
        assert (await editor.complete(line, character, "config.yaml"))[0].label == "b1="
        assert await editor.complete(0, 8, "config.yaml") == []

    edit(script)


def test_keys_that_the_client_names() -> None:
    text = '{"phase": {"one": "adma(1)"}, "note": "adma(1)"}'

    async def script(editor: Editor) -> None:
        (found,) = await editor.open(text, "run.json", "json")
        assert found.range.start.character == text.index("adma")

    edit(script, {"keys": ["phase.*"]})


def test_completion_behind_the_end_of_a_plain_value() -> None:
    async def script(editor: Editor) -> None:
        text, line, character = cursor("optimizer: clip(1.0) | ¦\nnext: 1\n")
        await editor.open(text, "config.yaml", "yaml")
        labels = {item.label for item in await editor.complete(line, character, "config.yaml")}
        assert "adam" in labels

    edit(script)


PYTHON = """\
import optdsl
tx = optdsl.compile("clip(1.0) | adma(:rate)", rate=1e-3)
other = "adma(1)"
marked = "sgd( 0.1 )"  # optdsl
rate = optdsl.schedule("0 -> linear(1, 10)")
"""


def test_programs_in_python() -> None:
    async def script(editor: Editor) -> None:
        (found,) = await editor.open(PYTHON, "train.py", "python")
        assert (found.code, found.range.start.line) == ("E201", 1)
        (fix,) = await actions(editor, [found], found.range, "train.py")
        assert taken(PYTHON, changes(fix, "train.py")) == PYTHON.replace("adma(:rate)", "adam(:rate)")
        params = types.DocumentFormattingParams(document("train.py"), types.FormattingOptions(4, True))
        edits = list(await editor.client.text_document_formatting_async(params) or [])
        assert taken(PYTHON, edits) == PYTHON.replace("sgd( 0.1 )", "sgd(0.1)")

    edit(script)


def test_many_programs_and_wild_text_do_not_end_the_server() -> None:
    async def script(editor: Editor) -> None:
        await editor.open("", "a.opt")
        for number, text in enumerate(["(" * 500, "adam(" * 300, "\x00'\"", "é" * 50, "match {" * 70, "a|" * 3000], 2):
            assert await editor.replace(text, "a.opt", number)
            await editor.complete(0, len(text), "a.opt")
        assert await editor.replace("adam(1e-3)", "a.opt", 99) == []

    edit(script)
