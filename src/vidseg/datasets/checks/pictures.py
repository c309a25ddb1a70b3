"""Headers and values of picture files, with errors in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import DataError
from ...pictures.flat_png import check_chunks, check_rows
from ...pictures.label_maps import read_content
from ...pictures.opening import check_single, opened
from ...pictures.orientation import upright_size

if TYPE_CHECKING:
    from PIL import Image

_TAIL = 1024  # some cameras write a little after the end of the picture


@dataclass(frozen=True)
class Header:
    """What the first bytes of a picture file tell.

    Attributes:
        size: (height, width) in pixels: of a picture as it is shown, of a label file as stored.
        mode: of PIL: "P" palette, "L" grey, "1" black and white, "RGB", "I;16" ...
        palette: [N, 3] colours of a palette picture, else None.
    """

    size: tuple[int, int]
    mode: str
    palette: npt.NDArray[np.uint8] | None = None


def read_header(path: Path) -> Header:
    """Reads no pixel. DataError where the file is missing, empty or no picture."""
    with opened(path) as image:
        check_single(image, path)
        return _header(image)


def read_label_file(path: Path) -> tuple[Header, npt.NDArray[Any]]:
    """Header, and [H, W] or [H, W, C] values as the file stores them (palette: the indices).

    Raises DataError where the file is damaged or ends early.
    """
    content = read_content(path)
    check_chunks(content, path)
    with opened(path, content=content) as image:
        header = replace(_header(image), size=(image.height, image.width))
        values = np.asarray(image)
    check_rows(content, values, path)
    return header, values


def _header(image: Image.Image) -> Header:
    palette = image.getpalette() if image.mode == "P" else None
    colors = None if palette is None else np.array(palette, dtype=np.uint8).reshape(-1, 3)
    return Header(upright_size(image), image.mode, colors)


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
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    if ending not in tail:
        raise DataError(f"{path} breaks off before its end; copy or download it again.")
