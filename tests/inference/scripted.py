"""A decoder that answers with given arrays, and clips without pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from vidseg.inference.clip import Categories, Clip
from vidseg.inference.config import InferenceConfig
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.models.decoder.tensors import FrameFeatures, Prediction
from vidseg.results import FrameResult
from vidseg.types import Task


@dataclass
class ScriptedDecoder:
    """Plays ``script(start, ids) -> Prediction`` and writes down what it was told.

    Attributes:
        ids: rows of the memory.
        observed: (ids seen, slot, frame indices) of every ``observe``.
        first: slot of first appearance by id.
    """

    script: Callable[[int, tuple[int, ...]], Prediction]
    ids: tuple[int, ...] = ()
    observed: list[tuple[tuple[int, ...], int, list[int]]] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)
    maps: list[tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    stop: int = 0

    def predict(self, clip: Clip) -> Prediction:
        return self.script(clip.start, self.ids)

    def add(self, ids: Sequence[int], first: int) -> None:
        self.ids += tuple(ids)
        self.first |= dict.fromkeys(ids, first)

    def remove(self, ids: Collection[int]) -> None:
        self.ids = tuple(i for i in self.ids if i not in ids)

    def advance(self, stop: int) -> None:
        self.stop = stop

    def observe(
        self, features: FrameFeatures, frame_indices: Tensor, masks: Tensor, slot: int
    ) -> None:
        assert masks.shape[:2] == (len(self.ids), len(features))
        seen = (masks >= 0.5).flatten(1).any(dim=1).tolist()
        ids = tuple(i for i, visible in zip(self.ids, seen, strict=True) if visible)
        self.observed.append((ids, slot, frame_indices.tolist()))

    def remember_masks(
        self, features: FrameFeatures, masks: Mapping[int, Tensor], anchored: Collection[int]
    ) -> None:
        self.maps.append((tuple(masks), tuple(anchored)))


def make_clip(start: int, length: int, new: int, geometry: FrameGeometry) -> Clip:
    """A clip whose features are empty but of the right size."""
    height, width = geometry.padded
    levels = [torch.zeros(length, 1, height // s, width // s) for s in (32, 16, 8, 4)]
    frames = tuple(range(start, start + length))
    return Clip(
        features=FrameFeatures((levels[0], levels[1], levels[2]), levels[3]),
        start=start,
        new=new,
        frame_indices=torch.tensor(frames),
        indices=frames,
        times=tuple(f / 10 for f in frames),
        geometry=geometry,
    )


def make_categories(is_thing: Sequence[bool]) -> Categories:
    names = tuple(f"class {k}" for k in range(len(is_thing)))
    return Categories(names, tuple(is_thing), torch.zeros(len(is_thing), 4))


def play(
    decoder: ScriptedDecoder,
    config: InferenceConfig,
    task: Task,
    is_thing: Sequence[bool],
    frames: int,
    geometry: FrameGeometry,
) -> tuple[list[list[FrameResult]], CategoryPolicy]:
    """Runs a whole video; results of every step, then those of the end."""
    remembers = config.tracking.association == "prompts"
    categories = make_categories(is_thing)
    policy = CategoryPolicy(
        decoder, config, task, categories, memory=decoder if remembers else None
    )
    T, s = config.clip_length, config.stride
    results = []
    for start in range(0, max(frames - T, 0) + 1, s):
        new = T if start == 0 else s
        results.append(policy.step(make_clip(start, T, new, geometry)))
    results.append(policy.finish())
    return results, policy
