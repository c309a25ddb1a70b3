"""AP and AR of YouTube-VIS: every pair of tracks of a class, merged frame by frame."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco

from .files import print_figures, read_json

_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0.0, 1.0, 101)
_COUNTS = (1, 10, 100)  # predictions of a video and class that count
_SIZES = {
    "": (0, 1e10),
    "_small": (0, 128**2),
    "_medium": (128**2, 256**2),
    "_large": (256**2, 1e10),
}

Track = dict[str, Any]
Group = tuple[list[Track], list[Track], list[list[float]]]
"""True and predicted tracks of a class in one video, and the IoU of every pair."""


def packed(segmentation: Any, height: int, width: int) -> Any:
    """A mask of a file in the form that pycocotools merges."""
    if segmentation is None:
        return None
    if isinstance(segmentation["counts"], list):
        return coco.frPyObjects(segmentation, height, width)
    return segmentation


def track_iou(one: Track, other: Track) -> float:
    """Sum of intersections over sum of unions."""
    shared = union = 0.0
    for left, right in zip(one["masks"], other["masks"], strict=False):
        if left is not None and right is not None:
            shared += float(coco.area(coco.merge([left, right], intersect=True)))
            union += float(coco.area(coco.merge([left, right])))
        elif left is not None or right is not None:
            union += float(coco.area(left if left is not None else right))
    return shared / union if union else 0.0


def mean_area(areas: list[float | None]) -> float:
    """Of the frames that show the track."""
    shown = [area for area in areas if area]
    return sum(shown) / len(shown) if shown else 0.0


def matched(group: Group, threshold: float, sizes: tuple[float, float]) -> list[int]:
    """For each prediction 1 hit, 0 false alarm, -1 ignored, in the order of scores."""
    true, said, table = group
    low, high = sizes
    ignored = [track["iscrowd"] or not low <= track["area"] <= high for track in true]
    order = sorted(range(len(true)), key=lambda row: ignored[row])
    taken: set[int] = set()
    outcome = []
    for column, track in enumerate(said):
        best, found = min(threshold, 1 - 1e-10), -1
        for row in order:
            if row in taken and not true[row]["iscrowd"]:
                continue
            if found >= 0 and not ignored[found] and ignored[row]:
                break
            if table[column][row] >= best:
                best, found = table[column][row], row
        if found >= 0:
            taken.add(found)
            outcome.append(-1 if ignored[found] else 1)
        else:
            outcome.append(0 if low <= track["area"] <= high else -1)
    return outcome


def curve(
    groups: list[Group], outcomes: list[list[int]], count: int, wanted: int
) -> tuple[float, float]:
    """AP and the final recall at one threshold, with ``count`` predictions a video."""
    outcome = np.array([value for values in outcomes for value in values[:count]])
    scores = np.array([track["score"] for _, said, _ in groups for track in said[:count]])
    outcome = outcome[np.argsort(-scores, kind="mergesort")]
    hits, misses = np.cumsum(outcome == 1), np.cumsum(outcome == 0)
    recall = hits / wanted
    precision = hits / (hits + misses + np.spacing(1))
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS, side="left")
    sampled = [precision[place] if place < len(precision) else 0.0 for place in places]
    return float(np.mean(sampled)), float(recall[-1]) if len(recall) else 0.0


def class_tables(
    groups: list[Group], sizes: tuple[float, float]
) -> tuple[list[list[float]], list[list[float]]] | None:
    """[threshold][count] AP and recall; None where no true track counts."""
    low, high = sizes
    wanted = sum(
        not track["iscrowd"] and low <= track["area"] <= high
        for true, _, _ in groups
        for track in true
    )
    if not wanted:
        return None
    precisions, recalls = [], []
    for threshold in _THRESHOLDS:
        outcomes = [matched(group, threshold, sizes) for group in groups]
        points = [curve(groups, outcomes, count, wanted) for count in _COUNTS]
        precisions.append([point[0] for point in points])
        recalls.append([point[1] for point in points])
    return precisions, recalls


def read_groups(truth: Path, predicted: Path) -> dict[int, list[Group]]:
    """Tracks by class and video, with the IoU of all pairs."""
    gt = read_json(truth / "instances.json")
    sizes = {video["id"]: (video["height"], video["width"]) for video in gt["videos"]}
    tracks: dict[tuple[int, int], tuple[list[Track], list[Track]]] = defaultdict(lambda: ([], []))
    answers = read_json(predicted / "results.json")
    for side, rows in enumerate((gt["annotations"], answers)):
        for row in rows:
            masks = [packed(mask, *sizes[row["video_id"]]) for mask in row["segmentations"]]
            areas = row.get("areas") or [None if m is None else float(coco.area(m)) for m in masks]
            track = {**row, "masks": masks, "area": mean_area(areas)}
            tracks[row["category_id"], row["video_id"]][side].append(track)
    by_class: dict[int, list[Group]] = defaultdict(list)
    for category, video in sorted(tracks):
        true, said = tracks[category, video]
        best = sorted(said, key=lambda track: -track["score"])[: _COUNTS[-1]]
        table = [[track_iou(one, other) for other in true] for one in best]
        by_class[category].append((true, best, table))
    return by_class


def compute(truth: Path, predicted: Path) -> dict[str, float]:
    """Means over classes; -1 where none has a true track."""
    by_class = read_groups(truth, predicted)
    figures: dict[str, float] = {}
    for name, sizes in _SIZES.items():
        found = [tables for groups in by_class.values() if (tables := class_tables(groups, sizes))]
        if not found:
            figures[f"AP{name}"] = figures[f"AR{name or 100}"] = -1.0
            continue
        ap, ar = (np.array([tables[side] for tables in found]) for side in (0, 1))
        figures[f"AP{name}"] = float(ap[:, :, 2].mean())
        figures[f"AR{name or 100}"] = float(ar[:, :, 2].mean())
        if not name:
            figures["AP50"], figures["AP75"] = float(ap[:, 0, 2].mean()), float(ap[:, 5, 2].mean())
            figures["AR1"], figures["AR10"] = float(ar[:, :, 0].mean()), float(ar[:, :, 1].mean())
    return figures


if __name__ == "__main__":
    print_figures(compute)
