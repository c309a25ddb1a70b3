"""What the panoptic benchmarks have in common: sizes of frames, notes about classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..metrics.stq import STQ
from ..types import IdMap
from .wording import counted


def same_size(path: Path, predicted: IdMap, truth: IdMap) -> IdMap:
    """``predicted``, read from ``path``. Raises DataError where its size is not the truth's."""
    if predicted.shape != truth.shape:
        (height, width), (wanted, across) = predicted.shape, truth.shape
        raise DataError(
            f"{path} is {width}x{height} pixels and its ground truth {across}x{wanted}; save "
            "predictions in the size of the ground truth."
        )
    return predicted


def class_notes(stq: STQ, names: Sequence[str]) -> list[str]:
    """What pulls SQ down beside wrong pixels: classes that the ground truth lacks, and void."""
    notes = []
    labelled = stq.confusion[: stq.classes]
    said, true = labelled.sum(axis=0), labelled.sum(axis=1)
    missing = np.flatnonzero((said[: stq.classes] > 0) & (true == 0)).tolist()
    alien = [names[k] for k in missing]
    if alien:
        notes.append(
            "Predicted, but nowhere in the ground truth; each counts in SQ with an IoU of 0: "
            f"{', '.join(alien)}."
        )
    if said[stq.classes]:
        pixels = counted(said[stq.classes], "labelled pixel is", "labelled pixels are")
        notes.append(
            f"{pixels} predicted as void; as in the official code this adds a class with an IoU of "
            "0 to SQ."
        )
    return notes
