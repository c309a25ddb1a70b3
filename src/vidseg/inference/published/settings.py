"""Settings with which published models give their published results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import ModelError, nearest_hint
from ...types import Task
from ..config import FOR_ALL_TASKS, InferenceConfig, default
from ..released_behaviour import AS_RELEASED
from .scripts import ALIASES, BACKBONES, SCRIPTS, SETS, STAGES, Script

_OF_ALL_SCRIPTS: Mapping[str, Any] = {
    "window": 5,
    "max_side": 1333,
    "last_frame_index": None,
    "forget_after": None,
    "max_objects": None,
}
_OF_SETS: Mapping[str, Mapping[str, Any]] = {"ovis": {"class_threshold": 0.2}}
_SQUARE = 1024
_TIMES: Mapping[str, str | None] = {"ArbitraryT": None, "FixedT": "clip"}
_SEPARATIONS: Mapping[str, str | None] = {"sep": None, "sep-blocked": "sep-entity"}
"""In our words; None is what released models are configured with."""


def published(
    task: Task, dataset: str | None = None, *, backbone: str = "r50", stage: int = 3
) -> InferenceConfig:
    """The released evaluation settings and rules of UniVS, as :data:`.scripts.SCRIPTS` lists them.

    Args:
        task: its settings are given.
        dataset: a benchmark that UniVS was tested on, such as "ytvis2021", "ovis" or "viposeg";
            None: the first of the task in :data:`.scripts.SETS`.
        backbone: "r50", "swint", "swinb" or "swinl".
        stage: of the training that the weights are of, 2 or 3.

    Raises:
        ModelError: UniVS was not tested with these; the message names the nearest.
    """
    script = published_script(task, dataset, backbone=backbone, stage=stage)
    values: dict[str, Any] = {
        **_OF_ALL_SCRIPTS,
        "clip_length": script.T,
        "memory_length": script.M,
        "short_side": script.side,
        "square_side": _SQUARE if stage in script.square else None,
        "temporal_encoding": _TIMES[script.time],
        "separation": _SEPARATIONS[script.separation],
        **_OF_SETS.get(script.set, {}),
    }
    if script.D is not None:
        values["max_detections"] = script.D
    if task is Task.VSS:
        values["stride"] = script.T
    return replace(default(task).override(values), published=AS_RELEASED)


def published_script(
    task: Task, dataset: str | None = None, *, backbone: str = "r50", stage: int = 3
) -> Script:
    """The line of the released scripts; arguments and errors as for :func:`published`."""
    _check(backbone, BACKBONES, "backbone")
    if stage not in STAGES:
        raise ModelError(
            f"UniVS was tested with weights of stages 2 and 3, and {stage!r} is neither; give one "
            f"of them."
        )
    sets = [name for name, (of, _) in SETS.items() if of is task]
    set = sets[0] if dataset is None else _set_of(dataset)
    if set not in sets:
        raise ModelError(
            f"{dataset} is a benchmark of {SETS[set][0].value}, not of {task.value}; that has "
            f"{', '.join(_benchmarks(sets))}."
        )
    return next(s for s in SCRIPTS if (s.set, s.backbone) == (set, backbone) and stage in s.stages)


def published_task(dataset: str) -> Task:
    """The task that UniVS was tested in on a benchmark. Raises ModelError for another name."""
    return SETS[_set_of(dataset)][0]


@dataclass(frozen=True)
class PublishedChoice:
    """Settings of the release by name; backbone and stage None: those of the model."""

    task: Task
    dataset: str
    stage: int | None = None
    backbone: str | None = None

    @staticmethod
    def parse(text: str, task: Task) -> PublishedChoice:
        """``published:DATASET[:STAGE[:BACKBONE]]``, checked.

        Raises ModelError for anything else, and where UniVS was not tested so.
        """
        kind, *words = text.split(":")
        if kind != "published" or not 1 <= len(words) <= 3 or not all(words):
            raise ModelError(
                f"The settings {text!r} are unknown; use default, or "
                f"published:DATASET[:STAGE[:BACKBONE]], as in published:davis2017:3."
            )
        if len(words) > 1 and not words[1].isdecimal():
            raise ModelError(f"The settings {text!r} have no stage; it is 2 or 3 and comes second.")
        stage = int(words[1]) if len(words) > 1 else None
        choice = PublishedChoice(task, words[0], stage, words[2] if len(words) > 2 else None)
        last = STAGES[-1] if stage is None else stage
        published_script(task, choice.dataset, backbone=choice.backbone or "r50", stage=last)
        return choice


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


def _set_of(dataset: str) -> str:
    """The set whose scripts a benchmark is tested by."""
    plain = dataset.strip().lower().replace("-", "_")
    plain = ALIASES.get(plain, plain)
    _check(plain, _benchmarks(SETS), "benchmark")
    return next(set for set, (_, further) in SETS.items() if plain in (set, *further))


def _benchmarks(sets: Iterable[str]) -> list[str]:
    return [name for set in sets for name in (set, *SETS[set][1])]


def _check(name: str, known: Iterable[str], what: str) -> None:
    if name not in known:
        raise ModelError(
            f"{name!r} is no {what} that UniVS was tested with{nearest_hint(name, known)}; there "
            f"are {', '.join(known)}."
        )
