"""VIS and VPS with the default settings on a whole, untrained network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from vidseg.inference.config import default
from vidseg.models.presets import nano
from vidseg.models.univs.model import UniVS
from vidseg.types import Task

from ...scripted import make_categories
from ...streaming import run, session, univs_policy

FRAMES = 5


@pytest.fixture(scope="module")
def model() -> UniVS:
    """Untrained, with mask embeddings large enough to draw decided masks."""
    torch.manual_seed(0)
    model = UniVS(nano()).eval()
    for name, parameter in model.named_parameters():
        if "mask_embedding" in name and parameter.ndim == 2:
            parameter.data.mul_(6)
    return model


@pytest.fixture(scope="module")
def moving_picture() -> list[np.ndarray]:
    noise = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1)) * 255
    picture = torch.nn.functional.interpolate(noise, size=(72, 90), mode="bilinear")
    pixels = picture[0].byte().permute(1, 2, 0).numpy()
    return [np.ascontiguousarray(np.roll(pixels, 3 * f, axis=1)) for f in range(FRAMES)]


@pytest.mark.parametrize("task", [Task.VIS, Task.VPS])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"clip_length": 3},
        {"clip_length": 3, "stride": 2},
        {"clip_length": 2, "stride": 2},
        {"association": "similarity"},
    ],
    ids=str,
)
def test_every_frame_gets_segments(
    model: UniVS, moving_picture: list[np.ndarray], task: Task, settings: dict[str, Any]
) -> None:
    config = default(task).override(
        short_side=64,
        memory_length=4,
        tokens_per_prompt=16,
        class_threshold=0.02,
        stability_threshold=0.0,
        consistency_threshold=-1.0,
        **settings,
    )
    embeddings = torch.randn(5, 256, generator=torch.Generator().manual_seed(2))
    things = [True, True, False, True, False]
    categories = replace(make_categories(things), embeddings=embeddings)
    policy = univs_policy(model, config, task, categories)
    running = session(model, policy, config, task)
    results = run(running, moving_picture)
    assert [result.index for result in results] == list(range(FRAMES))
    assert all(result.segments for result in results)
    shown = {segment.id for result in results for segment in result.segments}
    assert shown <= {track.id for track in policy.tracks()}
    for result in results:
        assert all(s.mask.shape == (72, 90) and s.mask.any() for s in result.segments)
        assert all(0 <= s.score <= 1 for s in result.segments)
