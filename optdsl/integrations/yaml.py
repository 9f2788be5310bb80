"""Integrations, PyYAML: programs among the values that it writes, as strings. Reading needs nothing: see `load`."""

from typing import Any

import yaml

from optdsl.syntax.ast import Program


def register(*dumpers: Any) -> None:
    """Makes dumpers, by default `yaml.Dumper` and `yaml.SafeDumper`, write programs; of several lines, as a block."""
    for dumper in dumpers or (yaml.Dumper, yaml.SafeDumper):
        dumper.add_representer(Program, _represented)


def _represented(dumper: Any, program: Program) -> yaml.Node:
    style = "|" if "\n" in program.text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", program.text, style=style)
