"""REPL, what runs: jax is loaded, the kept program compiled on a model, a value changed without compiling."""

import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from optdsl import api
from optdsl.diagnostics import OptdslError
from optdsl.repl.session import Kept, Session, values_of_holes

if TYPE_CHECKING:
    from optdsl.backend.doctor_problem import Problem
    from optdsl.backend.optimizer import Optimizer

_BACKEND = "optdsl.backend.optimizer"


def load_backend() -> None:
    """Imports jax, which takes a second or two; Ctrl-C waits for it, as half an import could not be mended."""
    if _BACKEND in sys.modules:
        return
    with _showing("loading jax"), _uninterrupted():
        import_module(_BACKEND)


@contextmanager
def _uninterrupted() -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


@contextmanager
def _showing(what: str) -> Generator[None]:
    """Shows on a terminal that something goes on."""
    from rich.console import Console

    console = Console()
    with console.status(what) if console.is_interactive and sys.stdout.isatty() else nullcontext():
        yield


@dataclass(slots=True)
class Standing:
    """A compiled program in the middle of a run on a small model; `advance` takes one more update."""

    opt: "Optimizer"
    problem: "Problem | None"
    params: Any = None
    state: Any = None

    @classmethod
    def of(cls, session: Session, kept: Kept) -> "Standing":
        """Returns the program compiled and run once, or not run where no model comes to mind that it fits."""
        from optdsl.backend.doctor_problem import problem_for
        from optdsl.backend.doctor_runs import begun

        opt = compiled(session, kept)
        shapes = session.shapes.tree if session.shapes else None
        problem = problem_for(opt, shapes)
        if isinstance(problem, str):
            return cls(opt, None)
        standing = cls(opt, problem, *begun(opt, problem.params))
        try:
            standing.advance()
        except OptdslError:  # E405: it wants what a loss cannot give
            return cls(opt, None)
        return standing

    def advance(self) -> None:
        """Takes one update and waits for it; nothing where the program does not run on its own."""
        if self.problem is None:
            return
        step = self.opt.train_step(self.problem.loss)
        self.params, self.state, loss = step(self.params, self.state, *self.problem.data)
        float(loss)


class Change(NamedTuple):
    """What it took to change a value: seconds, for the change and for an update if one ran, and compilations."""

    replaced: float
    updated: float | None
    compiled: int


def change(session: Session, path: str, text: str) -> Change:
    """Puts a value over the kept program, by `Optimizer.replace` where it belongs to a stage; raises `OptdslError`."""
    load_backend()
    kept = session.opt.setting(path, text)
    if session.standing is None:
        with _showing("compiling"):
            session.standing = Standing.of(session, session.opt)
    standing = session.standing
    value = dict(kept.whole.overrides)[path]
    is_name = path in {statement.name.id for statement in kept.tree.statements}
    from optdsl.backend.compilations import compilations  # imports jax

    with compilations() as count:
        begun = perf_counter()
        new = compiled(session, kept) if is_name else standing.opt.replace({path: value})
        replaced = perf_counter()
        session.standing = None  # an update that fails takes the parameters with it
        standing.opt = new
        standing.advance()
        updated = perf_counter()
    session.kept, session.standing = kept, standing
    ran = standing.problem is not None
    return Change(replaced - begun, updated - replaced if ran else None, count.number)


def compiled(session: Session, kept: Kept) -> "Optimizer":
    """Returns the optimizer of a program, its holes filled."""
    return api.compile(kept.whole, holes=values_of_holes(session.filled(kept)))
