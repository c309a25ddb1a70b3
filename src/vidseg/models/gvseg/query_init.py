"""Initial queries of GvSeg, made as each task asks (GvSeg Eq. 7 and 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...nn.layers import MLP
from ...nn.position import point_position
from ..prompts.regions import VisualRegions


@dataclass(frozen=True, eq=False)
class InitialQueries:
    """Queries before the first decoder layer.

    Attributes:
        content, position: [B, Q, C]; B = 1 stands for any number of clips.
        described: [Q] bool, whether a query gets the descriptor of its object in every layer.
    """

    content: Tensor
    position: Tensor
    described: Tensor

    def __len__(self) -> int:
        return len(self.described)

    @staticmethod
    def cat(parts: Sequence[InitialQueries]) -> InitialQueries:
        """One after the other along Q."""
        B = max(len(part.content) for part in parts)
        return InitialQueries(
            torch.cat([part.content.expand(B, -1, -1) for part in parts], dim=1),
            torch.cat([part.position.expand(B, -1, -1) for part in parts], dim=1),
            torch.cat([part.described for part in parts]),
        )


class QueryInit(nn.Module):
    """From features of places to queries: a network of two linear layers with ReLU.

    Exemplars and grid cells share it, so that a query of a place is the same in all tasks.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.ffn = MLP(hidden, hidden, layers=2)

    def exemplars(
        self,
        level: Tensor,
        regions: VisualRegions,
        samples: int,
        generator: torch.Generator | None = None,
    ) -> InitialQueries:
        """A query for each of the Q rows of ``regions`` on one frame (GvSeg Eq. 7).

        A row is the mean of its samples, both in content and in position. A row without any
        region starts from zero features and a zero position.

        Args:
            level: [1, C, h, w] features of the frame.
            samples: points that stand for all masks and boxes of a row; each given point is one
                sample more.
            generator: chooses them; without it they lie evenly, row after row of the picture.
        """
        places, rows = region_points(regions, samples, generator)
        C = level.shape[1]
        xy = places / places.new_tensor([regions.size[1], regions.size[0]])
        wide = torch.promote_types(level.dtype, xy.dtype)  # places need more than 16 bits
        found = F.grid_sample(
            level.to(wide),
            (2 * xy - 1)[None, None].to(wide),
            padding_mode="border",  # a point near the edge would fade to zero
            align_corners=False,
        )[0, :, 0].T.to(level.dtype)
        position = point_position(xy, C).to(level.dtype)
        count = rows.bincount(minlength=regions.rows).clamp(min=1)[:, None]
        content, position = (
            x.new_zeros(regions.rows, C).index_add(0, rows, x) / count for x in (found, position)
        )
        return InitialQueries(
            self.ffn(content)[None],
            position[None],
            torch.ones(regions.rows, dtype=torch.bool, device=level.device),
        )

    def grid(
        self, level: Tensor, side: int, count: int, generator: torch.Generator | None = None
    ) -> InitialQueries:
        """``count`` queries out of the means over side x side cells of each picture (GvSeg Eq. 8).

        Args:
            level: [B, C, h, w] features of the middle frames.
            count: N, at most side².
            generator: chooses the cells of each picture; without it every ⌊(i + ½) side² / N⌋-th.
        """
        B, C = level.shape[:2]
        cells = F.adaptive_avg_pool2d(level, side).flatten(2).transpose(1, 2)  # [B, S S, C]
        chosen = _grid_cells(B, side**2, count, generator).to(level.device)
        content = cells.gather(1, chosen[..., None].expand(-1, -1, C))
        y, x = chosen // side, chosen % side
        centres = (torch.stack((x, y), dim=-1) + 0.5) / side
        return InitialQueries(
            self.ffn(content),
            point_position(centres, C).to(level.dtype),
            torch.ones(count, dtype=torch.bool, device=level.device),
        )


def region_points(
    regions: VisualRegions, samples: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Points [n, 2] (x, y) in pixels of the model input, and the row [n] of each.

    A mask or box of fewer pixels than ``samples`` gives some of them several times; a box between
    pixel centres gives its own centre.
    """
    points, rows = [regions.points], [regions.point_rows]
    for row in range(regions.rows):
        inside = _pixels(regions, row)
        if len(inside):
            place = _places(len(inside), samples, generator).to(inside.device)
            points.append(inside[place])
            rows.append(torch.full_like(place, row))
    return torch.cat(points), torch.cat(rows)


def _pixels(regions: VisualRegions, row: int) -> Tensor:
    """Centres [n, 2] (x, y) of the pixels in the row's masks and boxes, in scan order."""
    boxes = regions.boxes[regions.box_rows == row]
    H, W = regions.size
    device = boxes.device
    inside = torch.zeros(H, W, dtype=torch.bool, device=device)
    if regions.masks is not None:
        inside |= regions.masks[row]
    x, y = torch.arange(W, device=device) + 0.5, torch.arange(H, device=device) + 0.5
    for x0, y0, x1, y1 in boxes:
        inside |= ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))
    if len(boxes) and not bool(inside.any()):
        return (boxes[:, :2] + boxes[:, 2:]) / 2
    return inside.nonzero().flip(1) + 0.5


def _places(available: int, count: int, generator: torch.Generator | None) -> Tensor:
    """``count`` indices below ``available``."""
    if generator is None:
        return ((torch.arange(count) + 0.5) * available / count).long()
    return torch.randint(available, (count,), generator=generator, device=generator.device)


def _grid_cells(B: int, cells: int, count: int, generator: torch.Generator | None) -> Tensor:
    """``count`` different cells [B, count] of each picture."""
    if generator is None:
        return _places(cells, count, None).expand(B, -1)
    keys = torch.rand(B, cells, generator=generator, device=generator.device)
    return keys.argsort(1)[:, :count]
