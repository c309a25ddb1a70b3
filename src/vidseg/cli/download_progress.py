"""Progress bar of a download."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from ..models.files.downloads.transfer import Watcher


class DownloadProgress(Watcher):
    """A bar on stderr with bytes, speed and time left; only sentences where that is no terminal."""

    def __init__(self, title: str) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._bar = self._progress.add_task(title, total=None)

    def begin(self, there: int, total: int | None) -> None:
        self._progress.reset(self._bar, total=total, completed=there)

    def advance(self, count: int) -> None:
        self._progress.advance(self._bar, count)

    def again(self, reason: str, seconds: float) -> None:
        self._console.print(Text(f"{reason}; trying again in {seconds:.0f} s"))

    def waiting(self) -> None:
        self._console.print("Another process is downloading this file; waiting for it.")

    def __enter__(self) -> DownloadProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
