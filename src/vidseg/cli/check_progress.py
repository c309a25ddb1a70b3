"""A counting bar for checks, which do not know beforehand how much there is."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class CheckProgress:
    """How many are done, the last one's name and the time; silent where stderr is no terminal."""

    def __init__(self, title: str) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description} {task.completed:.0f}", markup=False),
            TextColumn("{task.fields[name]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task(title, total=None, name="")

    def advance(self, name: str) -> None:
        """One more is done."""
        self._progress.update(self._bar, advance=1, name=name)

    def __enter__(self) -> CheckProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
