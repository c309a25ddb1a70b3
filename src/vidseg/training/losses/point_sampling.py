"""Losses on sampled points instead of whole masks (PointRend, as Mask2Former and UniVS use it)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def sample_maps(maps: Tensor, points: Tensor, *, nearest: bool = False) -> Tensor:
    """Reads maps at points, bilinear with align_corners=False, zero outside.

    Args:
        maps: [N, H, W] float.
        points: [N, P, 2] or, the same for all maps, [P, 2]; (x, y) in [0, 1].
        nearest: take the nearest pixel instead.

    Returns:
        [N, P].
    """
    mode = "nearest" if nearest else "bilinear"
    points = points.to(maps.dtype)
    if points.ndim == 2:  # channels of one picture share the grid, which is much cheaper
        grid = (2 * points - 1)[None, None]
        return F.grid_sample(maps[None], grid, mode=mode, align_corners=False)[0, :, 0]
    grid = (2 * points - 1)[:, None]
    return F.grid_sample(maps[:, None], grid, mode=mode, align_corners=False)[:, 0, 0]


def random_points(*shape: int, device: torch.device, generator: torch.Generator | None) -> Tensor:
    """[*shape, 2] points uniform in the unit square."""
    return torch.rand(*shape, 2, device=device, generator=generator)


def uncertain_points(
    logits: Tensor,
    count: int,
    *,
    oversample: float = 3.0,
    importance: float = 0.5,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Points where a mask is least sure of itself, and some random ones.

    Args:
        logits: [N, h, w] mask logits.
        count: P, points per mask.
        oversample: candidates per point.
        importance: share of the points that are the most uncertain candidates; the rest is uniform.

    Returns:
        [N, P, 2] (x, y) in [0, 1], without gradient.
    """
    with torch.no_grad():
        n, device = logits.shape[0], logits.device
        candidates = random_points(n, int(count * oversample), device=device, generator=generator)
        sure = sample_maps(logits, candidates).abs()
        wanted = int(importance * count)
        chosen = sure.topk(wanted, dim=1, largest=False).indices
        best = candidates.gather(1, chosen[..., None].expand(-1, -1, 2))
        rest = random_points(n, count - wanted, device=device, generator=generator)
        return torch.cat([best, rest], dim=1)
