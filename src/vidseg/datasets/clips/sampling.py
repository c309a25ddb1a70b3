"""Frames of a video that make a training clip, and the times that the model is told.

Videos are read around a reference frame; a still becomes the frames of a pretended video of copies,
so that its clip has times like those of a real one (UniVS supplement B).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LATEST = 128
"""Temporal positions of the published models end here."""

_STILL_REACH = 2  # T: how far the clip of a pretended video reaches


@dataclass(frozen=True)
class ClipFrames:
    """The frames of one clip.

    Attributes:
        indices: T positions in the video, of which some may be equal.
        times: T positions in time, not descending, 0..128 where the clip is that short.
        moving: they come from different frames of a real video.
    """

    indices: tuple[int, ...]
    times: tuple[int, ...]
    moving: bool


@dataclass(frozen=True, kw_only=True)
class ClipTiming:
    """How frames are drawn from a video.

    Attributes:
        reach: the other frames lie within this many frames of a random reference frame; None: they
            are evenly spaced, forwards or backwards.
        longest_step: distance of neighbours at most, where ``reach`` is None.
        as_still: probability that a video gives one frame, T times.
        pretended: range of the length of the video that a still is taken for, in which its clip
            lies within 2T of a reference frame; None: the clip is all of it.
    """

    reach: int | None = None
    longest_step: int = 3
    as_still: float = 0.0
    pretended: tuple[int, int] | None = None

    def draw(self, length: int, start: int, frames: int, rng: np.random.Generator) -> ClipFrames:
        """Draws a clip.

        Args:
            length: frames of the video that may be drawn.
            start: position of the first of them in time.
            frames: T.
        """
        if length == 1 or (self.as_still > 0 and rng.random() < self.as_still):
            return self._of_still(int(rng.integers(length)), frames, rng)
        if self.reach is None:
            indices = tuple(frame_indices(length, frames, self.longest_step, rng))
            if indices[0] == indices[-1]:
                return self._of_still(indices[0], frames, rng)
        else:
            indices = around_reference(length, frames, self.reach, rng)
        # A clip that runs backwards is a clip like others, and time goes forwards in it.
        times = sorted(start + index for index in indices)
        return ClipFrames(indices, shift_times(times, rng), frames > 1)

    def _of_still(self, index: int, frames: int, rng: np.random.Generator) -> ClipFrames:
        times = tuple(range(frames))
        if self.pretended is not None:
            low, high = self.pretended
            copies = int(rng.integers(low, high + 1))
            times = around_reference(copies, frames, _STILL_REACH * frames, rng)
        return ClipFrames((index,) * frames, shift_times(times, rng), False)


def frame_indices(
    length: int, frames: int, longest_step: int, rng: np.random.Generator
) -> list[int]:
    """T evenly spaced frames of a video, forwards or backwards in time.

    Args:
        length: frames of the video; one that is shorter than T gives one frame, T times.
        frames: T.
        longest_step: largest distance of neighbours.
    """
    if length < frames:
        return [int(rng.integers(length))] * frames
    longest = min(longest_step, (length - 1) // max(frames - 1, 1))
    step = int(rng.integers(1, max(longest, 1) + 1))
    start = int(rng.integers(length - step * (frames - 1)))
    indices = [start + step * t for t in range(frames)]
    return indices[::-1] if rng.random() < 0.5 else indices


def around_reference(
    length: int, frames: int, reach: int, rng: np.random.Generator
) -> tuple[int, ...]:
    """T ascending frames: a random one, and T - 1 drawn with replacement from those around it.

    Args:
        length: frames of the video; a video of one frame gives that one T times.
        frames: T.
        reach: frames on either side of the reference that may be drawn; itself is not.
    """
    reference = int(rng.integers(length))
    low, high = max(0, reference - reach), min(length - 1, reference + reach)
    if low == high:
        return (reference,) * frames
    others = rng.integers(low, high, frames - 1)  # one less than there are: the reference is out
    others += others >= reference
    return tuple(sorted([reference, *others.tolist()]))


def shift_times(times: Sequence[int], rng: np.random.Generator) -> tuple[int, ...]:
    """Moves a clip that ends after 128 to a random place before it; long ones begin at 0."""
    first, last = min(times), max(times)
    if last <= LATEST:
        return tuple(times)
    span = last - first
    begin = int(rng.integers(0, LATEST - span + 1)) if span < LATEST else 0
    return tuple(time - first + begin for time in times)
