"""Command line, the arguments: what may be written behind `optdsl`, and what is said where it was not.

In: the arguments. Out: a namespace whose `command` says what runs. It imports no stage of the compiler.
"""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = """\
Optimizers for JAX as one line of text.

  optdsl train "clip(1.0) | centralize(axes=-1) | adam(1e-3)"
  optdsl check -e "adam(1e-3)"
  optdsl doc adam

Programs are given as files (.opt), as a value inside YAML, TOML or JSON
(config.yaml:optimizer.spec), as text behind -e, or as - for standard input."""

_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")

EPILOG = "Exit status: 0 fine, 1 findings or a failure, 2 wrong usage."


class Usage(Exception):
    """The command cannot run as it is written; the message is one line that says why."""


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raises `Usage` where argparse would print its whole usage first."""
        raise Usage(f"{self.prog}: {message} ({self.prog} --help shows how)")


class _Command(NamedTuple):
    summary: str
    add_arguments: Callable[[ArgumentParser], None]
    description: str = ""


def parse_arguments(argv: list[str]) -> Namespace:
    """Returns the command and its arguments; raises `Usage`, or `SystemExit` behind `--help`, `--version`."""
    _check_command(argv)
    parser, inner = _parser()
    if not argv:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    given, rest = parser.parse_known_args(argv)
    if rest:
        raise Usage(_unknown_option(given.command, rest[0], inner[given.command]))
    return given


def _check_command(argv: list[str]) -> None:
    """Raises `Usage` if the first argument is no command, with what was probably meant."""
    if not argv or argv[0].startswith("-") or argv[0] in COMMANDS:
        return
    from optdsl.diagnostics.suggest import nearest

    word = argv[0]
    if any(mark in word for mark in "(|{"):
        raise Usage("optdsl: a command comes before the program: write `optdsl check -e PROGRAM`")
    if re.search(r"\.(?:opt|ya?ml|toml|json)(?::|$)", word):
        raise Usage(f"optdsl: a command comes before the file: write `optdsl check {word}`")
    near = nearest(word, COMMANDS)
    help = f"write `optdsl {near}`" if near else f"the commands are {', '.join(COMMANDS)}"
    raise Usage(f"optdsl: there is no command `{word}`: {help}")


def _unknown_option(command: str, option: str, parser: ArgumentParser) -> str:
    from optdsl.diagnostics.suggest import nearest

    name = option.partition("=")[0]
    near = nearest(name, _OPTION.findall(parser.format_usage())) if name.startswith("-") else None
    help = f"write `{near}`" if near else f"`optdsl {command} --help` shows what there is"
    what = "option" if name.startswith("-") else "argument"
    return f"optdsl {command}: there is no {what} `{name}`: {help}"


def _parser() -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    """Returns the parser, and that of each command."""
    from optdsl import __version__

    form = RawDescriptionHelpFormatter
    inner: dict[str, ArgumentParser] = {}
    parser = _Parser("optdsl", description=DESCRIPTION, epilog=EPILOG, formatter_class=form, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"optdsl {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser, required=True)
    for name, command in COMMANDS.items():
        description = f"{command.summary[0].upper()}{command.summary[1:]}.\n\n{command.description}"
        inner[name] = commands.add_parser(
            name, help=command.summary, description=description, formatter_class=form, allow_abbrev=False
        )
        command.add_arguments(inner[name])
    return parser, inner


def _add_programs(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="a file with a program, or - for standard input")
    # Several texts may follow one -e, so files stand before it.
    parser.add_argument("-e", dest="texts", action="extend", nargs="+", metavar="TEXT", default=[], help="a program")


def _add_holes(parser: ArgumentParser) -> None:
    help = "fill the hole :NAME with a number, true, false, none or a string (repeatable)"
    parser.add_argument("--hole", dest="holes", action="append", metavar="NAME=VALUE", default=[], help=help)


def _add_set(parser: ArgumentParser) -> None:
    help = "put a value over a parameter or a binding, as in adam.b1=0.95 (repeatable)"
    parser.add_argument("--set", dest="sets", action="append", metavar="PATH=VALUE", default=[], help=help)


def _add_params(parser: ArgumentParser) -> None:
    help = "shapes of the parameters, path -> shape and dtype (docs/shapes.md)"
    parser.add_argument("--params", type=_path, metavar="SHAPES.json", help=help)


def _add_json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="write JSON for a machine")


def _add_check(parser: ArgumentParser) -> None:
    _add_programs(parser)
    _add_holes(parser)
    _add_set(parser)
    _add_params(parser)
    help = "text with source and carets, or one line a finding, as editors read it"
    parser.add_argument("--format", choices=("text", "line"), default="text", help=help)
    _add_json(parser)
    parser.add_argument(
        "--fix", action="store_true", help="make the edits that findings offer, in the files themselves"
    )
    help = "write no file; show what --fix would change"
    parser.add_argument("--diff", action="store_true", help=help)
    parser.add_argument("--notes", action="store_true", help="show notes as well")


def _add_fmt(parser: ArgumentParser) -> None:
    _add_programs(parser)
    help = "write nothing; name the files that would change, and exit with 1 if there are any"
    parser.add_argument("--check", action="store_true", help=help)
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")


def _add_explain(parser: ArgumentParser) -> None:
    _add_doctor(parser)
    parser.add_argument("--passes", action="store_true", help="also say what runs in another way than Optax writes it")


def _add_doctor(parser: ArgumentParser) -> None:
    _add_programs(parser)
    _add_holes(parser)
    _add_set(parser)
    _add_params(parser)
    _add_json(parser)


def _add_python(parser: ArgumentParser) -> None:
    _add_programs(parser)
    help = "the other way: write the program that means what this Python builds with Optax; it is read, not run"
    parser.add_argument("--from", dest="source", type=_path, metavar="FILE.py", help=help)
    _add_holes(parser)
    _add_set(parser)


def _add_plot(parser: ArgumentParser) -> None:
    _add_programs(parser)
    _add_holes(parser)
    _add_set(parser)
    help = "updates to draw (default: all that the schedules and :total speak of, and a tenth more)"
    parser.add_argument("--steps", type=_positive, metavar="N", help=help)
    help = "draw into this file (.png, .svg or .pdf) instead"
    parser.add_argument("-o", dest="picture", type=_path, metavar="PNG", help=help)
    _add_json(parser)


def _add_train(parser: ArgumentParser) -> None:
    parser.add_argument("programs", nargs="+", metavar="TEXT", help="a program, or the name of its file")
    _add_holes(parser)
    _add_set(parser)
    parser.add_argument("--data", choices=("digits",), default="digits", help="what to learn (default: digits)")
    parser.add_argument("--steps", type=_positive, default=1000, metavar="N", help="updates (default: 1000)")
    parser.add_argument(
        "--seed", type=_not_negative, default=0, metavar="N", help="of parameters and batches (default: 0)"
    )
    parser.add_argument("--batch", type=_positive, default=128, metavar="N", help="images in a batch (default: 128)")
    help = "draw the curves into this file (.png, .svg or .pdf)"
    parser.add_argument("-o", dest="picture", type=_path, metavar="PNG", help=help)
    _add_json(parser)


def _path(text: str) -> "Path":
    from pathlib import Path

    return Path(text)


def _positive(text: str) -> int:
    number = _not_negative(text)
    if number == 0:
        raise ArgumentTypeError("must be at least 1")
    return number


def _not_negative(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ArgumentTypeError(f"takes a whole number, not `{text}`") from None
    if number < 0:
        raise ArgumentTypeError(f"must not be negative, and is {number}")
    return number


def _add_list(parser: ArgumentParser) -> None:
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="a part of a name, or a glob such as '*adam*'")
    _add_json(parser)


def _add_doc(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a stage or a schedule")


def _add_codes(parser: ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as E202")


def _add_repl(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a program to begin with")
    _add_holes(parser)
    _add_params(parser)


def _add_nothing(parser: ArgumentParser) -> None:
    """Adds no argument."""


COMMANDS: dict[str, _Command] = {
    "check": _Command(
        "say what is wrong with programs",
        _add_check,
        "A text that --fix mends goes to standard output, and what is said of it to standard error.\n"
        "--json writes a list of findings; docs/diagnostics-json.md says what each has.",
    ),
    "fmt": _Command(
        "write programs in the canonical form",
        _add_fmt,
        "Files are rewritten in place; texts and standard input go to standard output.",
    ),
    "explain": _Command("say what a program does, stage by stage and leaf by leaf", _add_explain),
    "doctor": _Command("run a program for a few steps on a small problem, and say what they show", _add_doctor),
    "python": _Command("write a program as plain Optax", _add_python),
    "plot": _Command(
        "draw the schedules of a program, or a schedule by itself",
        _add_plot,
        "Arrows, Optax's schedules and arithmetic with step, in any parameter of any stage.",
    ),
    "train": _Command(
        "train a small classifier on handwritten digits with each program",
        _add_train,
        "The holes :total and :epoch_steps are filled from --steps and --batch.",
    ),
    "list": _Command("list stages and schedules", _add_list),
    "doc": _Command("say what a stage or a schedule does, and what it takes", _add_doc),
    "repl": _Command(
        "try programs in a session",
        _add_repl,
        "A program that is typed is explained, drawn and kept; `:help` lists what else there is.",
    ),
    "lsp": _Command("serve an editor, over standard input and output", _add_nothing),
    "codes": _Command("say what the codes of findings mean", _add_codes),
}
