"""Training command, the record of one program's run: step records in, the numbers that are reported out.

It is plain arithmetic on finished steps; it does not know JAX, the terminal or the picture.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from optdsl.backend.digits import Progress

Status: TypeAlias = Literal["waiting", "compiling", "training", "finished", "diverged", "interrupted", "failed"]


@dataclass(slots=True)
class Run:
    """One program and its steps so far; the only thing here that changes while training goes on."""

    program: str
    status: Status = "waiting"
    error: str = ""
    records: list[Progress] = field(default_factory=list["Progress"])
    measured: Progress | None = None

    def begin(self) -> None:
        """Mark the run as under way: its program is being built, traced and compiled."""
        self.status = "compiling"

    def fail(self, error: str) -> None:
        """End the run with the error that its program raised."""
        self.status, self.error = "failed", error

    def stop(self) -> None:
        """End the run as interrupted if it is under way."""
        if self.status in ("compiling", "training"):
            self.status = "interrupted"

    def finish(self) -> None:
        """End the run as finished unless it ended otherwise."""
        if self.status == "training":
            self.status = "finished"

    def add(self, record: Progress) -> None:
        """Take in one more step; a step whose loss is not finite ends the run as diverged."""
        self.records.append(record)
        self.status = "diverged" if record.diverged else "training"
        if record.evaluation is not None and not record.diverged:
            self.measured = record

    @property
    def label(self) -> str:
        """The program on one line."""
        return " ".join(self.program.split())

    @property
    def steps(self) -> int:
        """The number of steps taken, a diverged one included."""
        return len(self.records)

    @property
    def ended(self) -> bool:
        """True once no more steps can come."""
        return self.status in ("finished", "diverged", "interrupted", "failed")

    @property
    def loss(self) -> float | None:
        """The last batch loss, not finite where the run diverged; None before the first step."""
        return self.records[-1].loss if self.records else None

    @property
    def final_loss(self) -> float | None:
        """The last measured loss over all training images; None where the run diverged or never began."""
        if self.status == "diverged" or self.measured is None or self.measured.evaluation is None:
            return None
        return self.measured.evaluation.train_loss

    @property
    def accuracy(self) -> float | None:
        """The last measured held-out accuracy; None where the run diverged or never began."""
        if self.status == "diverged" or self.measured is None or self.measured.evaluation is None:
            return None
        return self.measured.evaluation.accuracy

    @property
    def step_seconds(self) -> float | None:
        """The median seconds of a step without the first, which compiles; None before the second step."""
        return statistics.median(record.seconds for record in self.records[1:]) if self.steps > 1 else None

    @property
    def recent_rate(self) -> float | None:
        """Steps per second over the last fifty warm steps; None before the second step."""
        recent = [record.seconds for record in self.records[1:][-50:]]
        return len(recent) / sum(recent) if recent else None

    @property
    def compile_seconds(self) -> float | None:
        """The seconds the first step took beyond a usual one; None before the first step."""
        if not self.records:
            return None
        return max(0.0, self.records[0].seconds - (self.step_seconds or 0.0))

    @property
    def note(self) -> str:
        """What kept the run from finishing, in a few words; empty where it finished."""
        match self.status:
            case "finished":
                return ""
            case "diverged":
                return f"diverged at step {self.steps}"
            case "interrupted":
                return f"stopped after step {self.steps}" if self.steps else "stopped while compiling"
            case "failed":
                return "failed"
            case "waiting":
                return "not started"
            case "compiling" | "training":
                return self.status


def as_json(run: Run) -> dict[str, object]:
    """Return what `--json` says of one run; numbers that are unknown or not finite are null."""
    seconds = run.step_seconds
    return {
        "program": run.program,
        "status": run.status,
        "steps": run.steps,
        "final_loss": run.final_loss,
        "test_accuracy": run.accuracy,
        "median_ms_per_step": None if seconds is None else seconds * 1e3,
        "compile_s": run.compile_seconds,
        "diverged_at": run.steps if run.status == "diverged" else None,
        "error": run.error or None,
        "curve": [
            {
                "step": record.step,
                "loss": record.evaluation.train_loss,
                "accuracy": record.evaluation.accuracy,
            }
            for record in run.records
            if record.evaluation is not None and math.isfinite(record.evaluation.train_loss)
        ],
    }
