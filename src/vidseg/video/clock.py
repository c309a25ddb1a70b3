"""Times of frames that rise from 0, whatever a container says."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from av.video.stream import VideoStream

_SLOWEST, _FASTEST = Fraction(1, 3600), 10_000  # frames per second; beyond that it is an error
_USUAL = Fraction(25)
_TURNED_BACK = 1.0  # seconds; less is a disorder among neighbours, more a new beginning
LONGEST_STEP = 3600.0
"""Seconds from one frame to the next; more is an error, and more than an mp4 can hold is near."""
_ENOUGH_STEPS = 10
_NEARLY_ALWAYS = 0.8  # of all steps
_JITTER = 2  # milliseconds; containers round times


def sane_rate(rate: float | Fraction | None) -> float | Fraction | None:
    """The rate in frames per second; None for what cannot be one, NaN included."""
    return rate if rate is not None and _SLOWEST <= rate <= _FASTEST else None


def frame_rate(stream: VideoStream) -> Fraction | None:
    """Frames per second: measured over the file, else guessed by libav; None: neither is sane."""
    rate = sane_rate(stream.average_rate) or sane_rate(stream.guessed_rate)
    return None if rate is None else Fraction(rate)


class Pace:
    """Finds the frames that a video of constant rate lacks, by the steps between its times.

    A video that keeps one step nearly always, and now and then makes one of several, has lost what
    was between; of one whose steps vary nothing can be said.
    """

    def __init__(self) -> None:
        self._last: float | None = None
        self._steps: Counter[int] = Counter()  # milliseconds

    def follow(self, time: float) -> None:
        """Takes the time of the next frame, in seconds."""
        if self._last is not None:
            self._steps[round(1000 * (time - self._last))] += 1
        self._last = time

    def missing(self) -> int:
        """How many frames are lacking; 0 where that cannot be said."""
        if self._steps.total() < _ENOUGH_STEPS:
            return 0
        usual = self._steps.most_common(1)[0][0]
        even = sum(count for step, count in self._steps.items() if abs(step - usual) <= _JITTER)
        if usual <= 2 * _JITTER or even < _NEARLY_ALWAYS * self._steps.total():
            return 0
        return sum(count * max(round(step / usual) - 1, 0) for step, count in self._steps.items())


class Clock:
    """Gives each frame its time in seconds. The first is at 0, each later than the one before.

    Frames keep the times of their container, so that variable rates survive. A frame without a
    time comes one step after the last; one that repeats or precedes the last, a fraction of a step
    after it; and where times begin anew, or leap by more than an hour, they go on from there.
    """

    def __init__(self, rate: Fraction | None) -> None:
        self._step = float(1 / (rate or _USUAL))
        self._last: float | None = None
        self._origin: float | None = None

    def time(self, stamp: float | None) -> float:
        """Time of the next frame, whose container says ``stamp`` seconds."""
        following = 0.0 if self._last is None else self._last + self._step
        if stamp is None:
            shown = following
        else:
            if self._origin is None or self._is_anew(stamp - self._origin):
                self._origin = stamp - following
            shown = stamp - self._origin
            if self._last is not None and shown <= self._last:
                shown = self._last + self._step / 16
        self._last = shown
        return shown

    def _is_anew(self, time: float) -> bool:
        if self._last is None:
            return False
        return not self._last - _TURNED_BACK <= time <= self._last + LONGEST_STEP
