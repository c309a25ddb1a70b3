"""Sentences that the notes of several benchmarks share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..metrics.stq import STQ


def counted(number: int, one: str, many: str) -> str:
    """The number before what there is of it.

    >>> counted(1, "object has", "objects have"), counted(0, "object has", "objects have")
    ('1 object has', '0 objects have')
    """
    return f"{number} {one if number == 1 else many}"


def stray_notes(
    strays: Collection[tuple[object, object]], folders: Mapping[str, Path]
) -> tuple[str, ...]:
    """One sentence where there are labels that are predicted and of no true object of the video.

    Such labels are a colour or a brightness in the place of an id.

    Args:
        strays: (video, label).
        folders: predicted frames of each video.
    """
    if not strays:
        return ()
    video, label = min((str(video), int(str(label))) for video, label in strays)
    others = counted(len(strays) - 1, "more label", "more labels")
    more = f", and so for {others}" if len(strays) > 1 else ""
    return (
        f"{folders[video]} shows the label {label}, which no object of the video has{more}; such "
        "pixels count as background.",
    )


def class_notes(stq: STQ, names: Sequence[str]) -> list[str]:
    """What pulls SQ down beside wrong pixels: classes that the ground truth lacks, and void."""
    notes = []
    labelled = stq.confusion[: stq.classes]
    predicted, true = labelled.sum(axis=0), labelled.sum(axis=1)
    missing = np.flatnonzero((predicted[: stq.classes] > 0) & (true == 0)).tolist()
    alien = [names[k] for k in missing]
    if alien:
        notes.append(
            "Predicted, but nowhere in the ground truth; each counts in SQ with an IoU of 0: "
            f"{', '.join(alien)}."
        )
    if predicted[stq.classes]:
        pixels = counted(predicted[stq.classes], "labelled pixel is", "labelled pixels are")
        notes.append(
            f"{pixels} predicted as void; as in the official code this adds a class with an IoU of "
            "0 to SQ."
        )
    return notes
