// Starts `optdsl lsp` and connects it to VS Code. Everything else is in the server.

"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const LANGUAGES = ["optdsl", "yaml", "toml", "json", "python"];

let client;

function activate() {
  const settings = workspace.getConfiguration("optdsl");
  const [command, ...args] = settings.get("command");
  client = new LanguageClient(
    "optdsl",
    "optdsl",
    { command, args },
    {
      documentSelector: LANGUAGES.map((language) => ({ language })),
      initializationOptions: { keys: settings.get("keys"), leaves: settings.get("leaves") },
    },
  );
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
