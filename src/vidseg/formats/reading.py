"""Opening the pictures, label maps and JSON of datasets, with errors that name the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..types import IdMap, ImageArray
from .flat_png import SIGNATURE, check_chunks, check_rows, read_flat_png
from .plain_values import shown
from .texts import read_text

if TYPE_CHECKING:
    from PIL import Image

# Pillow is imported where it is used: a benchmark of JSON files is measured without it.

_LONGEST_NAME, _LONGEST_PATH = 255, 2048
"""Bytes of the name of a file, and of a path below a folder."""

_SINGLE_CHANNEL = ("L", "P", "I", "I;16", "1")


def read_picture(path: Path) -> ImageArray:
    """[H, W, 3] RGB. Raises DataError if the file cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError) as error:
        raise DataError(f"Cannot read the picture {path}: {_reason(error)}.") from error


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
    with _rgb(path) as image:
        # Pillow keeps four bytes a pixel; taken as they are they make a whole number.
        packed = np.frombuffer(image.tobytes("raw", "RGBX"), "<i4")
        height, width = image.height, image.width
    return (packed & 0xFFFFFF).astype(np.int32, copy=False).reshape(height, width)


def read_rgb_values(path: Path) -> npt.NDArray[np.uint8]:
    """[H, W, 3] of an RGB PNG that carries numbers. Raises DataError as :func:`read_rgb_ids`."""
    with _rgb(path) as image:
        return np.asarray(image)


def _rgb(path: Path) -> Image.Image:
    """A whole RGB picture. Raises DataError as :func:`read_rgb_ids`."""
    content = _content(path)
    check_chunks(content, path)
    try:
        image = _opened(content)
        if image.mode != "RGB":
            raise DataError(f"The label map {path} has mode {image.mode}; RGB is wanted.")
        last = image.crop((0, image.height - 1, image.width, image.height))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"Cannot read the label map {path}: {_reason(error)}.") from error
    check_rows(content, np.asarray(last), path)
    return image


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read the label map {path}: {_reason(error)}.") from error


def _values(path: Path) -> npt.NDArray[Any]:
    """[H, W] of a whole PNG with one channel; black and white as 0 and 1."""
    content = _content(path)
    flat = read_flat_png(content, path)
    if flat is not None:
        return flat
    try:
        with _opened(content) as image:
            if image.mode not in _SINGLE_CHANNEL:
                raise DataError(
                    f"The label map {path} has mode {image.mode}; single-channel is wanted."
                )
            values = np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"Cannot read the label map {path}: {_reason(error)}.") from error
    check_rows(content, values, path)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values


def _opened(content: bytes) -> Image.Image:
    """A picture of any form; the readers of other forms than PNG are imported where needed."""
    from PIL import Image
    from PIL.PngImagePlugin import PngImageFile

    if content.startswith(SIGNATURE):
        with suppress(SyntaxError):  # the general way says what is wrong
            return PngImageFile(BytesIO(content))
    return Image.open(BytesIO(content))


def _reason(error: Exception) -> str:
    """What went wrong, without the file's name."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "it is no picture"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises DataError if the file is missing or is not one."""
    content = read_any_json(path)
    if not isinstance(content, dict):
        raise DataError(f"The annotation file {path} holds no JSON object.")
    return cast(dict[str, Any], content)


def read_any_json(path: Path) -> Any:
    """Whatever the JSON file holds. Raises DataError if it is missing or truncated."""
    return parse_json(path, json.loads)


def parse_json(path: Path, parse: Callable[[str], Any]) -> Any:
    """What ``parse`` makes of the text of a file. Raises DataError, naming it, where it cannot."""
    try:
        return parse(read_text(path, "annotation file"))
    except RecursionError:
        reason = "its lists are nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise DataError(f"Cannot read the annotation file {path}: {reason}.")


def inside(folder: Path, name: str, source: Path) -> Path:
    """``folder / name`` for a relative name read from ``source``.

    Raises DataError if the name would leave the folder, or can be no name of a file.
    """
    relative = PurePosixPath(name)
    # "..jpg" without its ending is ".", the folder itself.
    upwards = any(part.startswith("..") for part in relative.parts)
    drive = name[1:3] in (":/", ":\\") and name[0].isalpha()
    if not relative.name or relative.is_absolute() or upwards or drive or "\\" in name:
        raise DataError(f"{source} names the file {shown(name)}, which lies outside of {folder}.")
    if not _is_possible(relative):
        raise DataError(f"{source} names the file {shown(name)}, which no file can be called.")
    return folder / relative


def _is_possible(name: PurePosixPath) -> bool:
    """Whether file systems take the name."""
    try:
        parts = [part.encode() for part in name.parts]
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    short = all(len(part) <= _LONGEST_NAME for part in parts)
    return short and sum(map(len, parts)) < _LONGEST_PATH and b"\0" not in b"".join(parts)
