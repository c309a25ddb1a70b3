"""Where pictures come to lie on a page."""

from __future__ import annotations

import numpy as np

from vidseg.types import ImageArray
from vidseg.video.page import GAP, GROUND, beside, stacked


def block(height: int, width: int, value: int) -> ImageArray:
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_pictures_beside_each_other() -> None:
    strip = beside([block(3, 5, 100), block(6, 2, 200)])
    assert strip.shape == (6, 5 + GAP + 2, 3)
    assert (strip[:3, :5] == 100).all() and (strip[:, 5 + GAP :] == 200).all()
    assert (strip[3:, :5] == GROUND).all() and (strip[:, 5 : 5 + GAP] == GROUND).all()


def test_strips_under_each_other() -> None:
    page = stacked([block(3, 5, 100), block(4, 9, 200)], 2, margin=1)
    assert page.shape == (1 + 3 + 2 + 4 + 1, 1 + 9 + 1, 3)
    assert (page[1:4, 1:6] == 100).all() and (page[6:10, 1:10] == 200).all()
    assert (page == GROUND).sum() == 3 * (11 * 11 - 3 * 5 - 4 * 9)
