"""IoU and boundary IoU of VIPOSeg: a boundary is found by eroding 3 x 3, pixel by pixel."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from vidseg.evaluation.rules.viposeg_classes import official_split

from .files import Bools, print_figures, read_ids, read_json


def eroded(mask: Bools) -> Bools:
    """By a 3 x 3 square; what lies outside the picture is background."""
    height, width = mask.shape
    wide = np.pad(mask, 1)
    out = mask.copy()
    for top in range(3):
        for left in range(3):
            out &= wide[top : top + height, left : left + width]
    return out


def boundary(mask: Bools) -> Bools:
    """Pixels of the mask near its edge."""
    inner = mask
    for _ in range(max(1, round(0.02 * math.hypot(*mask.shape)))):
        inner = eroded(inner)
    return mask & ~inner


def iou(said: Bools, true: Bools) -> float:
    """Intersection over union; 0 for nothing at all."""
    union = np.count_nonzero(said | true)
    return np.count_nonzero(said & true) / union if union else 0.0


def compute(truth: Path, predicted: Path) -> dict[str, float]:
    """The mean of the four groups."""
    split = official_split()
    classes = read_json(truth / "obj_class.json")
    pairs: dict[str, list[tuple[float, float]]] = {}
    for video, numbers in classes.items():
        known: list[int] = []
        given = truth / "Annotations" / video
        for file in sorted((truth / "Annotations_gt" / video).glob("*.png")):
            true, said = read_ids(file), read_ids(predicted / video / file.name)
            for id in known:
                group = split.group(numbers[str(id)], video)
                if group is None:
                    continue
                right, label = true == id, said == id
                if not right.any() or not label.any():
                    both = float(right.any() == label.any())
                    pairs.setdefault(group, []).append((both, both))
                    continue
                edges = iou(boundary(label), boundary(right))
                pairs.setdefault(group, []).append((iou(label, right), edges))
            if (given / file.name).exists():
                known += [int(id) for id in np.unique(read_ids(given / file.name)) if id]
    figures = {}
    for group, values in pairs.items():
        figures[f"{group}_miou"], figures[f"{group}_biou"] = map(float, np.mean(values, axis=0))
    figures["overall_iou"] = sum(figures.values()) / 8
    return figures


if __name__ == "__main__":
    print_figures(compute)
