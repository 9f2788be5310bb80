"""Layer 8, the command line: arguments in, text and an exit status out. It decides nothing about programs.

Exit status: 0 fine, 1 findings or a failure, 2 wrong usage, 130 after Ctrl-C. Whatever goes wrong, a person
reads a line and no traceback. A command's module is imported when it runs, so `--help` loads none.
"""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from io import TextIOWrapper

from optdsl.cli.arguments import Usage, parse_arguments

_INTERRUPTED = 130
_NOBODY_READS = 141
"""What a shell reports of a command whose reader went away, as in `optdsl list | head -1`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status of the command in `argv`, by default the arguments of this process.

    >>> main(["check", "-e", "clip(1.0) | adam(1e-3)"])
    <program>: ok
    0
    """
    _accept_any_character()
    try:
        status = _guarded(sys.argv[1:] if argv is None else list(argv))
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    return status


def _guarded(argv: list[str]) -> int:
    """Returns the exit status of a command, every exception but a broken pipe turned into a line."""
    try:
        return _run(parse_arguments(argv))
    except Usage as problem:
        return _complain(str(problem), 2)
    except SystemExit as done:  # argparse ends this way after `--help`
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        return _complain("optdsl: interrupted", _INTERRUPTED)
    except BrokenPipeError:
        raise
    except Exception as error:
        from optdsl.cli.failure import failure

        if os.environ.get("OPTDSL_DEBUG") == "1":
            raise
        return _complain(failure(error), 1)


def _run(given: Namespace) -> int:
    match given.command:
        case "check":
            from optdsl.cli.check import run
        case "fmt":
            from optdsl.cli.fmt import run
        case "explain":
            from optdsl.cli.translate import run_explain as run
        case "doctor":
            from optdsl.cli.doctor import run
        case "python":
            from optdsl.cli.translate import run_python as run
        case "plot":
            from optdsl.cli.plot import run
        case "train":
            from optdsl.cli.training import run
        case "list":
            from optdsl.cli.listing import run
        case "doc":
            from optdsl.cli.doc import run
        case "lsp":
            from optdsl.lsp import main as serve

            return serve()
        case "repl":
            from optdsl.repl import main as run
        case _:
            from optdsl.cli.codes import run
    return run(given)


def _complain(line: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"{line}\n")
    return status


def _accept_any_character() -> None:
    """Has the streams escape what their encoding lacks, such as an ellipsis in ASCII, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
