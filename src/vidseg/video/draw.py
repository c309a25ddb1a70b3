"""Results painted over their frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..geometry.masks import borders, largest_piece
from ..geometry.points import deepest_point
from ..results import FrameResult, Segment, mask_box
from ..types import ImageArray
from .colors import Color, class_color, id_color, plain_name
from .labels import paste, plate

RowMap: TypeAlias = npt.NDArray[np.uint8]
"""[H, W] position of a pixel's segment among those painted, from 1; 0 = none."""

_MOST_SEGMENTS = 255  # that fit a RowMap; the strongest are painted
_MAP_CELL = 4  # label anchors are sought on every fourth pixel: 16 times faster, same place


@dataclass(frozen=True, kw_only=True)
class OverlayStyle:
    """How results are painted.

    Attributes:
        opacity: share of the colour inside a mask, 0..1.
        labels: whether plates with id, class and score are drawn.
        scores: whether plates give the score; labels made by people have none.
        color_by: "id" gives every object its own colour; "class" paints regions in class colours
            (semantic maps); "stuff" paints stuff by class and things by id (panoptic maps).
    """

    opacity: float = 0.45
    labels: bool = True
    scores: bool = True
    color_by: str = "stuff"

    def __post_init__(self) -> None:
        if not 0.0 <= self.opacity <= 1.0:
            raise ValueError(f"opacity must lie in 0..1; got {self.opacity}.")
        if self.color_by not in ("id", "class", "stuff"):
            raise ValueError(f"color_by must be id, class or stuff; got {self.color_by!r}.")

    def color(self, segment: Segment) -> Color:
        """RGB of a segment."""
        by_class = self.color_by == "class" or (self.color_by == "stuff" and not segment.is_thing)
        if by_class and segment.category is not None:
            return class_color(segment.category)
        return id_color(segment.id)


DEFAULT_STYLE = OverlayStyle()


def draw_overlay(
    image: ImageArray, result: FrameResult, style: OverlayStyle = DEFAULT_STYLE
) -> ImageArray:
    """A new [H, W, 3] picture: masks tinted, edged in their full colour and labelled.

    Overlaps are settled as in ``FrameResult.panoptic_map``. Raises ValueError where the picture
    is not of the result's size.
    """
    if image.shape[:2] != result.size:
        raise ValueError(f"The picture is {image.shape[:2]}, the result {result.size}.")
    visible = [segment for segment in result.from_weak_to_strong() if segment.visible]
    if not visible:
        return image.copy()
    visible = visible[-_MOST_SEGMENTS:]
    rows = np.zeros(result.size, dtype=np.uint8)
    for row, segment in enumerate(visible, start=1):
        rows[segment.mask] = row
    canvas = _paint(image, rows, [style.color(segment) for segment in visible], style.opacity)
    if style.labels:
        _draw_labels(canvas, rows, visible, style)
    return canvas


def _paint(image: ImageArray, rows: RowMap, colors: list[Color], opacity: float) -> ImageArray:
    """Tint and edges, by Pillow on whole pictures: index arrays would take several times longer."""
    picture = Image.fromarray(image)
    indexed = Image.fromarray(rows)
    indexed.putpalette(bytes(value for color in [(0, 0, 0), *colors] for value in color))
    flat = indexed.convert("RGB")
    canvas = Image.composite(
        Image.blend(picture, flat, opacity), picture, Image.fromarray(rows != 0)
    )
    canvas.paste(flat, mask=Image.fromarray(borders(rows, _edge_width(rows.shape))))
    return np.array(canvas)


def _edge_width(size: tuple[int, ...]) -> int:
    return max(1, round(min(size) / 240))


def label_text(segment: Segment, style: OverlayStyle = DEFAULT_STYLE) -> str:
    """What the plate of a segment says: ``2 dog 0.91``; stuff and class maps have no number."""
    name = plain_name(segment.category or ("object" if segment.is_thing else "region"))
    if len(name) > 28:
        name = name[:27] + "…"
    if not segment.is_thing or style.color_by == "class":
        return name
    return f"{segment.id} {name}" + (f" {segment.score:.2f}" if style.scores else "")


def _draw_labels(
    canvas: ImageArray, rows: RowMap, visible: list[Segment], style: OverlayStyle
) -> None:
    """Plates, largest segment first; a plate that would cover another one moves down."""
    height, width = canvas.shape[:2]
    size = max(13, round(min(height, width) / 32))
    taken: list[tuple[int, int, int, int]] = []
    areas = np.bincount(rows.ravel(), minlength=len(visible) + 1)[1:]
    smallest = size * size // 2  # a plate much larger than its segment would only confuse
    for position in np.argsort(-areas, kind="stable"):
        if areas[position] < smallest:
            break
        segment = visible[position]
        tile = plate(label_text(segment, style), style.color(segment), size)
        above = segment.is_thing and style.color_by != "class"
        x, y = _anchor(rows, int(position) + 1, above, tile.shape[:2])
        x = min(max(x, 0), max(0, width - tile.shape[1]))
        y = min(max(y, 0), max(0, height - tile.shape[0]))
        box = _free_place((x, y, x + tile.shape[1], y + tile.shape[0]), taken, height)
        taken.append(box)
        paste(canvas, tile, box[0], box[1])


def _anchor(rows: RowMap, row: int, above: bool, tile: tuple[int, int]) -> tuple[int, int]:
    """Top left corner of a plate: above a thing, on the thickest part of a region."""
    height, width = tile
    mask = rows == row
    coarse = mask[::_MAP_CELL, ::_MAP_CELL]
    scale = _MAP_CELL if coarse.any() else 1
    piece = largest_piece(coarse if coarse.any() else mask)  # a stray speck must not move it
    if above:
        x0, y0, x1, _ = mask_box(piece)
        return (x0 + x1) * scale // 2 - width // 2, y0 * scale - height - 2
    x, y = deepest_point(piece)
    return x * scale - width // 2, y * scale - height // 2


def _free_place(
    box: tuple[int, int, int, int], taken: list[tuple[int, int, int, int]], height: int
) -> tuple[int, int, int, int]:
    """The box, moved below every plate that it would cover, as long as it stays in the picture."""
    x0, y0, x1, y1 = box
    for _ in range(len(taken)):
        covered = [b for b in taken if x0 < b[2] and b[0] < x1 and y0 < b[3] and b[1] < y1]
        if not covered:
            break
        shift = max(b[3] for b in covered) + 1 - y0
        if y1 + shift > height:
            break
        y0, y1 = y0 + shift, y1 + shift
    return x0, y0, x1, y1
