"""Progress bar while a video runs, and the table at its end."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Task as Bar
from rich.table import Table
from rich.text import Text

from ..results import VideoResult


class _FramesColumn(ProgressColumn):
    """``12/250 frames · 4.1 frames/s``."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Bar) -> Text:
        total = "" if task.total is None else f"/{task.total:.0f}"
        rate = "" if not task.speed else f" · {task.speed:.1f} {self._unit}/s"
        return Text(f"{task.completed:.0f}{total} {self._unit}{rate}")


class FrameProgress:
    """A bar on stderr with frames, frames/s and time left; silent where stderr is no terminal.

    ``unit`` is what is counted, where it is not frames.
    """

    def __init__(self, title: str, total: int | None, unit: str = "frames") -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            _FramesColumn(unit),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task(title, total=total)
        self._begun = time.perf_counter()
        self.frames = 0

    def advance(self) -> None:
        """One more frame is finished."""
        self.frames += 1
        self._progress.advance(self._bar)

    @property
    def seconds(self) -> float:
        """Since the bar was made."""
        return time.perf_counter() - self._begun

    def __enter__(self) -> FrameProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()


def summary_table(video: VideoResult) -> Table:
    """One row per id: class, frames seen, mean score, first and last frame."""
    table = Table(header_style="bold")
    table.add_column("id", justify="right")
    table.add_column("class")
    for title in ("frames", "mean score", "first", "last"):
        table.add_column(title, justify="right")
    for track in video.tracks:
        table.add_row(
            str(track.id),
            Text(track.category or "object"),
            str(track.frames),
            f"{track.mean_score:.2f}",
            str(track.first_frame),
            str(track.last_frame),
        )
    return table
