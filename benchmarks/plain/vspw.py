"""mIoU, mVC8 and mVC16 of VSPW: a clip is n - 1 comparisons of neighbouring frames."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from .files import Bools, Ids, print_figures, read_ids

_CLASSES = 124


def constant(frames: list[Ids]) -> Bools:
    """Pixels whose label is the same in all frames."""
    same = np.ones(frames[0].shape, dtype=bool)
    for before, after in pairwise(frames):
        same &= before == after
    return same


def consistency(true: list[Ids], said: list[Ids], length: int) -> list[float]:
    """Of each clip the share of constant true pixels whose prediction is constant."""
    values = []
    for start in range(len(true) - length):
        stays = constant(true[start : start + length])
        both = stays & constant(said[start : start + length])
        count = np.count_nonzero(stays)
        values.append(np.count_nonzero(both) / count if count else np.nan)
    return values


def compute(truth: Path, predicted: Path) -> dict[str, float]:
    """Means over the classes, and over all clips of all videos."""
    confusion = np.zeros((_CLASSES, _CLASSES), dtype=np.int64)
    clips: dict[int, list[float]] = {8: [], 16: []}
    for video in (truth / "val.txt").read_text().split():
        files = sorted((truth / "data" / video / "mask").glob("*.png"))
        true = [read_ids(file) for file in files]
        said = [read_ids(predicted / video / file.name) for file in files]
        for right, label in zip(true, said, strict=True):
            known = right < _CLASSES
            cells = right[known] * _CLASSES + label[known]
            confusion += np.bincount(cells, minlength=_CLASSES**2).reshape(confusion.shape)
        for length, values in clips.items():
            values += consistency(true, said, length)
    hits, rows, columns = confusion.diagonal(), confusion.sum(1), confusion.sum(0)
    seen = rows > 0
    shares = hits[seen] / (rows + columns - hits)[seen]
    return {
        "mIoU": float(shares.mean()),
        "mVC8": float(np.nanmean(clips[8])),
        "mVC16": float(np.nanmean(clips[16])),
    }


if __name__ == "__main__":
    print_figures(compute)
