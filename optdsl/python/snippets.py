"""Short functions that plain Optax lacks, as Python source: copied into translations that need them."""

from typing import NamedTuple


class Snippet(NamedTuple):
    """The source of a function, and the names of those that it calls."""

    source: str
    needs: tuple[str, ...] = ()


_LEAFWISE = '''\
def leafwise(function):
    """Maps `function(path, leaf)` over trees; a path is the keys joined by `/`."""

    def visit(keys, node):
        path = jax.tree_util.keystr(keys, simple=True, separator="/")
        return jax.tree.map(lambda leaf: function(path, leaf), node)

    def over(tree):
        # A variable of Flax NNX is a box around its array, and has no part in the path.
        return jax.tree_util.tree_map_with_path(
            visit, tree, is_leaf=lambda node: hasattr(type(node), "raw_value")
        )

    return over'''

_MASKWISE = '''\
def maskwise(function, *masks):
    """Like `leafwise`, with the marks of a leaf: masks are trees of booleans, or give them."""

    def over(tree):
        trees = [mask(tree) if callable(mask) else mask for mask in masks]
        columns = [jax.tree.leaves(jax.tree.broadcast(mask, tree)) for mask in trees]
        marks = zip(*columns, strict=True)
        return leafwise(lambda path, leaf: function(path, leaf, *next(marks)))(tree)

    return over'''

_PER_LEAF = '''\
def per_leaf(make, *numbers, masks=()):
    """Gives a leaf its own `make(*values)`, each value from one of `numbers`."""

    def grouped(tree):
        groups = {}

        def label(path, leaf, *marks):
            values = tuple(number(path, leaf, *marks) for number in numbers)
            groups[repr(values)] = values
            return repr(values)

        labels = MAP(tree)
        made = {key: make(*values) for key, values in groups.items()}
        return optax.partition(made, labels)

    def init(params):
        return grouped(params).init(params)

    def update(updates, state, params=None, **extra):
        return grouped(updates).update(updates, state, params, **extra)

    return optax.GradientTransformationExtraArgs(init, update)'''

_SCHEDULED = '''\
def scheduled(make, *schedules):
    """Returns `make(*values)`, made anew at every update with the values of the schedules."""

    def at(count):
        # Multiplied by Python's 1.0, the count does not raise the precision of gradients.
        values = [schedule(1.0 * count) for schedule in schedules]
        return optax.with_extra_args_support(make(*values))

    def init(params):
        count = jnp.zeros([], jnp.int32)
        return count, at(count).init(params)

    def update(updates, state, params=None, **extra):
        count, inner = state
        updates, inner = at(count).update(updates, inner, params, **extra)
        return updates, (optax.safe_increment(count), inner)

    return optax.GradientTransformationExtraArgs(init, update)'''

_AVERAGE = '''\
class AverageState(NamedTuple):
    """The moving average of the parameters: evaluate with it."""

    average: optax.Params


def average(decay):
    """Keeps a moving average of the updated parameters, and passes updates through."""

    def update(updates, state, params):
        old, new = state.average, optax.apply_updates(params, updates)
        mixed = jax.tree.map(lambda a, p: decay * a + (1 - decay) * p, old, new)
        return updates, AverageState(mixed)

    return optax.GradientTransformation(AverageState, update)'''

_ACCUMULATE = '''\
def accumulate(inner, k):
    """One update of `inner` with the mean of k gradients, and the k-th extra arguments."""
    steps = optax.MultiSteps(inner, k)
    return optax.GradientTransformationExtraArgs(steps.init, steps.update)'''

_COSINE = '''\
def cosine(start, to, n):
    """A schedule from `start` to `to` along half a wave, over n updates."""

    def schedule(step):
        wave = 0.5 * (1 + jnp.cos(jnp.pi * jnp.minimum(step, n) / n))
        return to + (start - to) * wave

    return schedule'''

_EXPONENTIAL = '''\
def exponential(start, to, n):
    """A schedule from `start` to `to` by equal factors, over n updates."""
    return lambda step: start * (to / start) ** (jnp.minimum(step, n) / n)'''

SNIPPETS: dict[str, Snippet] = {
    "leafwise": Snippet(_LEAFWISE),
    "maskwise": Snippet(_MASKWISE, ("leafwise",)),
    "per_leaf": Snippet(
        _PER_LEAF.replace(", masks=()", "").replace(", *marks", "").replace("MAP", "leafwise(label)"),
        ("leafwise",),
    ),
    "per_leaf_masked": Snippet(
        _PER_LEAF.replace("MAP", "maskwise(label, *masks)").replace("def per_leaf", "def per_leaf_masked"),
        ("maskwise",),
    ),
    "scheduled": Snippet(_SCHEDULED),
    "average": Snippet(_AVERAGE),
    "accumulate": Snippet(_ACCUMULATE),
    "cosine": Snippet(_COSINE),
    "exponential": Snippet(_EXPONENTIAL),
}
