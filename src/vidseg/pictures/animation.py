"""Files of several pictures: GIF, WebP, APNG and AVIF with durations, TIFF without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, VidsegError
from ..limits import check_size
from ..types import ImageArray
from .depth import to_rgb
from .opening import opened, pages
from .orientation import orientation, turn

_SHORTEST, _USUAL = 0.0105, 0.1  # seconds; viewers show for 0.1 what asks for 0.01 or less


@dataclass(frozen=True, eq=False)
class Page:
    """One picture of a file.

    Attributes:
        pixels: [H, W, 3] RGB, upright.
        duration: seconds for which it is shown; None where the file tells none.
    """

    pixels: ImageArray
    duration: float | None


def read_pages(path: Path, error: type[VidsegError] = DataError) -> Iterator[Page]:
    """The pictures of a file in order, one decoded at a time. Raises ``error``."""
    with opened(path, error) as image:
        for place in pages(image):
            image.seek(place)
            check_size(image.width, image.height, f"The picture {path}", error)
            image.load()
            shown = image.info.get("duration")
            duration = None if shown is None else float(shown) / 1000
            if duration is not None and duration < _SHORTEST:
                duration = _USUAL
            pixels = np.ascontiguousarray(turn(to_rgb(image), orientation(image)))
            yield Page(pixels, duration)
