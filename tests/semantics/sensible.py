"""Random programs that mean something: every construct where it may stand, with names that exist."""

from hypothesis import strategies as st


@st.composite
def sensible_programs(draw: st.DrawFn, *, depth: int = 3) -> str:
    """Yields the text of a program without mistakes; it needs the holes `total` and `epoch_steps`."""
    writer = Writer(draw)
    statements = [
        f"v = {writer.number(depth)};",
        f"live tuned = {writer.choice('1e-3', '0.5', '2')};",
        f"def own(x, k=2) = clip(abs(x) + 1) | {writer.stage(depth - 1)} when k > 1;",
        f"guard = {writer.chain(depth - 1)};",
    ]
    kept = [statement for statement in statements if writer.maybe()]
    writer.learn(kept)
    body = f"{writer.chain(depth)} | {writer.descent(depth)}"
    return writer.choice(" ", "\n", "  # so\n").join([*kept, body])


class Writer:
    """Draws one construct after the other; `depth` is how many may still stand inside each other."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._names: list[str] = []
        self._stages: list[str] = []

    def learn(self, statements: list[str]) -> None:
        """From here on, the names that the statements bind are used."""
        bound = " ".join(statements)
        self._names = [name for name, begin in (("v", "v ="), ("tuned", "live tuned")) if begin in bound]
        stages = (("own(2)", "def own"), ("own(k=1, x=3)", "def own"), ("guard", "guard ="))
        self._stages = [stage for stage, begin in stages if begin in bound]

    def choice(self, *options: str) -> str:
        return self._draw(st.sampled_from(options))

    def maybe(self) -> bool:
        return self._draw(st.booleans())

    def number(self, depth: int) -> str:
        """Returns a number that may vary over time."""
        if depth <= 0:
            return self.choice("0", "3", "1e-3", ".5", "1.5k", "step", ":total", ":x ?? 0.1", *self._names)
        a, b, c = (self.number(depth - 1) for _ in range(3))
        return self.choice(
            f"({a}) + ({b})",
            f"({a}) - {b} * 2" if depth == 1 else f"({a}) - ({b})",
            f"({a}) * -({b})",
            f"({a}) / 3",
            f"max({a}, {b})",
            f"abs({a})",
            f"(({a}) when {self.condition(depth - 1)} else ({b}))",
            f"(({a}) -> linear(({b}), 5%) -> {self.choice('hold', 'cosine(0)')} -> linear(({c}), 10))",
            f"(({a}) -> hold(3ep) -> cosine(({b}), {self.choice('1', '1k', '5%', '2 * 3')}))",
            "linear_schedule(0.1, 0, 10)",
            f"warmup({self.choice('10', '1k', '5%')})",
        )

    def over_leaves(self, depth: int) -> str:
        """Returns a number that may vary over leaves too."""
        if depth <= 0 or self.maybe():
            return self.number(depth)
        kept, other = self.number(depth - 1), self.over_leaves(depth - 1)
        return f"({kept}) where {self.selector(depth - 1)} else ({other})"

    def condition(self, depth: int) -> str:
        if depth <= 0:
            return self.choice("true", "step < 10", ":on ?? false", "1 < 2", "'a' == 'a'")
        one, other = self.condition(depth - 1), self.condition(depth - 1)
        return self.choice(f"not ({one})", f"({one}) and ({other})", f"({one}) or {other}", one)

    def selector(self, depth: int) -> str:
        if depth <= 0:
            return self.choice(
                "bias", "embed/**", "'a b/*'", "ndim > 1", "shape[0] == 3", "dtype == bfloat16", "path ~ '^a'"
            )
        one, other = self.selector(depth - 1), self.selector(depth - 1)
        return self.choice(f"not ({one})", f"({one}) and ({other})", f"({one}) or ({other})", one)

    def stage(self, depth: int) -> str:
        """Returns a stage that maps gradients to gradients."""
        if depth <= 0:
            plain = (
                "clip(1.0)",
                "zero_nans",
                "centralize(axes=fan_in)",
                "scale_by_adam",
                "clip_norm(2)",
                "trace(0.9)",
            )
            return self.choice(*plain, *self._stages)
        return self.choice(
            self.stage(depth - 1),
            f"scale_by_schedule({self.number(depth - 1)})",
            f"decay(0.1 where {self.selector(depth - 1)})",
            f"add_decayed_weights({self.number(depth - 1)})",
            f"clip(1.0) as named where {self.selector(depth - 1)}",
            f"({self.chain(depth - 1)}) where {self.selector(depth - 1)}",
            f"({self.chain(depth - 1)}) when {self.condition(depth - 1)}",
            f"apply_if_finite({self.choice('3', '1 + 1')}) {{ {self.chain(depth - 1)} }}",
            f"accumulate(4) {{ {self.chain(depth - 1)} }}",
            f"match {{ {self.selector(depth - 1)} => {self.chain(depth - 1)}, else => freeze }}",
            f"match {{ bias => freeze, ndim > 1 => identity, else => {self.chain(depth - 1)} }}",
            f"freeze where {self.selector(depth - 1)}",
        )

    def chain(self, depth: int) -> str:
        stages = [self.stage(depth - 1) for _ in range(self._draw(st.integers(1, 3)))]
        return self.choice(" | ", "\n| ", "|").join(stages)

    def descent(self, depth: int) -> str:
        return self.choice(
            "lr(0.1)",
            f"lr(abs({self.number(depth - 1)}))",
            f"sgd(0.1 * abs({self.number(depth - 1)}), momentum=0.9)",
            f"adamw(1e-3, weight_decay=abs({self.number(depth - 1)}) where {self.selector(depth - 1)})",
            f"sgd(abs({self.number(depth - 1)}) * (0.5 ** i where a_{{i}}/** else 1))",
        )
