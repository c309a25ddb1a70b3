"""Progress of a run on the terminal: a bar, or a line now and then where nobody watches."""

from __future__ import annotations

import sys
import time
from collections import deque
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

_RECENT = 50  # steps that speed and time left are estimated from


class RunProgress:
    """Steps done, loss, clips per second and time left, on stderr.

    Args:
        total: steps of the run.
        start: steps done before.
        clips: of a step, over all processes.
    """

    def __init__(self, total: int, start: int, clips: int) -> None:
        self._total, self._clips = total, clips
        console = Console(stderr=True)
        self._live = console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} · {task.fields[news]}", markup=False),
            console=console,
            disable=not self._live,
        )
        self._bar = self._progress.add_task("training", total=total, completed=start, news="")
        self._times: deque[float] = deque([time.perf_counter()], maxlen=_RECENT + 1)

    @property
    def clips_per_second(self) -> float:
        """Over the last steps, everything included."""
        spent = self._times[-1] - self._times[0]
        return self._clips * (len(self._times) - 1) / spent if spent > 0 else 0.0

    def advance(self, done: int, loss: float) -> None:
        """Step number ``done`` (from 1) is finished."""
        self._times.append(time.perf_counter())
        self._progress.update(self._bar, completed=done, news=self._news(done, loss))

    def line(self, done: int, loss: float) -> None:
        """The same as a line of text, for output that is kept in a file."""
        if not self._live:
            print(f"step {done}/{self._total} · {self._news(done, loss)}", file=sys.stderr)

    def _news(self, done: int, loss: float) -> str:
        rate = self.clips_per_second
        left = (self._total - done) * self._clips / rate if rate else 0.0
        return f"loss {loss:.4g} · {rate:.3g} clips/s · {duration(left)} left"

    def __enter__(self) -> RunProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


def duration(seconds: float) -> str:
    """``2 d 3 h``, ``4 h 5 min``, ``6 min 7 s`` or ``8 s``."""
    whole = round(seconds)
    parts = (
        (whole // 86400, "d"),
        (whole // 3600 % 24, "h"),
        (whole // 60 % 60, "min"),
        (whole % 60, "s"),
    )
    first = next((i for i, (count, _) in enumerate(parts) if count), 3)
    shown = parts[first : first + 2]
    return " ".join(f"{count} {unit}" for count, unit in shown if count) or "0 s"
