"""Numbers that pictures carry: labels in one channel, ids in three. EXIF does not turn them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, clause
from ..types import IdMap
from .flat_png import check_chunks, check_rows, read_flat_png
from .opening import opened

# Pillow is imported where it is used: a benchmark of JSON files is measured without it.

_SINGLE_CHANNEL = ("L", "P", "I", "I;16", "1")


def read_small_label_map(path: Path) -> npt.NDArray[np.uint8]:
    """[H, W] values of an 8-bit single-channel or palette PNG, undecoded copies avoided.

    Raises DataError if the file is missing or damaged, or is a picture of another kind.
    """
    values = _values(path)
    if values.dtype != np.uint8:
        raise DataError(f"The label map {path} is not 8-bit; labels 0 to 255 are wanted.")
    return values


def read_label_map(path: Path) -> IdMap:
    """[H, W] values of a single-channel or palette PNG.

    Raises DataError if the file is missing or damaged, or is a picture of another kind.
    """
    return _values(path).astype(np.int32)


def read_rgb_ids(path: Path) -> IdMap:
    """[H, W] ids R + 256 G + 65536 B of an RGB PNG.

    Raises DataError if the file is missing or damaged, or is a picture of another kind.
    """
    content = _rgb_content(path)
    with opened(path, content=content, what="label map") as image:
        _check_rgb(image.mode, path)
        # Pillow keeps four bytes a pixel; taken as they are they make a whole number.
        packed = np.frombuffer(image.tobytes("raw", "RGBX"), "<i4")
        last = np.asarray(image.crop((0, image.height - 1, image.width, image.height)))
        height, width = image.height, image.width
    check_rows(content, last, path)
    return (packed & 0xFFFFFF).astype(np.int32, copy=False).reshape(height, width)


def read_rgb_values(path: Path) -> npt.NDArray[np.uint8]:
    """[H, W, 3] of an RGB PNG that carries numbers. Raises DataError as :func:`read_rgb_ids`."""
    content = _rgb_content(path)
    with opened(path, content=content, what="label map") as image:
        _check_rgb(image.mode, path)
        values = np.asarray(image)
    check_rows(content, values, path)
    return values


def _rgb_content(path: Path) -> bytes:
    content = read_content(path)
    check_chunks(content, path)
    return content


def _check_rgb(mode: str, path: Path) -> None:
    if mode != "RGB":
        raise DataError(f"The label map {path} has mode {mode}; RGB is wanted.")


def read_content(path: Path) -> bytes:
    """Bytes of a label map. Raises DataError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"Cannot read the label map {path}: {clause(error.strerror or error)}."
        ) from error


def _values(path: Path) -> npt.NDArray[Any]:
    """[H, W] of a whole PNG with one channel; black and white as 0 and 1."""
    content = read_content(path)
    flat = read_flat_png(content, path)
    if flat is not None:
        return flat
    with opened(path, content=content, what="label map") as image:
        if image.mode not in _SINGLE_CHANNEL:
            raise DataError(
                f"The label map {path} has mode {image.mode}; single-channel is wanted."
            )
        values = np.asarray(image)
    check_rows(content, values, path)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values
