"""The registry: every word a program may use as a stage or a schedule, as plain data.

In: a name. Out: its `Row`, or what was meant by it. Rows, prose and traits are merged at the first
question. Knows neither the parser nor jax; nothing here imports Optax.
"""

from functools import cache
from typing import TYPE_CHECKING

from optdsl.registry.row import (
    REQUIRED,
    Bounds,
    Kind,
    Opaque,
    Parameter,
    Row,
    Sort,
    Traits,
)

if TYPE_CHECKING:
    from optdsl.registry.elsewhere import Meant

__all__ = [
    "REQUIRED",
    "Bounds",
    "Kind",
    "Opaque",
    "Parameter",
    "Row",
    "Sort",
    "Traits",
    "lookup",
    "meant",
    "meant_parameter",
    "names",
    "refusal",
    "schedules",
    "transforms",
]


def lookup(name: str) -> Row | None:
    """Returns the row of the transform or schedule called `name`.

    >>> lookup("clip").parameters[0].name
    'max_delta'
    """
    return _rows().get(name)


def transforms() -> tuple[Row, ...]:
    """Returns the rows of all transforms, our own words included, by name."""
    return tuple(row for row in _rows().values() if row.sort is Sort.TRANSFORM)


def schedules() -> tuple[Row, ...]:
    """Returns the rows of all schedules, by name."""
    return tuple(row for row in _rows().values() if row.sort is Sort.SCHEDULE)


def names(sort: Sort | None = None) -> tuple[str, ...]:
    """Returns the names of all rows, or of those of one sort: what a misspelt word is compared with."""
    return tuple(row.name for row in _rows().values() if sort is None or row.sort is sort)


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


@cache
def _rows() -> dict[str, Row]:
    from optdsl.registry.optax_rows import OPTAX_ROWS
    from optdsl.registry.own_words import OWN_WORDS
    from optdsl.registry.prose import PROSE
    from optdsl.registry.traits import TRAITS

    merged = {row.name: row._replace(traits=TRAITS.get(row.name), **PROSE[row.name]._asdict()) for row in OPTAX_ROWS}
    return dict(sorted((merged | {row.name: row for row in OWN_WORDS}).items()))
