"""REPL, one exchange: what was typed in, the answer on standard output; whatever goes wrong, the session goes on."""

import os
import sys
import traceback

from optdsl.cli import style
from optdsl.cli.arguments import Usage
from optdsl.cli.failure import failure
from optdsl.cli.programs import Given
from optdsl.diagnostics import OptdslError
from optdsl.repl.commands import COMMANDS, run_command
from optdsl.repl.session import Leave, Refused, Session
from optdsl.repl.told import write_findings
from optdsl.repl.typed import take
from optdsl.repl.unfinished import is_nothing

_WORDS = {"help": ":help", "?": ":help", "exit": ":quit", "exit()": ":quit", "quit": ":quit", "quit()": ":quit"}
"""What people type that have not read that commands begin with a colon, and that is no program."""


def answered(session: Session, text: str) -> bool:
    """Answers what was typed; returns whether the conversation goes on."""
    try:
        _answer(session, text)
    except Leave:
        return False
    except (Refused, Usage) as problem:
        session.failed = True
        said(str(problem).removeprefix("optdsl repl: "))
    except OptdslError as error:
        session.failed = True
        write_findings(error.diagnostics)
    except KeyboardInterrupt:
        session.failed = True
        said("interrupted")
    except BrokenPipeError:
        raise
    except Exception as error:
        session.failed = True
        _explain_failure(error)
    sys.stdout.flush()
    return True


def said(line: str) -> None:
    """Writes a line at once."""
    style.write(line)
    sys.stdout.flush()


def _answer(session: Session, text: str) -> None:
    text = _WORDS.get(text.strip().lower(), text)
    if text.lstrip().startswith(":"):
        run_command(session, text.strip())
    elif text.strip() == "opt":
        style.write(str(session.opt.whole) if not session.opt.sets else session.opt.text)
    elif not is_nothing(text) and not take(session, Given(text, "<program>")):
        _hint(text)


def _hint(text: str) -> None:
    """Says what was probably meant by a text that is no program, beyond what its findings say."""
    first = text.split(maxsplit=1)[0]
    if first in COMMANDS:
        style.write(f"a command begins with a colon: `:{first}`")
    elif first.startswith("|"):
        style.write("a program is typed whole: end a line with `|`, or begin a new one with Alt-Enter")


def _explain_failure(error: Exception) -> None:
    if os.environ.get("OPTDSL_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stdout)
    said(failure(error))
