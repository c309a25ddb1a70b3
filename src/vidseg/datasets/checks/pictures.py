"""Headers and values of picture files, with errors in words."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...errors import DataError
from ...formats.flat_png import check_chunks, check_rows

_DAMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
_TAIL = 1024  # some cameras write a little after the end of the picture


@dataclass(frozen=True)
class Header:
    """What the first bytes of a picture file tell.

    Attributes:
        size: (height, width) in pixels.
        mode: of PIL: "P" palette, "L" grey, "1" black and white, "RGB", "I;16" ...
        palette: [N, 3] colours of a palette picture, else None.
    """

    size: tuple[int, int]
    mode: str
    palette: npt.NDArray[np.uint8] | None = None


def read_header(path: Path) -> Header:
    """Reads no pixel. DataError where the file is missing, empty or no picture."""
    try:
        with Image.open(path) as image:
            return _header(image)
    except _DAMAGE as error:
        raise DataError(_unreadable(path, error)) from error


def read_label_file(path: Path) -> tuple[Header, npt.NDArray[Any]]:
    """Header, and [H, W] or [H, W, C] values as the file stores them (palette: the indices).

    Raises DataError where the file is damaged or ends early.
    """
    try:
        content = path.read_bytes()
        check_chunks(content, path)
        with Image.open(BytesIO(content)) as image:
            header, values = _header(image), np.asarray(image)
    except _DAMAGE as error:
        raise DataError(_unreadable(path, error)) from error
    check_rows(content, values, path)
    return header, values


def _header(image: Image.Image) -> Header:
    palette = image.getpalette() if image.mode == "P" else None
    colors = None if palette is None else np.array(palette, dtype=np.uint8).reshape(-1, 3)
    return Header((image.height, image.width), image.mode, colors)


def _unreadable(path: Path, error: Exception) -> str:
    if path.is_file() and path.stat().st_size == 0:
        return f"{path} is empty; copy or download it again."
    if isinstance(error, FileNotFoundError):
        return f"{path} does not exist."
    return f"{path} cannot be read as a picture; copy or download it again."


def in_words(size: tuple[int, int]) -> str:
    """``480 x 854`` and which is which."""
    return f"{size[0]} x {size[1]} (height x width)"


def check_whole(path: Path) -> None:
    """Looks at the last bytes of a JPEG or PNG, which a broken download lacks.

    Raises DataError where the mark of the end is missing. Other kinds of pictures pass.
    """
    ending = {".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9", ".png": b"IEND"}.get(path.suffix.lower())
    if ending is None:
        return
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            tail = file.read()
    except OSError as error:
        raise DataError(_unreadable(path, error)) from error
    if ending not in tail:
        raise DataError(f"{path} breaks off before its end; copy or download it again.")
