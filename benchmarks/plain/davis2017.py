"""J and F of DAVIS 2017, semi-supervised: whole pictures, one object and frame after the other."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from .files import Bools, print_figures, read_ids


def contour(mask: Bools) -> Bools:
    """Pixels unlike their right, lower or lower right neighbour."""
    edge = np.zeros_like(mask)
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return edge


def dilated(mask: Bools, radius: int) -> Bools:
    """By a disk: the mask, shifted to each pixel of the disk."""
    height, width = mask.shape
    wide = np.pad(mask, radius)
    out = np.zeros_like(mask)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dy * dy + dx * dx <= radius * radius:
                top, left = radius + dy, radius + dx
                out |= wide[top : top + height, left : left + width]
    return out


def region_similarity(said: Bools, true: Bools) -> float:
    """Intersection over union."""
    union = np.count_nonzero(said | true)
    return np.count_nonzero(said & true) / union if union else 1.0


def contour_accuracy(said: Bools, true: Bools) -> float:
    """Harmonic mean of precision and recall of the contours."""
    radius = math.ceil(0.008 * math.hypot(*true.shape))
    ours, theirs = contour(said), contour(true)
    count, wanted = np.count_nonzero(ours), np.count_nonzero(theirs)
    if not count or not wanted:
        return float(count == wanted)
    precision = np.count_nonzero(ours & dilated(theirs, radius)) / count
    recall = np.count_nonzero(theirs & dilated(ours, radius)) / wanted
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def compute(truth: Path, predicted: Path) -> dict[str, float]:
    """The mean over objects of their mean over frames."""
    regions: list[float] = []
    contours: list[float] = []
    for video in (truth / "ImageSets/2017/val.txt").read_text().split():
        files = sorted((truth / "Annotations/480p" / video).glob("*.png"))
        first = read_ids(files[0])
        for number in range(1, int(first[first < 255].max()) + 1):
            j, f = [], []
            for file in files[1:-1]:
                true = read_ids(file) == number
                said = read_ids(predicted / video / file.name) == number
                j.append(region_similarity(said, true))
                f.append(contour_accuracy(said, true))
            regions.append(float(np.mean(j)))
            contours.append(float(np.mean(f)))
    return {"J-Mean": float(np.mean(regions)), "F-Mean": float(np.mean(contours))}


if __name__ == "__main__":
    print_figures(compute)
