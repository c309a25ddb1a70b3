"""Multi-scale deformable attention in plain PyTorch (Deformable DETR, eq. 3).

All levels are laid out on one canvas, one below the other with a row and a column of zeros
between them, so that a single ``grid_sample`` serves every level. A location outside its level
is clamped onto that zero border, which gives exactly what zero padding gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Sizes = Sequence[tuple[int, int]]
"""(height, width) of each level."""


class DeformableAttention(nn.Module):
    """Each cell of each level looks at ``points`` learned places of every level."""

    def __init__(self, hidden: int, heads: int, levels: int, points: int) -> None:
        super().__init__()
        self.heads, self.levels, self.points = heads, levels, points
        self.offsets = nn.Linear(hidden, heads * levels * points * 2)
        self.weights = nn.Linear(hidden, heads * levels * points)
        self.value = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, hidden)
        self._initialise()

    def _initialise(self) -> None:
        """Heads look along the compass directions, point p at distance p + 1."""
        nn.init.zeros_(self.offsets.weight)
        angle = torch.arange(self.heads) * (2 * math.pi / self.heads)
        compass = torch.stack((angle.cos(), angle.sin()), -1)
        compass = compass / compass.abs().amax(-1, keepdim=True)
        distance = torch.arange(1, self.points + 1, dtype=torch.float32)
        bias = compass[:, None, None] * distance[None, None, :, None]
        with torch.no_grad():
            self.offsets.bias.copy_(bias.expand(-1, self.levels, -1, -1).flatten())
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)
        for linear in (self.value, self.out):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, query: Tensor, references: Tensor, source: Tensor, sizes: Sizes) -> Tensor:
        """query [N, S, C], references (x, y) [S, 2] in 0..1, source [N, S', C] -> [N, S, C].

        S' is the number of cells of all levels of ``sizes``, in this order.
        """
        shape = (self.heads, self.levels, self.points)
        offsets = self.offsets(query).unflatten(-1, (*shape, 2))
        weights = self.weights(query).unflatten(-1, (self.heads, -1)).softmax(-1)
        weights = weights.transpose(1, 2)[:, :, None]  # [N, heads, 1, S, levels * points]
        extent = references.new_tensor([(w, h) for h, w in sizes])  # [levels, 2]
        cells = references[:, None] * extent - 0.5  # [S, levels, 2]
        locations = cells[:, None, :, None] + offsets  # [N, S, heads, levels, points, 2]
        value = self.value(source).unflatten(-1, (self.heads, -1))
        mixed = (sample_levels(value, sizes, locations) * weights).sum(-1)  # [N, heads, D, S]
        out: Tensor = self.out(mixed.flatten(1, 2).transpose(1, 2))
        return out


def sample_levels(value: Tensor, sizes: Sizes, locations: Tensor) -> Tensor:
    """Samples every level bilinearly, zero outside it.

    Args:
        value: [N, S', heads, D] cells of all levels.
        sizes: (height, width) of each level.
        locations: [N, S, heads, levels, points, 2], (x, y) in cells of the level, the centre of
            the first cell being (0, 0).

    Returns:
        [N, heads, D, S, levels * points].
    """
    N, S, heads, levels, points, _ = locations.shape
    canvas, tops = _canvas(value, sizes)
    upper = locations.new_tensor([(w, h) for h, w in sizes])[:, None]
    place = torch.minimum(locations.clamp(min=-1.0), upper)
    place = place + locations.new_tensor([(0, top) for top in tops])[:, None]
    extent = locations.new_tensor([canvas.shape[3], canvas.shape[2]])
    grid = (2 * place + 1) / extent - 1
    grid = grid.permute(0, 2, 1, 3, 4, 5).reshape(N * heads, S, levels * points, 2)
    sampled = F.grid_sample(
        canvas, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return sampled.view(N, heads, -1, S, levels * points)


def _canvas(value: Tensor, sizes: Sizes) -> tuple[Tensor, list[int]]:
    """All levels on one canvas [N * heads, D, height, width] and the first row of each."""
    N, _, heads, D = value.shape
    width = max(w for _, w in sizes) + 1  # the column of zeros on the right
    cells = value.permute(0, 2, 3, 1).reshape(N * heads, D, -1)
    rows, tops, top = [], [], 0
    levels = torch.split(cells, [h * w for h, w in sizes], dim=-1)
    for level, (h, w) in zip(levels, sizes, strict=True):
        rows.append(F.pad(level.reshape(N * heads, D, h, w), (0, width - w, 0, 1)))
        tops.append(top)
        top += h + 1
    return torch.cat(rows, dim=2), tops
