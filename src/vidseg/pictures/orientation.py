"""Which way up a photograph is shown: orientation 1 to 8 of EXIF."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

Pixels = TypeVar("Pixels", bound=npt.NDArray[Any])

_TAG = 0x0112
_WIDTH_TAG, _HEIGHT_TAG = 256, 257  # of TIFF
UPRIGHT = 1


def orientation(image: Image.Image) -> int:
    """Orientation of an open picture; 1, upright, where it tells none or no valid one."""
    from PIL import Image
    from PIL.PngImagePlugin import PngImageFile

    if isinstance(image, PngImageFile) and "exif" not in image.info:
        late = _exif_behind_pixels(image)
        if late is not None:
            image.info["exif"] = late
    try:
        # PngImageFile would decode the picture to look for what was looked for above.
        found = Image.Image.getexif(image).get(_TAG, UPRIGHT)
    except (SyntaxError, ValueError, TypeError, LookupError, OSError, struct.error):
        return UPRIGHT  # what cannot be read says nothing
    return found if isinstance(found, int) and 1 <= found <= 8 else UPRIGHT


def _exif_behind_pixels(image: Image.Image) -> bytes | None:
    """The chunk eXIf of a PNG, which may follow the pixels; the file is left where it was."""
    file = getattr(image, "fp", None)
    if file is None:
        return None
    place = file.tell()
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8 and head[4:] != b"IEND":
            length = int.from_bytes(head[:4], "big")
            if head[4:] == b"eXIf":
                content: bytes = file.read(length)
                return b"Exif\0\0" + content
            file.seek(length + 4, 1)
    finally:
        file.seek(place)
    return None


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(height, width) as the picture is shown; nothing is decoded."""
    width, height = image.size
    tags = getattr(image, "tag_v2", None)
    if tags is not None:  # Pillow turns TIFFs itself, the size at once or with the pixels
        width, height = int(tags[_WIDTH_TAG]), int(tags[_HEIGHT_TAG])
    return (width, height) if orientation(image) >= 5 else (height, width)


def turned(image: Image.Image) -> npt.NDArray[Any]:
    """[H, W] or [H, W, C] values of an open picture, upright."""
    image.load()  # before the orientation is asked for: Pillow turns TIFFs while it decodes
    return turn(np.asarray(image), orientation(image))


def turn(pixels: Pixels, orientation: int) -> Pixels:
    """[H, W, ...] as it is shown; [W, H, ...] for orientations from 5 on."""
    mirrored = {2: (1,), 3: (0, 1), 4: (0,), 6: (1,), 7: (0, 1), 8: (0,)}.get(orientation, ())
    shown = pixels.swapaxes(0, 1) if orientation >= 5 else pixels
    return np.flip(shown, mirrored) if mirrored else shown
