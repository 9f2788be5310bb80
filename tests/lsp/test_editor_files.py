"""What lies beside the server for editors: the TextMate grammar, the VS Code client, the hooks of pre-commit."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import write_textmate  # noqa: E402
from optdsl.assist import tokens  # noqa: E402

VSCODE = ROOT / "editors" / "vscode"
EXAMPLES = sorted(ROOT.glob("examples/*.opt"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"

# ---- TextMate


@pytest.mark.parametrize("target", write_textmate.TARGETS, ids=lambda path: path.parent.name)
def test_the_grammar_is_current(target: Path) -> None:
    written = target.read_text(encoding="utf-8")
    assert written == write_textmate.grammar(), "run `python tools/write_textmate.py`"


def rules(node: Any) -> Iterator[tuple[str, str]]:
    """Yields the patterns of a grammar with the scope that each gives."""
    if isinstance(node, dict):
        if "match" in node and "name" in node:
            yield node["match"], node["name"]
        for inner in node.values():
            yield from rules(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from rules(inner)


GRAMMAR = json.loads(write_textmate.grammar())
SCOPES = {
    "stage": "entity.name.function",
    "number": "constant.numeric",
    "comment": "comment.line",
    "hole": "variable.other.hole",
    "selector": "support.type",
    "path": "string.regexp",
    "operator": "keyword.operator",
}


@pytest.mark.parametrize("kind", SCOPES)
def test_the_grammar_colours_what_the_server_colours(kind: str) -> None:
    """Asserts that for each word of the examples some rule of its scope takes exactly that word."""
    patterns = [
        re.compile(pattern, re.MULTILINE) for pattern, scope in rules(GRAMMAR) if scope.startswith(SCOPES[kind])
    ]
    seen = 0
    for example in EXAMPLES:
        text = example.read_text(encoding="utf-8")
        for token in tokens(text):
            if token.kind == kind and text[token.span.start] not in "'\"":
                taken = [match.end() for pattern in patterns if (match := pattern.match(text, token.span.start))]
                assert token.span.end in taken, text[slice(*token.span)]
                seen += 1
    assert seen > 0


def test_every_include_of_the_grammar_is_there() -> None:
    included = set(re.findall(r'"include": "#(\w+)"', write_textmate.grammar()))
    assert included == set(GRAMMAR["repository"])


# ---- VS Code

STUB = """
const Module = require("node:module");
const asked = {};
const settings = { command: ["python", "-m", "optdsl.lsp"], keys: ["a.*"], leaves: ["w"] };
const vscode = { workspace: { getConfiguration: (name) => ({ get: (key) => (asked[key] = name, settings[key]) }) } };
class LanguageClient {
  constructor(id, name, server, client) { Object.assign(this, { id, server, client }); }
  start() { console.log(JSON.stringify(this)); return Promise.resolve(); }
  stop() { console.log("stopped"); }
}
const load = Module._load;
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name === "vscode-languageclient/node" ? { LanguageClient } : load(name, ...rest);
const extension = require(process.argv[2]);
extension.activate().then(() => extension.deactivate()).then(() => console.log(JSON.stringify(asked)));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here, which runs the VS Code client")
def test_the_client_starts_the_server(tmp_path: Path) -> None:
    stub = tmp_path / "stub.js"
    stub.write_text(STUB)
    done = subprocess.run(["node", str(stub), str(VSCODE / "extension.js")], capture_output=True, text=True, check=True)
    started, stopped, asked = done.stdout.splitlines()
    client = json.loads(started)
    assert client["server"] == {"command": "python", "args": ["-m", "optdsl.lsp"]}
    assert client["client"]["initializationOptions"] == {"keys": ["a.*"], "leaves": ["w"]}
    assert {"language": "optdsl"} in client["client"]["documentSelector"]
    assert stopped == "stopped"
    package = json.loads((VSCODE / "package.json").read_text())
    known = {name.removeprefix("optdsl.") for name in package["contributes"]["configuration"]["properties"]}
    assert set(json.loads(asked)) == known


def test_what_the_extension_names_is_there() -> None:
    package = json.loads((VSCODE / "package.json").read_text())
    files = [package["main"], *(one["path"] for one in package["contributes"]["grammars"])]
    files += [one["configuration"] for one in package["contributes"]["languages"]]
    assert [name for name in files if not (VSCODE / name).is_file()] == []
    assert package["contributes"]["grammars"][0]["scopeName"] == GRAMMAR["scopeName"]
    json.loads((VSCODE / "language-configuration.json").read_text())


# ---- pre-commit


def run_hook(id: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Runs a hook on files, as pre-commit does with its environment's `optdsl`."""
    yaml = pytest.importorskip("yaml")
    hook = next(one for one in yaml.safe_load(HOOKS.read_text()) if one["id"] == id)
    assert all(re.search(hook["files"], file.name) for file in files)
    program, *arguments = shlex.split(hook["entry"])
    assert program == "optdsl"
    return subprocess.run(
        [sys.executable, "-m", "optdsl", *arguments, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_the_check_hook(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.opt", tmp_path / "bad.opt"
    good.write_text("adam(1e-3)\n")
    bad.write_text("adma(1e-3)\n")
    assert run_hook("optdsl-check", good).returncode == 0
    done = run_hook("optdsl-check", good, bad)
    assert done.returncode == 1
    assert "E201" in done.stdout
    assert "bad.opt:1:1" in done.stdout


def test_the_format_hook(tmp_path: Path) -> None:
    program = tmp_path / "run.opt"
    program.write_text("clip( 1.0 )|adam( 1e-3 )")
    assert run_hook("optdsl-fmt", program).returncode == 0
    assert program.read_text() == "clip(1.0) | adam(1e-3)\n"
    program.write_text("clip(")
    assert run_hook("optdsl-fmt", program).returncode == 1
    assert program.read_text() == "clip("
