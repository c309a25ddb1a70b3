"""Where visual prompts lie on one frame, in pixels of the model input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...errors import PromptError
from ...prompts import Box, Mask, Point, Scribble, VisualPrompt

STROKE_RADIUS = 4.0
"""Half the width of a rasterised scribble in model-input pixels: half a stride-8 cell."""


@dataclass(frozen=True, eq=False)
class VisualRegions:
    """Regions of Q prompts on one key frame. A row without any region gets zero tokens.

    Several regions of one row are united. Coordinates are continuous pixels of the padded model
    input, the outer corner of the top-left pixel being (0, 0).

    Attributes:
        rows: Q.
        size: (H, W) of the padded model input.
        masks: [Q, H, W] bool, or None.
        boxes: [N, 4] xyxy, and ``box_rows`` [N] the rows that they belong to.
        points: [N, 2] (x, y), and ``point_rows`` [N].
    """

    rows: int
    size: tuple[int, int]
    masks: Tensor | None
    boxes: Tensor
    box_rows: Tensor
    points: Tensor
    point_rows: Tensor

    @staticmethod
    def from_masks(masks: Tensor) -> VisualRegions:
        """masks [Q, H, W] on the padded grid; bool, or soft and cut at 0.5."""
        if masks.dtype != torch.bool:
            masks = masks >= 0.5
        height, width = masks.shape[-2:]
        return _regions(masks.shape[0], (height, width), masks.device, masks=masks)

    @staticmethod
    def from_boxes(boxes: Tensor, size: tuple[int, int]) -> VisualRegions:
        """boxes [Q, 4] xyxy pixels, one a row; a box of zeros is no region."""
        rows = torch.arange(len(boxes), device=boxes.device)
        usable = boxes.ne(0).any(-1)
        return _regions(len(boxes), size, boxes.device, boxes=boxes[usable], box_rows=rows[usable])

    @staticmethod
    def from_points(
        points: Tensor, size: tuple[int, int], valid: Tensor | None = None
    ) -> VisualRegions:
        """points [Q, 2] (x, y) pixels, one a row; rows where ``valid`` [Q] is False are empty."""
        rows = torch.arange(len(points), device=points.device)
        usable = torch.ones_like(rows, dtype=torch.bool) if valid is None else valid
        return _regions(
            len(points), size, points.device, points=points[usable], point_rows=rows[usable]
        )

    @staticmethod
    def from_prompts(
        prompts: Sequence[VisualPrompt],
        rows: Sequence[int],
        count: int,
        *,
        source_size: tuple[int, int],
        valid_size: tuple[int, int],
        size: tuple[int, int],
        device: torch.device | None = None,
    ) -> VisualRegions:
        """Brings prompts in source pixels onto the model input.

        Args:
            prompts: all of one frame; a negative point marks its place like a positive one.
            rows: the row of each prompt, 0..count-1; prompts of the same row are united.
            source_size: (height, width) of the source frame.
            valid_size: (height, width) that the frame was resized to, before padding.
            size: (H, W) after padding.

        Raises:
            PromptError: a mask is not of the source size.
        """
        scale = (valid_size[1] / source_size[1], valid_size[0] / source_size[0])
        masks = torch.zeros(count, *size, dtype=torch.bool, device=device)
        boxes, box_rows, points, point_rows = [], [], [], []
        for prompt, row in zip(prompts, rows, strict=True):
            if isinstance(prompt, Mask):
                _check_size(prompt, source_size)
                mask = torch.from_numpy(prompt.mask).to(device)
                masks[row, : valid_size[0], : valid_size[1]] |= _resize_mask(mask, valid_size)
            elif isinstance(prompt, Scribble):
                stroke = (torch.from_numpy(np.asarray(prompt.points, np.float32)) + 0.5).to(device)
                drawn = rasterise_stroke(stroke * stroke.new_tensor(scale), valid_size)
                masks[row, : valid_size[0], : valid_size[1]] |= drawn
            elif isinstance(prompt, Box):
                corners = (prompt.x0, prompt.y0, prompt.x1, prompt.y1)
                boxes.append([c * scale[i % 2] for i, c in enumerate(corners)])
                box_rows.append(row)
            elif isinstance(prompt, Point):
                points.append([(prompt.x + 0.5) * scale[0], (prompt.y + 0.5) * scale[1]])
                point_rows.append(row)
        return VisualRegions(
            count,
            size,
            masks,
            torch.tensor(boxes, device=device).reshape(-1, 4),
            torch.tensor(box_rows, device=device, dtype=torch.long),
            torch.tensor(points, device=device).reshape(-1, 2),
            torch.tensor(point_rows, device=device, dtype=torch.long),
        )


def rasterise_stroke(points: Tensor, size: tuple[int, int]) -> Tensor:
    """Pixels [h, w] within STROKE_RADIUS of the polyline [N, 2] (x, y), N >= 1."""
    y = torch.arange(size[0], device=points.device) + 0.5
    x = torch.arange(size[1], device=points.device) + 0.5
    pixels = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)  # [h, w, 2]
    drawn = torch.zeros(size, dtype=torch.bool, device=points.device)
    ends = points[1:] if len(points) > 1 else points
    for start, end in zip(points, ends, strict=False):
        along = end - start
        length = along.square().sum().clamp(min=1e-12)
        t = ((pixels - start) @ along / length).clamp(0, 1)
        gap = pixels - start - t[..., None] * along
        drawn |= gap.square().sum(-1) <= STROKE_RADIUS**2
    return drawn


def _resize_mask(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """Nearest for ids; an object thinner than a pixel of ``size`` keeps its place."""
    small = F.interpolate(mask[None, None].float(), size=size, mode="nearest")[0, 0] > 0
    if bool(small.any()):
        return small
    covered = F.adaptive_max_pool2d(mask[None, None].float(), size)[0, 0]
    return covered > 0


def _check_size(prompt: Mask, size: tuple[int, int]) -> None:
    if prompt.mask.shape != size:
        raise PromptError(
            f"Object {prompt.object_id}: the mask is {prompt.mask.shape[1]}x"
            f"{prompt.mask.shape[0]} but the frame is {size[1]}x{size[0]}; make them equal."
        )


def _regions(
    rows: int,
    size: tuple[int, int],
    device: torch.device,
    *,
    masks: Tensor | None = None,
    boxes: Tensor | None = None,
    box_rows: Tensor | None = None,
    points: Tensor | None = None,
    point_rows: Tensor | None = None,
) -> VisualRegions:
    """Regions of one kind, the others empty."""
    nobody = torch.zeros(0, dtype=torch.long, device=device)
    return VisualRegions(
        rows,
        size,
        masks,
        torch.zeros(0, 4, device=device) if boxes is None else boxes.float(),
        nobody if box_rows is None else box_rows,
        torch.zeros(0, 2, device=device) if points is None else points.float(),
        nobody if point_rows is None else point_rows,
    )
