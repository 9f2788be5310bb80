"""What the codes E2xx mean: names that do not exist, and values that do not fit. Data alone."""

from optdsl.diagnostics.page import Page, StandIn
from optdsl.diagnostics.trees import SMALL

NAMES: dict[str, Page] = {
    "E201": Page(
        "unknown stage",
        "No transform has this name. Stages are the functions of `optax` and `optax.contrib` under "
        "their own names, without the module, and the few words of the language; `optdsl list` shows "
        "them all.",
        "clip(1.0) | adm(1e-3)",
        "clip(1.0) | adam(1e-3)",
    ),
    "E202": Page(
        "unknown parameter",
        "The stage exists and has no parameter of this name. Parameters are called as in Optax; names "
        "from other libraries, such as `betas`, are recognised, and the help says what they are "
        "called here.",
        "adamw(3e-4, weigth_decay=0.1)",
        "adamw(3e-4, weight_decay=0.1)",
    ),
    "E203": Page(
        "unknown value",
        "A word stands where a value is wanted, and it is neither bound before nor a word that means "
        "a value. Text stands in quotes; what Python computes comes in through a hole.",
        "rate = 1e-3; adam(rat)",
        "rate = 1e-3; adam(rate)",
    ),
    "E204": Page(
        "unknown schedule or function",
        "A call stands where a value is wanted, and what is called is neither a schedule of Optax, "
        "nor a function of the language such as `min` or `sqrt`, nor a segment behind `->`.",
        "adam(cosine_decay_schedul(1e-3, 1000))",
        "adam(cosine_decay_schedule(1e-3, 1000))",
    ),
    "E205": Page(
        "a hole is not filled",
        "`:name` is filled by the host: `compile(text, name=...)` in Python, `--hole name=...` on the "
        "command line. A default behind `??` makes it optional.",
        "adam(:rate)",
        "adam(:rate ?? 1e-3)",
    ),
    "E206": Page(
        "no such hole",
        "The host filled a hole that the program does not have. A misspelt name would otherwise leave "
        "a default in place, and nobody would notice.",
        "adam(:rat ?? 1e-3)",
        "adam(:rate ?? 1e-3)",
        {"rate": 3e-4},
    ),
    "E207": Page(
        "a selector that selects nothing",
        "Behind `where`, leaves are selected by path (`embed/**`), by a class (`bias norm embedding "
        "kernel`), or by comparing `ndim`, `size`, `dtype` or `shape[i]`. A bare word of another kind "
        "is not guessed at.",
        "adamw(1e-3, weight_decay=0.1 where biases)",
        "adamw(1e-3, weight_decay=0.1 where bias)",
    ),
    "E208": Page(
        "Optax's way, for which there is another here",
        "Some functions of Optax put transforms together or confine them. The language has its own "
        "form for each of them: `|` for `chain`, `where` for `masked`, `match` for `partition`, "
        "`live` for `inject_hyperparams`.",
        "chain(clip(1.0), adam(1e-3))",
        "clip(1.0) | adam(1e-3)",
    ),
    "E209": Page(
        "a name that is taken",
        "A name is bound once, a definition does not take the name of a stage, a parameter is listed "
        "once, and `as` names one stage.",
        "rate = 1e-3; rate = 1e-4; adam(rate)",
        "rate = 1e-3; slow = 1e-4; adam(slow)",
    ),
    "E211": Page(
        "a missing argument",
        "A parameter without a default has no value. Optax has no default for most learning rates, "
        "and neither has the language.",
        "clip(1.0) | adam",
        "clip(1.0) | adam(1e-3)",
    ),
    "E212": Page(
        "an argument twice",
        "A parameter is given twice, by place and by name or twice by name. Which one was meant is not guessed.",
        "adam(1e-3, learning_rate=3e-4)",
        "adam(1e-3)",
    ),
    "E213": Page(
        "too many arguments",
        "There are more arguments than parameters that take one by place. Parameters that Optax lists "
        "behind a star are given by name.",
        "clip(1.0, 2.0) | adam(1e-3)",
        "clip(1.0) | adam(1e-3)",
    ),
    "E214": Page(
        "a chain in braces, missing or too many",
        "Some stages wrap a chain, written in braces behind them; others take none. `freeze` is no "
        "wrapper: it says with `where` which leaves it means.",
        "apply_if_finite(inf) | adam(1e-3)",
        "apply_if_finite(inf) { adam(1e-3) }",
    ),
    "E221": Page(
        "a value of the wrong kind",
        "The parameter takes another kind of value than the one written: a number instead of a "
        "string, a schedule instead of a stage, an object of Python that only a hole can bring in.",
        "adam('fast')",
        "adam(1e-3)",
    ),
    "E222": Page(
        "a number out of range",
        "The number is outside of what the stage can use. A learning rate is not negative, since the "
        "minus sign belongs to the stage; averages forget, so `b1` and `b2` are below 1.",
        "adam(-1e-3)",
        "adam(1e-3)",
    ),
    "E223": Page(
        "a word that is no choice",
        "The parameter takes one of a few words, and this is none of them.",
        "polyak_sgd(variant='spss')",
        "polyak_sgd(variant='sps')",
    ),
    "E231": Page(
        "arithmetic without a result",
        "Arithmetic on constants is done once, exactly, when the program is compiled. A division by "
        "zero, a result too large for a number, or a root of a negative number has no value to "
        "compile.",
        "adam(1e-3 / 0)",
        "adam(1e-3 / 2)",
    ),
    "E241": Page(
        "nothing said about the rest",
        "`where` and `when` without `else` leave the slot's neutral value to all others: 0 for a "
        "weight decay. Most parameters have no value that means nothing, so the program must say one.",
        "adam(1e-3, b1=0.9 where ndim > 1)",
        "adam(1e-3, b1=0.9 where ndim > 1 else 0.8)",
    ),
    "E242": Page(
        "a regular expression that is not well formed",
        "What stands behind `path ~` is a regular expression, searched for in the paths of leaves.",
        "adamw(1e-3, weight_decay=0.1 where path ~ '(kernel')",
        "adamw(1e-3, weight_decay=0.1 where path ~ 'kernel')",
    ),
    "E243": Page(
        "two stages in one guard",
        "A guard keeps a stage or leaves it out. Different stages for different leaves are the arms "
        "of a `match`; different stages at different times are two guards, one behind the other.",
        "adam(1e-3) where ndim > 1 else sgd(0.1)",
        "match { ndim > 1 => adam(1e-3), else => sgd(0.1) }",
    ),
    "E244": Page(
        "an arm that nothing reaches",
        "The first arm that selects a leaf takes it, and `else` takes all that are left. An arm "
        "behind `else` is never reached.",
        "match { else => adam(1e-3), ndim > 1 => sgd(0.1) }",
        "match { ndim > 1 => sgd(0.1), else => adam(1e-3) }",
    ),
    "E245": Page(
        "a mask of another shape",
        "A mask in a hole is a tree of booleans, or a function of the parameters that returns one. "
        "Its tree has the structure of the parameters, or ends earlier: a boolean at a branch holds "
        "for all leaves below it.",
        "adam(1e-3) | freeze where :mask",
        "freeze where embed/** | adam(1e-3)",
        found="python",
        holes={"mask": {"embd": True}},
        params=SMALL,
        call="compile(text, mask={'embd': True}).init(params)",
    ),
    "E246": Page(
        "two masks for one weight decay",
        "A `where` on the weight decay becomes the mask of the Optax function, and the mask is given "
        "as well. Which of the two was meant is not guessed.",
        "adamw(1e-3, weight_decay=0.1 where kernel, mask=true where bias)",
        "adamw(1e-3, weight_decay=0.1 where kernel)",
    ),
    "E247": Page(
        "no such live number",
        "`set` changes numbers that live in the state, those declared with `live`. Other numbers are "
        "changed with `replace`, which makes a new optimizer.",
        "adam(1e-3)",
        "live rate = 1e-3; adam(rate)",
        found="python",
        params=SMALL,
        call="opt.set(state, {'rate': 1e-4})",
    ),
    "E248": Page(
        "nothing at this path",
        "`replace` changes a parameter of a stage by its path, as in `adam.b1`, or a binding by its "
        "name. `explain` shows the names of the stages: a second `adam` is `adam_2`, and `as` gives a "
        "name.",
        "adam(1e-3)",
        "rate = 1e-3; adam(rate)",
        found="python",
        call="parse(text).replace({'rate': 1e-4})",
    ),
    "E249": Page(
        "decay of an unknown sign",
        "`decay` adds to gradients and subtracts from updates. Behind a transform of Python, which says "
        "nothing about itself, it cannot tell which of the two it meets, and the wrong one makes weights "
        "grow.",
        ":mine | decay(1e-2)",
        ":mine | add_decayed_weights(-1e-2)",
        holes={"mine": StandIn("optax.sgd(0.1)")},
    ),
    "E251": Page(
        "a segment that cannot be",
        "Behind `->` stand segments: `linear`, `cosine`, `exponential` and `hold`, each with where it "
        "ends and how long it takes. An exponential segment multiplies, so it neither starts nor ends "
        "at 0.",
        "adam(0 -> exponential(1e-3, 100))",
        "adam(1e-6 -> exponential(1e-3, 100))",
    ),
}
