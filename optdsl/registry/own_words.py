"""The words that are not Optax's: rows by hand, with the traits that their definitions give them."""

from optdsl.registry.row import Bounds, Kind, Parameter, Prose, Row, Sort, Traits

_NOT_NEGATIVE = Bounds(0.0)
_FROM_ONE = Bounds(1.0)

OWN_WORDS: tuple[Row, ...] = (
    Row(
        "centralize",
        "",
        Sort.TRANSFORM,
        (
            Parameter("axes", Kind.AXES, None, optional=True, choices=("fan_in", "all")),
            Parameter("min_ndim", Kind.INTEGER, 2, bounds=_NOT_NEGATIVE),
            Parameter("axis_name", Kind.AXIS_NAMES, None, optional=True),
            Parameter("sparse_rows", Kind.BOOL, False),
        ),
        Traits(sign=1, degree=1),
        Prose(
            "Subtracts from each unit's gradient its mean over the chosen axes.",
            "u = g - mean(g, axes)",
            "Yong et al. 2020, arXiv 2004.01461",
        ),
    ),
    Row(
        "lr",
        "",
        Sort.TRANSFORM,
        (Parameter("learning_rate", Kind.SCHEDULABLE, bounds=_NOT_NEGATIVE),),
        Traits(sign=-1, degree=1, elementwise=True),
        Prose(
            "Multiplies by minus the learning rate: the descent step of a chain.",
            "u = -learning_rate * g",
        ),
    ),
    Row(
        "decay",
        "",
        Sort.TRANSFORM,
        (Parameter("weight_decay", Kind.SCHEDULABLE, bounds=_NOT_NEGATIVE, neutral=0.0),),
        Traits(sign=1, elementwise=True, uses_params=True, needs_params=True),
        Prose(
            "Shrinks the weights, wherever it stands: added to gradients, subtracted from updates.",
            "u = g + weight_decay * p before the descent step, u - weight_decay * p after it",
            "Loshchilov and Hutter 2017, arXiv 1711.05101",
        ),
    ),
    Row(
        "clip_norm",
        "",
        Sort.TRANSFORM,
        (Parameter("max_norm", Kind.NUMBER, bounds=Bounds(0.0, low_open=True)),),
        Traits(sign=1, couples_leaves=True, waits=True),
        Prose(
            "Shrinks all leaves together so that their joint norm is at most `max_norm`.",
            "u = g * min(1, max_norm / norm(g))",
            "Pascanu et al. 2012, arXiv 1211.5063",
        ),
    ),
    Row(
        "freeze",
        "",
        Sort.TRANSFORM,
        (),
        Traits(sign=0, degree=0, elementwise=True),
        Prose(
            "Takes the selected leaves out of the program: no update, no state, no decay, in no norm.",
            "u = 0",
        ),
    ),
    Row(
        "accumulate",
        "",
        Sort.TRANSFORM,
        (Parameter("inner", Kind.TRANSFORM), Parameter("k", Kind.INTEGER, bounds=_FROM_ONE)),
        Traits(sign=1, degree=1, elementwise=True, state_floats=1.0, counts=2),
        Prose(
            "Averages `k` gradients and then lets the inner chain make one update.",
            "u = inner(mean of k gradients) at every k-th call, 0 between",
        ),
    ),
    Row(
        "skip_nonfinite",
        "",
        Sort.TRANSFORM,
        (
            Parameter("inner", Kind.TRANSFORM),
            Parameter("max_consecutive_errors", Kind.NUMBER, bounds=_FROM_ONE),
        ),
        Traits(sign=1, degree=1, elementwise=False, couples_leaves=True, counts=2),
        Prose(
            "Skips the updates that are not finite, until too many of them come in a row.",
            "u = inner(g) where every entry is finite, else 0",
        ),
    ),
    Row(
        "average",
        "",
        Sort.TRANSFORM,
        (Parameter("decay", Kind.NUMBER, bounds=Bounds(0.0, 1.0, high_open=True)),),
        Traits(sign=1, degree=1, elementwise=True, needs_params=True, state_floats=1.0),
        Prose(
            "Keeps a running average of the updated parameters and passes updates through.",
            "a = decay * a + (1 - decay) * (p + u), started at p",
            "Polyak and Juditsky 1992",
        ),
    ),
    Row(
        "maximize",
        "",
        Sort.TRANSFORM,
        (),
        Traits(sign=-1, degree=1, elementwise=True),
        Prose(
            "Flips the sign on purpose, for dual variables and adversaries.",
            "u = -g",
        ),
    ),
)
