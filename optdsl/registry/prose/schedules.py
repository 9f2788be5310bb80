"""Prose of the schedules of `optax`; `t` is the step, `x` the share of the way, from 0 to 1."""

from optdsl.registry.row import Prose

SCHEDULES: dict[str, Prose] = {
    "constant_schedule": Prose("The same value at every step.", "value"),
    "cosine_decay_schedule": Prose(
        "Falls along half a cosine to a share of its first value and stays there.",
        "init_value * ((1 - alpha) * ((1 + cos(pi * x)) / 2)^exponent + alpha), x = min(t / decay_steps, 1)",
        "Loshchilov and Hutter 2016, arXiv 1608.03983",
    ),
    "cosine_onecycle_schedule": Prose(
        "Rises to a peak and falls far below its start, along cosines.",
        "",
        "Smith and Topin 2017, arXiv 1708.07120",
    ),
    "exponential_decay": Prose(
        "Multiplies by the rate once every `transition_steps`, smoothly or in stairs.",
        "init_value * decay_rate^(t / transition_steps)",
    ),
    "join_schedules": Prose(
        "Runs schedules one after another, each counting its steps from its own boundary.",
        "schedules[i](t - boundaries[i-1]) from boundaries[i-1] on",
    ),
    "linear_onecycle_schedule": Prose(
        "Rises to a peak and falls far below its start, along straight lines.",
        "",
        "Smith and Topin 2017, arXiv 1708.07120",
    ),
    "linear_schedule": Prose(
        "Goes from one value to another along a straight line and stays there.",
        "init_value + (end_value - init_value) * x, x = min(t / transition_steps, 1)",
    ),
    "piecewise_constant_schedule": Prose(
        "Keeps its value between boundaries and multiplies it by a scale at each.",
        "init_value * product of the scales of boundaries passed",
    ),
    "piecewise_interpolate_schedule": Prose(
        "Moves between boundaries along lines or cosines, each boundary scaling the value before it.",
    ),
    "polynomial_schedule": Prose(
        "Goes from one value to another along a power of the remaining share and stays there.",
        "(init_value - end_value) * (1 - x)^power + end_value, x = min(t / transition_steps, 1)",
    ),
    "sgdr_schedule": Prose(
        "Repeats warmup and cosine decay, starting anew at each cycle.",
        "",
        "Loshchilov and Hutter 2016, arXiv 1608.03983",
    ),
    "warmup_constant_schedule": Prose(
        "Rises along a straight line to a peak and stays there.",
        "init_value + (peak_value - init_value) * min(t / warmup_steps, 1)",
    ),
    "warmup_cosine_decay_schedule": Prose(
        "Rises along a line to a peak and falls along half a cosine; `decay_steps` counts the warmup too.",
        "linear from init_value to peak_value, then cosine from peak_value to end_value",
        "Loshchilov and Hutter 2016, arXiv 1608.03983",
    ),
    "warmup_exponential_decay_schedule": Prose(
        "Rises along a straight line to a peak and then falls exponentially.",
        "linear from init_value to peak_value, then peak_value * decay_rate^(t / transition_steps)",
    ),
}
