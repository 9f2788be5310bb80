"""What a translation has written so far: definitions of the program, snippets it needs, and names in use."""

import keyword
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optdsl import ir
from optdsl.python.literals import literal
from optdsl.python.snippets import SNIPPETS

RESERVED = frozenset(
    "tx make path leaf step params updates state extra tree jax jnp math re optax contrib NamedTuple"
    " int float min max abs tuple range".split()
)
Stacked = Mapping[str, int] | tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Writer:
    """Collects what has to stand above the chain; the same thing asked for twice is written once."""

    layout: str = "flax"
    stacked: tuple[tuple[str, int], ...] = ()
    definitions: list[str] = field(default_factory=list[str])
    snippets: dict[str, str] = field(default_factory=dict[str, str])
    holes: dict[str, str] = field(default_factory=dict[str, str])
    """Holes that take Python objects, and registered stages, with their Python names."""
    _written: dict[Hashable, str] = field(default_factory=dict[Hashable, str])
    _taken: set[str] = field(default_factory=set[str])

    def name(self, wish: str) -> str:
        """Returns a name that is not in use, `wish` itself or with a number behind it."""
        wish = wish.replace(".", "_")
        base = f"{wish}_" if keyword.iskeyword(wish) or wish in RESERVED or wish in SNIPPETS else wish
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name

    def snippet(self, name: str) -> str:
        """Returns the name of a function of ours that plain Optax lacks, after its source was noted."""
        for needed in SNIPPETS[name].needs:
            self.snippet(needed)
        self.snippets.setdefault(name, SNIPPETS[name].source)
        return name

    def own_snippet(self, wish: str, source: str) -> str:
        """Returns the name of a function made for this program; in `source` it stands as `NAME`."""
        if source not in self._written:
            name = self.name(wish)
            self._written[source] = name
            self.snippets[name] = source.replace("NAME", name)
        return self._written[source]

    def host(self, host: ir.Host) -> str:
        """Returns the name by which the Python object in a hole is known."""
        if host.hole not in self.holes:
            self.holes[host.hole] = self.name(host.hole)
        return self.holes[host.hole]

    def registered(self, word: str) -> str:
        """Returns the name by which the function of a stage that Python registered is known."""
        key = f"{word}()"  # no hole is called so
        if key not in self.holes:
            self.holes[key] = self.name(word)
        return self.holes[key]

    def live(self, number: ir.LiveNumber) -> str:
        """Returns the name of a live number, which plain Optax has as a constant."""
        known = self._written.get(number)
        if known is None:
            known = self._written[number] = self.name(number.name)
            held = number.initial
            initial = self.host(held) if isinstance(held, ir.Host) else literal(held)
            remark = "# Live in the program; plain Optax changes numbers with `optax.inject_hyperparams`."
            self.definitions.append(f"{remark}\n{known} = {initial}")
        return known

    def define(self, key: Hashable, wish: str, source: str) -> str:
        """Returns the name under which `source`, with `NAME` for the name, is defined; once for each key."""
        if key not in self._written:
            self._written[key] = self.name(wish)
            self.definitions.append(source.replace("NAME", self._written[key]))
        return self._written[key]

    def known(self, key: Any) -> str | None:
        """Returns the name under which `key` was defined."""
        return self._written.get(key)
