"""Random programs as tokens, every construct of the grammar inside every other.

For tests of whatever reads or writes text. Between any two of the tokens that `programs()` yields there may
be space, a newline or a comment; `joined` puts it there.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from hypothesis import strategies as st

Tokens = list[str]
Make = Callable[["Writer", int], Tokens]
Option = TypeVar("Option")

CHAIN, SCHEDULE, GUARDED, NAMED, OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGNED, POWER, ATOM = range(13)
"""How tightly a construct binds; one in the place of a tighter one gets parentheses."""
ANY, BOTH, CHOSEN, SELECTION = range(4)
"""The same for selectors."""

NAMES = ("x", "rate", "clip", "adam", "optax.adam", "matches", "scale_by_adam", "bias")
NUMBERS = ("0", "3", "10_000", "1e-3", ".5", "1.5k", "2M", "1.", "5e+2", "1_0.2_5")
LEAVES = (
    *NUMBERS,
    "5%",
    "0.5ep",
    *NAMES,
    ":rate",
    "true",
    "False",
    "None",
    "inf",
    "'cosine'",
    '"it\'s"',
    "'#'",
    '""',
)
GLOBS = (
    "embed/**",
    "blocks_{i}/**",
    "*",
    "*/bias",
    "{i}",
    "'embed'",
    '"a b~"',
    "'*/x'",
    "1/2",
    "not/a",
    "-/.",
)
SPACES = (" ", " ", " ", "\n", "\n\n  ", "\t", "\r\n")


@st.composite
def programs(draw: st.DrawFn, *, depth: int = 4) -> Tokens:
    """Yields the tokens of a program in which constructs stand up to `depth` deep inside each other."""
    writer = Writer(draw)
    statements = [writer.statement(depth - 1) for _ in range(writer.number(0, 2))]
    return [
        *(token for tokens in statements for token in tokens),
        *writer.expression(CHAIN, depth),
        *writer.maybe(";"),
    ]


@st.composite
def commented(draw: st.DrawFn, *, depth: int = 3) -> tuple[str, list[str]]:
    """Yields a program with comments anywhere between its tokens, and those comments."""
    tokens = draw(programs(depth=depth))
    places = draw(st.lists(st.integers(0, len(tokens)), max_size=6).map(sorted))
    remarks = [f"# {number}" for number in range(len(places))]
    gaps = [draw(st.sampled_from(SPACES)) for _ in range(len(tokens) + 1)]
    for place, remark in zip(places, remarks, strict=True):
        gaps[place] += f"{remark}\n{draw(st.sampled_from(('', ' ')))}"
    return joined(tokens, gaps), remarks


def joined(tokens: Iterable[str], gaps: Iterable[str]) -> str:
    """Returns the tokens, each with what stands before it; one gap more stands at the end."""
    return "".join(part for pair in zip(gaps, [*tokens, ""], strict=True) for part in pair)


class Writer:
    """Draws one construct after the other."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def choice(self, options: tuple[Option, ...]) -> Option:
        return self._draw(st.sampled_from(options))

    def maybe(self, *tokens: str) -> Tokens:
        return list(tokens) if self.number(0, 1) else []

    def expression(self, level: int, depth: int) -> Tokens:
        """Returns an expression that may stand where something of `level` is asked for."""
        if depth <= 0:
            return [self.choice(LEAVES)]
        own, make = self.choice(EXPRESSIONS)
        tokens = make(self, depth - 1)
        return tokens if own >= level else ["(", *tokens, ")"]

    def selector(self, level: int, depth: int) -> Tokens:
        """Returns a selector, as `expression` does."""
        if depth <= 0:
            return [self.choice((*GLOBS, "bias", ":mask"))]
        own, make = self.choice(SELECTORS)
        tokens = make(self, depth - 1)
        return tokens if own >= level else ["(", *tokens, ")"]

    def listed(self, make: Make, depth: int, *, least: int = 0, most: int = 3) -> Tokens:
        """Returns items between commas, now and then with a comma behind the last."""
        items = [make(self, depth) for _ in range(self.number(least, most))]
        tokens = [token for item in items for token in (*item, ",")]
        return tokens if self.number(0, 3) == 0 else tokens[:-1]

    def statement(self, depth: int) -> Tokens:
        name, value = self.choice(NAMES), [*self.expression(CHAIN, depth), ";"]
        match self.number(0, 2):
            case 0:
                return [name, "=", *value]
            case 1:
                return ["live", name, "=", *value]
            case _:
                return ["def", name, "(", *self.listed(_formal, depth), ")", "=", *value]


def _formal(w: Writer, depth: int) -> Tokens:
    return [w.choice(NAMES), *(["=", *w.expression(CHAIN, depth)] if w.number(0, 1) else [])]


def _anything(w: Writer, depth: int) -> Tokens:
    return w.expression(CHAIN, depth)


def _chain(w: Writer, depth: int) -> Tokens:
    stages = [["|", *w.expression(SCHEDULE, depth)] for _ in range(w.number(2, 4))]
    return [token for stage in stages for token in stage][1:]


def _schedule(w: Writer, depth: int) -> Tokens:
    segments = [["->", *w.expression(NAMED, depth)] for _ in range(w.number(2, 3))]
    return [token for segment in segments for token in segment][1:]


def _guarded(w: Writer, depth: int) -> Tokens:
    tokens = w.expression(NAMED, depth)
    for _ in range(w.number(1, 2)):
        over_leaves = w.number(0, 1)
        tokens += ["where", *w.selector(ANY, depth)] if over_leaves else ["when", *w.expression(OR, depth)]
    return tokens + (["else", *w.expression(GUARDED, depth)] if w.number(0, 1) else [])


def _infix(level: int, *operators: str, right: int) -> tuple[int, Make]:
    def make(w: Writer, depth: int) -> Tokens:
        return [*w.expression(level, depth), w.choice(operators), *w.expression(right, depth)]

    return level, make


def _comparison(w: Writer, depth: int) -> Tokens:
    operator = w.choice(("==", "!=", "<=", ">=", "<", ">"))
    return [*w.expression(SUM, depth), operator, *w.expression(SUM, depth)]


def _power(w: Writer, depth: int) -> Tokens:
    return [*w.expression(ATOM, depth), "**", *w.expression(SIGNED, depth)]


def _call(w: Writer, depth: int) -> Tokens:
    arguments = ["(", *w.listed(_argument, depth), ")"]
    block = ["{", *w.expression(CHAIN, depth), "}"]
    shape = w.choice((arguments, arguments, block, arguments + block))
    return [w.choice(NAMES), *shape]


def _argument(w: Writer, depth: int) -> Tokens:
    return [*w.maybe(w.choice(NAMES), "="), *w.expression(CHAIN, depth)]


def _match(w: Writer, depth: int) -> Tokens:
    return ["match", "{", *w.listed(_arm, depth, least=1), "}"]


def _arm(w: Writer, depth: int) -> Tokens:
    selector = w.selector(ANY, depth) if w.number(0, 2) else ["else"]
    return [*selector, "=>", *w.expression(CHAIN, depth)]


def _tuple(w: Writer, depth: int) -> Tokens:
    if w.number(0, 2) == 0:
        return ["(", *(w.choice(([], [*w.expression(CHAIN, depth), ","]))), ")"]
    return ["(", *w.listed(_anything, depth, least=2), ")"]


def _entry(w: Writer, depth: int) -> Tokens:
    bare = [*w.maybe("-"), w.choice(NUMBERS)]
    key = w.choice((bare, ["'a'"], ["5%"], ["(", *w.expression(CHAIN, depth), ")"]))
    return [*key, ":", *w.expression(CHAIN, depth)]


def _leaf_test(w: Writer, depth: int) -> Tokens:
    index = ["[", *w.expression(SUM, depth), "]"] if w.number(0, 1) else []
    return [w.choice(("ndim", "shape")), *index, w.choice(("==", ">")), *w.expression(SUM, depth)]


def _selector_infix(level: int, operator: str) -> tuple[int, Make]:
    def make(w: Writer, depth: int) -> Tokens:
        return [*w.selector(level, depth), operator, *w.selector(level + 1, depth)]

    return level, make


EXPRESSIONS: tuple[tuple[int, Make], ...] = (
    (CHAIN, _chain),
    (SCHEDULE, _schedule),
    (GUARDED, _guarded),
    (NAMED, lambda w, depth: [*w.expression(OR, depth), "as", w.choice(NAMES)]),
    _infix(OR, "or", right=AND),
    _infix(AND, "and", right=NOT),
    (NOT, lambda w, depth: ["not", *w.expression(NOT, depth)]),
    (COMPARE, _comparison),
    _infix(SUM, "+", "-", right=PRODUCT),
    _infix(PRODUCT, "*", "/", "//", right=SIGNED),
    (SIGNED, lambda w, depth: [w.choice(("-", "+")), *w.expression(SIGNED, depth)]),
    (POWER, _power),
    (ATOM, _call),
    (ATOM, _call),
    (ATOM, _match),
    (ATOM, lambda w, depth: ["[", *w.listed(_anything, depth), "]"]),
    (ATOM, _tuple),
    (ATOM, lambda w, depth: ["{", *w.listed(_entry, depth, least=1), "}"]),
    (ATOM, lambda w, depth: ["(", *w.expression(CHAIN, depth), ")"]),
    (ATOM, lambda w, depth: [":rate", "??", *w.maybe("-"), *w.expression(ATOM, depth)]),
)

SELECTORS: tuple[tuple[int, Make], ...] = (
    _selector_infix(ANY, "or"),
    _selector_infix(BOTH, "and"),
    (CHOSEN, lambda w, depth: ["not", *w.selector(CHOSEN, depth)]),
    (SELECTION, _leaf_test),
    (SELECTION, lambda w, depth: ["path", "~", w.choice(("'^head/'", '"\'"'))]),
    (SELECTION, lambda w, depth: [":mask", "??", *w.expression(ATOM, depth)]),
    (SELECTION, lambda w, depth: ["(", *w.selector(ANY, depth), ")"]),
)
