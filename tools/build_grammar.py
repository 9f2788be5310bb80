"""Builds the parser's tables from grammar/optdsl.lark into the package: `make grammar`."""

from pathlib import Path

from optdsl.syntax import parser, tables

if __name__ == "__main__":
    grammar = (Path(__file__).parents[1] / "grammar" / "optdsl.lark").read_text(encoding="utf-8")
    tables.save(grammar, parser.TABLES)
    tables_file = Path(parser.TABLES)
    print(f"{tables_file.name}: {tables_file.stat().st_size:,} bytes")
