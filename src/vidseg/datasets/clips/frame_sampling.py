"""Which frames of a video make a clip, and where a crop should look."""

from __future__ import annotations

import numpy as np

from .schema import SmallIdMap


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


def random_labelled_pixel(ids: SmallIdMap, rng: np.random.Generator) -> tuple[float, float] | None:
    """(x, y) in a random region, so that small regions are looked at as often as large ones."""
    coarse = ids[::4, ::4]
    present = np.unique(coarse)
    present = present[present > 0]
    if not len(present):
        return None
    ys, xs = np.nonzero(coarse == rng.choice(present))
    pick = int(rng.integers(len(ys)))
    return float(4 * xs[pick]), float(4 * ys[pick])
