"""Contact sheets of labelled frames: pictures with captions, and a legend below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..labels import FrameLabels, Sentence
from ..types import ImageArray, MaskArray
from ..video.colors import Color, id_color
from ..video.draw import label_text
from ..video.labels import paste, plate
from ..video.page import GROUND, beside, stacked
from .drawn_labels import UNSCORED, VOID_COLOR, LabelPainter

_PLATE: Color = (24, 24, 24)
_LETTER = 15  # pixels
_MOST_ENTRIES = 60


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture and the lines under it; the colour of a line is that of its plate."""

    picture: ImageArray
    lines: Sequence[tuple[str, Color]]


def caption(text: str) -> tuple[str, Color]:
    """A line on the ground of the page."""
    return text, _PLATE


def sentence_lines(sentences: Iterable[Sentence]) -> list[tuple[str, Color]]:
    """A line for each sentence, in the colour of the first object that it means."""
    return [
        (
            " ".join([*map(str, sentence.track_ids), f'"{sentence.text}"']),
            id_color(sentence.track_ids[0]) if sentence.track_ids else _PLATE,
        )
        for sentence in sentences
    ]


def label_sheet(
    title: str, tiles: Sequence[Tile], columns: int, below: Sequence[ImageArray] = ()
) -> ImageArray:
    """[H, W, 3] page: the title, rows of ``columns`` tiles, and strips under them."""
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    pictures = [beside([_standing(tile) for tile in row]) for row in rows]
    return stacked([_line(title, _PLATE, None), *pictures, *below])


def legend(
    painter: LabelPainter, frames: Iterable[FrameLabels | None], width: int
) -> ImageArray | None:
    """A strip with a plate for each object or class of stuff on these frames; None for none."""
    nothing: MaskArray = np.zeros((1, 1), dtype=bool)
    given = [labels for labels in frames if labels is not None]
    seen = sorted({id for labels in given for id in labels.masks})
    entries: dict[str, Color] = {}
    for id in seen:
        segment = painter.segment(id, nothing, 1.0)
        entries[label_text(segment, UNSCORED)] = UNSCORED.color(segment)
    if any(labels.void is not None for labels in given):
        entries["not labelled"] = (VOID_COLOR,) * 3
    if not entries:
        return None
    plates = [plate(text, color, _LETTER) for text, color in list(entries.items())[:_MOST_ENTRIES]]
    if len(entries) > _MOST_ENTRIES:
        plates.append(plate(f"and {len(entries) - _MOST_ENTRIES} more", _PLATE, _LETTER))
    return _flow(plates, width)


def text_strip(lines: Sequence[tuple[str, Color]], width: int) -> ImageArray:
    """Lines of text under each other, cut at ``width``."""
    return stacked([_line(text, color, width) for text, color in lines], 2, margin=0)


def _standing(tile: Tile) -> ImageArray:
    width = tile.picture.shape[1]
    lines = [_line(text, color, width) for text, color in tile.lines]
    return stacked([tile.picture, *lines], 2, margin=0)


def _line(text: str, color: Color, width: int | None) -> ImageArray:
    while True:
        tile = plate(text, color, _LETTER)
        if width is None or tile.shape[1] <= width or len(text) < 2:
            break
        kept = max(1, int(len(text) * width / tile.shape[1]) - 2)
        text = text[:kept].rstrip("…") + "…"
        if kept == 1:
            width = None
    strip = np.full((tile.shape[0], tile.shape[1], 3), GROUND, dtype=np.uint8)
    paste(strip, tile, 0, 0)
    return strip


def _flow(plates: Sequence[npt.NDArray[np.uint8]], width: int) -> ImageArray:
    """Plates beside each other, with line breaks at ``width``."""
    places: list[tuple[int, int]] = []
    x = y = 0
    for tile in plates:
        if x and x + tile.shape[1] > width:
            x, y = 0, y + tile.shape[0] + 4
        places.append((x, y))
        x += tile.shape[1] + 4
    strip = np.full((y + plates[-1].shape[0], width, 3), GROUND, dtype=np.uint8)
    for tile, (left, top) in zip(plates, places, strict=True):
        paste(strip, tile, left, top)
    return strip
