"""Contact sheets: many pictures on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..types import ImageArray
from .labels import paste, plate
from .page import GROUND, beside, stacked

_CAPTION: tuple[int, int, int] = (24, 24, 24)


@dataclass(frozen=True, eq=False)
class SheetRow:
    """A caption and the pictures beside each other under it, at least one."""

    caption: str
    pictures: Sequence[ImageArray]


def contact_sheet(rows: Sequence[SheetRow], *, tile_width: int = 400) -> ImageArray:
    """[H, W, 3] page with one line of pictures per row, each ``tile_width`` pixels wide."""
    letter = max(12, tile_width // 22)
    strips: list[ImageArray] = []
    for row in rows:
        strips.append(_caption(row.caption, letter))
        strips.append(beside([_resized(picture, tile_width) for picture in row.pictures]))
    return stacked(strips)


def _resized(picture: ImageArray, width: int) -> ImageArray:
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def _caption(text: str, letter: int) -> ImageArray:
    tile = plate(text, _CAPTION, letter)
    strip = np.full((*tile.shape[:2], 3), GROUND, dtype=np.uint8)
    paste(strip, tile, 0, 0)
    return strip
