"""Labels painted over their picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from ..geometry.masks import decode_rle
from ..labels import Category, FrameLabels, LabelTrack
from ..results import FrameResult, Segment
from ..types import ImageArray, MaskArray
from ..video.draw import DEFAULT_STYLE, draw_overlay

VOID_COLOR = 96
"""Grey value of pixels that are not labelled."""

UNSCORED = replace(DEFAULT_STYLE, scores=False)
"""How labels without scores are painted."""


class LabelPainter:
    """Paints the frames of one video.

    Things have the colour of their id, stuff the colour of its class, crowds say so, and void
    pixels are greyed. Where masks overlap the smaller one lies on top. Scores are shown where the
    labels have them.
    """

    def __init__(self, tracks: Sequence[LabelTrack], categories: Sequence[Category]) -> None:
        self._tracks = {track.id: track for track in tracks}
        self._categories = {category.id: category for category in categories}

    def paint(
        self, picture: ImageArray, labels: FrameLabels | None, *, width: int | None = None
    ) -> ImageArray:
        """A painted copy, ``width`` pixels wide where given.

        Raises ValueError where the picture is not of the labels' size.
        """
        if labels is None:
            return resized(picture, width or picture.shape[1])
        if picture.shape[:2] != labels.size:
            raise ValueError(f"The picture is {picture.shape[:2]}, its labels {labels.size}.")
        canvas = resized(picture, width or picture.shape[1])
        size = (int(canvas.shape[0]), int(canvas.shape[1]))
        if labels.void is not None:
            void = _resized_mask(decode_rle(labels.void), size)
            canvas[void] = (canvas[void].astype(np.uint16) + VOID_COLOR) // 2
        return draw_overlay(
            canvas, self._result(labels, size), DEFAULT_STYLE if labels.scores else UNSCORED
        )

    def segment(self, id: int, mask: MaskArray, score: float) -> Segment:
        """An object as results hold it; its class says whether it is a crowd."""
        track = self._tracks.get(id, LabelTrack(id))
        category = self.category(id)
        name = category.name if category else None
        if track.is_crowd:
            name = f"{name or 'object'} (crowd)"
        return Segment(id, mask, score, name, category is None or category.is_thing)

    def category(self, id: int) -> Category | None:
        """The class of an object."""
        track = self._tracks.get(id)
        number = None if track is None else track.category_id
        return None if number is None else self._categories.get(number)

    def _result(self, labels: FrameLabels, size: tuple[int, int]) -> FrameResult:
        masks = {id: _resized_mask(decode_rle(rle), size) for id, rle in labels.masks.items()}
        scores = dict(labels.scores)
        if not scores:  # painted in this order
            large_first = sorted(masks, key=lambda id: (-int(masks[id].sum()), id))
            scores = {id: (k + 1) / len(masks) for k, id in enumerate(large_first)}
        segments = tuple(self.segment(id, mask, scores.get(id, 1.0)) for id, mask in masks.items())
        return FrameResult(0, None, size, segments)


def resized(picture: ImageArray, width: int) -> ImageArray:
    """A copy of a picture of this width."""
    if picture.shape[1] == width:
        return picture.copy()
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def _resized_mask(mask: MaskArray, size: tuple[int, int]) -> MaskArray:
    """Pixels that are covered by half; all that are touched where no pixel is, so that nothing
    small vanishes."""
    if mask.shape == size:
        return mask
    grey = Image.fromarray(mask.astype(np.uint8) * 255)
    share = np.asarray(grey.resize((size[1], size[0]), Image.Resampling.BOX))
    half: MaskArray = share >= 128
    touched: MaskArray = share > 0
    return half if half.any() else touched
