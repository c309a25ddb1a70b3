"""Pictures to look at: pixels and sizes as they are shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import DataError, VidsegError
from ..types import ImageArray
from .depth import to_rgb
from .opening import check_single, opened
from .orientation import orientation, turn, upright_size


def read_picture(
    path: Path, error: type[VidsegError] = DataError, content: bytes | None = None
) -> ImageArray:
    """[H, W, 3] RGB, upright, of the one picture in the file.

    Args:
        path: JPEG, PNG, BMP, GIF, PPM, TIFF, WebP or AVIF, of any depth (:mod:`.depth`).
        error: what to raise where it cannot be read, holds several pictures or is larger than the
            budget of pixels.
        content: bytes of the file, where they are at hand.
    """
    with opened(path, error, content) as image:
        check_single(image, path, error)
        image.load()  # before the orientation is asked for: Pillow turns TIFFs while it decodes
        return np.ascontiguousarray(turn(to_rgb(image), orientation(image)))


def picture_size(path: Path, error: type[VidsegError] = DataError) -> tuple[int, int]:
    """(height, width) of :func:`read_picture`, from the head of the file. Errors as there."""
    with opened(path, error) as image:
        return upright_size(image)
