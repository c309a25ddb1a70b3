"""Labels over pictures, and sheets of them."""

from __future__ import annotations

import numpy as np
import pytest

from vidseg.formats.drawn_labels import LabelPainter
from vidseg.formats.label_sheet import Tile, caption, label_sheet, legend, sentence_lines
from vidseg.labels import Category, FrameLabels, LabelTrack, Sentence
from vidseg.results import encode_rle
from vidseg.types import MaskArray
from vidseg.video.colors import class_color, id_color

SKY = Category(1, "sky", is_thing=False)


def block(size: tuple[int, int], rows: slice, columns: slice) -> MaskArray:
    mask = np.zeros(size, dtype=bool)
    mask[rows, columns] = True
    return mask


def frame(size: tuple[int, int], void: MaskArray | None = None, **masks: MaskArray) -> FrameLabels:
    rles = {int(name[1:]): encode_rle(mask) for name, mask in masks.items()}
    return FrameLabels(size, rles, None if void is None else encode_rle(void))


def test_small_masks_lie_on_large_ones_and_void_is_grey() -> None:
    size = (200, 240)  # large, so that the points looked at are free of plates
    labels = frame(
        size,
        block(size, slice(150, 200), slice(0, 240)),
        _1=block(size, slice(0, 150), slice(0, 160)),
        _2=block(size, slice(60, 130), slice(20, 60)),  # inside of object 1
    )
    painter = LabelPainter([LabelTrack(1), LabelTrack(2)], ())
    painted = painter.paint(np.full((*size, 3), 255, np.uint8), labels)
    for (row, column), id in (((120, 50), 2), ((140, 100), 1)):
        mixed = 0.45 * np.array(id_color(id)) + 0.55 * 255  # the overlay's opacity is 0.45
        assert np.abs(painted[row, column] - mixed).max() <= 1
    assert painted[180, 100].tolist() == [(255 + 96) // 2] * 3
    assert painted[100, 220].tolist() == [255] * 3


def test_one_pixel_is_still_seen_on_a_picture_made_smaller() -> None:
    size = (80, 120)
    labels = frame(size, _1=block(size, slice(41, 42), slice(61, 62)))
    painter = LabelPainter([LabelTrack(1)], ())
    painted = painter.paint(np.zeros((*size, 3), np.uint8), labels, width=30)
    assert painted.shape == (20, 30, 3)
    assert np.argwhere(painted.any(axis=2)).tolist() == [[10, 15]]


def test_frames_without_labels_stay_as_they_are() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    painter = LabelPainter([], ())
    painted = painter.paint(picture, None)
    assert (painted == picture).all() and painted is not picture


def test_another_size_is_refused() -> None:
    painter = LabelPainter([], ())
    with pytest.raises(ValueError, match=r"\(8, 9\).*\(9, 8\)"):
        painter.paint(np.zeros((8, 9, 3), np.uint8), frame((9, 8)))


def test_names_of_crowds_and_of_objects_without_a_class() -> None:
    painter = LabelPainter([LabelTrack(1, 1, is_crowd=True), LabelTrack(2)], (SKY,))
    nothing = np.zeros((1, 1), dtype=bool)
    assert painter.segment(1, nothing, 1.0).category == "sky (crowd)"
    assert painter.segment(2, nothing, 1.0).category is None


def test_the_legend_names_what_is_seen() -> None:
    size = (8, 8)
    painter = LabelPainter([LabelTrack(1, 1), LabelTrack(2), LabelTrack(3)], (SKY,))
    all_of_it = block(size, slice(0, 8), slice(0, 8))
    assert legend(painter, [None, frame(size)], 300) is None
    strip = legend(painter, [frame(size, _1=all_of_it), frame(size, _2=all_of_it)], 300)
    assert strip is not None and strip.shape[1] == 300
    colors = {tuple(int(v) for v in pixel) for pixel in strip.reshape(-1, 3)}

    def near(color: tuple[int, int, int]) -> bool:  # plates let a little of the ground through
        return any(max(abs(a - b) for a, b in zip(color, c, strict=True)) < 30 for c in colors)

    assert near(class_color("sky")) and near(id_color(2)) and not near(id_color(3))


def test_a_narrow_legend_breaks_its_lines() -> None:
    size = (8, 8)
    masks = {f"_{id}": block(size, slice(0, 1), slice(0, 1)) for id in range(1, 9)}
    painter = LabelPainter([LabelTrack(id) for id in range(1, 9)], ())
    wide, narrow = (legend(painter, [frame(size, **masks)], width) for width in (900, 200))
    assert wide is not None and narrow is not None
    assert narrow.shape[0] >= 3 * wide.shape[0]


def test_a_sheet_is_as_large_as_its_rows() -> None:
    tiles = [Tile(np.full((20, 30, 3), 200, np.uint8), [caption(str(k))]) for k in range(5)]
    two_rows = label_sheet("t", tiles, 3)
    one_row = label_sheet("t", tiles[:3], 3)
    assert two_rows.shape[1] == one_row.shape[1] == 3 * 30 + 2 * 8 + 2 * 8
    assert (two_rows == 200).all(axis=2).sum() >= 5 * 20 * 30
    assert two_rows.shape[0] > one_row.shape[0] + 20


def test_long_lines_do_not_widen_a_sheet() -> None:
    picture = np.zeros((20, 80, 3), np.uint8)
    lines = sentence_lines([Sentence("0", "a very long sentence " * 20, (3,))])
    assert sentence_lines([Sentence("1", "it", ())])[0][0] == '"it"'  # of unknown objects
    assert lines[0][0].startswith('3 "a very') and lines[0][1] == id_color(3)
    sheet = label_sheet("t", [Tile(picture, lines)], 1)
    assert sheet.shape[1] == 80 + 2 * 8
