"""One rule for what the values of a mask mean, whoever drew it.

    0                    nothing
    1, 2, 3, ...         objects of these numbers
    one value, 255       one object, number 1, as DAVIS 2016 and drawing programs have it; so is
                         65535 of 16 bits. Decided over all masks of a video, not frame by frame
    255 beside others    not labelled, as DAVIS and YouTube-VOS have it
    shades of grey       the smoothed edge of one object, number 1: from half of white on
    JPEG                 one object, number 1, from half of white on; several grey areas are refused
    transparent          nothing, where more than half transparent
    colours              refused, unless the file has a palette, whose entries are the numbers

EXIF turns masks as it turns pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, VidsegError
from ..types import IdMap
from .flat_png import SIGNATURE, check_chunks, check_rows
from .opening import check_single, opened
from .orientation import turned

VOID = 255
SHADES_NOTE = "A mask has shades of grey: pixels from half of white on are object 1."
_WHITE = (255, 65535)
_HALF_OPAQUE = 128
_DARK, _BRIGHT = 32, 224  # of a JPEG: below is black, above is white
_SLACK = 4  # values by which a JPEG changes an even area
_FEWEST_SHADES = 3  # an edge of half-size pixels has a quarter, a half and three quarters
_MOST_EVEN = 0.5  # share of pixels between black and white that may lie in even areas


@dataclass(frozen=True, eq=False)
class StoredMask:
    """Values of a mask file.

    Attributes:
        values: [H, W] whole numbers from 0.
        shades: whether they are shades of one object, not numbers of several.
    """

    values: npt.NDArray[np.integer[Any]]
    shades: bool

    def present(self) -> frozenset[int]:
        """Values other than 0."""
        return frozenset(np.unique(self.values).tolist()) - {0}


@dataclass(frozen=True)
class Meaning:
    """What the values of a mask, or of all masks of a video, mean.

    Attributes:
        lone: whether the one object has the value of white.
        note: what was decided that the files do not say; empty for nothing.
    """

    lone: bool = False
    note: str = ""

    def objects(self, masks: Iterable[tuple[frozenset[int], bool]]) -> frozenset[int]:
        """Numbers of the objects of masks as those of :func:`meaning`."""
        found: set[int] = set()
        for present, is_shaded in masks:
            found |= {1} if is_shaded or (self.lone and present) else present - {VOID}
        return frozenset(found)

    def ids(self, mask: StoredMask) -> tuple[IdMap, npt.NDArray[np.bool_]]:
        """[H, W] numbers of objects, and where nothing is known."""
        if mask.shades:
            return half_of_white(mask.values).astype(np.int32), np.zeros(mask.values.shape, bool)
        ids = mask.values.astype(np.int32)
        if self.lone:
            return (ids != 0).astype(np.int32), np.zeros(ids.shape, bool)
        void = ids == VOID
        ids[void] = 0
        return ids, void


def meaning(masks: Iterable[tuple[frozenset[int], bool]]) -> Meaning:
    """The rule, applied to (values other than 0, whether they are shades) of each mask."""
    values: set[int] = set()
    shades = False
    for present, is_shaded in masks:
        values |= set() if is_shaded else present
        shades |= is_shaded
    lone = len(values) == 1 and values <= set(_WHITE)
    return Meaning(lone, SHADES_NOTE if shades else "")


def half_of_white(values: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
    """[H, W] which shades belong to the object; white is 255, or the largest of 16 bits."""
    white = _WHITE[0] if values.max(initial=0) <= _WHITE[0] else _WHITE[1]
    return np.asarray(2 * values.astype(np.int64) >= white)


def read_mask(path: Path, error: type[VidsegError] = DataError) -> StoredMask:
    """The values of a mask. Raises ``error`` for what can be none."""
    try:
        content = path.read_bytes()
    except OSError as reason:
        raise error(f"Cannot read the mask {path}: {reason.strerror}.") from reason
    try:
        check_chunks(content, path)
        with opened(path, error, content, what="mask") as image:
            check_single(image, path, error)
            kind, mode = image.format or "", image.mode
            if mode not in ("1", "L", "P", "LA", "I", "I;16", "I;16B", "RGB", "RGBA"):
                raise error(f"The mask {path} has mode {mode}; save it as a PNG with a palette.")
            stored = turned(image)
            check_rows(content, np.asarray(image), path)
    except DataError as reason:
        raise error(str(reason)) from reason
    values = _single_channel(stored, mode, path, error)
    if kind in ("JPEG", "MPO"):
        _check_even(values, path, error)
        return StoredMask(values, True)
    if mode != "P" and content.startswith(SIGNATURE) and content[25] in (0, 4):
        values = values // {2: 85, 4: 17}.get(content[24], 1)  # Pillow spreads few bits over eight
    return StoredMask(values, mode != "P" and _has_shades(values))


def _single_channel(
    stored: npt.NDArray[Any], mode: str, path: Path, error: type[VidsegError]
) -> npt.NDArray[np.integer[Any]]:
    if stored.ndim == 3:
        colors = stored[:, :, : 1 if mode == "LA" else 3]
        if (colors != colors[:, :, :1]).any():
            raise error(
                f"The mask {path} is a picture in colours; save it as a PNG with a palette, whose "
                "values are the numbers of the objects, or one object at a time in black and white."
            )
        opaque = stored[:, :, -1] >= _HALF_OPAQUE if mode in ("LA", "RGBA") else True
        return np.where(opaque, colors[:, :, 0], 0)
    if stored.dtype == np.bool_:
        return stored.astype(np.uint8)
    if stored.min(initial=0) < 0:
        raise error(f"The mask {path} holds values below 0; numbers of objects begin at 1.")
    return stored


def _has_shades(values: npt.NDArray[np.integer[Any]]) -> bool:
    """Whether grey values are the smoothed edge of something white.

    Numbers of objects fill areas; shades of an edge change from pixel to pixel.
    """
    largest = int(values.max(initial=0))
    white = largest if largest in _WHITE else 0
    between = (values > 0) & (values != (white or -1))
    present = np.unique(values[between])
    if len(present) < _FEWEST_SHADES or int(present[-1]) <= 2 * len(present):
        return False  # few values, or numbers about 1, 2, 3, ...
    if not half_of_white(values).any():
        return False  # an edge has something white beside it
    return _even_share(values, between, 0) < _MOST_EVEN


def _even_share(
    values: npt.NDArray[np.integer[Any]], chosen: npt.NDArray[np.bool_], slack: int
) -> float:
    """Share of the chosen pixels that lie in a square of 2 x 2 of one value."""
    padded = np.pad(values.astype(np.int64), 1, mode="constant", constant_values=-1 - slack)
    rows = np.abs(np.diff(padded, axis=0)) <= slack
    columns = np.abs(np.diff(padded, axis=1)) <= slack
    square = rows[:, :-1] & rows[:, 1:] & columns[:-1] & columns[1:]
    even = square[:-1, :-1] | square[:-1, 1:] | square[1:, :-1] | square[1:, 1:]
    return float((even & chosen).sum() / max(1, chosen.sum()))


def _check_even(values: npt.NDArray[np.integer[Any]], path: Path, error: type[VidsegError]) -> None:
    between = (values >= _DARK) & (values <= _BRIGHT)
    grey = _even_share(values, between, _SLACK) >= _MOST_EVEN and between.any()
    if grey or (values.max(initial=0) <= _BRIGHT and values.any()):
        raise error(
            f"The mask {path} is a JPEG, which does not keep the numbers of objects; save it as a "
            "PNG."
        )
