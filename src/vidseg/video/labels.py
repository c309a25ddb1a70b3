"""Small text plates that are laid over a picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ..types import ImageArray
from .colors import Color

_DARK: Color = (20, 20, 24)
_LIGHT: Color = (255, 255, 255)
_OPACITY = 0.88


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def text_color(background: Color) -> Color:
    """Dark or white, whichever is easier to read on the background (Rec. 709 luma)."""
    red, green, blue = background
    return _DARK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 140 else _LIGHT


@lru_cache(maxsize=512)
def plate(text: str, color: Color, size: int) -> npt.NDArray[np.uint8]:
    """[h, w, 4] RGBA of a rounded plate in ``color``; the letters are ``size`` pixels high."""
    font = _font(size)
    left, _, right, _ = font.getbbox(text)
    padding = max(2, size // 3)
    width = round(right - left) + 2 * padding
    height = round(size * 1.3) + padding // 2 * 2
    image = Image.new("RGBA", (width, height), (*color, 0))
    draw = ImageDraw.Draw(image)
    shape = (0, 0, width - 1, height - 1)
    draw.rounded_rectangle(shape, radius=height // 4, fill=(*color, round(255 * _OPACITY)))
    middle = (padding - left, height / 2)
    draw.text(middle, text, font=font, fill=(*text_color(color), 255), anchor="lm")
    return np.array(image)


def paste(canvas: ImageArray, tile: npt.NDArray[np.uint8], x: int, y: int) -> None:
    """Blends an RGBA tile into an RGB canvas in place; what falls outside is cut off."""
    height, width = canvas.shape[:2]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + tile.shape[1], width), min(y + tile.shape[0], height)
    if left >= right or top >= bottom:
        return
    part = tile[top - y : bottom - y, left - x : right - x].astype(np.uint16)
    under = canvas[top:bottom, left:right].astype(np.uint16)
    alpha = part[:, :, 3:]
    mixed = (part[:, :, :3] * alpha + under * (255 - alpha) + 127) // 255
    canvas[top:bottom, left:right] = mixed
