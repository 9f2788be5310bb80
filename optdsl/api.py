"""Layer 7, the edge: text in, and out a program, findings, a report or an optimizer.

Here findings become exceptions, and only here. jax is imported by `compile`, and where parameters are given.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from optdsl import ir
from optdsl.diagnostics import Diagnostic, OptdslError
from optdsl.room import with_room
from optdsl.semantics.check import OVERRIDABLE, allowed
from optdsl.semantics.check import check as check_meaning
from optdsl.semantics.resolve import Resolved, resolve, resolve_value
from optdsl.source import Range, Source
from optdsl.syntax import parser
from optdsl.syntax.ast import Program, hole_names

if TYPE_CHECKING:
    from optdsl.backend.machine import Meaning
    from optdsl.backend.optimizer import Optimizer
    from optdsl.explanation import Explanation

Layout = Literal["flax", "torch"]


def parse(text: str, name: str = "<program>") -> Program:
    """Returns the syntax tree of a program; `name` is what messages call the text.

    Raises `OptdslError` with all syntax errors.
    >>> str(parse("clip( 1.0 )|adam( :rate )"))
    'clip(1.0) | adam(:rate)'
    """
    program, findings = parser.parse(Source(text, name))
    if program is None:
        raise OptdslError(findings)
    return program


def check(text: str | Program, *, holes: Mapping[str, Any] | None = None, **more: Any) -> list[Diagnostic]:
    """Returns everything that can be said against a program, by place; never raises on text.

    Keywords are those of `compile`, holes among them.
    >>> [finding.code for finding in check("adam(1e-3, b3=0.9)")]
    ['E202']
    """
    settings, filled = _settings(holes, more)
    program, findings = _program(text)
    if program is None:
        return list(findings)
    # A hole may share its name with a keyword; here, unlike in `compile`, a value for one does no harm to the other.
    keywords = more.keys() & set(_Settings._fields)
    asked = {name: more[name] for name in keywords & hole_names(program)} if keywords else {}
    return list(_checked(program, {**asked, **filled}, settings)[1])


def format(text: str | Program) -> str:
    """Returns the canonical text of a program: same meaning, comments kept, one line where it fits 88 columns.

    Raises `OptdslError` on a text that does not parse.
    >>> format("clip( 1.0 )|adam( 1e-3,b1 = 0.9 )")
    'clip(1.0) | adam(1e-3, b1=0.9)'
    """
    from optdsl.syntax.format import format_program

    return format_program(parse(text) if isinstance(text, str) else text)


def compile(text: str | Program, *, holes: Mapping[str, Any] | None = None, **more: Any) -> "Optimizer":
    """Returns the optimizer that a program means.

    Holes are filled by keyword, or through `holes=` where one shares its name with a keyword of this function:
    `params` (a tree, to check selectors and axes now), `fragment` (a chain that need not descend), `exact`
    (Optax's own operations, numbers baked in), `allow` (codes to silence), `layout` (`"flax"` or `"torch"`),
    `stacked` (path glob -> leading axes of scanned layers), `strict` (warnings are errors).
    Raises `OptdslError` with every finding.
    >>> compile("clip(1.0) | adam(:rate)", rate=1e-3)
    optdsl.compile('clip(1.0) | adam(1e-3)')
    """
    settings, filled = _settings(holes, more)
    program, findings = _program(text)
    if program is None:
        raise OptdslError(findings)
    resolved, found = _checked(program, filled, settings)
    _raise_errors(found, settings)
    from optdsl.backend.optimizer import Optimizer

    assert resolved.chain is not None
    alone = _standing_alone(program, resolved.chain, filled, resolved.lengths)
    return Optimizer(_meaning(resolved.chain, settings), program.source, alone)


def schedule(text: str | Program, *, holes: Mapping[str, Any] | None = None, **more: Any) -> Callable[[Any], Any]:
    """Returns the function step -> value that a number over time means; takes integers, arrays and tracers.

    Raises `OptdslError` with every finding.
    >>> float(schedule("0 -> linear(1, 10)")(5))
    0.5
    """
    _, filled = _settings(holes, more)
    program, findings = _program(text)
    if program is None:
        raise OptdslError(findings)
    value, findings = resolve_value(program, filled)
    if findings:
        raise OptdslError(findings)
    from optdsl.backend.evaluate import function_of_step

    return function_of_step(value)


def explain(
    text: str | Program,
    params: Any = None,
    *,
    passes: bool = False,
    holes: Mapping[str, Any] | None = None,
    **more: Any,
) -> "Explanation":
    """Returns a report of a program's stages, and with `params` of what it does to each leaf of that tree.

    With `passes` it also says what the default mode runs in another way than Optax writes it, and by which law.
    `str()` for a terminal, `to_dict()`, and HTML in a notebook. The tree may hold arrays or `jax.ShapeDtypeStruct`s.
    Raises `OptdslError` with every finding.
    """
    from optdsl.explanation import PassReport
    from optdsl.explanation import explain as report
    from optdsl.passes import fired

    settings, filled = _settings(holes, {**more, "params": params})
    chain = _resolved(text, filled, settings)
    found = fired(chain) if passes and not settings.exact else ()
    changed = tuple([PassReport(*one) for one in found]) if passes else None
    if params is None:
        return report(chain, passes=changed)
    from optdsl.backend.leaf_report import leaf_report

    return report(chain, leaf_report(_meaning(chain, settings), params), changed)


def to_python(text: str | Program, *, holes: Mapping[str, Any] | None = None, **more: Any) -> str:
    """Returns runnable Python that builds the same chain with plain Optax and binds it to `tx`.

    Raises `OptdslError` with every finding.
    >>> print(to_python("adam(1e-3)"))
    # adam(1e-3)
    <BLANKLINE>
    import optax
    <BLANKLINE>
    tx = optax.adam(1e-3)
    <BLANKLINE>
    """
    from optdsl.python import to_python as translate
    from optdsl.syntax.format import format_program

    settings, filled = _settings(holes, more)
    chain = _resolved(text, filled, settings)
    written = text if isinstance(text, str) else format_program(text)
    return translate(chain, layout=settings.layout, stacked=tuple(settings.stacked.items()), text=written)


def from_python(source: str, name: str = "<python>") -> Program:
    """Returns the program that means what Python source builds with Optax; the source is read, never run.

    The transformation is what is bound to `tx`, else the last expression or binding. What the language cannot express
    becomes a hole, with a comment that says what stood there. Raises `OptdslError` on what is no Python.
    >>> str(from_python("optax.chain(optax.clip(1.0), optax.adam(1e-3))"))
    'clip(1.0) | adam(1e-3)'
    """
    from optdsl.python.read import from_python as read

    return read(source, name)


class _Settings(NamedTuple):
    """The keywords of `compile` that are no holes."""

    params: Any = None
    fragment: bool = False
    exact: bool = False
    allow: tuple[str, ...] = ()
    layout: Layout = "flax"
    stacked: Mapping[str, int] = MappingProxyType({})
    strict: bool = False


def _settings(holes: Mapping[str, Any] | None, more: Mapping[str, Any]) -> tuple[_Settings, dict[str, Any]]:
    """Tells the settings from the holes among keywords; raises `TypeError` or `ValueError` on a wrong setting."""
    settings = _Settings(**{name: more[name] for name in _Settings._fields if name in more})
    if settings.layout not in ("flax", "torch"):
        raise ValueError(f"layout is 'flax' or 'torch', not {settings.layout!r}")
    if isinstance(settings.allow, str):
        raise TypeError(f"allow takes codes in a tuple: ({settings.allow!r},)")
    given = {name: value for name, value in more.items() if name not in _Settings._fields}
    return settings, {**given, **(holes or {})}


def _program(text: str | Program) -> tuple[Program | None, tuple[Diagnostic, ...]]:
    if isinstance(text, Program):
        return text, ()
    return parser.parse(Source(text))


def _meaning(chain: ir.Chain, settings: _Settings) -> "Meaning":
    from optdsl.backend.machine import Meaning
    from optdsl.backend.options import Options

    return Meaning(chain, Options(settings.layout, tuple(settings.stacked.items())), settings.exact)


def _standing_alone(program: Program, chain: ir.Chain, filled: Mapping[str, Any], lengths: Mapping[Range, int]) -> str:
    """Returns the canonical text that needs no values from elsewhere."""
    from optdsl.semantics.fill import filled as with_holes_filled
    from optdsl.semantics.printed import printed

    return format(printed(chain) if program.overrides else with_holes_filled(program, filled, lengths))


def _checked(
    program: Program, filled: Mapping[str, Any], settings: _Settings
) -> tuple[Resolved, tuple[Diagnostic, ...]]:
    """Returns the meaning of a program and everything found about it by place, less what is allowed."""
    return with_room(_check_all, program, filled, settings)


def _check_all(
    program: Program, filled: Mapping[str, Any], settings: _Settings
) -> tuple[Resolved, tuple[Diagnostic, ...]]:
    resolved = resolve(program, filled)
    if resolved.chain is None:
        return resolved, resolved.findings
    found = [*resolved.findings, *check_meaning(resolved.chain, program, fragment=settings.fragment)]
    if settings.params is not None:
        from optdsl.backend.problems import problems

        found += problems(_meaning(resolved.chain, settings), settings.params, program.source)
    ordered = sorted(found, key=lambda finding: finding.span[1:3])
    return resolved, allowed(ordered, program, settings.allow)


def _resolved(text: str | Program, filled: Mapping[str, Any], settings: _Settings) -> ir.Chain:
    """Returns the meaning of a program that is to be looked at, not run: what can be allowed is."""
    program, findings = _program(text)
    if program is None:
        raise OptdslError(findings)
    resolved, found = _checked(program, filled, settings._replace(allow=tuple(OVERRIDABLE)))
    _raise_errors(found, settings)
    assert resolved.chain is not None
    return resolved.chain


def _raise_errors(findings: Sequence[Diagnostic], settings: _Settings) -> None:
    severities = ("error", "warning") if settings.strict else ("error",)
    if any(finding.severity in severities for finding in findings):
        raise OptdslError(findings)
