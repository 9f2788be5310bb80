"""Lark's contextual lexer, its parts made when they are first used.

Lark makes a lexer for each set of symbols that a state of the parser knows before it reads a character, most of them
for places where a program never comes. Here each is made when the parser gets there, and states that take the same
terminals share one: its regular expression takes longer to compile than a program to parse. The tokens are Lark's.
"""

from collections.abc import Collection, Mapping
from copy import copy

from lark.common import LexerConf
from lark.lexer import AbstractBasicLexer, BasicLexer, ContextualLexer


class LazyLexer(ContextualLexer):
    """A `ContextualLexer` as plugins of Lark are: made from a configuration and what each state knows."""

    def __init__(
        self, conf: LexerConf, states: Mapping[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        self.root_lexer = BasicLexer(conf)
        self.lexers = _Lexers(conf, states, frozenset(conf.ignore).union(always_accept))


class _Lexers(dict[int, AbstractBasicLexer]):
    """The lexer of each state."""

    def __init__(self, conf: LexerConf, states: Mapping[int, Collection[str]], everywhere: frozenset[str]) -> None:
        self._conf = conf
        self._states = states
        self._everywhere = everywhere
        self._shared: dict[frozenset[str], AbstractBasicLexer] = {}

    def __missing__(self, state: int) -> AbstractBasicLexer:
        names = frozenset(self._conf.terminals_by_name) & self._everywhere.union(self._states[state])
        if names not in self._shared:
            conf = copy(self._conf)
            conf.terminals = [self._conf.terminals_by_name[name] for name in names]
            self._shared[names] = BasicLexer(conf)
        self[state] = self._shared[names]
        return self[state]
