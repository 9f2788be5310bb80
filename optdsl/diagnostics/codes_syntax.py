"""What the codes E1xx mean: texts that do not follow the grammar. Data alone."""

from optdsl.diagnostics.page import Page

SYNTAX: dict[str, Page] = {
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
    "E110": Page(
        "this is not Python",
        "`from_python` reads the syntax tree of Python source, and this text has none. The message is "
        "Python's own, and the caret stands where Python puts it. Nothing of the source is run, so names "
        "that are bound nowhere are no mistake.",
        found="machine",
    ),
    "E111": Page(
        "no optimizer in this Python source",
        "`from_python` looks for a transformation of Optax: the one that is bound to `tx`, else the last "
        "that the module builds or ends with, else what its last function returns. None of these is "
        "there. A transformation that something else makes is read from a module that binds it to `tx`, "
        "and becomes a hole.",
        found="machine",
    ),
}
