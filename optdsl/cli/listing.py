"""`optdsl list`: the words of the language by group, from their rows."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from optdsl.cli import style
from optdsl.registry import Kind, Row, Sort, schedules, transforms
from optdsl.semantics.facts import default_text, home

GROUPS = ("our words", "optimizers", "transforms", "wrappers", "schedules")


def run(given: Namespace) -> int:
    """Writes the words whose names match the pattern, and returns 1 if none does."""
    rows = [row for row in (*transforms(), *schedules()) if matches(row.name, given.pattern)]
    if given.json:
        style.write(json.dumps([as_json(row) for row in rows], indent=2))
    elif sys.stdout.isatty():
        _write_for_a_person(rows)
    else:
        lines = [(row.name, group(row), f"{row.prose.summary} ({parameters(row)})") for row in _by_group(rows)]
        style.write_table(lines, ("name", "group", "what it does"))
    if rows:
        return 0
    sys.stderr.write(f"optdsl list: no name matches `{given.pattern}`\n")
    return 1


def matches(name: str, pattern: str | None) -> bool:
    """Returns whether `name` contains the pattern or, if that is a glob, is matched by it."""
    if pattern is None:
        return True
    is_glob = any(mark in pattern for mark in "*?[")
    return fnmatchcase(name, pattern.lower()) if is_glob else pattern.lower() in name


def group(row: Row) -> str:
    """Returns which of `GROUPS` a row belongs to."""
    if row.sort is Sort.SCHEDULE:
        return "schedules"
    if not row.target:
        return "our words"
    if any(parameter.kind is Kind.TRANSFORM and parameter.required for parameter in row.parameters):
        return "wrappers"
    descends = row.traits is not None and row.traits.sign == -1 and not row.name.startswith("scale_by_")
    return "optimizers" if descends else "transforms"


def parameters(row: Row) -> str:
    """Returns the names of a row's parameters in order, a star before those that only a name reaches."""
    return ", ".join(_parameters(row))


def _parameters(row: Row) -> Iterator[str]:
    by_place = True
    for parameter in row.parameters:
        if parameter.keyword_only and by_place:
            yield "*"
            by_place = False
        yield parameter.name


def as_json(row: Row) -> dict[str, Any]:
    """Returns a row as plain data; defaults as the language writes them, null where there is none."""
    return {
        "name": row.name,
        "group": group(row),
        "optax": home(row) or None,
        "summary": row.prose.summary,
        "formula": row.prose.formula or None,
        "source": row.prose.source or None,
        "deprecated": row.deprecated or None,
        "parameters": [
            {
                "name": parameter.name,
                "kind": parameter.kind.value,
                "default": None if parameter.required else default_text(parameter),
                "range": str(parameter.bounds) if parameter.bounds else None,
                "choices": list(parameter.choices),
                "keyword_only": parameter.keyword_only,
            }
            for parameter in row.parameters
        ],
    }


def _by_group(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: GROUPS.index(group(row)))


def _write_for_a_person(rows: list[Row]) -> None:
    for name in GROUPS:
        members = [(row.name, row.prose.summary, parameters(row)) for row in rows if group(row) == name]
        if members:
            style.write_page(f"{name} ({len(members)})")
            style.write_table(members, ("name", "what it does", "parameters"))
            style.write("")
