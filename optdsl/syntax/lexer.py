"""Lark's contextual lexer with few regular expressions: each takes longer to compile than a program to parse.

Lark compiles one for each set of terminals that a state of the parser takes. Here one, made of nearly all terminals, is
asked first. What it finds is what the state's own would find if the state takes it, as of several terminals that match
the first in a fixed order wins; else the state's own is made, and decides. So the tokens are Lark's.
"""

from collections.abc import Collection, Iterable, Mapping
from copy import copy
from typing import Any

from lark.common import LexerConf
from lark.lexer import AbstractBasicLexer, BasicLexer, ContextualLexer, TerminalDef

APART = "GLOB"
"""Where it must not stand it would match far ahead at each token, for nothing: it is left to states that take it."""


class LazyLexer(ContextualLexer):
    """A `ContextualLexer` as plugins of Lark are: made from a configuration and what each state takes."""

    def __init__(
        self, conf: LexerConf, states: Mapping[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        self.root_lexer = BasicLexer(conf)
        self.lexers = _Lexers(conf, states, frozenset(conf.ignore).union(always_accept))


class _Lexers(dict[int, AbstractBasicLexer]):
    """The lexer of each state, made when the parser first gets there; states that take the same share one."""

    def __init__(self, conf: LexerConf, states: Mapping[int, Collection[str]], everywhere: frozenset[str]) -> None:
        self._conf = conf
        self._states = states
        self._everywhere = everywhere
        self._common = BasicLexer(_of(conf, (one for one in conf.terminals if one.name != APART)))
        self._shared: dict[frozenset[str], AbstractBasicLexer] = {}

    def __missing__(self, state: int) -> AbstractBasicLexer:
        terminals = self._conf.terminals_by_name
        names = frozenset(terminals) & self._everywhere.union(self._states[state])
        if names not in self._shared:
            conf = _of(self._conf, (terminals[name] for name in names))
            self._shared[names] = BasicLexer(conf) if APART in names else _StateLexer(conf, self._common)
        self[state] = self._shared[names]
        return self[state]


class _StateLexer(BasicLexer):
    """A lexer of some of the terminals of another, which is asked first."""

    def __init__(self, conf: LexerConf, common: BasicLexer) -> None:
        super().__init__(conf)  # pyright: ignore[reportUnknownMemberType]
        self.callback = {}
        self._common = common
        self._takes = frozenset(terminal.name for terminal in conf.terminals)

    def match(self, text: Any, pos: int) -> Any:
        found = self._common.match(text, pos)  # pyright: ignore
        return found if found is None or found[1] in self._takes else super().match(text, pos)  # pyright: ignore


def _of(conf: LexerConf, terminals: Iterable[TerminalDef]) -> LexerConf:
    changed = copy(conf)
    changed.terminals = list(terminals)
    return changed
