"""A model that is shown a few clips again and again must learn them by heart, in both streams."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from vidseg.backbones.efficientnet_lite import imagenet_state
from vidseg.datasets.batches.collate import ClipBatch
from vidseg.datasets.clips.own_folders import open_masked_videos, open_panoptic_stills
from vidseg.datasets.clips.readers import LabelReader
from vidseg.datasets.clips.schema import ClipSample
from vidseg.labels import LabelSource
from vidseg.models.presets import nano
from vidseg.models.text.features import TextEncoder
from vidseg.models.univs.model import UniVS
from vidseg.training.objectives.clip_queries import (
    decode_clip,
    normalised,
    prompt_queries,
    visual_tokens,
)
from vidseg.training.objectives.registry import build_objective
from vidseg.training.prompts.clip_prompts import simulate_clip_prompts
from vidseg.training.recipe.objective import (
    LossesConfig,
    ObjectiveConfig,
    PromptsConfig,
    PromptShares,
)

from .drawn_clips import Letters, batch_of, drawn_clip, small_model, squares

FRAMES, SIZE = 3, 128
OBJECTIVE = ObjectiveConfig(
    losses=LossesConfig(preset="light"),
    prompts=PromptsConfig(shares=PromptShares(mask=0.5, box=0.25, point=0.25), most=2, tokens=32),
)


def fit(model: UniVS, batch: ClipBatch, texts: TextEncoder | None, steps: int, rate: float) -> None:
    objective = build_objective(OBJECTIVE, model, texts)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.0)
    rng = np.random.default_rng(0)
    for step in range(steps):
        factor = min(1.0, (step + 1) / 10) * (
            0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * step / steps))
        )
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
        total = objective(model, batch, rng)["total"]
        optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@torch.no_grad()
def clip_ious(model: UniVS, batch: ClipBatch) -> tuple[list[float], list[float]]:
    """Mean IoU over the objects of each clip: best learnable query, query of a mask prompt.

    Overlaps are counted over all frames at full size; the mask is given on the first frame.
    """
    model.eval()
    features = model.encode_frames(normalised(model, batch.images))
    times, rng = batch.frame_indices, np.random.default_rng(0)
    prompts = simulate_clip_prompts(
        batch.samples, "mask", {"mask": 1.0}, None, 4, rng, first_frames=1
    )
    assert prompts is not None
    own = visual_tokens(model, features, times, prompts.regions, prompts.keys, 32)
    queries = prompt_queries(model, features, prompts, own)
    final = decode_clip(model, features, times, queries, None).final
    full = torch.nn.functional.interpolate(
        final.mask_logits.flatten(0, 1), scale_factor=4, mode="bilinear"
    )
    found = full.unflatten(0, final.mask_logits.shape[:2]) > 0
    model.train()
    learnable, prompted = [], []
    for b, sample in enumerate(batch.samples):
        own_queries, asked = found[b, : final.learnable], found[b, final.learnable :]
        best = [max(iou(query, mask) for query in own_queries) for mask in sample.masks]
        learnable.append(float(np.mean(best)))
        pairs = zip(asked, prompts.truth[b], strict=True)
        prompted.append(float(np.mean([iou(query, mask) for query, mask in pairs])))
    return learnable, prompted


def iou(a: Tensor, b: Tensor) -> float:
    return float((a & b).sum() / (a | b).sum().clamp(min=1))


def test_one_drawn_clip() -> None:
    batch = batch_of(drawn_clip(squares(2, 2), vocabulary=()))
    model = small_model()
    fit(model, batch, Letters(), steps=60, rate=6e-3)
    learnable, prompted = clip_ious(model, batch)
    assert min(learnable) >= 0.9 and min(prompted) >= 0.9, (learnable, prompted)


@pytest.mark.slow
def test_four_real_clips(shared: Path) -> None:
    data = shared / "data"
    if not data.is_dir():
        pytest.skip(f"no training data in {data}")
    videos = data / "video-extra"
    chair, bike = (open_masked_videos(videos, None, [name]) for name in ("chair", "bmx-bike"))
    judo = open_masked_videos(videos, None, ["judo"])  # single labelled frames
    batch = batch_of(
        real_clip(chair, [(0, 15), (0, 30), (0, 45)]),
        real_clip(bike, [(0, 9), (0, 18), (0, 27)]),
        real_clip(judo, [(0, 0), (1, 0), (2, 0)]),
        moving_still(real_clip(open_panoptic_stills(data / "voc-animals", "train"), [(3, 0)])),
    )
    torch.manual_seed(0)
    model = UniVS(replace(nano(), propagation=None)).train()
    model.backbone.load_state_dict(imagenet_state())
    started = time.monotonic()
    fit(model, batch, None, steps=130, rate=1e-3)
    minutes = (time.monotonic() - started) / 60
    learnable, prompted = clip_ious(model, batch)
    print(f"\n{minutes:.1f} minutes; IoU of learnable queries {learnable}, of prompts {prompted}")
    assert min(learnable) >= 0.9 and min(prompted) >= 0.9


def real_clip(source: LabelSource, frames: Sequence[tuple[int, int]]) -> ClipSample:
    """Frames (video, frame), cut to a square around all regions; no classes."""
    reader, rng = LabelReader(source, whole=True), np.random.default_rng(0)
    found = [reader.read(video, [frame], rng) for video, frame in frames]
    pictures = [each.pictures[0] for each in found]
    ids = np.stack([each.maps[0][0] for each in found])
    ys, xs = np.nonzero(ids.any(0))
    height, width = ids.shape[1:]
    side = min(int(1.3 * max(np.ptp(ys), np.ptp(xs))) + 8, height, width)
    top = int(np.clip((ys.min() + ys.max() - side) // 2, 0, height - side))
    left = int(np.clip((xs.min() + xs.max() - side) // 2, 0, width - side))
    box = (left, top, left + side, top + side)

    def cut(array: np.ndarray, how: Image.Resampling) -> np.ndarray:
        return np.asarray(Image.fromarray(array).crop(box).resize((SIZE, SIZE), how))

    images = np.stack([cut(p, Image.Resampling.BILINEAR) for p in pictures])
    small = np.stack([cut(m, Image.Resampling.NEAREST) for m in ids])
    numbers = np.unique(small[small > 0])
    return ClipSample(
        images=torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        masks=torch.from_numpy(small[None] == numbers[:, None, None, None]),
        labels=torch.full((len(numbers),), -1),
        ids=torch.arange(len(numbers)),
        is_thing=torch.ones(len(numbers), dtype=torch.bool),
        is_group=torch.zeros(len(numbers), dtype=torch.bool),
        vocabulary=(),
        frame_indices=torch.arange(len(frames)),
        dataset=source.name,
    )


def moving_still(sample: ClipSample, step: int = 6) -> ClipSample:
    """A still that moves to the right, by so many pixels a frame."""
    shifts = [step * t for t in range(FRAMES)]
    return replace(
        sample,
        images=torch.stack([sample.images[0].roll(s, -1) for s in shifts]),
        masks=torch.stack([sample.masks[:, 0].roll(s, -1) for s in shifts], 1),
        frame_indices=torch.arange(FRAMES),
    )
