"""Builds the parser's tables from grammar/optdsl.lark into the package: `make grammar`."""

from pathlib import Path

from optdsl.syntax import parser, tables

if __name__ == "__main__":
    grammar = (Path(__file__).parents[1] / "grammar" / "optdsl.lark").read_text(encoding="utf-8")
    tables.save(grammar, parser.TABLES)
    print(f"{parser.TABLES.name}: {parser.TABLES.stat().st_size:,} bytes")
