"""What people write elsewhere, and what to write here: data for messages, knows no row.

Three tables: functions of Optax that the language replaces (`REFUSED`), stages and schedules under the
names of other libraries or older versions (`STAGES`), and parameters under theirs (`PARAMETERS`).
"""

from typing import NamedTuple


class Meant(NamedTuple):
    """What to write instead of a word, and why, in one sentence."""

    write: tuple[str, ...]
    """Names or forms, best first; for a parameter that stands for several, all of them."""
    reason: str


def _meant(write: str, reason: str) -> Meant:
    return Meant((write,), reason)


REFUSED: dict[str, Meant] = {
    "chain": _meant("first | second", "Stages are composed with `|`."),
    "named_chain": _meant("stage as name", "A stage is named with ` as `, and stages are composed with `|`."),
    "partition": _meant("match { SEL => chain, else => chain }", "Parameter groups are written as a `match` block."),
    "multi_transform": _meant(
        "match { SEL => chain, else => chain }", "Parameter groups are written as a `match` block."
    ),
    "masked": _meant("stage where SEL", "A stage is confined to some leaves with `where`."),
    "selective_transform": _meant(
        "match { SEL => freeze, else => chain }",
        "Leaves are kept still with `freeze where SEL` or an arm of `match`.",
    ),
    "inject_hyperparams": _meant(
        "live name = number", "A number that can be set while training is declared with `live`."
    ),
    "inject_stateful_hyperparams": _meant(
        "live name = number", "A number that can be set while training is declared with `live`."
    ),
    "with_extra_args_support": _meant(
        "the stage itself", "Extra arguments reach every stage that declares them, without a wrapper."
    ),
    "MultiSteps": _meant("accumulate(k) { chain }", "Gradients are accumulated with `accumulate`."),
    "WrappedSchedule": _meant(":name", "A schedule of Python comes in through a hole."),
}
"""Functions and classes of Optax for which the language has its own way."""

_TORCH = "That is its name in PyTorch."
_KERAS = "That is its name in Keras."
_OLDER = "That is its name in an older Optax."
_ELSEWHERE = "That is a common name for it elsewhere."
_SPELLING = "That is how the name is spelt here."


def _table(reason: str, pairs: str) -> dict[str, Meant]:
    """Returns the table written as `word=name` pairs, all for one reason."""
    return {word: _meant(name, reason) for word, name in (pair.split("=") for pair in pairs.split())}


STAGES: dict[str, Meant] = {
    **_table(
        _TORCH,
        """
        Adadelta=adadelta Adafactor=adafactor Adagrad=adagrad Adam=adam AdamW=adamw Adamax=adamax
        ASGD=average LBFGS=lbfgs NAdam=nadam RAdam=radam RMSprop=rmsprop Rprop=rprop SGD=sgd Muon=muon
        SparseAdam=adam clip_grad_norm=clip_norm clip_grad_norm_=clip_norm clip_grad_value=clip
        clip_grad_value_=clip ReduceLROnPlateau=reduce_on_plateau LambdaLR=scale_by_schedule
        ConstantLR=constant_schedule LinearLR=linear_schedule ExponentialLR=exponential_decay
        CosineAnnealingLR=cosine_decay_schedule CosineAnnealingWarmRestarts=sgdr_schedule
        MultiStepLR=piecewise_constant_schedule StepLR=exponential_decay OneCycleLR=cosine_onecycle_schedule
        PolynomialLR=polynomial_schedule SequentialLR=join_schedules SWA=average EMA=average
        swa_utils=average
        """,
    ),
    **_table(
        _KERAS,
        """
        RMSProp=rmsprop Nadam=nadam Lion=lion Lamb=lamb clipnorm=clip_norm clipvalue=clip
        global_clipnorm=clip_norm CosineDecay=cosine_decay_schedule ExponentialDecay=exponential_decay
        PolynomialDecay=polynomial_schedule PiecewiseConstantDecay=piecewise_constant_schedule
        LossScaleOptimizer=skip_nonfinite
        """,
    ),
    **_table(
        _OLDER,
        """
        additive_weight_decay=add_decayed_weights maybe_update=conditionally_transform
        maybe_transform=conditionally_transform sgd_momentum=sgd scale_by_optimistic_adam=optimistic_adam_v2
        """,
    ),
    **_table(
        _ELSEWHERE,
        """
        AdaBelief=adabelief Adan=adan AMSGrad=amsgrad LAMB=lamb LARS=lars Novograd=novograd
        NovoGrad=novograd Yogi=yogi SM3=sm3 Sophia=sophia SophiaG=sophia SophiaH=sophia
        DAdaptAdam=dadapt_adamw Prodigy=prodigy Madgrad=madgrad MADGRAD=madgrad ScheduleFree=schedule_free
        AdamWScheduleFree=schedule_free_adamw SGDScheduleFree=schedule_free_sgd Lookahead=lookahead SAM=sam
        Galore=galore GaLoreAdamW=galore COCOB=cocob DoG=dog DoWG=dowg AdEMAMix=ademamix ADOPT=adopt
        Fromage=fromage signSGD=sign_sgd SignSGD=sign_sgd Signum=signum RProp=rprop L-BFGS=lbfgs
        adam_w=adamw adamw_bnb=adamw nesterov=trace momentum=trace heavy_ball=trace rms_prop=rmsprop
        sign=scale_by_sign negate=maximize gradient_centralization=centralize
        gradient_centralisation=centralize centralise=centralize centralize_gradients=centralize
        center=centralize gc=centralize clip_by_norm=clip_norm clip_global_norm=clip_norm
        grad_clip=clip_norm gradient_clipping=clip_norm clip_gradients=clip_norm clip_by_value=clip
        clip_value=clip agc=adaptive_grad_clip adaptive_gradient_clip=adaptive_grad_clip weight_decay=decay
        wd=decay add_weight_decay=decay l2=decay learning_rate=lr gradient_accumulation=accumulate
        grad_accum=accumulate accumulate_gradients=accumulate multi_steps=accumulate multisteps=accumulate
        skip_nan=skip_nonfinite skip_not_finite=skip_nonfinite ema_params=average polyak_average=average
        polyak_averaging=average swa=average weight_averaging=average stop_gradient=freeze
        set_zero=set_to_zero zero=set_to_zero noop=identity no_op=identity ascent=maximize noise=add_noise
        normalise=normalize normalize_gradient=normalize nan_to_zero=zero_nans
        cosine_decay=cosine_decay_schedule cosine_schedule=cosine_decay_schedule
        cosine_annealing=cosine_decay_schedule get_cosine_schedule_with_warmup=warmup_cosine_decay_schedule
        warmup_cosine=warmup_cosine_decay_schedule warmup_cosine_decay=warmup_cosine_decay_schedule
        warmup_cosine_schedule=warmup_cosine_decay_schedule get_linear_schedule_with_warmup=join_schedules
        get_constant_schedule_with_warmup=warmup_constant_schedule linear_decay=linear_schedule
        linear_decay_schedule=linear_schedule constant=constant_schedule
        exponential_decay_schedule=exponential_decay exponential_schedule=exponential_decay
        polynomial_decay=polynomial_schedule polynomial_decay_schedule=polynomial_schedule
        piecewise_constant=piecewise_constant_schedule one_cycle=cosine_onecycle_schedule
        onecycle=cosine_onecycle_schedule onecycle_schedule=cosine_onecycle_schedule sgdr=sgdr_schedule
        warmup_constant=warmup_constant_schedule warmup_exponential_decay=warmup_exponential_decay_schedule
        """,
    ),
}
"""Stages and schedules by the names of other libraries."""

PARAMETERS: dict[str, Meant] = {
    "betas": Meant(("b1", "b2"), "The two moment decays are two parameters here."),
    "beta_1": _meant("b1", _KERAS),
    "beta_2": _meant("b2", _KERAS),
    "beta1": Meant(("b1", "beta", "betas"), _ELSEWHERE),
    "beta2": Meant(("b2", "betas"), _ELSEWHERE),
    "beta3": _meant("b3", _ELSEWHERE),
    "b1": Meant(("beta", "decay", "momentum", "betas"), _SPELLING),
    "b2": Meant(("decay", "rho", "betas"), _SPELLING),
    "beta": Meant(("b1", "momentum", "decay"), _SPELLING),
    "lr": Meant(("learning_rate", "max_learning_rate", "step_size", "peak_value", "init_value"), _TORCH),
    "rate": Meant(("learning_rate", "max_learning_rate", "step_size", "decay_rate"), _ELSEWHERE),
    "learning_rate": Meant(("max_learning_rate", "step_size", "peak_value", "init_value"), _SPELLING),
    "step_size": Meant(("learning_rate", "max_learning_rate", "step_size_fn"), _SPELLING),
    "alpha": Meant(("decay", "learning_rate", "slow_step_size"), _TORCH),
    "wd": Meant(("weight_decay", "weight_decay_rate"), _ELSEWHERE),
    "l2": Meant(("weight_decay", "weight_decay_rate"), _ELSEWHERE),
    "decay": Meant(("weight_decay", "weight_decay_rate", "decay_rate", "rho"), _SPELLING),
    "weight_decay_rate": _meant("weight_decay", "Only `adafactor` spells it with `_rate`."),
    "weight_decay": Meant(("weight_decay_rate",), _SPELLING),
    "epsilon": _meant("eps", _KERAS),
    "eps": _meant("epsilon", _SPELLING),
    "eps_in_root": _meant("eps_root", _ELSEWHERE),
    "rho": Meant(("decay", "b2"), _KERAS),
    "momentum": Meant(("b1", "beta", "decay"), _ELSEWHERE),
    "mu": Meant(("momentum", "b1", "beta"), _ELSEWHERE),
    "dampening": Meant((), "Optax has no dampening: `ema` is the momentum that scales the gradient by 1 - decay."),
    "axis": _meant("axes", "A mean may be over several axes."),
    "axes": _meant("axis", _SPELLING),
    "dim": Meant(("axes", "axis"), _TORCH),
    "amsgrad": Meant(("amsgrad(...)",), "The stage `amsgrad` is Adam with a maximum of the second moment."),
    "maximize": Meant(("| maximize",), "Ascent is the stage `maximize`."),
    "use_gc": Meant(("centralize |",), "Gradient centralization is the stage `centralize`."),
    "clipnorm": Meant(("clip_norm(x) |",), "Clipping is a stage before the optimizer."),
    "clipvalue": Meant(("clip(x) |",), "Clipping is a stage before the optimizer."),
    "global_clipnorm": Meant(("clip_norm(x) |",), "Clipping is a stage before the optimizer."),
    "dtype": Meant(("mu_dtype", "accumulator_dtype", "state_dtype", "dtype_momentum", "param_dtype"), _SPELLING),
    "mu_dtype": Meant(("accumulator_dtype", "dtype_momentum", "state_dtype"), _SPELLING),
    "accumulator_dtype": Meant(("mu_dtype", "dtype_momentum"), _SPELLING),
    "max_grad_norm": Meant(("max_norm", "l2_norm_clip"), _TORCH),
    "clip_norm": Meant(("max_norm", "l2_norm_clip"), _SPELLING),
    "clip_value": Meant(("max_delta", "clip_threshold", "clipping_threshold"), _TORCH),
    "threshold": Meant(("max_delta", "max_norm", "clipping", "clip_threshold", "clipping_threshold"), _SPELLING),
    "max_value": _meant("max_delta", _SPELLING),
    "mask": Meant(("weight_decay_mask",), _SPELLING),
    "weight_decay_mask": _meant("mask", _SPELLING),
    "steps": Meant(("decay_steps", "transition_steps", "warmup_steps", "k", "sync_period"), _SPELLING),
    "decay_steps": _meant("transition_steps", _SPELLING),
    "transition_steps": _meant("decay_steps", _SPELLING),
    "T_max": Meant(("decay_steps", "transition_steps"), _TORCH),
    "total_steps": Meant(("decay_steps", "transition_steps"), _TORCH),
    "num_warmup_steps": _meant("warmup_steps", "That is its name in Transformers."),
    "num_training_steps": Meant(("decay_steps", "transition_steps"), "That is its name in Transformers."),
    "warmup": _meant("warmup_steps", _ELSEWHERE),
    "eta_min": Meant(("end_value", "alpha"), _TORCH),
    "min_lr": Meant(("end_value", "min_scale"), _TORCH),
    "max_lr": Meant(("peak_value", "max_learning_rate"), _TORCH),
    "peak_lr": _meant("peak_value", _ELSEWHERE),
    "init_lr": _meant("init_value", _ELSEWHERE),
    "end_lr": _meant("end_value", _ELSEWHERE),
    "gamma": Meant(("decay_rate", "factor"), _TORCH),
    "initial_learning_rate": _meant("init_value", _KERAS),
    "min_learning_rate": _meant("end_value", _KERAS),
    "every_k": _meant("k", _SPELLING),
    "every_k_schedule": _meant("k", "That is its name in `optax.MultiSteps`."),
    "la_steps": _meant("sync_period", _ELSEWHERE),
    "la_alpha": _meant("slow_step_size", _ELSEWHERE),
    "history_size": _meant("memory_size", _TORCH),
    "line_search_fn": _meant("linesearch", _TORCH),
    "d0": _meant("estim_lr0", _ELSEWHERE),
    "d_coef": _meant("estim_lr_coef", _ELSEWHERE),
    "centered": Meant((), "Only `rmsprop` has it; as a stage of its own it is `scale_by_stddev`."),
}
"""Parameters by the names of other libraries: of the names given, those that the row has are meant."""
