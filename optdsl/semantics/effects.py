"""What a stage does to gradients: its sign, whether it applies a rate, and what else the rules ask.

From the registry's measured traits, through wrappers, arms and guards. What is not known is None, and nothing is
claimed about it.
"""

from collections.abc import Iterable, Iterator
from math import prod
from typing import NamedTuple

from optdsl import ir
from optdsl.registry import Traits
from optdsl.semantics.rows import row_of
from optdsl.source import Range

RATELESS = {"adadelta": 1, "adafactor": -1, "lbfgs": -1}
"""The sign of optimizers whose learning rate is `none`; tests/backend/test_checker_agrees.py measures it."""

SIGNS = ("lion", "scale_by_lion", "sign_sgd", "scale_by_sign", "signum", "rprop", "scale_by_rprop")
"""Stages whose updates all have one size after a first step; measured in the same test."""

_RATES = frozenset({"scale", "scale_by_schedule", "scale_by_learning_rate", "lr"})
_GUARDS = frozenset({"apply_if_finite", "skip_nonfinite"})
_PACE = frozenset({"transition_begin", "boundaries", "power", "exponent"})
_UNKNOWN = Traits()
_VARYING = (ir.Apply, ir.Host, ir.Step, ir.LiveNumber, ir.Unknown)


class Effect(NamedTuple):
    """A stage in its place, with what is known about it."""

    stage: ir.AnyStage
    word: str
    """Its name in the language."""
    sign: int | None
    """-1 turns gradients into a step down, +1 keeps them, 0 stops them; None: not known.

    `maximize` inside a block or an arm is left out: it says what is meant.
    """
    rate: bool
    """Whether it multiplies by something that is meant as a learning rate."""
    traits: Traits
    known: bool
    guarded: bool = False
    """Whether only some leaves or some steps pass it."""
    arguments: tuple[ir.Argument, ...] = ()
    inside: "tuple[Inside, ...]" = ()
    """The chains of its arms, or of its arguments."""

    @property
    def span(self) -> Range:
        """Returns the place of the stage."""
        return self.stage.span

    @property
    def wraps(self) -> bool:
        """Returns whether it is a block around a chain, which is then the first inside."""
        return bool(self.arguments) and isinstance(self.arguments[0].value, ir.Chain)

    @property
    def stateless(self) -> bool:
        """Returns whether the stage remembers nothing."""
        return self.known and self.traits.state_floats == 0 and self.traits.counts == 0

    @property
    def clips(self) -> bool:
        """Returns whether it bounds what passes: it leaves small gradients alone and shrinks large ones."""
        word = self.word.startswith(("clip", "adaptive_grad_clip"))
        return word and self.sign == 1 and self.stateless and self.traits.degree is None

    def number(self, name: str) -> float | None:
        """Returns an argument that is a constant number."""
        value = self.value(name)
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def value(self, name: str) -> ir.Value:
        """Returns an argument, None where there is none."""
        for argument in self.arguments:
            if argument.name == name:
                return argument.value
        return None

    def argument_span(self, name: str) -> Range:
        """Returns the place of an argument, that of the stage where it was not written."""
        return next((a.span for a in self.arguments if a.name == name and a.given), self.span)

    def given(self) -> tuple[str, ...]:
        """Returns the names of the arguments that were written."""
        return tuple(a.name for a in self.arguments if a.given)


class Inside(NamedTuple):
    """A chain inside a stage, with the effects of its stages."""

    chain: ir.Chain
    seen: tuple[Effect, ...]


def effects(chain: ir.Chain) -> tuple[Effect, ...]:
    """Returns the stages of a chain with their effects; guards are looked through."""
    return tuple(effect for stage in chain.stages for effect in _effects(stage))


def opened(seen: Iterable[Effect]) -> Iterator[Effect]:
    """Yields the effects that gradients meet in turn: of a block its stages, and the block where it adds something."""
    for effect in seen:
        if not effect.wraps:
            yield effect
            continue
        yield from opened(e._replace(guarded=True) if effect.guarded else e for e in effect.inside[0].seen)
        if effect.traits.degree != 1 or not (effect.traits.elementwise or effect.word in _GUARDS):
            yield effect._replace(sign=effect.traits.sign, rate=False, inside=())


def descends(effect: Effect) -> bool:
    """Returns whether it takes the step down, as `maximize` does not."""
    return effect.sign == -1 and effect.word != "maximize"


def net_sign(seen: Iterable[Effect]) -> int | None:
    """Returns the product of the signs, None if one of them is not known."""
    signs = [effect.sign for effect in seen]
    return None if None in signs else prod(sign for sign in signs if sign is not None)


def meant_sign(seen: Iterable[Effect]) -> int | None:
    """Returns the product of the signs, `maximize` left out: it says what is meant."""
    return net_sign(effect for effect in seen if effect.word != "maximize")


def _effects(stage: ir.AnyStage) -> Iterable[Effect]:
    if isinstance(stage, ir.Freeze):
        return ()
    if isinstance(stage, ir.Guarded):
        return [_guarded(effect, stage.selector is None) for effect in effects(stage.inner)]
    return (_effect_of(stage),)


def _guarded(effect: Effect, now_and_then: bool) -> Effect:
    """Returns the effect behind a guard: leaves that do not pass keep their sign, steps that do not are not known."""
    sign = effect.sign
    if now_and_then and sign != 1:
        sign = None
    return effect._replace(guarded=True, sign=1 if sign == 0 else sign)


def _effect_of(stage: ir.AnyStage) -> Effect:
    word = getattr(stage, "word", "")
    row = row_of(stage)
    traits = row.traits if row else None
    arguments: tuple[ir.Argument, ...] = getattr(stage, "arguments", ())
    effect = Effect(stage, word, None, False, traits or _UNKNOWN, traits is not None, arguments=arguments)
    match stage:
        case ir.Match(arms):
            return _of_arms(effect, tuple(_inside(arm.chain) for arm in arms if arm.chain is not None))
        case ir.Stage():
            inside = tuple(_inside(a.value) for a in arguments if isinstance(a.value, ir.Chain))
            effect = effect._replace(inside=inside) if inside else effect
            if traits is None:
                return effect
            return _around(effect) if inside and effect.wraps else _alone(effect)
        case _:
            return effect._replace(sign=effect.traits.sign)


def _inside(chain: ir.Chain) -> Inside:
    return Inside(chain, effects(chain))


def _around(effect: Effect) -> Effect:
    """Returns the effect of a block: its own, which was measured around `identity`, and that of its chain."""
    seen = effect.inside[0].seen
    net, own = meant_sign(seen), effect.traits.sign
    sign = None if net is None or own is None else own * net
    return effect._replace(sign=sign, rate=any(e.rate for e in seen))


def _alone(effect: Effect) -> Effect:
    sign = effect.traits.sign
    rate = effect.word in _RATES or (sign == -1 and effect.word != "maximize")
    own = effect._replace(sign=_own_sign(effect))
    # A chain that is not the first argument is a piece of the stage: a line search, an inner direction.
    return effect._replace(sign=net_sign([own, *(e for inner in effect.inside for e in inner.seen)]), rate=rate)


def _own_sign(effect: Effect) -> int | None:
    if effect.word == "scale":
        size = effect.number("step_size")
        return None if size is None else (size > 0) - (size < 0)
    if effect.word == "scale_by_schedule":
        return _sign_of(effect.value("step_size_fn"))
    if effect.word == "scale_by_learning_rate" and effect.value("flip_sign") is False:
        return 1
    if effect.word in RATELESS and effect.value("learning_rate") is None:
        return RATELESS[effect.word]
    return effect.traits.sign


def _sign_of(value: ir.Value) -> int | None:
    """Returns the sign of a schedule whose numbers are all of one sign, None otherwise."""
    numbers = list(_numbers(value))
    if not numbers or ir.contains(value, _VARYING):
        return None
    if all(number >= 0 for number in numbers):
        return 1
    return -1 if all(number <= 0 for number in numbers) else None


def _numbers(node: object) -> Iterable[float]:
    """Yields the numbers that a schedule goes through; how many updates it takes does not matter."""
    if isinstance(node, ir.Segment):
        node = node.to
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        yield node
    if isinstance(node, ir.Argument) and ("steps" in node.name or node.name in _PACE):
        return
    for part in ir.parts(node):
        yield from _numbers(part)


def _of_arms(effect: Effect, arms: tuple[Inside, ...]) -> Effect:
    """Returns the effect of a match: what is true of every arm."""
    everything = [inner for arm in arms for inner in arm.seen]
    signs = {sign for arm in arms if (sign := meant_sign(arm.seen)) != 0}
    sign = None if None in signs else -1 if -1 in signs else 1 if signs else 0
    traits = Traits(
        elementwise=all(e.traits.elementwise for e in everything),
        couples_leaves=any(e.traits.couples_leaves for e in everything),
        state_floats=max((e.traits.state_floats for e in everything), default=0.0),
        counts=max((e.traits.counts for e in everything), default=0),
    )
    known, rate = all(e.known for e in everything), any(e.rate for e in everything)
    return effect._replace(sign=sign, rate=rate, traits=traits, known=known, inside=arms)
