"""Colours: one per object id, one per class name, and the palette of DAVIS."""

from __future__ import annotations

import math
import re
import zlib
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Color: TypeAlias = tuple[int, int, int]

_GOLDEN_ANGLE = 137.50776405003785  # degrees; consecutive ids land far apart on the hue circle
_FIRST_HUE = 25.0  # id 1 is a warm red, which stands out against green and grey scenes
_RINGS = ((0.70, 0.19), (0.80, 0.15), (0.60, 0.20))  # OKLCH lightness and chroma, by id

# Stuff that everybody expects in a certain colour; everything else is hashed to a hue.
_FAMILIAR = {
    "sky": (120, 180, 235),
    "road": (128, 96, 150),
    "pavement": (226, 110, 190),
    "sidewalk": (226, 110, 190),
    "grass": (120, 190, 70),
    "tree": (50, 140, 60),
    "vegetation": (50, 140, 60),
    "building": (165, 130, 105),
    "wall": (150, 140, 160),
    "water": (45, 130, 200),
    "sea": (40, 110, 190),
    "river": (50, 140, 190),
    "sand": (230, 205, 140),
    "snow": (225, 240, 250),
    "mountain": (140, 120, 90),
    "rock": (150, 135, 120),
    "floor": (190, 160, 120),
    "fence": (190, 153, 130),
    "car": (70, 110, 230),
    "person": (235, 60, 90),
    "pedestrian": (235, 60, 90),
    "bicyclist": (245, 120, 40),
    "bicycle": (250, 190, 40),
}


def _oklch(lightness: float, chroma: float, hue: float) -> Color:
    """sRGB of a colour in OKLCH (Ottosson 2020), clipped to what a screen shows."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (_gamma(value) for value in linear)
    return red, green, blue


def _gamma(linear: float) -> int:
    linear = min(max(linear, 0.0), 1.0)
    encoded = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return round(255 * encoded)


@lru_cache(maxsize=4096)
def id_color(id: int) -> Color:
    """RGB of an object id, the same in every video; neighbouring ids differ strongly in hue."""
    lightness, chroma = _RINGS[(id - 1) % len(_RINGS)]
    return _oklch(lightness, chroma, _FIRST_HUE + (id - 1) * _GOLDEN_ANGLE)


@lru_cache(maxsize=4096)
def class_color(name: str) -> Color:
    """RGB of a class name, the same in every video and on every machine."""
    plain = plain_name(name).lower()
    familiar = _FAMILIAR.get(plain)
    if familiar is not None:
        return familiar
    code = zlib.crc32(plain.encode())
    lightness, chroma = _RINGS[code % len(_RINGS)]
    return _oklch(lightness, chroma, code // len(_RINGS) % 360)


def plain_name(name: str) -> str:
    """A class name of a benchmark in plain words.

    >>> plain_name("sky-other-merged"), plain_name("traffic_light")
    ('sky', 'traffic light')
    """
    return re.sub(r"(-other)?(-merged)?$", "", name).replace("_", " ")


def davis_palette() -> npt.NDArray[np.uint8]:
    """[256, 3] the palette of DAVIS and PASCAL VOC.

    Bits 0, 1, 2 of the index are the top bits of red, green and blue; bits 3, 4, 5 the next ones;
    and so on.

    >>> davis_palette()[:4].tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    """
    index = np.arange(256)
    palette = np.zeros((256, 3), dtype=np.int64)
    for level in range(8):
        for channel in range(3):
            bit = index >> (3 * level + channel) & 1
            palette[:, channel] |= bit << (7 - level)
    return palette.astype(np.uint8)
