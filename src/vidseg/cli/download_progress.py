"""Progress bar of a download."""

from __future__ import annotations

from ..models.files.downloads.transfer import Watcher
from ..progress import ProgressBar

_MIB = 2**20


class DownloadProgress(Watcher):
    """Shows a download on a bar, and its interruptions as sentences."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar

    def begin(self, there: int, total: int | None) -> None:
        self._bar.begin(there / _MIB, None if total is None else total / _MIB)

    def advance(self, count: int) -> None:
        self._bar.advance(count=count / _MIB)

    def again(self, reason: str, seconds: float) -> None:
        self._bar.tell(f"{reason}; trying again in {seconds:.0f} s")

    def waiting(self) -> None:
        self._bar.tell("Another process is downloading this file; waiting for it.")
