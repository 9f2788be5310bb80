"""What a reading of one source has found so far: holes with their comments, names that the program binds, fuel.

In: wishes for names, and the things that they stand for. Out: text. It knows neither Optax nor values.
"""

import ast
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from optdsl.python.read.things import Free, Role, Thing, Unknown, Unread, node_of
from optdsl.registry import lookup
from optdsl.semantics.words import AXES_WORDS, DTYPES
from optdsl.source import Range, Source
from optdsl.syntax.mistakes import RESERVED

FUEL = 60_000
"""Steps that one source may take: functions that call each other without end stop here."""
DEEPEST = 48
"""Expressions inside expressions; the language nests 64 brackets."""

_QUOTED = 72
_LONGEST_NAME = 40
_LIVE = "# Live in the program;"
"""How the comment begins that `to_python` writes above a number that is live."""

_HOLE = re.compile(r":([A-Za-z_]\w*)")
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_FREE = RESERVED | {"step", *DTYPES, *AXES_WORDS}


class _Kept(NamedTuple):
    """What can be taken back."""

    holes: dict[Any, str]
    remarks: dict[str, str]
    statements: dict[str, str]
    bound: dict[int, str]
    names: set[str]


@dataclass(slots=True)
class Reading:
    """Collects what stands above the chain; a thing asked for twice is written once."""

    source: Source
    holes: dict[Any, str] = field(default_factory=dict[Any, str])
    remarks: dict[str, str] = field(default_factory=dict[str, str])
    """Comments by the hole that each is about."""
    statements: dict[str, str] = field(default_factory=dict[str, str])
    """Bindings by name."""
    bound: dict[int, str] = field(default_factory=dict[int, str])
    names: set[str] = field(default_factory=set[str])
    fuel: int = FUEL
    depth: int = 0
    slot: str = "value"
    """The parameter that is being read: a hole without a better name is called so."""
    snippets: dict[int, Any] = field(default_factory=dict[int, Any])
    """What functions of the source are known to be, by the identity of their nodes."""
    _lines: list[int] = field(default_factory=list[int])

    def burn(self, steps: int = 1) -> None:
        """Counts steps; raises `Unread` when there have been too many."""
        self.fuel -= steps
        if self.fuel < 0 or self.depth > DEEPEST:
            raise Unread

    def __enter__(self) -> "Reading":
        self.depth += 1
        return self

    def __exit__(self, *failure: object) -> None:
        self.depth -= 1

    # ---- holes and comments

    def hole(self, wish: str, thing: Thing) -> str:
        """Returns a hole for what cannot be expressed, and notes what stood there."""
        node = node_of(thing)
        key = self._key(node, thing)
        if key not in self.holes:
            wish = thing.name if isinstance(thing, (Free, Role, Unknown)) and thing.name else _named(node) or wish
            name = self._free(wish, set(self.holes.values()))
            self.holes[key] = name
            self.remarks[name] = f"# :{name} stands for {self._quoted(node)}{self._where(node)}"
        return f":{self.holes[key]}"

    def _key(self, node: ast.AST, thing: Thing) -> Any:
        if isinstance(thing, Free):
            return thing.name
        plain = isinstance(node, (ast.Attribute, ast.Subscript))
        return self.segment(node) if plain else id(node)

    def _where(self, node: ast.AST) -> str:
        line = getattr(node, "lineno", 0)
        return f" (line {line})" if line and "\n" in self.source.text.strip() else ""

    def _quoted(self, node: ast.AST) -> str:
        text = " ".join(self.segment(node).split())
        shown = text if text.isprintable() else ascii(text)
        return shown if len(shown) <= _QUOTED else f"{shown[: _QUOTED - 4]} ..."

    # ---- names

    def bind(self, wish: str, text: str, key: int) -> str:
        """Returns the name under which a value is bound, once for each `key`."""
        if key not in self.bound:
            self.bound[key] = self._new(wish)
            self.statements[self.bound[key]] = f"{self.bound[key]} = {text};"
        return self.bound[key]

    def live(self, wish: str, text: str, key: int) -> str:
        """Returns the name of a live number, once for each `key`."""
        if key not in self.bound:
            self.bound[key] = self._new(wish)
            self.statements[self.bound[key]] = f"live {self.bound[key]} = {text};"
        return self.bound[key]

    def is_marked_live(self, node: ast.AST) -> bool:
        """Returns whether `to_python` says above a number that the program has it live."""
        starts, line = self.line_starts(), getattr(node, "lineno", 1)
        return line > 1 and self.source.text.startswith(_LIVE, starts[line - 2])

    def _new(self, wish: str) -> str:
        row = lookup(wish)
        bare = row is not None and not any(parameter.required for parameter in row.parameters)
        name = self._free(f"{wish}_" if bare else wish, self.names)
        self.names.add(name)
        return name

    def _free(self, wish: str, taken: set[str]) -> str:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", wish)[:_LONGEST_NAME]
        plain = plain if plain.strip("_") else "value"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        base = f"{plain}_" if plain in _NOT_FREE else plain
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        return name

    def text(self, body: str) -> str:
        """Returns the program that ends in `body`, with the bindings and comments that it needs."""
        lines = self._with_bindings(body)
        used = {hole for line in lines for hole in _HOLE.findall(line)}
        return "\n".join([*(comment for hole, comment in self.remarks.items() if hole in used), *lines])

    def has_hole(self, text: str) -> bool:
        """Returns whether a hole stands in a text, or in what its names are bound to."""
        return any(_HOLE.search(line) for line in self._with_bindings(text))

    def _with_bindings(self, text: str) -> list[str]:
        lines = [text]
        for name, statement in reversed(self.statements.items()):
            if any(re.search(rf"(?<![:\w]){name}\b", line) for line in lines):
                lines.insert(0, statement)
        return lines

    # ---- taking back

    def keep(self) -> _Kept:
        """Returns what there is, for `restore`."""
        return _Kept(dict(self.holes), dict(self.remarks), dict(self.statements), dict(self.bound), set(self.names))

    def restore(self, kept: _Kept) -> None:
        """Forgets what was found since `keep`."""
        self.holes, self.remarks, self.statements, self.bound, self.names = kept

    # ---- places

    def range(self, node: ast.AST) -> Range:
        """Returns the characters that a node stands on."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        last, end = getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or column
        return Range(self._offset(line, column), self._offset(last, end))

    def segment(self, node: ast.AST) -> str:
        """Returns the source of a node."""
        start, end = self.range(node)
        return self.source.text[start:end]

    def _offset(self, line: int, column: int) -> int:
        """Returns the offset of a place as Python counts: lines from 1, columns in bytes."""
        starts = self.line_starts()
        start = starts[line - 1] if line <= len(starts) else len(self.source.text)
        end = starts[line] if line < len(starts) else len(self.source.text)
        text = self.source.text[start:end]
        return start + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def line_starts(self) -> list[int]:
        """Returns the offset at which each line begins, as Python parts lines."""
        if not self._lines:
            self._lines.extend((0, *(match.end() for match in _LINE_END.finditer(self.source.text))))
        return self._lines


def _named(node: ast.AST) -> str:
    """Returns the name that an expression goes by: `lr` for `config.lr` and `config["lr"]`."""
    match node:
        case ast.Name(name) | ast.Attribute(_, name) | ast.FunctionDef(name):
            return name
        case ast.Subscript(_, ast.Constant(str() as name)) if name.isidentifier():
            return name
        case _:
            return ""
