"""Command line, an example of each word: a row in, a program that uses it out. A test checks them all."""

from optdsl.registry import Kind, Parameter, Row, Sort

_WRITTEN = {
    "accumulate": "accumulate(4) { adam(1e-3) }",
    "add_decayed_weights": "scale_by_adam | add_decayed_weights(1e-4) | lr(1e-3)",
    "apply_every": "apply_every(4) | sgd(0.1)",
    "adadelta": "adadelta(1.0)",
    "apply_if_finite": "apply_if_finite(inf) { adam(1e-3) }",
    "average": "adam(1e-3) | average(0.999)",
    "centralize": "centralize(axes=-1) | adam(1e-3)",
    "clip_norm": "clip_norm(1.0) | adam(1e-3)",
    "decay": "scale_by_adam | decay(1e-4) | lr(1e-3)",
    "ema": "ema(0.9) | sgd(0.1)",
    "freeze": "freeze where embed/** | adam(1e-3)",
    "keep_params_nonnegative": "adam(1e-3) | keep_params_nonnegative",
    "lr": "scale_by_adam | lr(1e-3)",
    "maximize": "adam(1e-3) | maximize",
    "scale": "scale_by_adam | scale(-1e-3)",
    "scale_by_backtracking_linesearch": "sgd(1.0) | scale_by_backtracking_linesearch(15)",
    "scale_by_distance_over_gradients": "scale_by_distance_over_gradients | lr(1.0)",
    "scale_by_galore": "scale_by_galore | lr(1e-3)",
    "scale_by_learning_rate": "scale_by_adam | scale_by_learning_rate(1e-3)",
    "scale_by_polyak": "sgd(1.0) | scale_by_polyak",
    "scale_by_schedule": "scale_by_adam | scale_by_schedule(linear_schedule(-1e-3, 0, 1000))",
    "scale_by_trust_ratio": "scale_by_adam | scale_by_trust_ratio | lr(1e-3)",
    "scale_by_zoom_linesearch": "sgd(1.0) | scale_by_zoom_linesearch(20)",
    "scale_by_rprop": "scale_by_rprop(1e-3) | scale(-1.0)",
    "set_to_zero": "set_to_zero",
    "reduce_on_plateau": "adam(1e-3) | reduce_on_plateau",
    "skip_nonfinite": "skip_nonfinite(inf) { adam(1e-3) }",
    "trace": "trace(0.9) | lr(0.1)",
    "join_schedules": "adam(join_schedules([constant_schedule(1e-3), constant_schedule(1e-4)], [1000]))",
    "sgd": "sgd(0.1, momentum=0.9)",
    "warmup_cosine_decay_schedule": "adam(warmup_cosine_decay_schedule(0, 1e-3, 100, 1000))",
    "warmup_constant_schedule": "adam(warmup_constant_schedule(0, 1e-3, 100))",
    "piecewise_constant_schedule": "sgd(piecewise_constant_schedule(0.1, {1k: 0.5, 2k: 0.1}))",
    "piecewise_interpolate_schedule": "sgd(piecewise_interpolate_schedule('linear', 0.1, {1k: 0.5}))",
}
"""Words whose place in a chain, or whose usual numbers, no rule tells."""

_NUMBERS = {
    "adv_optimizer": "sgd(0.05)",
    "clipping": "0.01",
    "decay": "0.9",
    "eta": "0.01",
    "gamma": "0.55",
    "learning_rate": "1e-3",
    "boundaries": "[1000, 2000]",
    "transition_steps": "1000",
    "decay_steps": "1000",
    "warmup_steps": "100",
    "decay_rate": "0.9",
    "init_value": "1e-3",
    "peak_value": "1e-3",
    "end_value": "1e-5",
    "value": "1e-3",
    "power": "2",
    "slow_step_size": "0.5",
    "sync_period": "5",
}

_BY_KIND = {
    Kind.INTEGER: "2",
    Kind.KEY: "0",
    Kind.INTEGERS: "[1000]",
    Kind.NUMBERS: "(0.9, 0.99)",
    Kind.STRING: "'name'",
    Kind.BOOL: "true",
    Kind.TRANSFORM: "adam(1e-3)",
    Kind.MAP: "{1k: 0.1}",
}


def example(row: Row) -> str:
    """Returns a program that uses `row` as people use it; Python objects come in through holes.

    >>> from optdsl.registry import lookup
    >>> example(lookup("scale_by_adam"))
    'scale_by_adam | lr(1e-3)'
    """
    if row.name in _WRITTEN:
        return _WRITTEN[row.name]
    call = _call(row)
    if row.sort is Sort.SCHEDULE:
        return f"adam({call})"
    is_wrapper = any(parameter.kind is Kind.TRANSFORM for parameter in row.parameters)
    if is_wrapper or (row.traits is not None and row.traits.sign == -1):
        return call
    return f"{call} | lr(1e-3)" if row.name.startswith("scale_by_") else f"{call} | adam(1e-3)"


def _call(row: Row) -> str:
    required = [parameter for parameter in row.parameters if parameter.required]
    block = next((parameter for parameter in required if parameter.kind is Kind.TRANSFORM), None)
    arguments = ", ".join(map(_argument, (parameter for parameter in required if parameter is not block)))
    call = f"{row.name}({arguments})" if arguments else row.name
    return f"{call} {{ {_BY_KIND[Kind.TRANSFORM]} }}" if block else call


def _argument(parameter: Parameter) -> str:
    value = _NUMBERS.get(parameter.name) or _BY_KIND.get(parameter.kind) or _of_kind(parameter)
    return f"{parameter.name}={value}" if parameter.keyword_only else value


def _of_kind(parameter: Parameter) -> str:
    is_number = parameter.kind in (Kind.NUMBER, Kind.SCHEDULABLE)
    return "1.0" if is_number else f":{parameter.name}"
