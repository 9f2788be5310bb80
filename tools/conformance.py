"""Runs the conformance suite that lies beside the repository, with the cases of later work listed as pending.

    python tools/conformance.py [--folder FOLDER] [--pending FILE] [pytest arguments]
    python tools/conformance.py "test_programs.py::test_step_is_update_and_apply[layerwise]"

The suite is never written to. `tests/conformance_pending.toml` lists the cases that are not expected to pass
yet. Each runs as a strict expected failure: one that passes fails the run, and so does an entry that fits
no case of the whole suite. This file is the command and, in the processes it starts, the pytest plugin.
"""

import os
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("later", "wrong")
NO_TESTS = 5


class Pending(NamedTuple):
    """One entry: the cases named by `id` (a whole id, or its beginning and `*`) are not expected to pass."""

    id: str
    why: str
    kind: Literal["later", "wrong"]
    run: bool = True

    def fits(self, node: str) -> bool:
        """Returns whether the entry names the case `node`; brackets and inner stars mean themselves."""
        return node.startswith(self.id[:-1]) if self.id.endswith("*") else node == self.id


def read_pending(path: Path) -> tuple[Pending, ...]:
    """Returns the entries of the file at `path`; a malformed one raises `ValueError` with its number."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("pending", [])
    return tuple(_entry(number, row) for number, row in enumerate(rows, start=1))


def _entry(number: int, row: dict[str, Any]) -> Pending:
    unknown = row.keys() - set(Pending._fields)
    missing = {"id", "why", "kind"} - row.keys()
    if unknown or missing:
        raise ValueError(f"entry {number}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
    if row["kind"] not in KINDS:
        raise ValueError(f"entry {number}: kind is one of {KINDS}, found {row['kind']!r}")
    return Pending(**row)


def first_fit(pending: Iterable[Pending], node: str) -> Pending | None:
    """Returns the first entry that names `node`."""
    return next((entry for entry in pending if entry.fits(node)), None)


# The plugin. Under xdist it lives in every worker, which collects, and in the controller, which reports.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--pending`."""
    parser.addoption("--pending", metavar="FILE", help="cases that are not expected to pass")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the plugin's state for this run."""
    if config.getoption("pending"):
        config.pluginmanager.register(_Expectations(config), "optdsl-pending")


class _Expectations:
    """Marks the listed cases, and fails the run at the end if entries fit nothing."""

    def __init__(self, config: pytest.Config) -> None:
        self.entries = read_pending(Path(str(config.getoption("pending"))))
        self.stale: set[str] = set()
        self.config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        used: set[Pending] = set()
        for item in items:
            entry = first_fit(self.entries, item.nodeid)
            if entry is not None:
                used.add(entry)
                reason = f"{entry.kind}: {entry.why}"
                item.add_marker(pytest.mark.xfail(strict=True, run=entry.run, reason=reason))
        if self._whole_suite():
            self.stale = {entry.id for entry in self.entries if entry not in used}

    def _whole_suite(self) -> bool:
        return self.config.args == [str(self.config.rootpath)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.stale.update(node.workeroutput.get("stale", ()) if hasattr(node, "workeroutput") else ())

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output["stale"] = sorted(self.stale)
        elif self.stale and session.exitstatus in (pytest.ExitCode.OK, NO_TESTS):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.stale:
            terminalreporter.section("pending entries that fit no case", sep="=", red=True)
            for case in sorted(self.stale):
                terminalreporter.write_line(f"ERROR {case}")


# The command.


def main(arguments: list[str]) -> int:
    """Returns pytest's exit status, or 0 with a remark where there is no suite."""
    parser = ArgumentParser(description="Run the conformance suite.", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "conformance")
    parser.add_argument("--pending", type=Path, default=ROOT / "tests" / "conformance_pending.toml")
    known, rest = parser.parse_known_args(arguments)
    folder = known.folder.resolve()
    if not folder.is_dir():
        print("No conformance suite beside this repository: skipped.")
        return 0
    read_pending(known.pending)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # workers too: the suite may be shared or read-only
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(Path(__file__).parent)]
    pending = known.pending.resolve()
    os.chdir(folder)  # so that pytest prints the ids that the list and this command take
    some = any(Path(argument.split("::")[0]).is_file() for argument in rest)
    options = ["--rootdir", str(folder), "-c", os.devnull, "-p", "no:cacheprovider", "-p", "conformance"]
    return int(pytest.main([*options, "--pending", str(pending), *rest, *(() if some else (str(folder),))]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
