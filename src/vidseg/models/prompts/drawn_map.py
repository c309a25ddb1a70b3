"""What the user drew on a frame, as soft maps of stride-8 cells for the memory read-out.

Values lie in -1 (not the object) .. 1 (the object); 0 says nothing. Coordinates are continuous
pixels of the padded model input, as in :mod:`vidseg.models.prompts.regions`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...prompts import Box, Mask, Point, Scribble, VisualPrompt
from .regions import VisualRegions

STRIDE = 8
INSIDE_BOX = 0.25
"""The inside of a box is mostly the object; its outside never is."""
POINT_RADIUS = 1.5
"""A click speaks for about this many cells around it."""


def map_of_mask(mask: Tensor) -> Tensor:
    """[..., H, W] mask 0..1 to [..., H/8, W/8]."""
    cells: Tensor = mask.float().unflatten(-1, (-1, STRIDE)).unflatten(-3, (-1, STRIDE))
    return 2 * cells.mean((-3, -1)) - 1


def map_of_box(box: Tensor, size: tuple[int, int]) -> Tensor:
    """xyxy box [4] to a map [h, w] of ``size`` cells: -1 in cells that it does not touch."""
    y, x = _centres(size, box.device)
    reach = STRIDE / 2
    inside_x = (x > box[0] - reach) & (x < box[2] + reach)
    inside_y = (y > box[1] - reach) & (y < box[3] + reach)
    return torch.where(inside_x & inside_y, INSIDE_BOX, -1.0)


def map_of_point(point: Tensor, size: tuple[int, int]) -> Tensor:
    """(x, y) point [2] to a bump [h, w] of height 1 at the point."""
    y, x = _centres(size, point.device)
    squared = ((x - point[0]) ** 2 + (y - point[1]) ** 2) / STRIDE**2
    return torch.exp(-0.5 * squared / POINT_RADIUS**2)


def drawn_maps(
    prompts: Sequence[VisualPrompt],
    rows: Sequence[int],
    count: int,
    *,
    source_size: tuple[int, int],
    valid_size: tuple[int, int],
    size: tuple[int, int],
    device: torch.device | None = None,
) -> Tensor:
    """Maps [count, H/8, W/8] of all prompts of one frame; arguments as in
    :meth:`VisualRegions.from_prompts`. Areas say where the object may be, then points correct.
    """
    cells = (size[0] // STRIDE, size[1] // STRIDE)
    maps = torch.zeros(count, *cells, device=device)
    order = sorted(range(len(rows)), key=lambda k: isinstance(prompts[k], Point | Scribble))
    for k in order:
        prompt, row = prompts[k], rows[k]
        region = VisualRegions.from_prompts(
            [prompt],
            [0],
            1,
            source_size=source_size,
            valid_size=valid_size,
            size=size,
            device=device,
        )
        if isinstance(prompt, Mask):
            assert region.masks is not None
            maps[row] = map_of_mask(region.masks[0])
        elif isinstance(prompt, Box):
            maps[row] = map_of_box(region.boxes[0], cells)
        elif isinstance(prompt, Scribble):
            assert region.masks is not None
            stroke = F.max_pool2d(region.masks.float(), STRIDE)[0]
            maps[row] = torch.maximum(maps[row], stroke)
        else:
            bump = map_of_point(region.points[0], cells)
            if prompt.positive:
                maps[row] = torch.maximum(maps[row], bump)
            else:
                maps[row] = torch.where(bump > 0.1, -bump, maps[row])
    return maps


def _centres(size: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    """y [h, 1] and x [1, w] of the middles of the cells."""
    y, x = ((torch.arange(n, device=device) + 0.5) * STRIDE for n in size)
    return y[:, None], x[None, :]
