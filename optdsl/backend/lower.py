"""Stage 6, lower: a bound `ir.Chain` -> a transform of Optax with the same operations and the same state tree.

A program of one stage is that stage; several are an `optax.chain`. Beside the transform goes, for each stage by its
path, the way to its part of the state.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import jax
import optax

from optdsl import ir, passes
from optdsl.backend import extras, registered, together, wrappers
from optdsl.backend.arguments import keywords, python
from optdsl.backend.centralize import centralize
from optdsl.backend.evaluate import Moment, evaluate, weak
from optdsl.backend.grouped import grouped
from optdsl.backend.options import Options
from optdsl.backend.targets import target
from optdsl.passes.leafwise import per_leaf
from optdsl.passes.linear import Clip, Factor, linear
from optdsl.registry import Kind
from optdsl.semantics.rows import row_of

Transform = optax.GradientTransformationExtraArgs
Find = Callable[[Any], Any]
"""From a state to a part of it."""

_INNER = {
    "apply_if_finite": "inner_state",
    "skip_nonfinite": "inner_state",
    "lookahead": "fast_state",
    "schedule_free": "base_optimizer_state",
    "mechanize": "base_optimizer_state",
    "accumulate": "inner",
}
"""Where wrappers keep the state of the chain inside them; `flatten` has no state of its own."""


class Part(NamedTuple):
    """A lowered piece: its transform, and the stages in it by path with the way to their states."""

    tx: Transform
    places: tuple[tuple[str, Find], ...] = ()

    def inside(self, tx: Transform, find: Find) -> "Part":
        """Returns `tx`, which has this part inside it; `find` goes from its state to this one's."""
        return Part(tx, _moved(self, find))


class Tree(NamedTuple):
    """The structure of the parameters, which turns masks into trees."""

    structure: Any

    def constant(self, entries: tuple[Any, ...]) -> Callable[[Any], Any]:
        """Returns a function that gives the tree of `entries`, whatever it is asked.

        Optax calls what is callable for a mask, and a tree may be: an Equinox module of booleans, for one.
        """
        tree = jax.tree.unflatten(self.structure, entries)
        return lambda _: tree


class Lowering(NamedTuple):
    """What lowering needs to know beside the program; `exact` is without passes."""

    options: Options
    tree: Tree | None = None
    exact: bool = True

    def chain(self, chain: ir.Chain, paths: Mapping[int, str]) -> Part:
        """Returns a chain lowered; `paths` has the path of each stage by identity."""
        parts = [self.stage(stage, paths) for stage in chain.stages]
        if not parts:
            return Part(optax.with_extra_args_support(optax.identity()))
        tx = self._chained([part.tx for part in parts], chain.stages)
        if len(parts) == 1:
            return Part(tx, parts[0].places)
        places = [(path, _then(_item(i), find)) for i, part in enumerate(parts) for path, find in part.places]
        return Part(tx, tuple(places))

    def _chained(self, transforms: list[Transform], stages: tuple[ir.AnyStage, ...]) -> Transform:
        """Returns the stages in a row: in exact mode as Optax chains them, else in the pieces that passes make."""
        pieces = stages if self.exact else passes.pieces(stages)
        if not any(isinstance(piece, passes.Together) for piece in pieces):
            return optax.chain(*transforms) if len(transforms) > 1 else transforms[0]
        left, found = iter(transforms), []
        for piece in pieces:
            own = tuple(islice(left, len(passes.members(piece))))
            fused = isinstance(piece, passes.Together)
            found.append(together.Piece(own, self._linear(piece)) if fused else together.single(*own))
        return together.chained(found)

    def _linear(self, piece: passes.Together) -> together.Run:
        running = [stage for stage, idle in zip(piece.stages, piece.idle, strict=True) if not idle]
        return together.linear([self._member(stage) for stage in running])

    def _member(self, stage: ir.AnyStage) -> together.Member:
        match linear(stage):
            case Factor(number, sign):
                return together.Member(factor=python(number) if sign > 0 else -python(number))
            case Clip(max_norm):
                return together.Member(max_norm=python(max_norm))
            case ir.Centralize() as centring:
                tx = self._centralize(centring, fused=True)
                return together.Member(centre=lambda updates: tx.update(updates, optax.EmptyState())[0])
            case None:
                raise AssertionError(stage)

    def stage(self, stage: ir.AnyStage, paths: Mapping[int, str]) -> Part:
        """Returns one stage lowered, given only the extra arguments that it declares."""
        match stage:
            case ir.Guarded():
                return self._guarded(stage, paths)
            case ir.Match():
                return self._match(stage, paths)
            case ir.Stage() | ir.Decay() if _groups(stage):
                part = self._by_leaf(stage, paths)
            case _:
                part = self._plain(stage, paths)
                part = part if self.exact or not per_leaf(stage) else Part(grouped(part.tx), part.places)
        here = paths.get(id(stage))
        own = () if here is None else ((here, _itself),)
        return Part(extras.routed(part.tx, extras.accepted(stage)), (*own, *part.places))

    # ---- over parameters

    def _guarded(self, stage: ir.Guarded, paths: Mapping[int, str]) -> Part:
        inner = self.chain(stage.inner, paths)
        if isinstance(stage.selector, ir.Decided):
            tx = optax.masked(inner.tx, self._tree(stage.selector.mask))
            return Part(tx, _moved(inner, _field("inner_state")))
        tx = wrappers.at_times(inner.tx, _function(stage.condition))
        return Part(tx, _moved(inner, _field("inner")))

    def _match(self, stage: ir.Match, paths: Mapping[int, str]) -> Part:
        arms = {i: self.chain(arm.chain, paths) for i, arm in enumerate(stage.arms) if arm.chain is not None}
        masks = [arm.selector.mask for arm in stage.arms if isinstance(arm.selector, ir.Decided)]
        if not arms:
            return Part(optax.with_extra_args_support(optax.identity()))
        spare = next(iter(arms))
        labels = [next((i for i, mask in enumerate(masks) if mask[leaf]), spare) for leaf in range(len(masks[0]))]
        return self._partition(arms, tuple(labels))

    def _by_leaf(self, stage: ir.Stage | ir.Decay, paths: Mapping[int, str]) -> Part:
        """Returns the stage once for each group of leaves that have the same numbers."""
        groups = _groups(stage)
        distinct = list(dict.fromkeys(group for group in groups if group is not None))
        numbered = {group: number for number, group in enumerate(distinct)}
        parts = {numbered[group]: self._plain(_with_values(stage, group), paths) for group in distinct}
        labels = tuple(0 if group is None else numbered[group] for group in groups)
        return self._partition(parts, labels)

    def _partition(self, parts: Mapping[int, Part], labels: tuple[int, ...]) -> Part:
        tx = optax.partition({label: part.tx for label, part in parts.items()}, self._tree(labels))
        places = [place for label, part in parts.items() for place in _moved(part, _group_state(label))]
        return Part(tx, tuple(places))

    def _tree(self, entries: tuple[Any, ...]) -> Callable[[Any], Any]:
        assert self.tree is not None, "a program with selectors is bound before it is lowered"
        return self.tree.constant(entries)

    # ---- one stage

    def _plain(self, stage: ir.AnyStage, paths: Mapping[int, str]) -> Part:
        match stage:
            case ir.Centralize():
                return Part(self._centralize(stage))
            case ir.HostStage(host):
                return Part(optax.with_extra_args_support(host.value))
            case ir.Stage(word="maximize"):
                return Part(optax.with_extra_args_support(optax.scale(-1.0)))
            case ir.Decay(weight_decay, sign):
                signed = weight_decay if sign == 1 else _negated(weight_decay)
                return _over_time({"weight_decay": signed}, {}, optax.add_decayed_weights)
            case ir.Stage():
                return self._optax(stage, paths)
            case _:
                raise AssertionError(stage)

    def _centralize(self, stage: ir.Centralize, *, fused: bool = False) -> Transform:
        axes: Any = stage.axes.word if isinstance(stage.axes, ir.Axes) else stage.axes
        layout, stacked = self.options
        given = (axes, stage.min_ndim, stage.axis_name, stage.sparse_rows)
        return optax.with_extra_args_support(centralize(*given, layout=layout, stacked=stacked, fused=fused))

    def _optax(self, stage: ir.Stage, paths: Mapping[int, str]) -> Part:
        chains = {a.name: self.chain(a.value, paths) for a in stage.arguments if isinstance(a.value, ir.Chain)}
        masks = {a.name: self._tree(a.value.mask) for a in stage.arguments if isinstance(a.value, ir.Decided)}
        plain = {a.name: a.value for a in stage.arguments if a.name not in chains and a.name not in masks}
        fixed = {**{name: part.tx for name, part in chains.items()}, **masks}
        kinds = _kinds(stage)
        part = _over_time(plain, kinds, lambda **given: _built(stage, {**fixed, **given}))
        into = _inner_state(stage.word)
        if into is None or not chains:
            return part
        rebuilt = any(_varies(value, kinds.get(name)) for name, value in plain.items())
        around = _field("inner") if rebuilt else _itself
        first = next(iter(chains.values()))
        return Part(part.tx, _moved(first, _then(around, into)))


def _built(stage: ir.Stage, given: dict[str, Any]) -> optax.GradientTransformation:
    """Returns what a word means with its arguments as Python has them."""
    if isinstance(stage, ir.RegisteredStage):
        return registered.built(stage.origin, given)
    match stage.word:
        case "accumulate":
            averaged = ("value",) if "value" in extras.accepted(stage["inner"]) else ()
            return wrappers.accumulate(given["inner"], given["k"], averaged)
        case "average":
            return wrappers.average(given["decay"])
        case "scale_by_schedule" if not callable(given["step_size_fn"]):
            return optax.scale_by_schedule(optax.constant_schedule(given["step_size_fn"]))
        case word:
            return target(word)(**given)


# ---- over time


def _over_time(values: Mapping[str, ir.Value], kinds: Mapping[str, Kind], make: Callable[..., Any]) -> Part:
    """Returns the stage that `make` builds of the values.

    If one varies where Optax takes a number only, or is live, the stage is built again at each update.
    """
    varying = {name: value for name, value in values.items() if _varies(value, kinds.get(name))}
    fixed = keywords(ir.Argument(name, value) for name, value in values.items() if name not in varying)
    if not varying:
        return Part(optax.with_extra_args_support(make(**fixed)))

    def build(count: Any, live: Mapping[str, Any]) -> Transform:
        moment = Moment(count, live)
        numbers = {name: weak(evaluate(value, moment)) for name, value in varying.items()}
        return optax.with_extra_args_support(make(**fixed, **numbers))

    return Part(wrappers.rebuilt(build))


def _varies(value: ir.Value, kind: Kind | None) -> bool:
    """Returns whether a value varies in a way that Optax does not know of."""
    if ir.contains(value, ir.LiveNumber):
        return True
    if kind is not Kind.NUMBER:
        return False
    return ir.over_time(value)


def _kinds(stage: ir.Stage) -> dict[str, Kind]:
    row = row_of(stage)
    return {p.name: p.kind for p in row.parameters} if row else {}


def _function(value: ir.Value) -> Callable[[Any, Mapping[str, Any]], Any]:
    return lambda count, live: evaluate(value, Moment(count, live))


def _negated(value: ir.Value) -> ir.Value:
    return -value if isinstance(value, (int, float)) else ir.Apply("neg", (value,))


# ---- over leaves


def _groups(stage: ir.Stage | ir.Decay) -> tuple[tuple[ir.Value, ...] | None, ...]:
    """Returns for each leaf the values of the arguments that vary over leaves; None where the leaf does not come by."""
    varying = [a.value.values for a in stage.arguments if isinstance(a.value, ir.PerLeaf)]
    return tuple(None if any(value is None for value in leaf) else leaf for leaf in zip(*varying, strict=True))


def _with_values(stage: ir.Stage | ir.Decay, values: tuple[ir.Value, ...]) -> ir.Stage | ir.Decay:
    """Returns the stage of one group of leaves."""
    left = iter(values)
    if isinstance(stage, ir.Decay):
        return ir.Decay(next(left), stage.sign)
    arguments = [
        ir.Argument(a.name, next(left) if isinstance(a.value, ir.PerLeaf) else a.value) for a in stage.arguments
    ]
    return replace(stage, arguments=tuple(arguments))


# ---- the way to a state


def _itself(state: Any) -> Any:
    return state


def _item(index: int) -> Find:
    return lambda state: state[index]


def _field(name: str) -> Find:
    return lambda state: getattr(state, name)


def _group_state(label: int) -> Find:
    return lambda state: state.inner_states[label].inner_state


def _then(first: Find, second: Find) -> Find:
    return lambda state: second(first(state))


def _moved(part: Part, find: Find) -> tuple[tuple[str, Find], ...]:
    return tuple((path, _then(find, inner)) for path, inner in part.places)


def _inner_state(word: str) -> Find | None:
    if word == "flatten":
        return _itself
    return _field(_INNER[word]) if word in _INNER else None
