"""The shape-position descriptor of GvSeg (Chen et al., ECCV 2024, eqs. 3, 4 and 10).

A polar histogram of points on the boundary of an object around its centre tells the shape; negative
entries of bins that lie outside tell the place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...errors import ModelError
from .boundary_loops import Runs, boundary_points, find_runs

RadiusRange = Literal["frame", "object"]
Negative = Literal["frame", "object"]

_EDGE = 1e-9  # of a bin or a pixel: what lies this close before an edge lies on it, on any device


@dataclass(frozen=True, kw_only=True)
class DescriptorConfig:
    """Size and readings of the descriptor.

    The defaults are the one combination for which the paper's statement holds: the same shape at
    another place has the same positive part and another negative part.

    Attributes:
        angles, radii: u and v, divisions of the polar histogram.
        points: anchor points on the boundary of an object.
        radius_range: what the radii divide: ``frame``: its diagonal, the same for all objects, so
            that the size of an object counts; ``object``: the distance of its farthest pixel from
            its centre, so that it does not.
        negative: bins without points are negative if their centre lies outside the ``frame``, or
            outside the pixels of the ``object``.
    """

    angles: int = 36
    radii: int = 12
    points: int = 200
    radius_range: RadiusRange = "frame"
    negative: Negative = "frame"

    def __post_init__(self) -> None:
        for name in ("angles", "radii", "points"):
            value = getattr(self, name)
            if value < 1:
                raise ModelError(f"descriptor.{name} is {value}; use at least 1.")
        for name in ("radius_range", "negative"):
            value = getattr(self, name)
            if value not in ("frame", "object"):
                raise ModelError(f"descriptor.{name} is {value!r}; use frame or object.")


@torch.no_grad()
def histograms(masks: Tensor, config: DescriptorConfig, width: int) -> Tensor:
    """Polar histograms H of GvSeg Eq. 4, without gradient.

    Points count in pixel centres: pixel (column x, row y) lies at (x, y), and the frame covers
    -0.5 .. W - 0.5 and -0.5 .. H - 0.5. Which points they are: see
    :func:`vidseg.models.gvseg.boundary_loops.boundary_points`; how they fall into bins: see
    :func:`polar_counts`. The centre is the mean of the pixels of the mask.

    Args:
        masks: [N, H, W] bool.
        width: d_model; a point counts 1 / sqrt(width), a negative bin holds -1 / sqrt(width).

    Returns:
        [N, radii, angles] float32; zeros for an empty mask. A bin with points is never negative.
    """
    if masks.device.type == "mps":  # has no float64
        return histograms(masks.cpu(), config, width).to(masks.device)
    height, frame_width = masks.shape[1:]
    runs = find_runs(masks)
    area, moments = _moments(runs)
    some = area.clamp(min=1)
    centre = moments.double() / some[:, None]
    if config.radius_range == "frame":
        reach = centre.new_full((len(masks),), math.hypot(height, frame_width))
    else:
        reach = _farthest(runs, centre)
    anchors = boundary_points(runs, config.points)
    # Exact integers before the one division: the place of the object cannot touch the offsets.
    offsets = (anchors * some[:, None, None] - moments[:, None]).double() / some[:, None, None]
    counts = polar_counts(offsets, reach, config)
    negative = _outside(masks, centre, reach, config)
    values = torch.where((counts == 0) & negative, -1, counts).float() / math.sqrt(width)
    return values * (area > 0)[:, None, None]


def polar_counts(offsets: Tensor, reach: Tensor, config: DescriptorConfig) -> Tensor:
    """Number of points in each bin around the centre.

    Angles are atan2(y, x) in [0, 2 pi): 0 along +x, growing towards +y, which is clockwise in a
    picture. Bin i of u holds angles in [i, i + 1) 2 pi / u, bin j of v radii in [j, j + 1) R / v;
    GvSeg Eq. 4 closes bins on both sides, by which a point on an edge would count twice: here it
    counts once, in the bin that begins with it, and radius R in the last one. The centre itself
    has angle 0.

    Args:
        offsets: [N, P, 2] float64 (x, y) from the centre, in pixels.
        reach: [N] R, the largest radius; all points count in bin 0 where it is zero.

    Returns:
        [N, radii, angles] int64; the bins of an object sum to P.
    """
    x, y = offsets.unbind(-1)
    turns = torch.atan2(y, x) / (2 * math.pi)
    angle = ((turns - turns.floor()) * config.angles + _EDGE).long().clamp(max=config.angles - 1)
    share = torch.sqrt(x * x + y * y) / torch.where(reach > 0, reach, 1)[:, None]
    ring = (share * config.radii + _EDGE).long().clamp(max=config.radii - 1)
    bins = config.radii * config.angles
    place = torch.arange(len(offsets), device=offsets.device)[:, None] * bins
    place = (place + ring * config.angles + angle).view(-1)
    counts = place.new_zeros(len(offsets) * bins)
    counts.scatter_add_(0, place, torch.ones_like(place))
    return counts.view(-1, config.radii, config.angles)


def descriptors(masks: Tensor, config: DescriptorConfig, width: int) -> Tensor:
    """Descriptors of masks [N, H, W] bool: histograms at the width of queries, [N, width]."""
    return resize(histograms(masks, config, width), width)


def resize(histogram: Tensor, width: int) -> Tensor:
    """Histograms [N, radii, angles] as rows [N, width].

    A histogram is one row, ring after ring, resized by linear interpolation of cell centres as
    ``F.interpolate(mode="linear")`` does, but a ring is closed: its last angle is followed by its
    own first.
    """
    radii, angles = histogram.shape[1:]
    place = torch.arange(width, dtype=torch.float64, device=histogram.device) + 0.5
    place = place * (radii * angles) / width  # rounded once, so that an exact edge of a ring stays
    ring = (place / angles).floor()
    angle = place - ring * angles - 0.5
    low = angle.floor()
    share = (angle - low).float()
    before = (ring * angles + low % angles).long()
    after = (ring * angles + (low + 1) % angles).long()
    flat = histogram.flatten(1)
    return flat[:, before] * (1 - share) + flat[:, after] * share


def descriptor_change(anchor: Tensor, other: Tensor) -> Tensor:
    """Relative change of descriptors (GvSeg Eq. 10): ||other - anchor|| / ||anchor||.

    Args:
        anchor, other: [..., width], broadcast against each other.

    Returns:
        [...]; infinite where the anchor is zero (its mask is empty), so below no threshold.
    """
    size = torch.linalg.vector_norm(anchor, dim=-1)
    change = torch.linalg.vector_norm(other - anchor, dim=-1)
    return torch.where(size > 0, change / size, math.inf)


def _moments(runs: Runs) -> tuple[Tensor, Tensor]:
    """Number of pixels [N] and the sums of their (x, y) [N, 2], int64."""
    length = runs.end - runs.begin
    x = (runs.begin + runs.end - 1) * length // 2
    rows = torch.stack([length, x, runs.row * length], dim=1)
    sums = rows.new_zeros(runs.size[0], 3).index_add_(0, runs.mask, rows)
    return sums[:, 0], sums[:, 1:]


def _farthest(runs: Runs, centre: Tensor) -> Tensor:
    """Largest distance [N] of a pixel of each mask from its centre, which an end of a run has."""
    cx, cy = centre[runs.mask].unbind(1)
    x = torch.maximum((runs.begin - cx).abs(), (runs.end - 1 - cx).abs())
    distance = torch.sqrt(x * x + (runs.row - cy) ** 2)
    return centre.new_zeros(len(centre)).scatter_reduce_(0, runs.mask, distance, "amax")


def _outside(masks: Tensor, centre: Tensor, reach: Tensor, config: DescriptorConfig) -> Tensor:
    """Whether the centre of each bin lies outside [N, radii, angles]."""
    height, width = masks.shape[1:]
    half = torch.arange(max(config.radii, config.angles), device=masks.device).double() + 0.5
    radius = reach[:, None, None] * (half[: config.radii, None] / config.radii)
    angle = half[: config.angles] * (2 * math.pi / config.angles)
    half_pixel = 0.5 + _EDGE
    column = (centre[:, 0, None, None] + radius * angle.cos() + half_pixel).floor().long()
    row = (centre[:, 1, None, None] + radius * angle.sin() + half_pixel).floor().long()
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    if config.negative == "object":
        mask = torch.arange(len(masks), device=masks.device)[:, None, None]
        inside &= masks[mask, row.clamp(0, height - 1), column.clamp(0, width - 1)]
    return ~inside
