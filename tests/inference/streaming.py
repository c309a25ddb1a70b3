"""Runs policies over frames as a session does; shared by the tests of inference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from vidseg.inference.clip import Categories
from vidseg.inference.config import InferenceConfig
from vidseg.inference.memory.prompt_memory import PromptMemory
from vidseg.inference.policies.base import TaskPolicy, UniVSPredictor
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.inference.prompt_inbox import PromptInbox
from vidseg.inference.session import Session
from vidseg.models.univs.model import UniVS
from vidseg.prompts import Prompt
from vidseg.results import FrameResult
from vidseg.types import Frame, Task


def session(
    model: UniVS,
    policy: TaskPolicy,
    config: InferenceConfig,
    task: Task,
    prompts: Iterable[Prompt] = (),
) -> Session:
    inbox = PromptInbox(task)
    inbox.add(prompts)
    return Session(model, config, policy, inbox)


def univs_policy(
    model: UniVS, config: InferenceConfig, task: Task, categories: Categories
) -> CategoryPolicy:
    """VIS or VPS by a UniVS that remembers its objects as prompts where the settings say so."""
    remembers = config.tracking.association == "prompts"
    memory = PromptMemory(model, config) if remembers else None
    predictor = UniVSPredictor(model, categories, memory)
    return CategoryPolicy(predictor, config, task, categories, memory=memory)


def run(running: Session, images: Sequence[np.ndarray]) -> list[FrameResult]:
    """All results of a video given as [H, W, 3] pictures."""
    results: list[FrameResult] = []
    for index, image in enumerate(images):
        results += running.step(Frame(image, index, index / 10))
    return results + running.finish()


def pictures(images: Tensor) -> list[np.ndarray]:
    """[N, 3, H, W] uint8 to a list of [H, W, 3]."""
    return [np.ascontiguousarray(image.permute(1, 2, 0).numpy()) for image in images]


def id_maps(results: Sequence[FrameResult]) -> Tensor:
    """[N, H, W] ids, 0 for none."""
    maps = []
    for result in results:
        ids = np.zeros(result.size, dtype=np.int64)
        for segment in result.segments:
            ids[segment.mask] = segment.id
        maps.append(torch.from_numpy(ids))
    return torch.stack(maps)
