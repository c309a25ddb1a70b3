"""Settings with which published models give their published results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...types import Task
from ..config import FOR_ALL_TASKS, InferenceConfig, default
from ..released_behaviour import AS_RELEASED

_AS_RELEASED: dict[str, Any] = {
    "clip_length": 5,
    "window": 5,
    "short_side": 640,
    "last_frame_index": None,
    "forget_after": None,
    "max_objects": None,
}

_BY_DATASET: dict[str, dict[str, Any]] = {
    "ovis": {"class_threshold": 0.2, "max_detections": 50},
    "viposeg": {"short_side": 720},
}


def published(task: Task, dataset: str | None = None) -> InferenceConfig:
    """The released evaluation settings and rules of UniVS (ResNet-50 scripts, the last value set).

    ``dataset`` is a benchmark's name such as ``"ytvis21"``, ``"ovis"`` or ``"viposeg"``; names
    without settings of their own get those of the task.
    """
    values = {**_AS_RELEASED, **_BY_DATASET.get(dataset or "", {})}
    if task is Task.VSS:
        values["stride"] = values["clip_length"]
    return replace(default(task).override(values), published=AS_RELEASED)


def published_fixed_classes() -> dict[str, dict[str, Any]]:
    """Settings with which a published Mask2Former gives its published results (COCO panoptic).

    The cosine that carries ids from frame to frame is ours: the models were made for pictures.
    """
    return {
        FOR_ALL_TASKS: {
            "short_side": 800,
            "image_threshold": 0.8,
            "overlap_threshold": 0.8,
            "class_threshold": 0.0,
            "max_detections": 100,
            "consistency_threshold": 0.5,
        }
    }
