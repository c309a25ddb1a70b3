"""Overlays: colours, edges, labels and speed."""

from __future__ import annotations

import colorsys
import time

import numpy as np
import pytest

from vidseg.results import FrameResult, Segment
from vidseg.video.colors import class_color, davis_palette, id_color
from vidseg.video.draw import OverlayStyle, draw_overlay, label_text
from vidseg.video.labels import plate, text_color
from vidseg.video.sheet import SheetRow, contact_sheet

PLAIN = OverlayStyle(labels=False, opacity=0.5)


def square(id: int, place: slice, size: tuple[int, int] = (40, 40), score: float = 0.9) -> Segment:
    mask = np.zeros(size, dtype=bool)
    mask[place, place] = True
    return Segment(id, mask, score, "dog")


def test_inside_is_tinted_edge_is_full_colour_outside_is_untouched() -> None:
    image = np.full((40, 40, 3), 100, dtype=np.uint8)
    painted = draw_overlay(
        image, FrameResult(0, None, (40, 40), (square(1, slice(10, 30)),)), PLAIN
    )
    color = np.array(id_color(1))
    assert (image == 100).all(), "the picture handed in is left alone"
    assert np.array_equal(painted[10, 10], color)
    assert np.abs(painted[20, 20].astype(int) - (100 + color) / 2).max() <= 1
    outside = np.ones((40, 40), dtype=bool)
    outside[10:30, 10:30] = False
    assert (painted[outside] == 100).all()


def test_higher_score_lies_on_top_whatever_the_order() -> None:
    image = np.zeros((40, 40, 3), dtype=np.uint8)
    low, high = square(7, slice(5, 30), score=0.4), square(300, slice(20, 40), score=0.8)
    pictures = [
        draw_overlay(image, FrameResult(0, None, (40, 40), pair), PLAIN)
        for pair in ((low, high), (high, low))
    ]
    assert np.array_equal(*pictures)
    assert np.array_equal(pictures[0][20, 20], id_color(300))
    assert np.array_equal(pictures[0][5, 5], id_color(7))


def test_empty_masks_draw_nothing() -> None:
    image = np.full((40, 40, 3), 9, dtype=np.uint8)
    gone = Segment(1, np.zeros((40, 40), dtype=bool), 0.5)
    painted = draw_overlay(image, FrameResult(0, None, (40, 40), (gone,)))
    assert np.array_equal(painted, image) and painted is not image


def test_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="picture is"):
        draw_overlay(np.zeros((4, 4, 3), dtype=np.uint8), FrameResult(0, None, (5, 5), ()))


def test_neighbouring_ids_look_different() -> None:
    def apart(first: int, second: int) -> float:
        return float(np.linalg.norm(np.subtract(id_color(first), id_color(second))))

    assert all(apart(a, b) > 60 for a in range(1, 9) for b in range(1, a))
    assert all(apart(id, id + 1) > 60 for id in range(1, 200))
    assert all(colorsys.rgb_to_hsv(*id_color(id))[1] > 0.3 for id in range(1, 60))


def test_class_colours_do_not_depend_on_the_run() -> None:
    assert class_color("sky") == class_color("Sky") == class_color("sky-other-merged")
    assert class_color("sky") == (120, 180, 235)
    assert class_color("aardvark") == class_color("aardvark") != class_color("anteater")


def painted_rows(result: FrameResult, style: OverlayStyle) -> np.ndarray:
    """Rows of the picture that hold letters or plates, which no plain tint has."""
    image = np.zeros((*result.size, 3), dtype=np.uint8)
    plain = OverlayStyle(labels=False, color_by=style.color_by)
    changed = draw_overlay(image, result, style) != draw_overlay(image, result, plain)
    return np.flatnonzero(changed.any(axis=(1, 2)))


def test_plates_of_things_keep_above_their_largest_piece_and_those_of_regions_inside() -> None:
    mask = np.zeros((240, 320), dtype=bool)
    mask[120:220, 20:300] = True
    mask[4:12, 4:12] = True  # a stray speck
    result = FrameResult(0, None, mask.shape, (Segment(1, mask, 0.9, "dog"),))
    above = painted_rows(result, OverlayStyle())
    assert 90 < above.min() < above.max() < 122
    inside = painted_rows(result, OverlayStyle(color_by="class"))
    assert 150 < inside.min() < inside.max() < 190


def test_palette_of_davis() -> None:
    palette = davis_palette()
    assert palette.shape == (256, 3)
    assert palette[:9].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
        [0, 0, 128],
        [128, 0, 128],
        [0, 128, 128],
        [128, 128, 128],
        [64, 0, 0],
    ]
    assert palette[255].tolist() == [224, 224, 192]
    assert len({tuple(color) for color in palette.tolist()}) == 256


def test_stuff_is_coloured_by_class_and_things_by_id() -> None:
    mask = np.ones((4, 4), dtype=bool)
    sky = Segment(3, mask, 0.9, "sky", is_thing=False)
    dog = Segment(3, mask, 0.9, "dog")
    style = OverlayStyle()
    assert style.color(sky) == class_color("sky") and style.color(dog) == id_color(3)
    assert OverlayStyle(color_by="class").color(dog) == class_color("dog")
    assert label_text(dog) == "3 dog 0.90" and label_text(sky) == "sky"
    with pytest.raises(ValueError, match="color_by"):
        OverlayStyle(color_by="score")


def test_plates_are_legible() -> None:
    for id in range(1, 30):
        color = id_color(id)
        luma = [np.dot((0.2126, 0.7152, 0.0722), c) for c in (color, text_color(color))]
        assert abs(luma[0] - luma[1]) > 60
    tile = plate("1 dog 0.93", id_color(1), 15)
    assert tile.shape[2] == 4 and 15 < tile.shape[0] < 32 and tile.shape[1] > 60


def test_480p_with_eight_objects_takes_milliseconds() -> None:
    size = (480, 854)
    image = np.zeros((*size, 3), dtype=np.uint8)
    segments = tuple(square(i, slice(50 * i, 50 * i + 60), size) for i in range(1, 9))
    result = FrameResult(0, None, size, segments)
    draw_overlay(image, result)
    spent = []
    for _ in range(3):
        begun = time.process_time()
        draw_overlay(image, result)
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.1


def test_contact_sheet_lays_rows_out() -> None:
    red = np.full((30, 60, 3), (200, 0, 0), dtype=np.uint8)
    page = contact_sheet([SheetRow("one", [red, red]), SheetRow("two", [red])], tile_width=120)
    assert page.shape[1] == 2 * 120 + 3 * 8
    is_red = (page == (200, 0, 0)).all(axis=2)
    assert is_red.sum() == 3 * 120 * 60
