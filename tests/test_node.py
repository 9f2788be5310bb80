"""Nodes are what frozen, slotted dataclasses are, for everything that looks at them, and cost no compiled code."""

import copy
import dataclasses
import inspect
import pickle
from typing import Any

import pytest

from optdsl.node import field, fields, is_node, node, replace


@node
class Place:
    """A node."""

    span: int = field(compare=False)


@node
class Named(Place):
    name: str
    hidden: object = field(default=None, repr=False)
    kind = "no part"

    @property
    def upper(self) -> str:
        return self.name.upper()


@node
class Later(Named):
    origin: str = field(kw_only=True)


@node
class Empty:
    """No parts."""


@node
class Odd:
    value: object

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 7


@dataclasses.dataclass(frozen=True, slots=True)
class PlaceAsDataclass:
    span: int = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class NamedAsDataclass(PlaceAsDataclass):
    name: str
    hidden: object = dataclasses.field(default=None, repr=False)


CALLS: tuple[tuple[tuple[Any, ...], dict[str, Any]], ...] = (
    ((1, "a"), {}),
    ((1, "a", 2), {}),
    ((1,), {"name": "a"}),
    ((), {"hidden": 3, "name": "a", "span": 1}),
    ((), {}),
    ((1,), {}),
    ((1, "a", 2, 3), {}),
    ((1, "a"), {"name": "b"}),
    ((1, "a", 2), {"name": "b"}),
    ((1, "a"), {"other": 1}),
    ((1,), {"other": 1}),
)


@pytest.mark.parametrize(("given", "named"), CALLS)
def test_calls_are_those_of_a_dataclass(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    try:
        expected = NamedAsDataclass(*given, **named)
    except TypeError:
        with pytest.raises(TypeError, match="Named takes span, name, hidden"):
            Named(*given, **named)
        return
    made = Named(*given, **named)
    assert (made.span, made.name, made.hidden) == (expected.span, expected.name, expected.hidden)
    assert repr(made) == repr(expected).replace("AsDataclass", "")


def test_nodes_compare_by_what_counts() -> None:
    assert Named(1, "a") == Named(2, "a") != Named(1, "b")
    assert hash(Named(1, "a")) == hash(Named(2, "a"))
    assert Named(1, "a") != Later(1, "a", origin="x")
    assert Later(1, "a", origin="x") != Later(1, "a", origin="y")
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    odd = Odd(1)
    assert odd == odd
    assert odd != Odd(1)
    assert hash(odd) == 7


def test_a_part_by_name_alone_is_taken_by_name_alone() -> None:
    assert Later(1, "a", origin="x").origin == "x"
    with pytest.raises(TypeError):
        Later(1, "a", None, "x")  # pyright: ignore[reportCallIssue]


def test_nodes_do_not_change() -> None:
    made = Named(1, "a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="`name` stays"):
        made.name = "b"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.name  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.other = 1  # pyright: ignore[reportAttributeAccessIssue]
    assert not hasattr(made, "__dict__")


def test_nodes_match_by_place_and_name() -> None:
    match Named(1, "a", 2):
        case Named(span, "a", hidden=hidden):
            assert (span, hidden) == (1, 2)
        case _:
            pytest.fail("no match")
    assert Later.__match_args__ == ("span", "name", "hidden")


def test_parts_and_changes() -> None:
    assert [part.name for part in fields(Later)] == ["span", "name", "hidden", "origin"]
    assert [part.name for part in fields(Named(1, "a")) if part.compare] == ["name", "hidden"]
    assert replace(Named(1, "a"), name="b").upper == "B"
    assert replace(Later(1, "a", origin="x"), span=2) == Later(2, "a", origin="x")
    assert is_node(Empty())
    assert not is_node(PlaceAsDataclass(1))
    assert Named.__doc__ is None
    assert Place.__doc__ == "A node."


@pytest.mark.parametrize("made", [Named(1, "a", [2]), Later(1, "a", origin="x"), Empty()], ids=repr)
def test_nodes_copy_and_pickle(made: Any) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(made, protocol)) == made
    assert copy.copy(made) == made
    assert copy.deepcopy(made) == made


def test_the_functions_of_dataclasses_take_nodes() -> None:
    made: Any = Later(1, "a", origin="x")
    assert [dataclasses.is_dataclass(one) for one in (Later, Empty())] == [True, True]
    assert [part.name for part in dataclasses.fields(made)] == ["span", "name", "hidden", "origin"]
    assert [part.compare for part in dataclasses.fields(made)] == [False, True, True, True]
    assert dataclasses.replace(made, name="b") == Later(1, "b", origin="x")
    assert dataclasses.asdict(made) == {"span": 1, "name": "a", "hidden": None, "origin": "x"}


def test_all_nodes_share_their_functions() -> None:
    for name in ("__init__", "__eq__", "__hash__", "__repr__", "__setattr__"):
        assert inspect.getattr_static(Place, name) is inspect.getattr_static(Named, name)
