"""What the codes W5xx and N6xx mean: programs that run and are seldom what was meant. Data alone."""

from optdsl.diagnostics.page import Page
from optdsl.diagnostics.trees import FULL, HALF, TWO_OUTPUTS

ADVICE: dict[str, Page] = {
    "W501": Page(
        "a clip behind the step down",
        "Behind an optimizer a clip bounds the update, not the gradient. Updates carry the learning rate: those "
        "of Adam have a norm of about the rate times the square root of the number of parameters.",
        "adam(1e-2) | clip_norm(1.0)",
        "clip_norm(1.0) | adam(1e-2)",
        why="The bound is almost never reached, and a gradient that explodes has gone into the moments by then.",
    ),
    "W502": Page(
        "two learning rates",
        "An optimizer that has a learning rate is followed by another rate. Both multiply the update, so their "
        "product acts. The message says the number where both are known, of schedules at step 0.",
        "adam(0.1) | scale_by_schedule(cosine_decay_schedule(0.01, 1000))",
        "adam(cosine_decay_schedule(0.1, 1000))",
        why="The run is slower than either number says, by a factor that stands nowhere in the program.",
    ),
    "W503": Page(
        "a scale that is divided out",
        "A stage whose updates do not depend on the size of the gradients comes right behind a multiplication "
        "by one number. What was multiplied is divided out again.",
        "scale(0.1) | adam(1e-2)",
        "adam(1e-2) | scale(0.1)",
        why="A schedule at this place is a schedule that does nothing.",
    ),
    "W504": Page(
        "weight decay inside of an adaptive stage",
        "Decay that is added to the gradient goes through the stages behind it. An adaptive one divides by the "
        "size of the gradients, decay included: weights with large gradients hardly decay, others decay too "
        "much. AdamW adds the decay behind the preconditioner.",
        "add_decayed_weights(0.1) | adam(1e-2)",
        "adamw(1e-2, weight_decay=0.1)",
        why="The number of the decay means something else for each weight.",
    ),
    "W505": Page(
        "decay twice",
        "A stage of decay stands beside an optimizer that decays weights by itself. Both act. Behind an "
        "optimizer, `decay` is not multiplied by the learning rate either.",
        "adamw(1e-2, weight_decay=0.1) | decay(0.1)",
        "adamw(1e-2, weight_decay=0.1)",
        why="Weights are pulled to 0 faster than either number says.",
    ),
    "W506": Page(
        "weights that grow",
        "`add_decayed_weights` adds a multiple of the parameters to what passes. Before the step down this shrinks "
        "the weights, since the sign is turned later. Behind it, or with a negative number before it, they "
        "grow. `decay` shrinks at every place.",
        "sgd(0.1) | add_decayed_weights(0.01)",
        "sgd(0.1) | decay(0.01)",
        why="Growth by a constant factor is slow at first, and ends in infinity.",
    ),
    "W507": Page(
        "a clip right before `centralize`",
        "An elementwise clip gives all large entries of one sign the same value. The mean over a unit that is "
        "clipped throughout is that value, so taking it off leaves 0.",
        "clip(0.01) | centralize(axes=-1) | sgd(0.1)",
        "centralize(axes=-1) | clip(0.01) | sgd(0.1)",
        why="Where the gradient is largest, nothing is learned.",
    ),
    "W508": Page(
        "centring that is undone",
        "A stage behind `centralize` rescales entry by entry, so the updates of a unit have a mean again. The authors "
        "of gradient centralization centre the gradient before Adam as well, so this is a note only.",
        "centralize(axes=-1) | adam(1e-2)",
        "scale_by_adam | centralize(axes=-1) | lr(1e-2)",
        why="Whoever relies on weights of constant mean does not get them.",
    ),
    "W509": Page(
        "centring before the sign",
        "A stage behind `centralize` keeps the sign of each entry and no more. A mean of 0 does not outlast that.",
        "centralize(axes=-1) | lion(1e-3)",
        "scale_by_lion | centralize(axes=-1) | lr(1e-3)",
        why="All entries of an update are equally large, and their mean is whatever their signs make it.",
    ),
    "W510": Page(
        "an average of updates",
        "`ema` or `trace` behind the step down averages the updates. Averaged weights, as they are used for "
        "evaluation, are kept by `average`; `opt.eval_params(params, state)` returns them, and the run is not changed.",
        "adam(0.1) | ema(0.99)",
        "adam(0.1) | average(0.99)",
        why="Averaging updates is another momentum on top of the first: steps answer to gradients of long ago.",
    ),
    "W511": Page(
        "momentum twice",
        "`trace` stands before a stage with momentum of its own. A steady gradient is multiplied by 1/(1 - decay) "
        "in `trace` already.",
        "trace(0.9) | sgd(0.05, momentum=0.9)",
        "sgd(0.05, momentum=0.9)",
        why="Before `sgd` the gains multiply, to 100 for two momenta of 0.9; before Adam the scale is divided out, and "
        "the delay stays.",
    ),
    "W512": Page(
        "`apply_every`",
        "`apply_every` adds k gradients up, where an average is usually meant, and passes 0 in between. Stages with "
        "a state that follow take those zeros for gradients. `accumulate` averages, and runs its chain once in k. With "
        "a k of 1, the default, it passes every update and has no use.",
        "apply_every(4) | adam(1e-2)",
        "accumulate(4) { adam(1e-2) }",
        why="Moments move at every micro-step, and with them the parameters.",
    ),
    "W513": Page(
        "the norm of one arm",
        "A stage that takes the norm over all leaves stands in an arm of a `match`, and sees the leaves of that arm "
        "alone.",
        "match { kernel => clip_norm(1.0) | sgd(0.1), else => clip_norm(1.0) | sgd(0.1) }",
        "clip_norm(1.0) | match { kernel => sgd(0.1), else => sgd(0.1) }",
        why="The whole gradient is larger than the bound, and groups are rescaled against one another.",
    ),
    "W514": Page(
        "a guard that gives up",
        "`apply_if_finite(n)` and `skip_nonfinite(n)` leave out steps with NaN or infinity, up to n in a row. The next "
        "one is applied as it is.",
        "apply_if_finite(3) { adam(1e-2) }",
        "apply_if_finite(inf) { adam(1e-2) }",
        why="From then on every parameter is NaN, and no later step brings it back.",
    ),
    "W515": Page(
        "rates where factors are meant",
        "The numbers of a piecewise schedule multiply what was there before; they are no rates. Numbers below 0.01 "
        "look like rates.",
        "adam(piecewise_constant_schedule(1e-2, {20: 1e-3, 40: 1e-4}))",
        "adam(piecewise_constant_schedule(1e-2, {20: 0.1, 40: 0.1}))",
        why="The run stands still after the first boundary, and the curve looks like convergence.",
    ),
    "W516": Page(
        "an old name",
        "Optax has another name for this by now, and is going to drop the old one.",
        "optimistic_adam(1e-2)",
        "optimistic_adam_v2(1e-2)",
        why="A later Optax does not have it.",
    ),
    "W521": Page(
        "a mean over the outputs",
        "The default axes of `centralize` are all but the first, which fits kernels laid out (out, in). Those of flax "
        "are (in, out): there the mean runs over the outputs of each input. `axes=fan_in` asks for the inputs of "
        "each output.",
        "centralize | sgd(0.1)",
        "centralize(axes=fan_in) | sgd(0.1)",
        found="parameters",
        params=TWO_OUTPUTS,
        why="Outputs are tied to one another: of two, each learns the negative of what the other learns.",
    ),
    "W522": Page(
        "second moments in half precision",
        "Optax keeps second moments in the dtype of the parameters. In bfloat16 or float16 an average with `b2=0.999` "
        "stalls: what is added at a step is less than half of the last digit. `mu_dtype` is about the first moments.",
        "adam(1e-3)",
        "adam(1e-3)",
        found="parameters",
        params=HALF,
        repaired_params=FULL,
        why="Moments that are too small make steps that are too large.",
    ),
    "N601": Page(
        "weight decay that nobody wrote",
        "The optimizer decays weights by default, and the program does not say by how much. The message prints Optax's "
        "default, which differs between optimizers and from that of other libraries.",
        "adamw(1e-2)",
        "adamw(1e-2, weight_decay=0.01)",
        why="A recipe carried over from another library keeps its name and loses its decay: `AdamW` of PyTorch "
        "decays by 0.01.",
    ),
    "N602": Page(
        "a warmup from 0",
        "The learning rate begins at 0, so the first update changes no parameter. This is common, and costs one step.",
        "adam(0 -> linear(1e-3, 100) -> cosine(0, 900))",
        "adam(1e-5 -> linear(1e-3, 100) -> cosine(0, 900))",
        why="A test of one step, or a schedule that is restarted often, sees an optimizer that does nothing.",
    ),
    "N603": Page(
        "a stage that changes nothing",
        "`identity`, `scale(1)`, or a second `centralize` with nothing between that moves the mean.",
        "identity | adam(1e-2)",
        "adam(1e-2)",
        why="It is read by every reader, and is often what a deleted idea left behind.",
    ),
}
"""Warnings and notes by code."""
