"""Strips of frames of one video: truth, prediction and where they differ, below each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ...geometry.masks import borders
from ...types import IdMap, ImageArray
from ...video.colors import Color, id_color
from ..benchmark import ComparedFrame
from .chart import INK, PAPER, SOFT, printable
from .id_pairs import CommonNumbers, Overlaps, best_pairs, overlaps

Ground = Callable[[str], "ImageArray | None"]
"""Frame name → its picture, None where there is none."""

MISSED: Color = (46, 108, 223)
EXTRA: Color = (226, 62, 46)
CONFUSED: Color = (242, 178, 30)

_LEGEND = ((MISSED, "missed"), (EXTRA, "too much"), (CONFUSED, "another object or class"))
_FRAMES = 6
_TILE = 320  # pixels across
_FINER = 2  # tiles are painted so many times larger, then reduced, for smooth edges
_GAP, _MARGIN, _SIDE, _HEAD, _FOOT = 8, 28, 132, 112, 66
_GREY = 214  # of the ground where there is no picture
_OUTLINE: Color = (120, 120, 120)

Tiles = tuple[ImageArray, ImageArray, ImageArray]
"""Truth, prediction and errors of one frame."""


def draw_strip(
    title: str, frames: Iterable[ComparedFrame], count: int, ground: Ground
) -> ImageArray:
    """[H, W, 3] the strip of a video: six of its frames, evenly spaced.

    Args:
        title: above it.
        frames: all ``count`` frames of the video in order; only those shown are kept in memory.
        count: at least one.
        ground: pictures that the masks are laid over.
    """
    wanted = set(evenly_spaced(count, _FRAMES))
    shown: list[ComparedFrame] = []
    shared = Overlaps()
    for position, frame in enumerate(frames):
        if not frame.same_ids:
            shared.update(overlaps(frame))
        if position in wanted:
            shown.append(frame)
    numbers = CommonNumbers(shown, best_pairs(shared))
    columns = [_tiles(frame, ground(frame.name), numbers) for frame in shown]
    return _page(title, [frame.name for frame in shown], columns)


def evenly_spaced(count: int, most: int) -> list[int]:
    """Positions of up to ``most`` of ``count`` frames, the first and the last among them.

    >>> evenly_spaced(11, 6), evenly_spaced(2, 6)
    ([0, 2, 4, 6, 8, 10], [0, 1])
    """
    if count <= most:
        return list(range(count))
    return [round(position * (count - 1) / (most - 1)) for position in range(most)]


def _tiles(frame: ComparedFrame, picture: ImageArray | None, numbers: CommonNumbers) -> Tiles:
    width = _TILE * _FINER
    size = (width, max(_FINER, round(width * frame.truth.shape[0] / frame.truth.shape[1])))
    true = _resized(numbers.truth(frame.truth), size)
    predicted = _resized(numbers.predicted(frame.predicted), size)
    if picture is None:
        under, opacity = np.full((*true.shape, 3), _GREY, np.uint8), 0.9
    else:
        image = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
        under, opacity = np.array(image), 0.6
    palette = _palette(int(max(true.max(), predicted.max())))
    masks = [_painted(under, ids, palette, opacity) for ids in (true, predicted)]
    for mask, ids in zip(masks, (true, predicted), strict=True):
        line = borders(ids, 2)
        mask[line] = palette[ids[line] - 1]
    errors = np.zeros_like(true)
    errors[(true > 0) & (predicted == 0)] = 1
    errors[(true == 0) & (predicted > 0)] = 2
    errors[(true > 0) & (predicted > 0) & (true != predicted)] = 3
    faded = (under.astype(np.uint16) + 2 * 235) // 3
    faded[borders(true, 1)] = _OUTLINE
    marks = np.array([color for color, _ in _LEGEND], dtype=np.uint8)
    wrong = _painted(faded.astype(np.uint8), errors, marks, 0.95)
    return _reduced(masks[0]), _reduced(masks[1]), _reduced(wrong)


def _resized(ids: IdMap, size: tuple[int, int]) -> IdMap:
    return np.array(Image.fromarray(ids).resize(size, Image.Resampling.NEAREST), dtype=np.int32)


def _palette(count: int) -> npt.NDArray[np.uint8]:
    return np.array([id_color(row) for row in range(1, count + 1)], np.uint8).reshape(-1, 3)


def _painted(
    under: ImageArray, rows: IdMap, palette: npt.NDArray[np.uint8], opacity: float
) -> ImageArray:
    """A copy with the pixels of row r, from 1, tinted in colour r - 1; row 0 is left alone."""
    canvas = under.copy()
    inside = rows > 0
    tinted = opacity * palette[rows[inside] - 1] + (1 - opacity) * under[inside]
    canvas[inside] = np.round(tinted).astype(np.uint8)
    return canvas


def _reduced(tile: ImageArray) -> ImageArray:
    size = (_TILE, max(1, tile.shape[0] // _FINER))
    return np.array(Image.fromarray(tile).resize(size, Image.Resampling.LANCZOS))


def _page(title: str, names: Sequence[str], columns: Sequence[Tiles]) -> ImageArray:
    """Tiles with their words on white."""
    step = max(tile.shape[0] for tiles in columns for tile in tiles) + _GAP
    across = max(len(columns), 3) * (_TILE + _GAP) - _GAP
    page = Image.new("RGB", (2 * _MARGIN + _SIDE + across, _HEAD + 3 * step + _FOOT), PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 26), printable(title), font=ImageFont.load_default(30), fill=INK)
    small = ImageFont.load_default(20)
    left = _MARGIN + _SIDE
    for number, (name, tiles) in enumerate(zip(names, columns, strict=True)):
        x = left + number * (_TILE + _GAP)
        draw.text((x, _HEAD - 10), printable(name), font=small, fill=SOFT, anchor="ls")
        for row, tile in enumerate(tiles):
            page.paste(Image.fromarray(tile), (x, _HEAD + row * step))
    for row, word in enumerate(("truth", "prediction", "errors")):
        middle = _HEAD + row * step + (step - _GAP) // 2
        draw.text((left - 16, middle), word, font=small, fill=INK, anchor="rm")
    y = _HEAD + 3 * step + 22
    for color, word in _LEGEND:
        draw.rounded_rectangle((left, y - 9, left + 26, y + 9), radius=4, fill=color)
        draw.text((left + 36, y), word, font=small, fill=INK, anchor="lm")
        left += 72 + round(small.getbbox(word)[2])
    return np.array(page)
