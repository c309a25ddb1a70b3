"""A training step of every objective runs on a device, and learns what it learns on the CPU."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from vidseg.datasets.batches.collate import ClipBatch
from vidseg.models.loading import VideoModel
from vidseg.training.objectives.registry import build_objective
from vidseg.training.recipe.objective import ObjectiveConfig

from ...fake_device import DEVICE, FakeTensor, fake_device
from ..drawn_clips import Letters, batch_of, drawn_clip, objective_config, small_model, squares
from .test_gvseg import TASKS
from .test_gvseg import config as gvseg_config
from .test_gvseg import model as gvseg_model

ALL_PROMPTS = {"mask": 1.0, "box": 1.0, "point": 1.0, "category": 1.0, "expression": 1.0}

STEPS: dict[str, tuple[Callable[[], VideoModel], ObjectiveConfig, int]] = {
    "pictures": (small_model, objective_config("clips", **ALL_PROMPTS), 1),
    "clips": (small_model, objective_config("clips", **ALL_PROMPTS), 3),
    "long video": (
        small_model,
        objective_config("long_video", clip_frames=3, predicted=0.5, **ALL_PROMPTS),
        4,
    ),
    "stream": (lambda: small_model(memory=True), objective_config("stream", mask=1.0, box=1.0), 3),
    **{f"gvseg {task}": (gvseg_model, gvseg_config(task), 4) for task in TASKS},
}


def batch(frames: int) -> ClipBatch:
    clips = (drawn_clip(squares(frames, n), expressions=True) for n in (4, 2))
    return batch_of(*clips)


def step(name: str, device: torch.device) -> tuple[dict[str, torch.Tensor], VideoModel]:
    """Losses, and the model with its gradients."""
    build, config, frames = STEPS[name]
    model = build().to(device)
    objective = build_objective(config, model, Letters())
    if (memory := getattr(objective, "memory", None)) is not None:
        memory.to(device)
    torch.manual_seed(0)
    terms = objective(model, batch(frames), np.random.default_rng(0))
    terms["total"].backward()
    return terms, model


def assert_near(got: torch.Tensor, want: torch.Tensor, name: str) -> None:
    """Equal but for rounding: with gradients torch takes sums apart otherwise for a device."""
    assert isinstance(got, FakeTensor), name
    torch.testing.assert_close(got.held, want.detach(), rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_on_a_device_is_that_of_the_cpu(name: str) -> None:
    want, model = step(name, torch.device("cpu"))
    with fake_device():
        got, moved = step(name, DEVICE)
        grads = {n: p.grad for n, p in moved.named_parameters()}
    assert got.keys() == want.keys()
    for term in want:
        assert_near(got[term], want[term], term)
    some = 0
    for n, p in model.named_parameters():
        other = grads[n]
        assert (p.grad is None) == (other is None), n
        if p.grad is not None and other is not None:
            assert_near(other, p.grad, n)
            some += 1
    assert some, "nothing was learned"
