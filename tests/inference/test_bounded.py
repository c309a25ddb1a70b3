"""A session must not grow with the length of the video."""

from __future__ import annotations

import gc
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from vidseg.inference.config import InferenceConfig, default
from vidseg.inference.published.settings import published
from vidseg.inference.segmenter import Segmenter
from vidseg.models.presets import debug
from vidseg.models.text.features import SentenceFeatures
from vidseg.models.univs.model import UniVS
from vidseg.models.univs.propagation import PropagationConfig
from vidseg.prompts import Mask, Point, Prompt, Text
from vidseg.types import Frame, Task

from .footprint import containers, state_bytes

WARM_UP = 40


class RandomText:
    """Text features without meaning."""

    dim = 64

    def encode_names(self, names: Sequence[str]) -> torch.Tensor:
        return torch.randn(len(names), 64, generator=torch.Generator().manual_seed(0))

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        words = torch.randn(len(texts), 5, 64, generator=torch.Generator().manual_seed(0))
        return SentenceFeatures(words, torch.full((len(texts),), 5), words.mean(1))


def segmenter(*, propagation: bool = False) -> Segmenter:
    torch.manual_seed(0)
    config = debug()
    if propagation:
        config = replace(config, propagation=PropagationConfig(key_channels=8))
    return Segmenter(UniVS(config), device="cpu", text_encoder=RandomText())


def picture(index: int, size: tuple[int, int], *, thing: bool) -> np.ndarray:
    """Noise with a bright square that wanders, or is out of sight."""
    generator = np.random.default_rng(index % 7)
    image = generator.integers(0, 80, (*size, 3), dtype=np.uint8)
    if thing:
        x, y = (index * 3) % (size[1] // 2), (index * 2) % (size[0] // 2)
        image[y : y + size[0] // 3, x : x + size[1] // 3] = 250
    return image


def mask(size: tuple[int, int]) -> np.ndarray:
    given = np.zeros(size, dtype=bool)
    given[: size[0] // 3, : size[1] // 3] = True
    return given


def prompts_of(task: Task, size: tuple[int, int]) -> tuple[Prompt, ...]:
    if task.by_category:
        return ()
    if task is Task.REFVOS:
        return Text("a dog", 1), Text("the cat behind it", 2)
    return (
        Mask(mask(size), 1),
        Point(3, 3, 2),
        Point(size[1] - 3, size[0] - 3, 2, positive=False),
    )


def ask(
    model: Segmenter, task: Task, size: tuple[int, int], config: InferenceConfig
) -> tuple[list[int], list[int]]:
    """Feeds 120 frames; bytes of state and numbers of entries after each."""
    session = model.session(
        task,
        categories=["dog", "cat", "sky"] if task.by_category else None,
        prompts=prompts_of(task, size),
        config=config,
    )
    bytes_held, entries = [], []
    for index in range(120):
        session.step(Frame(picture(index, size, thing=index % 60 < 40), index))
        if index % 10 == 0:
            bytes_held.append(state_bytes(session))
            entries.append(containers(session))
    return bytes_held, entries


@pytest.mark.parametrize(
    ("task", "preset"),
    [
        (Task.VIS, "default"),
        (Task.VSS, "default"),
        (Task.VPS, "propagation"),
        (Task.VOS, "default"),
        (Task.VOS, "propagation"),
        (Task.REFVOS, "default"),
        (Task.VIS, "published"),
        (Task.VOS, "published"),
    ],
)
def test_the_state_of_a_session_stays_the_same(task: Task, preset: str) -> None:
    size = (32, 48)
    config = published(task) if preset == "published" else default(task)
    config = config.override(
        short_side=32,
        tokens_per_prompt=8,
        max_objects=10,
        forget_after=20,
        class_threshold=0.0,
        consistency_threshold=0.0,
    )
    if preset == "published":
        config = config.override(clip_length=3, stride=min(config.stride, 3))
    model = segmenter(propagation=preset == "propagation")
    bytes_held, entries = ask(model, task, size, config)
    warm = WARM_UP // 10
    period = 2 * (config.window + config.clip_length)  # outputs in rounds make it go up and down
    assert max(bytes_held[-5:]) <= 1.02 * max(bytes_held[warm : warm + period])
    assert max(entries[-5:]) <= max(entries[warm : warm + period]) + 5


def test_the_count_of_bytes_sees_a_leak() -> None:
    class Leaking(nn.Module):
        pass

    session = segmenter().session("vos")
    before = state_bytes(session)
    session.policy.leak = [torch.zeros(1000)]  # type: ignore[attr-defined]
    assert state_bytes(session) >= before + 4000


def resident() -> int:
    """Bytes of memory in use by this process."""
    if sys.platform == "linux":
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.slow
@pytest.mark.parametrize("leaves", [False, True], ids=["stays", "leaves and returns"])
@pytest.mark.parametrize("task", [Task.VOS, Task.VPS])
def test_memory_of_the_process_is_flat_over_2000_frames(task: Task, leaves: bool) -> None:
    size = (480, 854)
    model = segmenter(propagation=True)
    results = model.segment(
        (picture(i, size, thing=not leaves or i % 400 < 200) for i in range(2000)),
        task=task,
        categories=["dog", "cat"] if task.by_category else None,
        prompts=prompts_of(task, size),
        short_side=96,
    )
    held = []
    for index, _ in enumerate(results):
        if index % 100 == 99:
            gc.collect()
            held.append(resident() / 2**20)
    print("MiB:", " ".join(f"{value:.0f}" for value in held))
    assert max(held[-5:]) - max(held[2:7]) < 20
