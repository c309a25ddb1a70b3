"""Visual sampler (UniVS Eq. 1): R tokens of the stride-8 features for each prompt.

No parameters. Regions that cover cells (masks, scribbles, boxes) give the features of their
cells; points give one bilinear sample. Rows with several regions share the R tokens evenly
between the union of the covered cells and each point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ...nn.position import point_position, sine_embedding
from ..decoder.tensors import VisualTokens
from .regions import VisualRegions

STRIDE = 8
LARGE_BOX_AREA = 0.09
"""Part of the picture above which a box is disturbed in training."""
BOX_NOISE = 0.1

Uniform: TypeAlias = Callable[[tuple[int, ...]], Tensor]
"""Shape -> independent uniform numbers in 0..1, on the CPU."""
Randomness: TypeAlias = torch.Generator | Uniform | None


@dataclass(frozen=True, eq=False)
class KeyFrame:
    """What tokens are sampled from.

    Attributes:
        content: [C, h, w] stride-8 features with the level embedding.
        position: [h, w, C] space-time positions of its cells.
        angle: temporal coordinate of the frame in radians, 0-dim.
    """

    content: Tensor
    position: Tensor
    angle: Tensor


@torch.no_grad()
def sample_tokens(
    frame: KeyFrame,
    regions: VisualRegions,
    count: int,
    *,
    random: Randomness = None,
    training: bool = False,
) -> VisualTokens:
    """R = ``count`` tokens for each of the Q rows of ``regions``.

    Without randomness where no more than R cells are covered: their list, row by row, is
    repeated until R. ``training`` disturbs large boxes and always takes the four extreme cells.
    """
    uniform = _uniform(random)
    h, w = frame.content.shape[1:]
    if training:
        regions = disturb_large_boxes(regions, uniform)
    covered = covered_cells(regions, (h, w))  # [Q, h, w]
    points, point_rows = _points_and_fallbacks(regions, covered, uniform)
    cells = choose_cells(covered, count, uniform, extremes=training)  # [Q, R]
    content = frame.content.flatten(1).T[cells]
    position = frame.position.flatten(0, 1)[cells]
    if len(points):
        order = point_rows.argsort(stable=True)
        points, point_rows = points[order], point_rows[order]
        at_points = sample_points(frame, points, regions.size)
        from_point, which = _share(covered.flatten(1).any(1), point_rows, count)
        content = torch.where(from_point[..., None], at_points.content[which], content)
        position = torch.where(from_point[..., None], at_points.position[which], position)
    empty = ~covered.flatten(1).any(1)
    empty[point_rows] = False
    content, position = (x.masked_fill(empty[:, None, None], 0) for x in (content, position))
    return VisualTokens(content, position)


def covered_cells(regions: VisualRegions, grid: tuple[int, int]) -> Tensor:
    """Union [Q, h, w] of masks and boxes on the grid; a mask's cell is its top-left pixel."""
    device = regions.boxes.device
    if regions.masks is None:
        covered = torch.zeros(regions.rows, *grid, dtype=torch.bool, device=device)
    else:
        covered = regions.masks[:, ::STRIDE, ::STRIDE].clone()
    boxes = rasterise_boxes(regions.boxes, regions.size, grid)
    for row, box in zip(regions.box_rows.tolist(), boxes, strict=True):
        covered[row] |= box
    return covered


def rasterise_boxes(boxes: Tensor, size: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """boxes [N, 4] xyxy pixels -> [N, h, w]: cells with floor(x0) < x <= ceil(x1) in cells."""
    h, w = grid
    scale = boxes.new_tensor([w / size[1], h / size[0], w / size[1], h / size[0]])
    x0, y0, x1, y1 = (boxes * scale).unbind(-1)
    x = torch.arange(w, device=boxes.device)
    y = torch.arange(h, device=boxes.device)
    inside_x = (x > x0.floor()[:, None]) & (x <= x1.ceil()[:, None])
    inside_y = (y > y0.floor()[:, None]) & (y <= y1.ceil()[:, None])
    return inside_y[:, :, None] & inside_x[:, None]


def choose_cells(covered: Tensor, count: int, uniform: Uniform, *, extremes: bool) -> Tensor:
    """Flat indices [Q, R] of covered cells: a random subset, or all of them repeated.

    With ``extremes`` the first four of R or more cells give way to the leftmost, topmost,
    rightmost and bottommost one.
    """
    flat = covered.flatten(1)
    Q, cells = flat.shape
    available = flat.sum(1, keepdim=True)
    scan = torch.arange(cells, device=flat.device, dtype=torch.float32).expand(Q, cells)
    crowded = available > count
    keys = scan
    if bool(crowded.any()):
        keys = torch.where(crowded, uniform((Q, cells)).to(flat.device), scan)
    order = keys.masked_fill(~flat, float("inf")).argsort(dim=1, stable=True)
    turn = torch.arange(count, device=flat.device)[None] % available.clamp(min=1, max=count)
    chosen = order.gather(1, turn)
    if extremes and count >= 4:
        corners = torch.where(available >= count, extreme_cells(covered), chosen[:, :4])
        chosen = torch.cat((corners, chosen[:, 4:]), dim=1)
    return chosen


def extreme_cells(covered: Tensor) -> Tensor:
    """Flat indices [Q, 4] of the leftmost, topmost, rightmost, bottommost covered cell.

    Of several the first in scan order.
    """
    _, h, w = covered.shape
    y, x = torch.meshgrid(
        torch.arange(h, device=covered.device),
        torch.arange(w, device=covered.device),
        indexing="ij",
    )
    far = h + w
    ranks = (x, y, -x, -y)
    return torch.stack(
        [torch.where(covered, rank, far).flatten(1).argmin(1) for rank in ranks], dim=1
    )


def sample_points(frame: KeyFrame, points: Tensor, size: tuple[int, int]) -> VisualTokens:
    """One token for each point [N, 2] (x, y) in pixels: content and position [N, C]."""
    C = frame.content.shape[0]
    xy = points / points.new_tensor([size[1], size[0]])
    sampled = F.grid_sample(
        frame.content[None], (2 * xy - 1)[None, None].to(frame.content.dtype), align_corners=False
    )
    position = point_position(xy, C) + sine_embedding(frame.angle, C)
    return VisualTokens(sampled[0, :, 0].T, position.to(frame.content.dtype))


def disturb_large_boxes(regions: VisualRegions, uniform: Uniform) -> VisualRegions:
    """Scales and shifts boxes above LARGE_BOX_AREA of the picture by up to BOX_NOISE."""
    boxes = regions.boxes
    if not len(boxes):
        return regions
    H, W = regions.size
    noise = (2 * uniform((len(boxes), 4)).to(boxes.device) - 1) * BOX_NOISE
    corner, extent = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    centre = corner + extent / 2 + noise[:, 2:] * extent
    half = extent * (1 + noise[:, :2]) / 2
    limit = boxes.new_tensor([W, H, W, H])
    moved = torch.cat((centre - half, centre + half), dim=1).clamp(min=0).minimum(limit)
    large = extent.prod(1) > LARGE_BOX_AREA * H * W
    return VisualRegions(
        regions.rows,
        regions.size,
        regions.masks,
        torch.where(large[:, None], moved, boxes),
        regions.box_rows,
        regions.points,
        regions.point_rows,
    )


def _points_and_fallbacks(
    regions: VisualRegions, covered: Tensor, uniform: Uniform
) -> tuple[Tensor, Tensor]:
    """All points, and a random point of each row whose masks and boxes miss every cell."""
    points, rows = [regions.points], [regions.point_rows]
    bare = ~covered.flatten(1).any(1)
    bare[regions.point_rows] = False
    for row in bare.nonzero()[:, 0].tolist():
        point = _point_inside(regions, row, uniform)
        if point is not None:
            points.append(point[None])
            rows.append(regions.point_rows.new_tensor([row]))
    return torch.cat(points), torch.cat(rows)


def _point_inside(regions: VisualRegions, row: int, uniform: Uniform) -> Tensor | None:
    """A random point (x, y) of the row's first box or of its mask; None if it has neither."""
    boxes = regions.boxes[regions.box_rows == row]
    if len(boxes):
        part = uniform((2,)).to(boxes.device)
        return boxes[0, :2] + part * (boxes[0, 2:] - boxes[0, :2])
    if regions.masks is None:
        return None
    pixels = regions.masks[row].nonzero()
    if not len(pixels):
        return None
    pick = int(uniform((1,)).item() * len(pixels))
    return pixels[pick].flip(0) + 0.5


def _share(has_cells: Tensor, point_rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Which of the R tokens of each row come from a point [Q, R], and from which one [Q, R].

    The sources of a row take turns: its covered cells, if any, then its points.
    """
    Q = len(has_cells)
    points = torch.zeros(Q, dtype=torch.long, device=has_cells.device)
    points.index_add_(0, point_rows, torch.ones_like(point_rows))
    first = points.cumsum(0) - points
    sources = (points + has_cells.long()).clamp(min=1)
    turn = torch.arange(count, device=has_cells.device)[None] % sources[:, None]
    point = turn - has_cells.long()[:, None]
    from_point = (point >= 0) & (points > 0)[:, None]
    which = (first[:, None] + point.clamp(min=0)).clamp(max=len(point_rows) - 1)
    return from_point, which


def _uniform(random: Randomness) -> Uniform:
    if random is None or isinstance(random, torch.Generator):
        generator = random
        return lambda shape: torch.rand(
            shape, generator=generator, device="cpu" if generator is None else generator.device
        )
    return random
