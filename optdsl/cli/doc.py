"""`optdsl doc`: all that is known of one word, from its row; for a word that is none, what was meant."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from textwrap import wrap

from optdsl.cli import style
from optdsl.cli.example import example
from optdsl.diagnostics.suggest import nearest
from optdsl.registry import Row, failure, lookup, meant, names, refusal
from optdsl.semantics.facts import described, home, label, needs


def run(given: Namespace) -> int:
    """Writes the page of a word, or what was probably meant by one that is unknown."""
    row = lookup(given.name)
    if row is None:
        sys.stderr.write(f"optdsl doc: {_unknown(given.name)}\n")
        return 1
    style.write_page("\n".join(page(row)))
    return 0


def page(row: Row) -> Iterator[str]:
    """Yields the lines of a word's page: headings, and what belongs to each indented below."""
    width = style.page_width()
    yield from wrap(label(row).text, width, subsequent_indent="    ", break_on_hyphens=False)
    yield from wrap(row.prose.summary, width, initial_indent="    ", subsequent_indent="    ")
    if row.deprecated:
        yield f"    An old name: write `{row.deprecated}`."
    if row.parameters:
        yield from ("", "parameters")
        yield from _parameters(row)
    for heading, text in (("formula", row.prose.formula), ("source", row.prose.source), ("needs", needs(row))):
        if text:
            yield from ("", heading)
            yield from wrap(text, width, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    yield from ("", "example", f"    {example(row)}")
    if row.target:
        heading = "in Optax" if home(row) else "in Python"
        yield from ("", heading, f"    {row.target.replace(':', '.')}")


def _parameters(row: Row) -> Iterator[str]:
    width = max(len(parameter.name) for parameter in row.parameters)
    for parameter in row.parameters:
        yield f"    {parameter.name:<{width}}  {described(parameter)}"


def _unknown(name: str) -> str:
    refused = refusal(name)
    if refused is not None:
        return f"`{name}` is not a stage here. {refused.reason}" + (
            f" Write `{refused.write[0]}`." if refused.write else ""
        )
    broken = failure(name)
    if broken is not None:
        return f"there is no word `{name}`: {broken}."
    elsewhere = meant(name)
    if elsewhere is not None and elsewhere.write and lookup(elsewhere.write[0]) is not None:
        return f"there is no word `{name}`. {elsewhere.reason} See `optdsl doc {elsewhere.write[0]}`."
    near = nearest(name.rpartition(".")[2], names())
    help = f"see `optdsl doc {near}`" if near else "`optdsl list` shows them all"
    return f"there is no word `{name}`: {help}"
