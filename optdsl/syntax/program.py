"""The root of the syntax tree, and the one node that users hold: a whole program, which is also a type of field.

In: what the parser found, or a text that is checked. Out: a value that prints, compares, hashes, copies and pickles.
It is no dataclass, since what walks over dataclasses (`asdict`, OmegaConf, tyro) would walk into the tree. It knows
no hosts: what a text means and what pydantic asks is answered by `optdsl.integrations`, called by name.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, overload

from optdsl.source import Source

if TYPE_CHECKING:
    from optdsl.syntax.ast import Comment, Expression, Statement


class Program:
    """A whole program: statements, the expression that is the optimizer, and the comments in between.

    Made of a text, it is checked: all errors but unfilled holes raise `InvalidProgram`, which is an `OptdslError`, a
    `ValueError` and an `argparse.ArgumentTypeError`. `optdsl.parse` looks at the syntax only.
    >>> Program("clip(1.0)|adam(:rate)").text
    'clip(1.0)|adam(:rate)'
    """

    __slots__ = ("body", "comments", "overrides", "source", "statements")

    source: Source
    statements: "tuple[Statement, ...]"
    body: "Expression"
    comments: "tuple[Comment, ...]"
    overrides: tuple[tuple[str, object], ...]
    """Values that the host puts over bindings and arguments, by path; later ones win."""

    @overload
    def __init__(self, source: "str | Program", /) -> None: ...
    @overload
    def __init__(
        self,
        source: Source,
        statements: "tuple[Statement, ...]",
        body: "Expression",
        comments: "tuple[Comment, ...]" = (),
        overrides: tuple[tuple[str, object], ...] = (),
    ) -> None: ...
    def __init__(
        self,
        source: "Source | str | Program",
        statements: "tuple[Statement, ...]" = (),
        body: "Expression | None" = None,
        comments: "tuple[Comment, ...]" = (),
        overrides: tuple[tuple[str, object], ...] = (),
    ) -> None:
        if isinstance(source, Source):
            parts = (source, statements, body, comments, overrides)
        else:
            known: Program = source if isinstance(source, Program) else _host("field").program(source)
            parts = (known.source, known.statements, known.body, known.comments, known.overrides)
        for name, part in zip(("source", "statements", "body", "comments", "overrides"), parts, strict=True):
            object.__setattr__(self, name, part)

    def replace(self, values: Mapping[str, object]) -> "Program":
        """Returns the program with bindings (`base`) and arguments (`adam.b1`) replaced; `compile` checks the paths."""
        overrides = (*self.overrides, *values.items())
        return Program(self.source, self.statements, self.body, self.comments, overrides)

    @property
    def text(self) -> str:
        """Returns the text as it was written; with values put over it, the text of what it means then.

        Raises `ValueError` where no text says what a program with values put over it means.
        """
        return self.source.text if not self.overrides else _host("field").text_with_overrides(self)

    def __str__(self) -> str:
        """Returns the canonical text."""
        from optdsl.syntax.format import format_program

        return format_program(self)

    def __repr__(self) -> str:
        values = f".replace({dict(self.overrides)!r})" if self.overrides else ""
        return f"optdsl.Program({self.source.text!r}){values}"

    def __eq__(self, other: object) -> bool:
        return self._meant() == other._meant() if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._meant())

    def _meant(self) -> tuple[object, ...]:
        return self.statements, self.body, self.overrides

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Program does not change, so `{name}` cannot be set: `replace` makes another one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a Program does not change, so `{name}` cannot be deleted")

    def __copy__(self) -> "Program":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Program":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _parsed, (self.source, self.overrides)

    def _repr_html_(self) -> str:
        """Returns the text in colours, as a notebook shows it."""
        return _host("html").program(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Returns how pydantic reads and writes a program."""
        return _host("pydantic").core_schema()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """Returns what a JSON schema says of a program."""
        return _host("pydantic").json_schema()


def _host(name: str) -> Any:
    """Returns a module of the layer above all; the name is put together, as this layer must not know that one."""
    return import_module(f"optdsl.integrations.{name}")


def _parsed(source: Source, overrides: tuple[tuple[str, object], ...]) -> Program:
    """Returns a pickled program; its text is kept rather than its tree, which may look different in another version."""
    from optdsl.syntax.parser import parse

    program, _ = parse(source)
    if program is None:
        raise ValueError(f"this version of optdsl cannot read a program of another one: {source.text!r}")
    return Program(program.source, program.statements, program.body, program.comments, overrides)
