"""Weights that answer with NaN end in one sentence, whatever the model and the task."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from vidseg.errors import ModelError
from vidseg.inference.segmenter import Segmenter
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.loading import Model
from vidseg.models.mask2former import Mask2Former
from vidseg.models.presets import debug, debug_mask2former, gvseg_debug
from vidseg.models.univs.model import UniVS
from vidseg.prompts import Mask, Point, Prompt, Text
from vidseg.types import Task

from .test_bounded import RandomText, mask, picture

SIZE = (64, 96)
MODELS: dict[str, Callable[[], Model]] = {
    "univs": lambda: UniVS(debug()),
    "gvseg": lambda: GvSeg(gvseg_debug()),
    "mask2former": lambda: Mask2Former(debug_mask2former()),
}
CASES = [
    *(("univs", task) for task in Task),
    *(("gvseg", task) for task in (Task.VIS, Task.VSS, Task.VPS, Task.VOS)),
    *(("mask2former", task) for task in (Task.VIS, Task.VSS, Task.VPS)),
]
PROMPTS: dict[Task, list[Prompt]] = {
    Task.VOS: [Mask(mask(SIZE), 1), Point(70, 50, 2)],
    Task.PVOS: [Point(70, 50, 2)],
    Task.REFVOS: [Text("the dog", 1)],
}


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("where", ["backbone", "mask_embedding"])
@pytest.mark.parametrize(("kind", "task"), CASES)
def test_one_sentence(kind: str, task: Task, where: str, frames: int) -> None:
    model = MODELS[kind]()
    poisoned = [p for name, p in model.named_parameters() if where in name]
    assert poisoned
    for parameter in poisoned:
        parameter.data.fill_(np.nan)
    segmenter = Segmenter(
        model, device="cpu", text_encoder=RandomText(), settings={"all": {"short_side": 64}}
    )
    names = "dog,person,sky" if task.by_category and kind != "mask2former" else None
    images = [picture(f, SIZE, thing=True) for f in range(frames)]
    results = segmenter.segment(
        images, task=task, categories=names, prompts=PROMPTS.get(task, ()), stop=frames
    )
    last = frames - 1 if kind == "gvseg" else 0
    with torch.no_grad(), pytest.raises(ModelError, match=f"answers frame {last} .* no numbers"):
        list(results)
