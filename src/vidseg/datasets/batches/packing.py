"""Clips on their way from the process that draws them to the one that trains.

Masks of a 1024-pixel clip fill a gigabyte and more; their id maps, a hundredth of that. All pixels
of a batch travel in one buffer, for each buffer that processes share costs an open file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..augment.cameras import PADDING
from ..clips.schema import ClipSample, Expression
from .collate import ClipBatch

SIDE_STEP = 32
"""Heights and widths of batches are multiples of this."""

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class DrawnClip:
    """One clip with N regions.

    Attributes:
        images: [T, 3, H, W] uint8 RGB.
        maps: [L, T, H, W] uint8.
        numbers: [N] value of each region in its map.
        layers: [N] which of the L maps.
        labels, ids, is_thing, is_group: [N], as of :class:`ClipSample`.
        times: [T].
        expressions: their ``target`` is a row of the N.
        video: its name, for messages.
    """

    images: npt.NDArray[np.uint8]
    maps: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.uint8]
    layers: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    is_thing: npt.NDArray[np.bool_]
    is_group: npt.NDArray[np.bool_]
    times: npt.NDArray[np.int64]
    expressions: tuple[Expression, ...]
    video: str = ""


@dataclass(frozen=True, eq=False)
class PackedClips:
    """B clips; ``pixels`` holds images and maps one after the other, which ``clips`` lack."""

    pixels: Tensor
    shapes: tuple[tuple[Shape, Shape], ...]
    clips: tuple[DrawnClip, ...]


def pack(clips: Sequence[DrawnClip]) -> PackedClips:
    """Puts the pixels of all clips into one buffer."""
    nothing = np.zeros(0, np.uint8)
    pixels = np.concatenate([part.ravel() for c in clips for part in (c.images, c.maps)])
    shapes = tuple((c.images.shape, c.maps.shape) for c in clips)
    rest = tuple(
        DrawnClip(
            nothing, nothing, c.numbers, c.layers, c.labels, c.ids, c.is_thing, c.is_group,
            c.times, c.expressions, c.video,
        )
        for c in clips
    )  # fmt: skip
    return PackedClips(torch.from_numpy(pixels), shapes, rest)


def unpack(packed: PackedClips, vocabulary: tuple[str, ...], dataset: str) -> ClipBatch:
    """The clips as a batch, padded at the bottom and right to one size, a multiple of 32."""
    images = [torch.empty(0)] * len(packed.clips)
    maps = [torch.empty(0)] * len(packed.clips)
    place = 0
    for b, shapes in enumerate(packed.shapes):
        for parts, shape in zip((images, maps), shapes, strict=True):
            length = prod(shape)
            parts[b] = packed.pixels[place : place + length].view(shape)
            place += length
    height = _round_up(max(image.shape[2] for image in images))
    width = _round_up(max(image.shape[3] for image in images))
    batch = torch.tensor(PADDING, dtype=torch.uint8)[:, None, None].repeat(
        len(images), images[0].shape[0], 1, height, width
    )
    samples = []
    for b, (image, stack, clip) in enumerate(zip(images, maps, packed.clips, strict=True)):
        batch[b, :, :, : image.shape[2], : image.shape[3]] = image
        masks = _masks(stack, clip, (height, width))
        samples.append(_sample(batch[b], masks, clip, vocabulary, dataset))
    times = torch.stack([sample.frame_indices for sample in samples])
    return ClipBatch(batch, times, tuple(samples))


def _round_up(side: int) -> int:
    return -(-side // SIDE_STEP) * SIDE_STEP


def _masks(stack: Tensor, clip: DrawnClip, size: tuple[int, int]) -> Tensor:
    _, T, h, w = stack.shape
    new = torch.empty if (h, w) == size else torch.zeros
    masks = new((len(clip.numbers), T, *size), dtype=torch.bool)
    for mask, layer, number in zip(masks, clip.layers.tolist(), clip.numbers.tolist(), strict=True):
        torch.eq(stack[layer], number, out=mask[:, :h, :w])
    return masks


def _sample(
    images: Tensor, masks: Tensor, clip: DrawnClip, vocabulary: tuple[str, ...], dataset: str
) -> ClipSample:
    return ClipSample(
        images=images,
        masks=masks,
        labels=torch.from_numpy(clip.labels),
        ids=torch.from_numpy(clip.ids),
        is_thing=torch.from_numpy(clip.is_thing),
        is_group=torch.from_numpy(clip.is_group),
        vocabulary=vocabulary,
        frame_indices=torch.from_numpy(clip.times),
        dataset=dataset,
        expressions=clip.expressions,
        video=clip.video,
    )
