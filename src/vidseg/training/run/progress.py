"""Progress of a run on the terminal: a bar, or a line now and then where nobody watches."""

from __future__ import annotations

from ...progress import ProgressBar


class RunProgress(ProgressBar):
    """Steps done, loss, clips per second and time left, on stderr.

    Args:
        total: steps of the run.
        start: steps done before.
        clips: of a step, over all processes.
    """

    def __init__(self, total: int, start: int, clips: int) -> None:
        super().__init__("training", total, "", done=start, kept=True)
        self._steps, self._clips = total, clips
        self._loss = 0.0

    @property
    def clips_per_second(self) -> float:
        """Over the last steps, everything included."""
        return self._clips * self.rate

    def step(self, loss: float) -> None:
        """One more step is finished."""
        self._loss = loss
        self.advance()

    def line(self) -> None:
        """The same as a line of text, for output that is kept in a file."""
        if not self.live:
            self.tell(f"step {self._text('')}")

    def _text(self, note: str) -> str:
        return (
            f"{self.done:.0f}/{self._steps} · loss {self._loss:.4g} · "
            f"{self.clips_per_second:.3g} clips/s · {self.left}"
        )
