"""The loop of a run: step after step, what is due after each, and how it is asked to stop."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch

from ...datasets.batches.collate import ClipBatch
from ...interrupts import PATIENCE, SIGNALS, Stopped
from ...terminal import printable
from ..parallel.processes import Team
from ..recipe.schema import Recipe
from .logs import RunLog
from .milestones import Milestones, last_checkpoint
from .progress import RunProgress
from .step import BadStepError, Stepper, StepReport


class Loop:
    """Step after step, with what belongs to each."""

    def __init__(
        self,
        recipe: Recipe,
        out: Path,
        crew: Team,
        stepper: Stepper,
        milestones: Milestones,
        log: RunLog | None,
        progress: RunProgress | None,
    ) -> None:
        self._recipe, self._out, self._crew = recipe, out, crew
        self._stepper, self._milestones = stepper, milestones
        self._log, self._progress = log, progress
        self._terms = _Means()
        self._waited = 0.0

    def go(self, stream: Iterator[ClipBatch], start: int, request: StopRequest) -> None:
        """Takes the remaining steps."""
        if self._milestones.measures(start):
            self._milestones.measure(start, self._log)
        for step in range(start, self._recipe.schedule.iterations):
            begun = time.perf_counter()
            batch = next(stream)
            self._waited += time.perf_counter() - begun
            try:
                report = self._stepper.take(step, batch, stop=request.asked)
            except BadStepError as error:
                raise BadStepError(
                    f"{error}; {last_checkpoint(self._out)}. Lower optimiser.lr or leave that "
                    f"data out, then go on with --resume."
                ) from error
            self._tell(step + 1, report, batch)
            self._reach(step + 1, batch, request if report.stop else None)

    def _tell(self, done: int, report: StepReport, batch: ClipBatch) -> None:
        """Progress in every step, figures in every ``log_every``-th."""
        self._terms.add(report.terms)
        if self._progress is not None:
            self._progress.step(report.loss)
        if done % self._recipe.engine.log_every and done != self._recipe.schedule.iterations:
            return
        terms = _mean_of(self._crew.gather(self._terms.take()))
        waited, self._waited = self._waited, 0.0
        if self._log is None or self._progress is None:
            return
        figures = {f"loss/{name}": value for name, value in terms.items()}
        figures |= {
            "gradient_norm": report.gradient,
            "learning_rate": report.rate,
            "clips_per_second": self._progress.clips_per_second,
            "seconds_waiting_for_data": waited,
        }
        if self._crew.device.type == "cuda":
            figures["gigabytes"] = torch.cuda.max_memory_allocated(self._crew.device) / 1e9
        self._log.figures(done, figures, {"data": batch.samples[0].dataset})
        self._progress.line()

    def _reach(self, done: int, batch: ClipBatch, stop: StopRequest | None) -> None:
        """What is due after a step; ``stop``: the request that ends the run after it."""
        milestones = self._milestones
        if milestones.draws(done):
            milestones.draw(done, batch, self._log)
        if milestones.saves(done) or stop is not None:
            milestones.save(done)
        if stop is not None:
            if self._crew.leads:
                say(f"Stopped after step {done}; go on with --resume.")
            raise Stopped(stop.number or signal.SIGINT)
        if milestones.measures(done):
            milestones.measure(done, self._log)


class _Means:
    """Means of scalars by name over the steps since the last :meth:`take`."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, int]] = {}

    def add(self, values: dict[str, float]) -> None:
        """One step; names may come and go."""
        for name, value in values.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)

    def take(self) -> dict[str, float]:
        """Returns the means and resets them."""
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return means


def _mean_of(tables: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each name over the tables that have it."""
    means = _Means()
    for table in tables:
        means.add(table)
    return means.take()


class StopRequest:
    """Whether this process was asked to stop.

    Attributes:
        number: of the signal; None where none came.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._since = 0.0

    @property
    def asked(self) -> bool:
        """Whether it was."""
        return self.number is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.number is None:
            self.number, self._since = number, now
        elif now - self._since > PATIENCE:
            raise Stopped(number)  # the second request does not wait


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Collects requests to stop; schedulers send SIGTERM some time before they kill.

    Only the main thread receives signals; in other threads nothing is collected.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    watched = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, request._note) for number in watched}
    try:
        yield request
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def say(sentence: str) -> None:
    """Something that the user should know; a bar on the terminal makes room for it."""
    print(printable(sentence), file=sys.stderr, flush=True)
