"""REPL, the commands: a line that begins with a colon in, what it asks for done."""

from collections.abc import Callable
from textwrap import fill
from typing import Literal, NamedTuple

from optdsl.cli import codes, doc, doctor, listing, style, translate
from optdsl.diagnostics.suggest import nearest
from optdsl.repl import files, setting, targets, training, typed
from optdsl.repl.session import Leave, Refused, Session
from optdsl.repl.told import options_of, retold, tell

Takes = Literal["nothing", "program", "word", "file", "shapes", "path", "hole", "command", "code", "number"]


class Command(NamedTuple):
    """How a command is written, what it does, and what kind of thing stands behind it."""

    usage: str
    summary: str
    takes: Takes
    run: Callable[[Session, str], None]
    options: str = ""


def run_command(session: Session, line: str) -> None:
    """Does what a line such as `:plot` asks for; raises `Refused` if there is no such command."""
    name, _, rest = line[1:].strip().partition(" ")
    name, bang = name.removesuffix("!"), name.endswith("!")
    name = _SHORT.get(name, name)
    command = COMMANDS.get(name)
    if command is None:
        raise Refused(_unknown(name))
    if rest.split()[-1:] in (["--help"], ["-h"]):
        _help(session, name)
        return
    if rest.strip() and command.takes == "nothing":
        raise Refused(f":{name} takes nothing: write `:{name}`")
    command.run(session, f"!{rest.strip()}" if bang else rest.strip())


def _unknown(name: str) -> str:
    if not name:
        return "a command is missing: `:help` lists them"
    near = nearest(name, COMMANDS)
    return f"there is no command `:{name}`: " + (f"write `:{near}`" if near else "`:help` lists them")


def _help(session: Session, rest: str) -> None:
    """Writes how all commands are written, or one."""
    name = rest.removeprefix(":")
    if name and name not in COMMANDS:
        raise Refused(_unknown(name))
    if name:
        command = COMMANDS[name]
        style.write(f"{command.usage}: {command.summary}")
        if command.options:
            style.write(f"    options: {command.options}")
        return
    style.write_table([(command.usage, command.summary) for command in COMMANDS.values()], ("command", "what it does"))
    for line in _ABOUT:
        style.write(fill(line, style.page_width(), subsequent_indent="    "))


def _quit(session: Session, rest: str) -> None:
    raise Leave


def _explain(session: Session, rest: str) -> None:
    program, options = targets.words(rest)
    typed.explain(session, targets.program(session, program), options)


def _plot(session: Session, rest: str) -> None:
    program, options = targets.words(rest)
    typed.draw(session, targets.program(session, program), options)


def _python(session: Session, rest: str) -> None:
    program, options = targets.words(rest)
    tell(session, "python", translate.run_python, targets.program(session, program), options)


def _doctor(session: Session, rest: str) -> None:
    program, options = targets.words(rest)
    tell(session, "doctor", doctor.run, targets.program(session, program), options)


def _format(session: Session, rest: str) -> None:
    program = targets.program(session, rest)
    style.write(program.text if program.sets else str(program.tree))


def _doc(session: Session, rest: str) -> None:
    if not rest:
        raise Refused("name a stage or a schedule, as in `:doc adam`; `:list` shows them all")
    given = options_of("doc", "adam")
    given.name = rest
    with retold():
        session.failed |= doc.run(given) != 0


def _list(session: Session, rest: str) -> None:
    with retold():
        session.failed |= listing.run(options_of("list", rest)) != 0


def _codes(session: Session, rest: str) -> None:
    with retold():
        session.failed |= codes.run(options_of("codes", rest)) != 0


def _history(session: Session, rest: str) -> None:
    """Lists the programs of the session, or takes one up again."""
    if rest:
        if not rest.isdecimal():
            raise Refused(f"`:hist` takes the number of a program, not `{rest}`")
        typed.take_tree(session, targets.numbered(session, int(rest)))
        return
    current = session.kept.tree if session.kept else None
    for number, tree in enumerate(session.programs, 1):
        mark = "*" if tree is current else " "
        style.write(f"{number:>3}{mark} {' '.join(tree.source.text.split())}")
    if not session.programs:
        style.write("no program yet")


_TRAINING = "--steps N, --seed N, --batch N, -o PICTURE, --json"

COMMANDS: dict[str, Command] = {
    "train": Command(
        ":train [PROGRAM]",
        "trains a small network on handwritten digits; Ctrl-C ends it with its results so far",
        "program",
        training.train,
        _TRAINING,
    ),
    "race": Command(
        ":race A B ...",
        "trains programs on the same batches and compares them; A alone meets `opt`",
        "program",
        training.race,
        _TRAINING,
    ),
    "plot": Command(":plot [PROGRAM]", "draws its schedules", "program", _plot, "--steps N, -o PICTURE"),
    "explain": Command(
        ":explain [PROGRAM]", "says what it does, stage by stage and leaf by leaf", "program", _explain, "--json"
    ),
    "python": Command(":python [PROGRAM]", "writes it as plain Optax", "program", _python),
    "doctor": Command(":doctor [PROGRAM]", "runs a few steps of it, and says what they show", "program", _doctor),
    "fmt": Command(":fmt [PROGRAM]", "writes it in the canonical form", "program", _format),
    "doc": Command(":doc NAME", "says what a stage or a schedule does, and what it takes", "word", _doc),
    "list": Command(":list [PATTERN]", "lists stages and schedules", "word", _list),
    "codes": Command(":codes [CODE]", "says what the code of a finding means", "code", _codes),
    "load": Command(":load FILE", "takes up the program in a file", "file", files.load),
    "save": Command(
        ":save [FILE]", "writes `opt` into a file; `:save!` also over one that is there", "file", files.save
    ),
    "params": Command(":params [SHAPES.json | none]", "loads the shapes of a model", "shapes", files.params),
    "set": Command(":set PATH=VALUE", "puts a value over `opt`, and says what that took", "path", setting.set_value),
    "hole": Command(":hole [NAME=VALUE]", "fills a hole in this and later programs", "hole", setting.fill_hole),
    "hist": Command(":hist [NUMBER]", "lists the programs of this session, or takes one up again", "number", _history),
    "help": Command(":help [COMMAND]", "this list", "command", _help),
    "quit": Command(":quit", "leaves, as Ctrl-D does", "nothing", _quit),
}

_SHORT = {"q": "quit", "exit": "quit", "h": "help", "?": "help"}

_ABOUT = (
    "",
    "PROGRAM is a program, `opt` (the last one, as where it is left out), a number of `:hist`, or a file.",
    "Enter ends a program unless a bracket is open or more must follow; Alt-Enter begins a new line.",
    "Tab completes, F1 shows the page of the word at the cursor, Up brings back what was typed.",
)
