"""What each code means: data for `optdsl codes` and the reference; a test runs every program here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Found = Literal["text", "parameters", "python", "machine"]


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about a code: what it means, a program that has it, and the same one repaired."""

    title: str
    explanation: str
    failing: str | None = None
    repaired: str | None = None
    holes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the host puts into the holes of both programs."""
    found: Found = "text"
    """What shows the mistake: the text, the parameters, a call from Python, or nothing that was written."""


CODES: dict[str, Page] = {
    "E101": Page(
        "something else was expected here",
        "The text does not follow the grammar at this place. The message says what may stand here and "
        "what was found instead. Stages are joined with one `|`, arguments are separated by commas, "
        "statements end with `;`, and a program runs no Python.",
        "clip(1.0) adam(1e-3)",
        "clip(1.0) | adam(1e-3)",
    ),
    "E102": Page(
        "a bracket without its partner",
        "An opening bracket is never closed, or a closing one closes nothing. The caret stands under "
        "the bracket that lacks a partner; a second mark shows where one was missed.",
        "clip(1.0) | adam(1e-3",
        "clip(1.0) | adam(1e-3)",
    ),
    "E103": Page(
        "not a number",
        "A word begins like a number and goes on like something else, or the number is too large. "
        "Numbers are written `3`, `10_000`, `1e-3` or `.5`; `1k` is 1000 and `2M` two million; "
        "durations may also be `5%` or `3ep`.",
        "adam(1e)",
        "adam(1e-3)",
    ),
    "E104": Page(
        "a reserved word as a name",
        "Words of the grammar (`match where when else as or and not live def`) and constants (`true "
        "false none inf`) name nothing else.",
        "match = 1e-3; adam(match)",
        "rate = 1e-3; adam(rate)",
    ),
    "E105": Page(
        "quotes that do not fit",
        "A string begins with `'` or `\"` and ends with the same mark on the same line. Typographic "
        "quotes, which word processors put in their place, are no quotes here.",
        "polyak_sgd(variant='sps)",
        "polyak_sgd(variant='sps')",
    ),
    "E106": Page(
        "no optimizer",
        "The text is empty, or it only binds names. What a program means is its last expression, a "
        "chain of one stage or more.",
        "rate = 1e-3;",
        "rate = 1e-3; adam(rate)",
    ),
    "E107": Page(
        "the program is too large",
        "A program has at most 256 KiB of text, 1,000 stages when its definitions are written out, "
        "and 10,000 items in one list. The limits keep every program checkable in a moment, also one "
        "that a machine wrote.",
        " | ".join(["clip(1.0)"] * 1001),
        "clip(1.0) | adam(1e-3)",
    ),
    "E108": Page(
        "the program is nested too deep",
        "Brackets stand inside brackets at most 64 deep. A name for the inner part, bound before, "
        "says the same on one level.",
        f"adam({'(' * 65}1e-3{')' * 65})",
        "adam((1e-3))",
    ),
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
        "apply_if_finite(5) | adam(1e-3)",
        "apply_if_finite(5) { adam(1e-3) }",
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
    ),
    "E248": Page(
        "nothing at this path",
        "`replace` changes a parameter of a stage by its path, as in `adam.b1`, or a binding by its "
        "name. `explain` shows the names of the stages: a second `adam` is `adam_2`, and `as` gives a "
        "name.",
        "adam(1e-3)",
        "rate = 1e-3; adam(rate)",
        found="python",
    ),
    "E251": Page(
        "a segment that cannot be",
        "Behind `->` stand segments: `linear`, `cosine`, `exponential` and `hold`, each with where it "
        "ends and how long it takes. An exponential segment multiplies, so it neither starts nor ends "
        "at 0.",
        "adam(0 -> exponential(1e-3, 100))",
        "adam(1e-6 -> exponential(1e-3, 100))",
    ),
    "E303": Page(
        "leaves with a raw gradient",
        "`where` on a stage lets the other leaves pass unchanged. On a stage that applies the "
        "learning rate they would be given their gradient, with a plus sign, as an update. A `match` "
        "says what happens to all of them.",
        "adam(1e-3) where ndim > 1",
        "match { ndim > 1 => adam(1e-3), else => freeze }",
    ),
    "E304": Page(
        "a value for each leaf where leaves are coupled",
        "The stage computes one number from all leaves together, such as a global norm, so its "
        "parameter cannot differ between them. An arm of a `match` has a norm of its own.",
        "clip_by_global_norm(1.0 where ndim > 1 else 2.0) | adam(1e-3)",
        "clip_by_global_norm(1.0) | adam(1e-3)",
    ),
    "E309": Page(
        "a schedule that cannot be",
        "The segments of an arrow do not fit into the whole: together they take longer than `:total`, "
        "or two of them leave out their duration, and only one may take what is left.",
        "adam(0 -> linear(1e-3) -> cosine(0))",
        "adam(0 -> linear(1e-3, 100) -> cosine(0))",
        {"total": 1000},
    ),
    "E401": Page(
        "a leaf that no arm takes",
        "Every leaf of the parameters belongs to one arm of a `match`. The message lists those that "
        "are left over, with their shapes; an `else` takes them all.",
        "match { ndim > 1 => sgd(0.1) }",
        "match { ndim > 1 => sgd(0.1), else => adam(1e-3) }",
        found="parameters",
    ),
    "E402": Page(
        "a selection without a leaf",
        "A selector matches none of the parameters. A misspelt path would otherwise freeze nothing, "
        "silently; the message names the nearest paths that exist.",
        "freeze where embd/** | adam(1e-3)",
        "freeze where embed/** | adam(1e-3)",
        found="parameters",
    ),
    "E403": Page(
        "axes that a leaf does not have",
        "`centralize` is asked for axes that a leaf it applies to does not have. It is found once the "
        "parameters are known: with `compile(text, params=...)`, or when the state is made.",
        "centralize(axes=2) | adam(1e-3)",
        "centralize(axes=-1) | adam(1e-3)",
        found="parameters",
    ),
    "E405": Page(
        "an extra argument, missing or unknown",
        "Some stages need more than the gradient at each step, such as the value of the loss. "
        "`opt.needs` names what a program needs; `train_step` supplies all of it. A name that no "
        "stage takes is an error in `step`, and is ignored by `update`, as Optax asks.",
        "polyak_sgd",
        "sgd(0.1)",
        found="python",
    ),
    "E999": Page(
        "optdsl itself failed",
        "This is a mistake of optdsl and not of the program. The message names the versions that a "
        "report needs. With `OPTDSL_DEBUG=1` in the environment, the command line shows where it "
        "happened.",
        found="machine",
    ),
}
"""Pages by code, in order."""
