"""What the AP of tracks is made of: matching by falling score, precision at fixed recalls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

RECALLS: Floats = np.linspace(0, 1, 101)

NO_MATCH = -1


def match_tracks(
    ious: Floats,
    ignored: Flags,
    crowds: Flags,
    thresholds: Sequence[float],
    slack: float = 0.0,
) -> Integers:
    """Which true track each predicted one finds.

    Each prediction in turn takes the free true track of highest IoU, of equal ones the last. Tracks
    that count are looked at before ignored ones. A crowd never stops being free.

    Args:
        ious: [D, G], predictions by falling score.
        ignored: [G] true tracks that do not count.
        crowds: [G] ignored tracks that may be found many times.
        thresholds: T least values of IoU, ascending.
        slack: by how much an IoU may be too small.

    Returns:
        [T, D] numbers of true tracks, NO_MATCH where there is none.
    """
    found = np.full((len(thresholds), len(ious)), NO_MATCH, np.int64)
    lowest = thresholds[0] - slack
    if ious.max(initial=-1) < lowest:
        return found
    # Few tracks of a class are in a video: plain numbers are faster than arrays.
    unwanted = ignored.tolist()
    order = sorted(range(len(unwanted)), key=unwanted.__getitem__)
    nearby = [
        (row, max(values), [(g, values[g]) for g in order if values[g] >= lowest])
        for row, values in enumerate(ious.tolist())
        if max(values) >= lowest
    ]
    free = {g for g, many in enumerate(crowds.tolist()) if many}
    for level, threshold in enumerate(thresholds):
        least = min(threshold, 1 - 1e-10)
        nearby = [entry for entry in nearby if entry[1] >= least - slack]
        taken: set[int] = set()
        for row, _, candidates in nearby:
            best, chosen = least, NO_MATCH
            for g, iou in candidates:
                if g in taken:
                    continue
                if chosen != NO_MATCH and unwanted[g] and not unwanted[chosen]:
                    break
                if iou >= best - slack:
                    best, chosen = iou, g
            if chosen != NO_MATCH:
                found[level, row] = chosen
                if chosen not in free:
                    taken.add(chosen)
    return found


def precision_at_recalls(hits: Flags, alarms: Flags, truths: int) -> Floats:
    """[T, 101] precision at :data:`RECALLS`, 0 beyond the highest recall that is reached.

    The precision at a recall is the best one at this recall or any above it.

    Args:
        hits, alarms: [T, N] right and wrong predictions by falling score; the others are ignored.
        truths: true tracks that count, at least 1.
    """
    levels, amount = hits.shape
    true_positives = np.cumsum(hits, axis=1)
    false_positives = np.cumsum(alarms, axis=1)
    precision = np.zeros((levels, amount + 1))
    precision[:, :-1] = true_positives / (false_positives + true_positives + np.spacing(1))
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    needed = np.searchsorted(np.arange(truths + 1) / truths, RECALLS)  # hits for each recall
    # All rows are searched as one ascending list.
    shift = np.arange(levels)[:, None] * (truths + 1)
    ranks = np.searchsorted((true_positives + shift).ravel(), needed + shift)
    ranks -= np.arange(levels)[:, None] * amount
    values: Floats = np.take_along_axis(best, ranks, axis=1)
    return values
