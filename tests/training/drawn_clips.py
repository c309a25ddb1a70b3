"""Clips of drawn squares and small models to train on them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vidseg.backbones.resnet import ResNetConfig
from vidseg.datasets.batches.collate import ClipBatch, collate_clips
from vidseg.datasets.clips.schema import ClipSample, Expression
from vidseg.models.decoder.config import MaskDecoderConfig
from vidseg.models.pixel.light import LightPixelDecoderConfig
from vidseg.models.text.features import SentenceFeatures
from vidseg.models.univs.config import UniVSConfig
from vidseg.models.univs.model import UniVS
from vidseg.models.univs.propagation import PropagationConfig
from vidseg.training.recipe.objective import (
    LossesConfig,
    ObjectiveConfig,
    PromptsConfig,
    PromptShares,
)

SIZE = 64
NAMES = ("cat", "dog", "sky", "sheep", "cow")
SMALL_LOSSES = LossesConfig(preset="released", overrides={"points": 200, "match_points": 100})


class Letters:
    """A text encoder of eight values: random, but the same for the same text."""

    dim = 8

    def encode_names(self, names: Sequence[str]) -> torch.Tensor:
        rows = []
        for name in names:
            generator = torch.Generator().manual_seed(sum(map(ord, name)))
            rows.append(torch.randn(self.dim, generator=generator))
        return torch.stack(rows) if rows else torch.zeros(0, self.dim)

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        sentences = self.encode_names(texts)
        words = torch.stack([sentences, -sentences], 1)
        return SentenceFeatures(words, torch.full((len(texts),), 2), sentences)


def squares(frames: int, count: int) -> torch.Tensor:
    """[count, T, SIZE, SIZE] disjoint squares, each in its quarter, moving down by a pixel."""
    masks = torch.zeros(count, frames, SIZE, SIZE, dtype=torch.bool)
    for n in range(count):
        y, x = 32 * (n // 2) + 4, 32 * (n % 2) + 6
        for t in range(frames):
            masks[n, t, y + t : y + t + 16, x : x + 18] = True
    return masks


def drawn_clip(
    masks: torch.Tensor,
    *,
    labels: Sequence[int] | None = None,
    vocabulary: tuple[str, ...] = NAMES,
    expressions: bool = False,
    dataset: str = "drawn",
) -> ClipSample:
    """Objects [N, T, SIZE, SIZE] in colours of their own on grey; class 2 is stuff."""
    count, frames = masks.shape[:2]
    colours = torch.tensor([[220, 40, 40], [40, 200, 60], [60, 60, 230], [230, 220, 40]])
    images = torch.full((frames, 3, SIZE, SIZE), 90, dtype=torch.uint8)
    for n in range(count):
        for t in range(frames):
            images[t][:, masks[n, t]] = colours[n % 4][:, None].to(torch.uint8)
    own = list(range(count)) if labels is None else list(labels)
    classes = torch.tensor(own if vocabulary else [-1] * count, dtype=torch.int64)
    sentences = [Expression(f"square {n}", n, composed=True) for n in range(count)]
    return ClipSample(
        images=images,
        masks=masks,
        labels=classes,
        ids=torch.arange(count),
        is_thing=classes != 2,
        is_group=torch.zeros(count, dtype=torch.bool),
        vocabulary=vocabulary,
        frame_indices=3 * torch.arange(frames),
        dataset=dataset,
        expressions=tuple(sentences) if expressions else (),
    )


def batch_of(*clips: ClipSample) -> ClipBatch:
    return collate_clips(clips)


def small_model(*, memory: bool = False, layers: int = 2, queries: int = 6) -> UniVS:
    """In training mode, with random weights of seed 0."""
    torch.manual_seed(0)
    config = UniVSConfig(
        backbone=ResNetConfig(stem_channels=8, bottleneck_channels=4, out_channels=16),
        pixel_decoder=LightPixelDecoderConfig(hidden=32, mask_dim=32),
        decoder=MaskDecoderConfig(
            hidden=32,
            heads=4,
            layers=layers,
            ffn=64,
            queries=queries,
            text_dim=8,
            temporal_encoding="clip" if memory else "absolute",
        ),
        propagation=PropagationConfig(key_channels=16, tile=4, halo=2, refiner_channels=4)
        if memory
        else None,
    )
    return UniVS(config).train()


def objective_config(
    kind: str = "clips",
    *,
    losses: LossesConfig = SMALL_LOSSES,
    only: dict[str, tuple[str, ...]] | None = None,
    most: int = 4,
    predicted: float = 0.0,
    clip_frames: int = 3,
    **shares: float,
) -> ObjectiveConfig:
    return ObjectiveConfig(
        kind=kind,
        clip_frames=clip_frames,
        losses=losses,
        prompts=PromptsConfig(
            shares=PromptShares(**(shares or {"mask": 1.0})),
            only=only or {},
            most=most,
            tokens=8,
            predicted=predicted,
        ),
    )
