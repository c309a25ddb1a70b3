"""Points that stand for a mask."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..types import MaskArray


def deepest_point(mask: MaskArray) -> tuple[int, int]:
    """The (x, y) pixel of a [H, W] bool mask that is farthest from everything outside it.

    Of several the one nearest to the mask's centre. Outside the picture counts as outside the
    mask. Raises ValueError for an empty mask.

    >>> deepest_point(np.ones((5, 9), dtype=bool))
    (4, 2)
    """
    if not mask.any():
        raise ValueError("An empty mask has no deepest point.")
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    rows, columns = np.nonzero(depth == depth.max())
    inside_rows, inside_columns = np.nonzero(mask)
    off_centre = (rows - inside_rows.mean()) ** 2 + (columns - inside_columns.mean()) ** 2
    best = int(off_centre.argmin())
    return int(columns[best]), int(rows[best])
