"""Every kind of model in every task it can do, small: what a test of all of them runs over.

Thresholds are so low that models with random weights track objects, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from vidseg.inference.config import InferenceConfig
from vidseg.inference.published.settings import published
from vidseg.inference.segmenter import Segmenter
from vidseg.models.decoder.heads import MaskHeads
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.loading import Model
from vidseg.models.mask2former import Mask2Former
from vidseg.models.presets import debug, debug_mask2former, gvseg_debug
from vidseg.models.univs.model import UniVS
from vidseg.models.univs.propagation import PropagationConfig
from vidseg.prompts import Box, Mask, Point, Prompt, Scribble, Text
from vidseg.results import FrameResult, Track
from vidseg.types import Frame, Task

from .test_bounded import RandomText, mask, picture

SIZE = (48, 64)
FRAMES = 5
CLASSES = ["cat", "grass", "sky"]
LOW: Mapping[str, Any] = {
    "short_side": 64,
    "tokens_per_prompt": 16,
    "class_threshold": 0.0,
    "stability_threshold": 0.0,
    "image_threshold": 0.0,
    "consistency_threshold": 0.0,
    "overlap_threshold": 0.05,
    "max_objects": 5,
    "forget_after": 1,
}
BY_SIMILARITY: Mapping[str, Any] = {
    "association": "similarity",
    "clip_length": 2,
    "stride": 2,
}
BY_SHAPE: Mapping[str, Any] = {
    **BY_SIMILARITY,
    "affinity": "shape_position",
    "stuff_affinity": "shape_position",
    "embedding_momentum": 0.8,
}


@dataclass(frozen=True)
class Case:
    """One video, or picture, of one task.

    Attributes:
        model: name of a row of ``MODELS``.
        settings: over ``LOW``.
        still: a single picture.
    """

    model: str
    task: Task
    settings: Mapping[str, Any] = field(default_factory=dict)
    still: bool = False
    released: bool = False

    def __str__(self) -> str:
        words = [self.model, self.task.value]
        words += ["still"] * self.still + ["published"] * self.released
        if "association" in self.settings:
            words.append(str(self.settings.get("affinity", "appearance")))
        return "-".join(words)


MODELS: Mapping[str, Callable[[], Model]] = {
    "univs": lambda: UniVS(debug()),
    "propagation": lambda: UniVS(replace(debug(), propagation=PropagationConfig(key_channels=8))),
    "gvseg": lambda: GvSeg(gvseg_debug()),
    "fixed": lambda: Mask2Former(debug_mask2former()),
}

BY_CATEGORY = (Task.VIS, Task.VPS, Task.VSS)
CASES = (
    *(Case("univs", task, released=True) for task in Task),
    *(Case("univs", task, settings={"clip_length": 3}) for task in Task),
    *(Case("univs", task, settings=BY_SIMILARITY) for task in (Task.VIS, Task.VPS)),
    *(Case("univs", task, settings=BY_SHAPE) for task in (Task.VIS, Task.VPS)),
    Case("propagation", Task.VPS),
    Case("propagation", Task.VOS, settings={"box_margin": 0.1, "box_contrast": 1.0}),
    *(Case("gvseg", task) for task in (*BY_CATEGORY, Task.VOS)),
    *(Case("fixed", task) for task in BY_CATEGORY),
    *(Case(m, t, still=True) for m in ("univs", "gvseg", "fixed") for t in BY_CATEGORY),
)


def play(case: Case, device: torch.device) -> tuple[list[FrameResult], tuple[Track, ...]]:
    """Results and table of a case; prompts come at the start and in mid-stream."""
    torch.manual_seed(0)
    segmenter = Segmenter(_sharp(MODELS[case.model]()), device=device, text_encoder=RandomText())
    config = settings_of(case, segmenter)
    session = segmenter.session(
        case.task,
        categories=_categories(case),
        prompts=_prompts(case),
        config=config,
        still=case.still,
    )
    results: list[FrameResult] = []
    for index in range(1 if case.still else FRAMES):
        frame = Frame(picture(index, SIZE, thing=index != 3), index, index / 10)
        results += session.step(frame, _late_prompts(case) if index == 2 else ())
    return results + session.finish(), session.tracks()


def _sharp(model: Model) -> Model:
    """The model with masks that are sure of every cell, so that some are taken for objects."""
    for heads in (m for m in model.modules() if isinstance(m, MaskHeads)):
        last = [m for m in heads.mask_embedding.modules() if isinstance(m, nn.Linear)][-1]
        with torch.no_grad():
            last.weight.mul_(300)
    return model


def settings_of(case: Case, segmenter: Segmenter) -> InferenceConfig:
    """The settings that a case runs by."""
    base = published(case.task) if case.released else segmenter.config(case.task)
    config = base.override(LOW).override(case.settings)
    if not case.released:
        return config
    return config.override(clip_length=3, stride=min(config.stride, 3))


def _categories(case: Case) -> list[str] | None:
    if case.model == "fixed" or case.task in (Task.VOS, Task.REFVOS):
        return None
    return CLASSES


def _prompts(case: Case) -> Sequence[Prompt]:
    if case.task.by_category:
        return ()
    if case.task is Task.REFVOS:
        return Text("a dog", 1), Text("the cat behind it", 2)
    stuff = {"category": "sky", "is_thing": False} if case.task is Task.PVOS else {}
    return (
        Mask(mask(SIZE), 1),
        Point(3, 3, 2),
        Point(SIZE[1] - 3, SIZE[0] - 3, 2, positive=False),
        Box(20, 20, 50, 40, 3, **stuff),
    )


def _late_prompts(case: Case) -> Sequence[Prompt]:
    if case.task not in (Task.VOS, Task.PVOS):
        return ()
    late: list[Prompt] = [Mask(mask(SIZE), 4, frame=2), Point(9, 9, 1, frame=2)]
    late.append(Box(5, 5, 30, 30, 2, frame=2))
    if case.model != "gvseg":
        late.append(Scribble(np.array([[5.0, 5.0], [20.0, 30.0]]), 5, frame=2))
    return late
