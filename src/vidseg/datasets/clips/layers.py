"""Overlapping masks as a few id maps, so that clips can be warped map by map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import FrameLabels
from ...results import mask_box
from .schema import MAX_REGIONS

LayerStack = npt.NDArray[np.uint8]
"""[L, H, W] id maps of one frame: value n + 1 where region n lies, each region on one layer."""


def paint_layers(
    frames: Sequence[FrameLabels], numbers: Mapping[int, int]
) -> tuple[list[LayerStack], list[int]]:
    """Draws masks so that none covers another one.

    Each region goes to the first layer on which it meets nothing in any frame; where masks do not
    overlap that is the only one.

    Args:
        frames: the labels.
        numbers: track id → region number 0, 1, ...; tracks that are not here are left out.

    Returns:
        The maps of each frame, and the layer of each region.

    Raises DataError for more than 254 regions.
    """
    if len(numbers) > MAX_REGIONS:
        raise DataError(f"A clip has {len(numbers)} regions; at most {MAX_REGIONS} are supported.")
    stacks: list[list[npt.NDArray[np.uint8]]] = [[np.zeros(f.size, np.uint8)] for f in frames]
    places = []
    for id, number in numbers.items():
        parts = [(t, *_part(frame, id)) for t, frame in enumerate(frames) if id in frame.masks]
        layer = 0
        while any((stacks[t][layer][box] > 0)[mask].any() for t, box, mask in parts):
            layer += 1
            if layer == len(stacks[0]):
                for stack in stacks:
                    stack.append(np.zeros_like(stack[0]))
        for t, box, mask in parts:
            stacks[t][layer][box][mask] = number + 1
        places.append(layer)
    for frame, stack in zip(frames, stacks, strict=True):
        if frame.void is not None:
            unlabelled = decode_rle(frame.void)
            for ids in stack:
                ids[unlabelled] = 0
    return [np.stack(stack) for stack in stacks], places


def _part(frame: FrameLabels, id: int) -> tuple[tuple[slice, slice], npt.NDArray[np.bool_]]:
    """The box around a mask, and the mask inside it."""
    mask = decode_rle(frame.masks[id])
    x0, y0, x1, y1 = mask_box(mask)
    box = slice(y0, y1), slice(x0, x1)
    return box, mask[box]
