"""Writes `optdsl/registry/optax_rows.py` from the signatures of the installed Optax.

In: the public functions of `optax` and `optax.contrib`. Out: rows without prose and traits, which are
merged by name when the registry is read. An annotation not seen before stops the run: a new Optax is read,
not guessed.

    python tools/sync_optax.py           # writes the file
    python tools/sync_optax.py --check   # fails if the file is not what it would write
"""

import ast
import functools
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optax
import optax.contrib

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from optdsl.registry import overrides  # noqa: E402
from optdsl.registry.elsewhere import REFUSED  # noqa: E402
from optdsl.registry.own_words import OWN_WORDS  # noqa: E402
from optdsl.registry.row import REQUIRED, Bounds, Kind, Opaque, Parameter, Row, Sort  # noqa: E402

TARGET = ROOT / "optdsl" / "registry" / "optax_rows.py"

_NUMERIC = {Kind.NUMBER, Kind.SCHEDULABLE, Kind.INTEGER, Kind.NUMBERS, Kind.INTEGERS}

_KINDS: dict[str, Kind] = {
    "ArrayLike": Kind.NUMBER,
    "float": Kind.NUMBER,
    "ScalarOrSchedule": Kind.SCHEDULABLE,
    "Union[ArrayLike, ScalarOrSchedule]": Kind.SCHEDULABLE,
    "Schedule": Kind.SCHEDULABLE,
    "int": Kind.INTEGER,
    "bool": Kind.BOOL,
    "str": Kind.STRING,
    "DTypeLike": Kind.DTYPE,
    "Any": Kind.DTYPE,
    "GradientTransformation": Kind.TRANSFORM,
    "Union[GradientTransformation, GradientTransformationExtraArgs]": Kind.TRANSFORM,
    "Union[GradientTransformationExtraArgs, GradientTransformation]": Kind.TRANSFORM,
    "MaskOrFn": Kind.MASK,
    "Union[Any, Callable[[Params], Any]]": Kind.MASK,
    "Array | int": Kind.KEY,
    "Array": Kind.KEY,
    "tuple[ArrayLike, ArrayLike]": Kind.NUMBERS,
    "Union[int, tuple[int, ...]]": Kind.AXES,
    "Sequence[Schedule]": Kind.SCHEDULES,
    "Sequence[int]": Kind.INTEGERS,
    "dict[int, float]": Kind.MAP,
    "ConditionFn": Kind.CALLABLE,
    "GaLoreDimNumsOrFn": Kind.OBJECT,
    "WeightDimNumOrFn": Kind.OBJECT,
    "Iterable[dict[str, ArrayLike]]": Kind.OBJECT,
    "dict[str, GradientTransformationExtraArgs | Callable[[Updates], ArrayTree]]": Kind.OBJECT,
}


def public_functions() -> dict[str, tuple[str, Callable[..., Any]]]:
    """Returns name -> (module, function) of all that is callable in `optax` and `optax.contrib`."""
    found: dict[str, tuple[str, Callable[..., Any]]] = {}
    for module in (optax, optax.contrib):
        for name, value in sorted(vars(module).items()):
            if callable(value) and not name.startswith("_"):
                found.setdefault(name, (module.__name__, value))
    return found


def sort_of(name: str, function: Callable[..., Any]) -> Sort | None:
    """Returns what the function makes, None if neither a transform nor a schedule."""
    if name in overrides.UNANNOTATED:
        return Sort.TRANSFORM
    if inspect.isclass(function) or not (inspect.isroutine(function) or isinstance(function, functools.partial)):
        return None
    returns = str(inspect.signature(function).return_annotation)
    if "GradientTransformation" in returns:
        return Sort.TRANSFORM
    makes_schedule = inspect.signature(function).return_annotation == optax.Schedule
    return Sort.SCHEDULE if makes_schedule else None


def rows() -> tuple[Row, ...]:
    """Returns a row for every transform and schedule of Optax that is not refused and no word of ours."""
    ours = {row.name for row in OWN_WORDS} | set(REFUSED)
    return tuple(
        _row(name, module, function, sort)
        for name, (module, function) in sorted(public_functions().items())
        if name not in ours and (sort := sort_of(name, function)) is not None
    )


def other_names() -> tuple[str, ...]:
    """Returns the public names of Optax that make neither a transform nor a schedule."""
    return tuple(
        name
        for name, (_, function) in sorted(public_functions().items())
        if name not in REFUSED and sort_of(name, function) is None
    )


def _row(name: str, module: str, function: Callable[..., Any], sort: Sort) -> Row:
    written = {argument.arg: (argument, default) for argument, default in _arguments(function)}
    parameters = tuple(
        _parameter(name, parameter, *written[parameter.name])
        for parameter in inspect.signature(function).parameters.values()
    )
    return Row(name, f"{module}:{name}", sort, parameters, deprecated=overrides.DEPRECATED.get(name, ""))


def _arguments(function: Callable[..., Any]) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Yields each argument as it is written in Optax's source, and its default."""
    plain = function.func if isinstance(function, functools.partial) else function
    definition = ast.parse(textwrap.dedent(inspect.getsource(plain))).body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise TypeError(f"{plain} is not written as a function")
    positional = definition.args.posonlyargs + definition.args.args
    missing: list[ast.expr | None] = [None] * (len(positional) - len(definition.args.defaults))
    yield from zip(positional, missing + list(definition.args.defaults), strict=True)
    yield from zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True)


def _parameter(row: str, parameter: inspect.Parameter, written: ast.arg, default: ast.expr | None) -> Parameter:
    name = parameter.name
    annotation, optional = _without_none(_spelling(written.annotation))
    kind = overrides.kind_of(row, name) or _kind(row, name, annotation)
    return Parameter(
        name,
        kind,
        _default(kind, parameter.default, default),
        optional=optional or parameter.default is None,
        bounds=overrides.bounds_of(row, name) if kind in _NUMERIC else None,
        choices=_literals(annotation) or overrides.choices_of(row, name),
        keyword_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY,
        neutral=overrides.neutral_of(name, kind),
    )


def _spelling(node: ast.expr | None) -> str:
    """Returns an annotation or a default without the modules its names come from."""
    text = "" if node is None else ast.unparse(node)
    for module in ("jax.typing.", "collections.abc.", "base.", "jax.", "jnp.", "_linesearch.", "_adding."):
        text = text.replace(module, "")
    return text


def _without_none(annotation: str) -> tuple[str, bool]:
    if annotation.startswith("Optional["):
        return annotation.removeprefix("Optional[").removesuffix("]"), True
    return annotation.removesuffix(" | None"), annotation.endswith(" | None")


def _kind(row: str, name: str, annotation: str) -> Kind:
    if annotation.startswith("Callable["):
        return Kind.CALLABLE
    if annotation.startswith("Literal["):
        return Kind.STRING
    if annotation.startswith("tuple[Literal["):
        return Kind.OBJECT
    if annotation.startswith("Union[tuple[ArrayLike,"):
        return Kind.NUMBERS
    if annotation not in _KINDS:
        raise ValueError(f"{row}.{name}: no kind is known for the annotation {annotation!r}; see _KINDS")
    return _KINDS[annotation]


def _literals(annotation: str) -> tuple[str, ...]:
    if not annotation.startswith("Literal["):
        return ()
    return tuple(ast.literal_eval(f"({annotation.removeprefix('Literal[').removesuffix(']')},)"))


def _default(kind: Kind, value: Any, written: ast.expr | None) -> Any:
    if value is inspect.Parameter.empty:
        return REQUIRED
    if kind is Kind.DTYPE and value is not None:
        return np.dtype(value).name
    # A transformation is a tuple too, so the type is compared exactly.
    plain = value is None or type(value) in (bool, int, float, str, tuple)
    return value if plain else Opaque(_spelling(written))


def source() -> str:
    """Returns the text of the generated module, formatted."""
    names = ", ".join(repr(name) for name in other_names())
    text = (
        f'"""Rows of Optax {optax.__version__}, written by `tools/sync_optax.py`: names, parameters, kinds, '
        'defaults.\n\nDo not edit: run `make sync-optax`. Prose and traits are merged by name.\n"""\n\n'
        "from optdsl.registry.row import Bounds, Kind, Opaque, Parameter, Row, Sort\n\n"
        f"OPTAX_VERSION = {optax.__version__!r}\n\n"
        f"OPTAX_ROWS: tuple[Row, ...] = (\n{''.join(_row_text(row) for row in rows())})\n\n"
        f"OTHER_NAMES = frozenset({{{names}}})\n"
        '"""What Optax offers to Python and is neither a transform nor a schedule."""\n'
    )
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length", "110", "-"]
    return subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout


def _row_text(row: Row) -> str:
    parameters = "".join(f"{_parameter_text(parameter)}," for parameter in row.parameters)
    deprecated = f", deprecated={row.deprecated!r}" if row.deprecated else ""
    sort = f"Sort.{row.sort.name}"
    return f"Row({row.name!r}, {row.target!r}, {sort}, ({parameters}){deprecated}),\n"


def _parameter_text(parameter: Parameter) -> str:
    fields = [repr(parameter.name), f"Kind.{parameter.kind.name}"]
    if not parameter.required:
        fields.append(repr(parameter.default))
    unset = Parameter("", Kind.NUMBER)
    for field in ("optional", "bounds", "choices", "keyword_only", "neutral"):
        value = getattr(parameter, field)
        if value != getattr(unset, field) or (value is False and field == "neutral"):
            fields.append(f"{field}={_bounds_text(value) if isinstance(value, Bounds) else repr(value)}")
    return f"Parameter({', '.join(fields)})"


def _bounds_text(bounds: Bounds) -> str:
    unset = Bounds()
    fields = [f"{name}={value}" for name, value in bounds._asdict().items() if value != getattr(unset, name)]
    return f"Bounds({', '.join(fields)})"


def main(arguments: list[str]) -> int:
    """Writes the file, or compares it, and returns the exit status."""
    text = source()
    if "--check" in arguments:
        return int(text != TARGET.read_text())
    TARGET.write_text(text)
    made = rows()
    transforms = sum(row.sort is Sort.TRANSFORM for row in made)
    print(f"{TARGET.name}: {transforms} transforms and {len(made) - transforms} schedules")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
