"""Pages of pictures: strips beside and under each other on a dark ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..types import ImageArray

GROUND = 24
"""Grey value between the pictures."""
GAP = 8
"""Pixels between pictures and around a page."""


def beside(pictures: Sequence[ImageArray]) -> ImageArray:
    """[H, W, 3] strip of pictures, at least one, from left to right, their tops in line."""
    height = max(picture.shape[0] for picture in pictures)
    width = sum(picture.shape[1] + GAP for picture in pictures) - GAP
    strip = np.full((height, width, 3), GROUND, dtype=np.uint8)
    left = 0
    for picture in pictures:
        strip[: picture.shape[0], left : left + picture.shape[1]] = picture
        left += picture.shape[1] + GAP
    return strip


def stacked(strips: Sequence[ImageArray], gap: int = GAP, *, margin: int = GAP) -> ImageArray:
    """[H, W, 3] page of strips, at least one, under each other; distances in pixels."""
    width = max(strip.shape[1] for strip in strips) + 2 * margin
    height = sum(strip.shape[0] + gap for strip in strips) - gap + 2 * margin
    page = np.full((height, width, 3), GROUND, dtype=np.uint8)
    top = margin
    for strip in strips:
        page[top : top + strip.shape[0], margin : margin + strip.shape[1]] = strip
        top += strip.shape[0] + gap
    return page
