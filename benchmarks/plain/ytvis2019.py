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
_MOST = 100

Track = dict[str, Any]


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


def matched(said: list[Track], true: list[Track], threshold: float, table: Any) -> list[int]:
    """For each prediction 1 hit, 0 false alarm, -1 ignored, in the order of scores."""
    true_order = sorted(range(len(true)), key=lambda row: true[row]["iscrowd"])
    taken: set[int] = set()
    outcome = []
    for column in range(len(said)):
        best, found = min(threshold, 1 - 1e-10), -1
        for row in true_order:
            crowd = true[row]["iscrowd"]
            if row in taken and not crowd:
                continue
            if found >= 0 and not true[found]["iscrowd"] and crowd:
                break
            if table[column][row] >= best:
                best, found = table[column][row], row
        if found >= 0:
            taken.add(found)
        outcome.append(0 if found < 0 else -1 if true[found]["iscrowd"] else 1)
    return outcome


def class_figures(
    groups: list[tuple[list[Track], list[Track]]],
) -> tuple[list[float], float] | None:
    """AP at each threshold and the mean of the final recalls; None without a true track."""
    wanted = sum(not track["iscrowd"] for true, _ in groups for track in true)
    if not wanted:
        return None
    tables = [[[track_iou(one, other) for other in true] for one in said] for true, said in groups]
    precisions, recalls = [], []
    for threshold in _THRESHOLDS:
        outcome = np.array(
            [
                value
                for (true, said), table in zip(groups, tables, strict=True)
                for value in matched(said, true, threshold, table)
            ]
        )
        scores = np.array([track["score"] for _, said in groups for track in said])
        outcome = outcome[np.argsort(-scores, kind="mergesort")]
        hits, misses = np.cumsum(outcome == 1), np.cumsum(outcome == 0)
        recall = hits / wanted
        precision = hits / (hits + misses + np.spacing(1))
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        places = np.searchsorted(recall, _RECALLS, side="left")
        precisions.append(np.mean([precision[p] if p < len(precision) else 0 for p in places]))
        recalls.append(recall[-1] if len(recall) else 0.0)
    return [float(value) for value in precisions], float(np.mean(recalls))


def compute(truth: Path, predicted: Path) -> dict[str, float]:
    """Means over classes."""
    gt = read_json(truth / "instances.json")
    sizes = {video["id"]: (video["height"], video["width"]) for video in gt["videos"]}
    tracks: dict[tuple[int, int], tuple[list[Track], list[Track]]] = defaultdict(lambda: ([], []))
    answers = read_json(predicted / "results.json")
    for side, rows in enumerate((gt["annotations"], answers)):
        for row in rows:
            masks = [packed(mask, *sizes[row["video_id"]]) for mask in row["segmentations"]]
            tracks[row["category_id"], row["video_id"]][side].append({**row, "masks": masks})
    by_class: dict[int, list[tuple[list[Track], list[Track]]]] = defaultdict(list)
    for category, video in sorted(tracks):
        true, said = tracks[category, video]
        best = sorted(said, key=lambda track: -track["score"])[:_MOST]
        by_class[category].append((true, best))
    results = [found for groups in by_class.values() if (found := class_figures(groups))]
    table = np.array([precisions for precisions, _ in results])
    return {
        "AP": float(table.mean()),
        "AP50": float(table[:, 0].mean()),
        "AP75": float(table[:, 5].mean()),
        "AR100": float(np.mean([recall for _, recall in results])),
    }


if __name__ == "__main__":
    print_figures(compute)
