"""What a chain is made of while it is read: a stage as text, with what its neighbours must know of it.

In: texts. Out: the text of a chain. It knows no Python.
"""

from typing import NamedTuple

from optdsl import ir
from optdsl.python.read.things import Thing
from optdsl.registry import Traits, lookup
from optdsl.semantics.show import show_selector


class Link(NamedTuple):
    """A stage, or a part of a chain that only some leaves or steps pass."""

    text: str
    words: frozenset[str]
    """The stages inside, itself among them; the empty word stands for one that is not known."""
    selector: ir.Selector | None = None
    inner: "tuple[Link, ...]" = ()
    """The chain that the selector confines."""
    thing: Thing | None = None
    named: bool = False
    """Whether the text is one stage that may take a name."""

    @property
    def descends(self) -> bool:
        """Returns whether a stage inside applies a learning rate."""
        return any(found is not None and found.sign == -1 for found in map(traits, self.words))


def traits(word: str) -> Traits | None:
    """Returns what is known about a stage, None if nothing is."""
    row = lookup(word) if word else None
    return None if row is None else row.traits


def stage(text: str, word: str, *inside: "Link") -> Link:
    """Returns the link of one stage, with the stages of its blocks."""
    return Link(text, frozenset({word}).union(*(link.words for link in inside)), named=True)


def confined(selector: ir.Selector, inner: "tuple[Link, ...]", thing: Thing) -> Link:
    """Returns a chain for some leaves."""
    text = f"{bundled(inner)} where {show_selector(selector)}"
    return Link(text, words_of(inner), selector, inner, thing)


def words_of(links: "tuple[Link, ...]") -> frozenset[str]:
    """Returns all stages inside of a chain."""
    return frozenset[str]().union(*(link.words for link in links))


def bundled(links: "tuple[Link, ...]") -> str:
    """Returns a chain as text that a guard may follow."""
    return links[0].text if len(links) == 1 and links[0].named else f"({text_of(links)})"


def text_of(links: "tuple[Link, ...]") -> str:
    """Returns the text of a chain."""
    return " | ".join(link.text for link in links) or "identity"


def are_complements(one: ir.Selector, other: ir.Selector) -> bool:
    """Returns whether one selects exactly what the other leaves."""
    return ir.Combine("not", (one,)) == other or ir.Combine("not", (other,)) == one
