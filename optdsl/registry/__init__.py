"""The registry: every word a program may use as a stage or a schedule, as plain data.

In: a name. Out: its `Row`, or what was meant by it. Rows and traits are merged at the first
question; behind them stand the transforms that Python registers. Knows neither the parser nor jax; nothing here
imports Optax.
"""

from functools import cache
from typing import TYPE_CHECKING

from optdsl.registry.row import (
    REQUIRED,
    Bounds,
    Kind,
    Opaque,
    Parameter,
    Prose,
    Row,
    Sort,
    Traits,
)

if TYPE_CHECKING:
    from optdsl.registry.elsewhere import Meant
    from optdsl.registry.registered import Registered

__all__ = [
    "REQUIRED",
    "Bounds",
    "Kind",
    "Opaque",
    "Parameter",
    "Prose",
    "Row",
    "Sort",
    "Traits",
    "failure",
    "is_builtin",
    "lookup",
    "meant",
    "meant_parameter",
    "names",
    "refusal",
    "registered_as",
    "schedules",
    "transforms",
]


def lookup(name: str) -> Row | None:
    """Returns the row of the transform or schedule called `name`.

    >>> lookup("clip").parameters[0].name
    'max_delta'
    """
    row = _rows().get(name)
    if row is None and (found := registered_as(name)) is not None:
        return found.row
    return row


def is_builtin(name: str) -> bool:
    """Returns whether `name` is a word of Optax or of ours, whatever is registered beside them."""
    return name in _rows()


def registered_as(name: str) -> "Registered | None":
    """Returns the Python transform called `name`: in this scope, for good, or declared by an installed package.

    Only the last is imported for it, and only if nothing else is called so.
    """
    if is_builtin(name):
        return None
    from optdsl.registry.registered import Registered, find, is_name

    if not is_name(name):
        return None
    found = find(name)
    if found is not None:
        return found
    from optdsl.registry.entry_points import loaded

    declared = loaded(name)
    return declared if isinstance(declared, Registered) else None


def failure(name: str) -> str | None:
    """Returns why a name that installed packages declare is no stage; None for all others."""
    from optdsl.registry.entry_points import Failure, loaded

    found = None if lookup(name) is not None else loaded(name)
    return found.reason if isinstance(found, Failure) else None


def transforms() -> tuple[Row, ...]:
    """Returns the rows of all transforms by name, our own words and the registered ones behind Optax's included."""
    from optdsl.registry.registered import everything

    built_in = (row for row in _rows().values() if row.sort is Sort.TRANSFORM)
    return (*built_in, *(found.row for found in everything()))


def schedules() -> tuple[Row, ...]:
    """Returns the rows of all schedules, by name."""
    return tuple(row for row in _rows().values() if row.sort is Sort.SCHEDULE)


def names(sort: Sort | None = None) -> tuple[str, ...]:
    """Returns the names of all rows, or of those of one sort: what a misspelt word is compared with.

    Those that installed packages declare are among them; nothing is imported for that.
    """
    built_in = tuple(row.name for row in _rows().values() if sort is None or row.sort is sort)
    return built_in if sort is Sort.SCHEDULE else tuple(dict.fromkeys((*built_in, *_names_of_python())))


def refusal(name: str) -> "Meant | None":
    """Returns what to write instead of a name that only Optax has, None for any other name.

    >>> refusal("masked").write
    ('stage where SEL',)
    """
    from optdsl.registry.elsewhere import REFUSED, Meant
    from optdsl.registry.optax_rows import OTHER_NAMES

    last = name.rpartition(".")[2]
    if last in REFUSED and last not in _rows():
        return REFUSED[last]
    if last in OTHER_NAMES and last not in _rows():
        return Meant((), f"`{last}` is used from Python: it is neither a stage nor a schedule.")
    return None


def meant(name: str) -> "Meant | None":
    """Returns the word meant by a name of another library, by `optax.adam` or by `AdamW`, or None.

    >>> meant("torch.optim.AdamW").write
    ('adamw',)
    """
    from optdsl.registry.elsewhere import STAGES, Meant

    module, _, last = name.rpartition(".")
    if module and last in _rows():
        return Meant((last,), "Names are written without their module.")
    if last in STAGES:
        keras = name.startswith(("tf.", "tensorflow.", "keras."))
        return STAGES[last]._replace(reason="That is its name in Keras.") if keras else STAGES[last]
    if last.lower() in _rows() and last not in _rows():
        return Meant((last.lower(),), "Names are written in lower case.")
    return None


def meant_parameter(row: Row, name: str) -> "Meant | None":
    """Returns the parameters of `row` meant by a name of another library; None if the name says nothing here.

    Of several names all are returned for a word that stands for them together (`betas`), else the first one.
    >>> meant_parameter(_rows()["adam"], "betas").write
    ('b1', 'b2')
    """
    from optdsl.registry.elsewhere import PARAMETERS, Meant

    found = PARAMETERS.get(name)
    if found is None:
        return None
    write = tuple(candidate for candidate in found.write if row.parameter(candidate) is not None)
    if name == "betas" and write == found.write:
        return found
    if write:
        return Meant(write[:1], found.reason)
    # A form such as `| maximize`, or nothing but a reason, holds for every row.
    is_name = any(candidate.isidentifier() for candidate in found.write)
    return None if is_name else found


def _names_of_python() -> tuple[str, ...]:
    from optdsl.registry.entry_points import declared
    from optdsl.registry.registered import everything

    return (*(found.row.name for found in everything()), *declared())


@cache
def _rows() -> dict[str, Row]:
    from optdsl.registry.optax_rows import OPTAX_ROWS
    from optdsl.registry.own_words import OWN_WORDS
    from optdsl.registry.traits import TRAITS

    merged = {row.name: row._replace(traits=TRAITS.get(row.name)) for row in OPTAX_ROWS}
    return dict(sorted((merged | {row.name: row for row in OWN_WORDS}).items()))
