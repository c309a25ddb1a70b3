"""One progress bar for all that takes long: on stderr, and only where that is a terminal."""

from __future__ import annotations

import sys
import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING

from .terminal import console, printable

if TYPE_CHECKING:
    from rich.progress import Progress
    from typing_extensions import Self

_RECENT = 50  # advances that speed and time left are estimated from


class ProgressBar:
    """Counts, and shows what is done, the speed and the time left. Use it in a ``with``.

    Where stderr is no terminal it only counts, and does not import ``rich``.

    Args:
        title: what is at work.
        total: how much there is; None where that is not known.
        unit: what is counted.
        done: how much was done before.
        kept: the bar stays on the terminal when it is finished.

    Attributes:
        done: how much is done.
        live: whether the bar is on a terminal.
    """

    def __init__(
        self,
        title: str,
        total: float | None = None,
        unit: str = "frames",
        *,
        done: float = 0,
        kept: bool = False,
    ) -> None:
        self.done = done
        self.live = sys.stderr.isatty()
        self._total, self._unit = total, unit
        self._begun = time.perf_counter()
        self._marks = deque([(self._begun, done)], maxlen=_RECENT + 1)
        self._progress = _rich_progress(kept=kept) if self.live else None
        if self._progress is not None:
            self._task = self._progress.add_task(
                printable(title), total=total, completed=int(done), text=""
            )

    def advance(self, note: str = "", count: float = 1) -> None:
        """``count`` more are done; ``note`` is shown behind the numbers."""
        self.done += count
        self._marks.append((time.perf_counter(), self.done))
        if self._progress is not None:
            self._progress.update(self._task, completed=self.done, text=self._text(note))

    def begin(self, done: float, total: float | None) -> None:
        """Counts anew, from ``done`` to ``total``."""
        self.done, self._total = done, total
        self._marks.clear()
        self._marks.append((time.perf_counter(), done))
        if self._progress is not None:
            self._progress.reset(self._task, total=total, completed=int(done), text="")

    def tell(self, sentence: str) -> None:
        """A line above the bar, or alone on stderr."""
        sentence = printable(sentence)
        if self._progress is None:
            print(sentence, file=sys.stderr)
            return
        from rich.text import Text

        self._progress.console.print(Text(sentence), soft_wrap=True)

    @property
    def seconds(self) -> float:
        """Since the bar was made."""
        return time.perf_counter() - self._begun

    @property
    def rate(self) -> float:
        """Units a second over the last advances, everything included; 0 before the first."""
        (first, before), (last, done) = self._marks[0], self._marks[-1]
        return (done - before) / (last - first) if last > first else 0.0

    @property
    def left(self) -> str:
        """The time left in words, estimated from the last advances; empty where unknown."""
        if self._total is None:
            return ""
        return f"{duration((self._total - self.done) / self.rate if self.rate else 0.0)} left"

    def _text(self, note: str) -> str:
        total = "" if self._total is None else f"/{self._total:.0f}"
        count = f"{self.done:.0f}{total} {self._unit}".rstrip()
        speed = f"{self.rate:.3g} {self._unit}/s" if self._unit else ""
        return " · ".join(
            filter(None, (count, speed, self.left or duration(self.seconds), printable(note)))
        )

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()


def _rich_progress(*, kept: bool) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[text]}", markup=False),
        console=console(stderr=True),
        transient=not kept,
    )


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
