"""Pictures of the predictions for a clip of the last batch, for the logs of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...datasets.clips.schema import ClipSample
from ...models.univs.model import UniVS
from ...results import FrameResult, Segment
from ...types import ImageArray
from ...video.draw import OverlayStyle, draw_overlay
from ..objectives.clip_queries import device_of, normalised
from ..objectives.rollout import roll_out
from ..prompts.simulation import simulate_visual

_PLAIN = OverlayStyle(labels=False, color_by="id")
_PROMPTS = 8  # objects that are prompted
_TOKENS = 32
_SIDE = 384  # longest side of one of the pictures in pixels


@torch.no_grad()
def draw_answers(model: UniVS, sample: ClipSample) -> ImageArray:
    """Three rows: the truth, learnable queries, prompt queries; the first and the last frame.

    Learnable queries show, for each true region, the one that overlaps it most: what the model
    could find, not what it would predict. Prompt queries were given the true masks of the first
    frame and follow them frame by frame.

    Args:
        model: in evaluation mode.
        sample: a training clip.
    """
    device = device_of(model)
    features = model.encode_frames(normalised(model, sample.images[None]))
    shown = sorted({0, len(sample.images) - 1})
    size = (sample.masks.shape[2], sample.masks.shape[3])
    found = []
    for t in shown:
        index = torch.zeros(1, 1, dtype=torch.long, device=device)
        output = model.decode(features[slice(t, t + 1)], index)
        masks = _upscale(output.final.mask_logits[0, :, 0], size)
        found.append(_most_overlapping(masks, sample.masks[:, t]))
    prompts = simulate_visual([sample], "mask", _PROMPTS, np.random.default_rng(0))
    followed, _ = roll_out(model, features, prompts.to(device), _TOKENS)
    answers = _upscale(followed.final.mask_logits[0].flatten(0, 1), size)
    answers = answers.unflatten(0, followed.final.mask_logits.shape[1:3])
    rows, first = np.unique(prompts.rows[0].numpy(), return_index=True)
    asked = [place for row, place in zip(rows, first, strict=True) if row >= 0]
    ids = [int(prompts.rows[0, place]) for place in asked]
    everything = range(len(sample.masks))
    columns = []
    for place, t in enumerate(shown):
        image = np.ascontiguousarray(sample.images[t].permute(1, 2, 0).numpy())
        pictures = (
            _paint(image, sample.masks[:, t], everything),
            _paint(image, found[place], everything),
            _paint(image, answers[asked, t], ids),
        )
        columns.append(np.concatenate(pictures, axis=0))
    return _shrink(np.concatenate(columns, axis=1), max(size))


def _upscale(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """[N, h, w] logits as [N, H, W] bool on the CPU."""
    full = F.interpolate(logits[None].float(), size=size, mode="bilinear", align_corners=False)
    return (full[0] > 0).cpu()


def _most_overlapping(found: Tensor, truth: Tensor) -> Tensor:
    """[N, H, W]: of the masks [Q, H, W], the one with the largest IoU with each true one."""
    a, b = found.flatten(1).float(), truth.flatten(1).float()
    both = b @ a.T
    union = b.sum(1, keepdim=True) + a.sum(1) - both
    return found[(both / union.clamp(min=1)).argmax(1)]


def _paint(image: ImageArray, masks: Tensor, ids: Sequence[int]) -> ImageArray:
    segments = tuple(
        Segment(id=number + 1, mask=mask.numpy(), score=1.0)
        for number, mask in zip(ids, masks, strict=True)
    )
    height, width = image.shape[:2]
    return draw_overlay(image, FrameResult(0, None, (height, width), segments), _PLAIN)


def _shrink(picture: ImageArray, side: int) -> ImageArray:
    every = -(-side // _SIDE)
    return np.ascontiguousarray(picture[::every, ::every])
