"""The type of an entry of the prose tables."""

from typing import NamedTuple


class Prose(NamedTuple):
    """A sentence on what a word does, its formula where it has a short one, and where it comes from."""

    summary: str
    formula: str = ""
    source: str = ""
