"""VPQ and STQ of VIPSeg: each window is read again and sorted whole, each segment is a mask."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from .files import Ids, print_figures, read_json, read_rgb_ids

_WINDOWS = (1, 2, 4, 6, 8)
_JOIN = 1 << 32
_VOID_CLASS, _CLASSES, _SHIFT = 255, 124, 16


class Video:
    """Files and segments of one video, true and predicted."""

    def __init__(self, truth: Path, predicted: Path, true: Any, said: Any) -> None:
        name = true["video_id"]
        self.true = [frame["segments_info"] for frame in true["annotations"]]
        self.said = [frame["segments_info"] for frame in said["annotations"]]
        files = [frame["file_name"] for frame in true["annotations"]]
        self.true_files = [truth / "panomasksRGB" / name / file for file in files]
        self.said_files = [predicted / "pan_pred" / name / file for file in files]


def open_videos(truth: Path, predicted: Path) -> tuple[list[Video], dict[int, bool]]:
    """All videos, and class → whether it is a thing."""
    true = read_json(truth / "panoptic_gt_VIPSeg_val.json")
    said = {row["video_id"]: row for row in read_json(predicted / "pred.json")["annotations"]}
    things = {row["id"]: bool(row["isthing"]) for row in true["categories"]}
    rows = true["annotations"]
    return [Video(truth, predicted, row, said[row["video_id"]]) for row in rows], things


def window_counts(video: Video, start: int, length: int, sums: dict[int, list[float]]) -> None:
    """Adds IoU, TP, FP and FN of one window to the sums of each class."""
    frames = range(start, start + length)
    true = np.stack([read_rgb_ids(video.true_files[frame]) for frame in frames])
    said = np.stack([read_rgb_ids(video.said_files[frame]) for frame in frames])
    true_class: dict[int, int] = {}
    true_area: dict[int, int] = defaultdict(int)
    crowds: dict[int, int] = {}
    said_class: dict[int, int] = {}
    for frame in frames:
        for row in video.true[frame]:
            true_class.setdefault(row["id"], row["category_id"])
            true_area[row["id"]] += row["area"]
            if row["iscrowd"]:
                crowds[row["category_id"]] = row["id"]
        for row in video.said[frame]:
            said_class.setdefault(row["id"], row["category_id"])
    areas = dict(zip(*(part.tolist() for part in np.unique(said, return_counts=True)), strict=True))
    joint, counts = np.unique(true * _JOIN + said, return_counts=True)
    shared = {divmod(int(key), _JOIN): int(n) for key, n in zip(joint, counts, strict=True)}
    matched_true, matched_said = set(crowds.values()), set()
    for (right, label), count in shared.items():
        if not right or not label or right in crowds.values():
            continue
        if true_class[right] != said_class[label]:
            continue
        union = areas[label] + true_area[right] - count - shared.get((0, label), 0)
        if count / union > 0.5:
            entry = sums[true_class[right]]
            entry[0] += count / union
            entry[1] += 1
            matched_true.add(right)
            matched_said.add(label)
    for right, category in true_class.items():
        sums[category][3] += right not in matched_true
    for label, category in said_class.items():
        ignored = shared.get((0, label), 0) + shared.get((crowds.get(category, -1), label), 0)
        if label not in matched_said and ignored / areas[label] <= 0.5:
            sums[category][2] += 1


def vpq(videos: list[Video]) -> float:
    """The mean over the window lengths of the mean over classes, in percent."""
    means = []
    for length in _WINDOWS:
        sums: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
        for video in videos:
            for start in range(len(video.true) - length + 1):
                window_counts(video, start, length, sums)
        means.append(np.mean([iou / (tp + fp / 2 + fn / 2) for iou, tp, fp, fn in sums.values()]))
    return 100 * float(np.mean(means))


def step_labels(frame: Ids, rows: list[dict[str, int]], numbers: dict[int, int]) -> Ids:
    """[H, W] class and instance in one number, one mask after the other."""
    labels = np.full(frame.shape, _VOID_CLASS << _SHIFT, dtype=np.int64)
    for row in rows:
        labels[frame == row["id"]] = (row["category_id"] << _SHIFT) + numbers[row["id"]]
    return labels


def numbered(frames: list[list[dict[str, int]]]) -> dict[int, int]:
    """Id → place in the order of the file."""
    numbers: dict[int, int] = {}
    for rows in frames:
        for row in rows:
            numbers.setdefault(row["id"], len(numbers))
    return numbers


def is_thing(labels: Ids, things: list[int]) -> np.ndarray:
    """Pixels of any class of things, one class after the other."""
    found = np.zeros(labels.shape, dtype=bool)
    for category in things:
        found = np.logical_or(found, labels >> _SHIFT == category)
    return found


def stq(videos: list[Video], is_thing_class: dict[int, bool]) -> float:
    """The root of segmentation quality times association quality."""
    things = [category for category, thing in is_thing_class.items() if thing]
    confusion = np.zeros((256, 256), dtype=np.int64)
    quality, tubes = 0.0, 0
    for video in videos:
        true_sizes: dict[int, int] = defaultdict(int)
        said_sizes: dict[int, int] = defaultdict(int)
        shared: dict[tuple[int, int], int] = defaultdict(int)
        true_numbers, said_numbers = numbered(video.true), numbered(video.said)
        for frame, (file, other) in enumerate(zip(video.true_files, video.said_files, strict=True)):
            true = step_labels(read_rgb_ids(file), video.true[frame], true_numbers)
            said = step_labels(read_rgb_ids(other), video.said[frame], said_numbers)
            cells = (true >> _SHIFT) * 256 + (said >> _SHIFT)
            confusion += np.bincount(cells.ravel(), minlength=65536).reshape(256, 256)
            right, label = is_thing(true, things), is_thing(said, things)
            crowd = right & (true & 0xFFFF == 0)
            right, label = right & ~crowd, label & ~crowd
            for mask, labels, sizes in ((right, true, true_sizes), (label, said, said_sizes)):
                for key, count in zip(*np.unique(labels[mask], return_counts=True), strict=True):
                    sizes[int(key)] += int(count)
            both = right & label
            joint, counts = np.unique(true[both] * _JOIN + said[both], return_counts=True)
            for key, count in zip(joint, counts, strict=True):
                shared[divmod(int(key), _JOIN)] += int(count)
        for (right_tube, said_tube), count in shared.items():
            size = true_sizes[right_tube]
            quality += count * count / (size + said_sizes[said_tube] - count) / size
        tubes += len(true_sizes)
    confusion[_VOID_CLASS] = 0
    hits = confusion.diagonal()
    unions = confusion.sum(0) + confusion.sum(1) - hits
    segmentation = float(np.mean(hits[unions > 0] / unions[unions > 0]))
    return math.sqrt(segmentation * quality / tubes)


def compute(truth: Path, predicted: Path) -> dict[str, Any]:
    """VPQ in percent, STQ as a share."""
    videos, things = open_videos(truth, predicted)
    return {"VPQ": {"All": vpq(videos)}, "STQ": {"STQ": stq(videos, things)}}


if __name__ == "__main__":
    print_figures(compute)
