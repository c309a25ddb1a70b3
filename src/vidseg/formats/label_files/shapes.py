"""Drawn shapes that stand for a region: the pixels whose centre is inside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...geometry.rings import ring_points
from ...types import MaskArray
from .polygons import fill


def rectangle(
    corners: Sequence[float], size: tuple[int, int], *, turned: float = 0.0, about: str = "centre"
) -> MaskArray:
    """[H, W] bool mask of a box.

    Args:
        corners: x, y of two opposite corners.
        size: (height, width).
        turned: degrees, clockwise as seen on the screen.
        about: what it is turned about, its "centre" or its first "corner".

    Raises ValueError as :func:`vidseg.geometry.rings.ring_points`.
    """
    left, top, right, bottom = corners
    ring = ring_points([[left, top], [right, top], [right, bottom], [left, bottom]], size)
    middle = ring[0] if about == "corner" else ring.mean(axis=0)
    cos, sin = _turn(turned)
    return fill([(ring - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle], size)


def ellipse(
    middle: Sequence[float], radii: Sequence[float], size: tuple[int, int], *, turned: float = 0.0
) -> MaskArray:
    """[H, W] bool mask of an ellipse about ``middle`` (x, y); ``turned`` as of a rectangle.

    Raises ValueError for radii below 0, and as :func:`vidseg.geometry.rings.ring_points`.
    """
    (x, y), (across, down) = middle, radii
    if min(across, down) < 0:
        raise ValueError("an ellipse has a radius below 0")
    ring_points([[x - across, y - down], [x + across, y], [x, y + down]], size)
    height, width = size
    mask = np.zeros(size, dtype=bool)
    if not min(across, down):
        return mask
    far = max(across, down)
    top, bottom = (min(max(round(side), 0), height) for side in (y - far - 1, y + far + 1))
    left, right = (min(max(round(side), 0), width) for side in (x - far - 1, x + far + 1))
    rows, columns = np.ogrid[top:bottom, left:right]
    rows, columns = rows + 0.5 - y, columns + 0.5 - x
    cos, sin = _turn(turned)
    along, athwart = columns * cos + rows * sin, rows * cos - columns * sin
    mask[top:bottom, left:right] = (along / across) ** 2 + (athwart / down) ** 2 <= 1
    return mask


def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine; exact for quarters."""
    if not math.isfinite(degrees):
        raise ValueError("a rotation is not finite")
    quarters = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}
    angle = math.radians(degrees)
    return quarters.get(degrees % 360, (math.cos(angle), math.sin(angle)))  # type: ignore[call-overload,no-any-return]
