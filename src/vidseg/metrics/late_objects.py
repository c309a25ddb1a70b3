"""J and F of objects that need not be there from the first frame on, as vos-benchmark counts them.

Source: hkchengrex/vos-benchmark, the public tool in use where a benchmark's server is closed.
"""

from __future__ import annotations

from collections.abc import Hashable

from .contours import LabelMap8, Transitions
from .jf import JFMeter, JFScores


class LateObjectMeter:
    """Gathers label maps frame by frame over several videos.

    Labels may be any of 1..255. The frames of an object start where its label is first seen, in the
    truth or in the prediction. Objects that the truth never shows do not count.

    Attributes:
        strays: (video, label) of predicted labels that the truth never shows.

    >>> import numpy as np
    >>> meter = LateObjectMeter()
    >>> meter.start_video("a")
    >>> for label in (0, 9, 9):
    ...     meter.update(np.full((4, 4), label, np.uint8), np.full((4, 4), label, np.uint8))
    >>> meter.finished().region
    {('a', '9'): [1.0, 1.0]}
    """

    def __init__(self) -> None:
        self.strays: set[tuple[str, str]] = set()
        self._settled = JFMeter()
        self._video = ""
        self._in_truth: set[int] = set()
        self._running = JFMeter()
        self._labels: dict[Hashable, int] = {}

    def start_video(self, name: str) -> None:
        """Says that the next frame belongs to the video ``name``, which is not to come again."""
        self._settle()
        self._video = name

    def update(self, predicted: LabelMap8, truth: LabelMap8) -> None:
        """Adds one frame: [H, W] labels, 0 = background. Raises ValueError where sizes differ."""
        predicted_map, true_map = Transitions(predicted), Transitions(truth)
        self._in_truth.update(true_map.labels)
        self._labels.update(
            (str(label), label) for label in (*predicted_map.labels, *true_map.labels)
        )
        self._running.update_maps(dict(self._labels), predicted_map, true_map)

    def _settle(self) -> None:
        for label in sorted(self._in_truth):
            values = self._running.region[str(label)], self._running.contour[str(label)]
            self._settled.add((self._video, str(label)), *values)
        unknown = set(self._labels) - {str(label) for label in self._in_truth}
        self.strays |= {(self._video, str(label)) for label in unknown}
        self._running, self._labels, self._in_truth = JFMeter(), {}, set()

    def finished(self) -> JFMeter:
        """Values of each object over its frames, by (video, label)."""
        self._settle()
        return self._settled

    def merge(self, other: LateObjectMeter) -> None:
        """Adds the videos of ``other``."""
        self.finished().merge(other.finished())
        self.strays |= other.strays

    def compute(self) -> JFScores:
        """Scores over all objects so far. Raises ValueError if there was none."""
        return self.finished().compute()
