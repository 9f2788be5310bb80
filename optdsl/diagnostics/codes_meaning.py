"""What the codes E3xx, E4xx and E9xx mean: programs that read well and do something else. Data alone."""

from optdsl.diagnostics.page import Page
from optdsl.diagnostics.trees import SMALL

MEANING: dict[str, Page] = {
    "E301": Page(
        "the loss climbs",
        "A rate is applied, and the signs of all stages together point uphill: one step down is turned up "
        "again by a second one, or a preconditioner is followed by a positive `scale`. Optax adds updates to "
        "the parameters, so a step down is negative; `lr` and the optimizers bring the minus sign along, and "
        "`scale` does not. `| maximize` at the end says that uphill is meant.",
        "scale_by_adam | scale(1e-2)",
        "scale_by_adam | lr(1e-2)",
        why="Optax runs such a chain without a word. The first steps look like noise, and the run is lost.",
    ),
    "E302": Page(
        "no step down",
        "No stage applies a learning rate, so raw gradients would be added to the parameters: uphill, and with "
        "a rate of 1. A chain that is meant as a part of another one is compiled with `fragment=True`.",
        "clip_norm(1.0)",
        "clip_norm(1.0) | lr(0.1)",
        why="What is missing here is the rate and its sign both. Nothing in the shapes or dtypes tells.",
    ),
    "E303": Page(
        "leaves with a raw gradient",
        "`where` on a stage lets the other leaves pass unchanged. On a stage that applies the "
        "learning rate they would be given their gradient, with a plus sign, as an update. The same holds for "
        "an arm of a `match` that applies no rate beside arms that do. A `match` says what happens to all.",
        "adam(1e-2) where ndim > 1",
        "match { ndim > 1 => adam(1e-2), else => freeze }",
        why="This is what `optax.masked` does with an optimizer, where it is often taken for a freeze: the "
        "leaves outside of the mask climb.",
    ),
    "E304": Page(
        "a value for each leaf where leaves are coupled",
        "The stage computes one number from all leaves together, such as a global norm, so its "
        "parameter cannot differ between them. An arm of a `match` has a norm of its own.",
        "clip_by_global_norm(1.0 where ndim > 1 else 2.0) | adam(1e-3)",
        "clip_by_global_norm(1.0) | adam(1e-3)",
        why="Two groups with a norm of their own, which is the nearest thing that could run, bound the whole by "
        "neither of the two numbers.",
    ),
    "E305": Page(
        "a guard against NaN that comes too late",
        "`zero_nans` turns entries that are NaN into 0. Behind a norm, a mean or a moment, one NaN has "
        "reached other entries or the state, and turning those into 0 as well saves nothing.",
        "clip_norm(1.0) | zero_nans | sgd(0.1)",
        "zero_nans | clip_norm(1.0) | sgd(0.1)",
        why="The step looks as if it had been guarded, and does nothing: every leaf was divided by a norm "
        "that is NaN. Where a moment comes first, NaN stays in the state for good.",
    ),
    "E306": Page(
        "shapes inside of `flatten`",
        "`flatten` makes one vector of all leaves. A stage that works by rows, columns, units or layers finds "
        "none there: it does nothing, or takes the whole model for one layer.",
        "flatten { centralize(axes=-1) | adam(1e-2) }",
        "centralize(axes=-1) | flatten { adam(1e-2) }",
        why="A vector has one axis, so `centralize` passes it on as it is. The program trains, without the part "
        "that was the point of it.",
    ),
    "E307": Page(
        "a line search that is misled",
        "A line search tries steps along a direction and compares the loss with what the gradient promises. A "
        "stage before it that bends the gradient breaks the promise; a stage behind it changes the step that "
        "was found. A constraint such as `keep_params_nonnegative`, and `average`, may follow.",
        "centralize(axes=-1) | lbfgs",
        "lbfgs",
        why="The curvature that `lbfgs` collects is that of another function, and the search accepts worse steps.",
    ),
    "E308": Page(
        "a constraint that does not come last",
        "`keep_params_nonnegative` trims the update so that no parameter becomes negative. A stage behind it "
        "makes another update, which is not trimmed.",
        "keep_params_nonnegative | adam(1e-2)",
        "adam(1e-2) | keep_params_nonnegative",
        why="What trusts the constraint, a logarithm or a square root, fails many steps later.",
    ),
    "E309": Page(
        "a schedule that cannot be",
        "The segments of an arrow do not fit into `:total`, of which one takes what is left or a share: the others "
        "take longer than all of it, or two leave out their duration, and only one may. Of Optax's own "
        "schedules: a warmup longer than the whole, or boundaries that do not increase.",
        "adam(0 -> linear(1e-3, 2000) -> cosine(0))",
        "adam(0 -> linear(1e-3, 100) -> cosine(0))",
        {"total": 1000},
        why="A run that ends within its warmup never sees the peak, nor the decay after it.",
    ),
    "E401": Page(
        "a leaf that no arm takes",
        "Every leaf of the parameters belongs to one arm of a `match`. The message lists those that "
        "are left over, with their shapes; an `else` takes them all.",
        "match { ndim > 1 => sgd(0.1) }",
        "match { ndim > 1 => sgd(0.1), else => sgd(0.05) }",
        found="parameters",
        params=SMALL,
        why="With `optax.masked` in place of the `match`, the leaves left over are given their raw gradient and climb.",
    ),
    "E402": Page(
        "a selection without a leaf",
        "A selector matches none of the parameters, or none that an arm before it has left. A misspelt path "
        "would otherwise freeze nothing, silently; the message names the nearest paths that exist.",
        "freeze where embd/** | adam(1e-2)",
        "freeze where embed/** | adam(1e-2)",
        found="parameters",
        params=SMALL,
        why="A mask in plain Optax that is false everywhere is a mask like any other: what was to stay still moves.",
    ),
    "E403": Page(
        "axes that a leaf does not have",
        "`centralize` is asked for axes that a leaf it applies to does not have. It is found once the "
        "parameters are known: with `compile(text, params=...)`, or when the state is made.",
        "centralize(axes=2) | adam(1e-3)",
        "centralize(axes=-1) | adam(1e-3)",
        found="parameters",
        params=SMALL,
        why="The same axes would otherwise fail inside of a traced update, with no word about which leaf it was.",
    ),
    "E404": Page(
        "the state of another program",
        "`migrate` keeps what a stage remembers under the same name and word. Here another word left a state of the "
        "same form: its numbers would load, and mean something else, so the stage starts anew instead. The finding "
        "stands in the report that `migrate` returns, and nothing is raised.",
        found="machine",
        why="Adam, Yogi, RAdam and NAdam share one tree of state. Plain Optax loads one for the other without a word.",
    ),
    "E405": Page(
        "an extra argument, missing or unknown",
        "Some stages need more than the gradient at each step, such as the value of the loss. "
        "`opt.needs` names what a program needs; `train_step` supplies all of it. A name that no "
        "stage takes is an error in `step`, and is ignored by `update`, as Optax asks.",
        "polyak_sgd",
        "sgd(0.1)",
        found="python",
        params=SMALL,
        call="opt.step(params, state, gradients)",
        why="A chain in plain Optax ends in a `TypeError` inside of a traced update, which names a function, not a "
        "stage.",
    ),
    "E999": Page(
        "optdsl itself failed",
        "This is a mistake of optdsl and not of the program. The message names the versions that a "
        "report needs. With `OPTDSL_DEBUG=1` in the environment, the command line shows where it "
        "happened.",
        found="machine",
    ),
}
"""Errors of meaning by code, and those that no program by itself shows."""
