"""What Optax's signatures do not say: which numbers are structure, which values are valid, which do nothing.

Read by `tools/sync_optax.py` alone, never when a program is compiled. In: a parameter's name, and where one
name means different things, its row's name as well. Out: kinds, bounds, choices. Knows neither Optax's
functions nor defaults.
"""

from optdsl.registry.row import Bounds, Kind

FRACTION = Bounds(0.0, 1.0, high_open=True)
SHARE = Bounds(0.0, 1.0)
BETWEEN = Bounds(0.0, 1.0, low_open=True, high_open=True)
NOT_NEGATIVE = Bounds(0.0)
POSITIVE = Bounds(0.0, low_open=True)
FROM_ONE = Bounds(1.0)
ANY: Bounds | None = None

_BOUNDS_OF_NAMES: tuple[tuple[Bounds, str], ...] = (
    (FRACTION, "b1 b2 b3 beta betas beta3 adam_b1 adam_b2 decay rho momentum"),
    (SHARE, "rtol pct_start pct_final"),
    (BETWEEN, "factor decrease_factor eta_minus"),
    (
        NOT_NEGATIVE,
        "learning_rate max_learning_rate adam_learning_rate weight_decay adam_weight_decay weight_decay_rate "
        "eps eps_root adam_eps_root epsilon atol tol approx_dec_rtol stepsize_precision slope_rtol curv_rtol "
        "min_norm min_scale min_step_size initial_accumulator_value initial_scale trust_coefficient "
        "eta gamma noise_multiplier slow_step_size decay_rate weight_lr_power global_scale reps_rel scaling "
        "exponent power consistent_rms init_estim_sq_dist max_consecutive_errors "
        "decay_offset step_offset min_dim_size_to_factor patience cooldown print_win_rate_every_n_steps "
        "transition_steps transition_begin warmup_steps boundaries",
    ),
    (
        POSITIVE,
        "max_delta max_norm threshold clipping clipping_threshold clip_threshold l2_norm_clip max_step_size "
        "s_init estim_lr0 estim_lr_coef smooth_beta div_factor final_div_factor",
    ),
    (
        FROM_ONE,
        "k sync_period memory_size rank update_proj_gap ns_steps num_betas accumulation_size update_interval "
        "max_backtracking_steps max_linesearch_steps increase_factor eta_plus decay_steps",
    ),
)

_BOUNDS_BY_NAME = {name: bounds for bounds, names in _BOUNDS_OF_NAMES for name in names.split()}

_BOUNDS_BY_ROW: dict[tuple[str, str], Bounds | None] = {
    # SM3-I keeps the plain maximum; Optax's default is exactly 1.
    ("scale_by_sm3", "b2"): SHARE,
    # A running sum of gradients is dual averaging.
    ("trace", "decay"): SHARE,
    # Coefficients of the optimistic correction, not moments.
    ("optimistic_adam_v2", "beta"): ANY,
    ("optimistic_gradient_descent", "beta"): ANY,
    ("scale_by_optimistic_gradient", "beta"): ANY,
    ("ademamix", "alpha"): NOT_NEGATIVE,
    ("scale_by_ademamix", "alpha"): NOT_NEGATIVE,
    ("simplified_ademamix", "alpha"): NOT_NEGATIVE,
    ("scale_by_simplified_ademamix", "alpha"): NOT_NEGATIVE,
    ("cocob", "alpha"): POSITIVE,
    ("scale_by_cocob", "alpha"): POSITIVE,
    # After the descent step, decay that shrinks is negative.
    ("add_decayed_weights", "weight_decay"): ANY,
    # Here the length of the approximated simple moving average, at which rectification begins.
    ("radam", "threshold"): NOT_NEGATIVE,
    ("scale_by_radam", "threshold"): NOT_NEGATIVE,
    # The one-cycle schedules divide by it.
    ("cosine_onecycle_schedule", "transition_steps"): FROM_ONE,
    ("linear_onecycle_schedule", "transition_steps"): FROM_ONE,
}

_INTEGERS = frozenset(
    {
        "k",
        "sync_period",
        "ns_steps",
        "accumulation_size",
        "patience",
        "cooldown",
        "decay_offset",
        "step_offset",
        "update_interval",
        "max_backtracking_steps",
        "max_linesearch_steps",
        "print_win_rate_every_n_steps",
    }
)
"""Numbers that Optax annotates like any other and counts with."""

_KINDS_BY_ROW: dict[tuple[str, str], Kind] = {
    # `inf` never gives up.
    ("apply_if_finite", "max_consecutive_errors"): Kind.NUMBER,
    ("scale_by_distance_over_gradients", "reps_rel"): Kind.NUMBER,
    ("scale_by_distance_over_gradients", "eps"): Kind.NUMBER,
    ("scale_by_distance_over_gradients", "param_dtype"): Kind.DTYPE,
    ("scale_by_distance_over_gradients", "global_scale"): Kind.NUMBER,
    # Optax hands it to `jax.random.split` as it is, so an integer will not do.
    ("hutchinson_estimator_diag_hessian", "random_seed"): Kind.OBJECT,
}

_CHOICES: dict[str, tuple[str, ...]] = {
    "variant": ("sps", "sps+"),
    "initial_guess_strategy": ("one", "keep"),
    "interpolate_type": ("linear", "cosine"),
}

_CHOICES_BY_ROW: dict[tuple[str, str], tuple[str, ...]] = {("muon", "ns_coeffs"): ("standard", "dion")}

DEPRECATED = {"optimistic_adam": "optimistic_adam_v2"}

UNANNOTATED = (
    "dog",
    "dowg",
    "hutchinson_estimator_diag_hessian",
    "monitor",
    "scale_by_factored_rms",
)
"""Functions that return a transform and do not say so."""


def bounds_of(row: str, parameter: str) -> Bounds | None:
    """Returns the valid values of a numeric parameter, None where every number is valid."""
    if (row, parameter) in _BOUNDS_BY_ROW:
        return _BOUNDS_BY_ROW[row, parameter]
    return _BOUNDS_BY_NAME.get(parameter)


def kind_of(row: str, parameter: str) -> Kind | None:
    """Returns the kind that stands in for the annotated one, None where the annotation is right."""
    if (row, parameter) in _KINDS_BY_ROW:
        return _KINDS_BY_ROW[row, parameter]
    if parameter == "key":
        return Kind.KEY
    return Kind.INTEGER if parameter in _INTEGERS else None


def choices_of(row: str, parameter: str) -> tuple[str, ...]:
    """Returns the words that are values of the parameter."""
    return _CHOICES_BY_ROW.get((row, parameter), _CHOICES.get(parameter, ()))


def neutral_of(parameter: str, kind: Kind) -> float | bool | None:
    """Returns the value that does nothing, None if there is none."""
    if kind is Kind.MASK:
        return False
    return 0.0 if "weight_decay" in parameter else None
