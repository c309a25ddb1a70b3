"""Charts and strips: what is drawn where, and which files there are."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.evaluation.benchmark import ComparedFrame, Curve
from vidseg.evaluation.reports import chart, plots, strips
from vidseg.evaluation.reports.chart import draw_chart, line_color
from vidseg.evaluation.reports.pictures import find_picture
from vidseg.evaluation.reports.plots import write_plots
from vidseg.evaluation.reports.strips import CONFUSED, EXTRA, MISSED, draw_strip
from vidseg.types import IdMap, ImageArray
from vidseg.video.colors import id_color

from ..fake import SCORES, FakeEvaluation, report


def near(page: ImageArray, color: tuple[int, int, int]) -> np.ndarray:
    """[H, W] bool: pixels of about this colour."""
    return np.asarray(np.abs(page.astype(int) - color).max(axis=2) <= 12)


def curve(y: list[float], x: list[float] | None = None) -> Curve:
    places = list(range(len(y))) if x is None else x
    return Curve("t", "line", np.array(places, float), np.array(y), ("x", "y"))


def line_of(y: list[float]) -> np.ndarray:
    """[H, W] bool: the pixels of the line below the legend."""
    drawn = near(draw_chart("t", [curve(y)]), line_color(0))
    drawn[:140] = False
    return drawn


def test_better_is_higher_and_later_is_further_right() -> None:
    rows, columns = np.nonzero(line_of([0.2, 0.9]))
    left, right = rows[columns < 300].mean(), rows[columns > 1000].mean()
    assert right < left - 200


def test_the_axis_ends_at_one_unless_all_is_far_below() -> None:
    tops = [np.nonzero(line_of([0.0, best]))[0].min() for best in (1.0, 0.5, 0.02)]
    assert tops[0] < tops[1] - 200  # half of the axis
    assert abs(tops[2] - tops[0]) < 12  # an axis of its own
    assert np.nonzero(line_of([0.0, 100.0]))[0].min() == tops[0]  # percent


def test_a_gap_breaks_the_line_and_a_lone_value_is_a_dot() -> None:
    whole, broken = line_of([0.5] * 5), line_of([0.5, 0.5, math.nan, 0.5, math.nan])
    middle = whole.shape[1] // 2
    assert whole[:, middle - 60 : middle + 60].any()
    assert not broken[:, middle - 60 : middle + 60].any()
    dot = broken[:, middle + 200 :]
    assert 60 < dot.sum() < 200  # a disk of radius 6 has 113 pixels


@pytest.mark.parametrize(
    ("low", "high", "whole", "ticks"),
    [
        (0.5, 0.95, False, [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]),
        (1, 8, True, [1, 2, 3, 4, 5, 6, 7, 8]),
        (0, 66, True, [0, 10, 20, 30, 40, 50, 60, 70]),
    ],
)
def test_ticks_are_round(low: float, high: float, whole: bool, ticks: list[float]) -> None:
    assert chart._round_ticks(low, high, 10, whole=whole) == pytest.approx(ticks)


def test_curves_of_one_point_and_without_a_value() -> None:
    assert near(draw_chart("t", [curve([0.4])]), line_color(0)).any()
    assert draw_chart("t", [curve([math.nan, math.nan])]).shape == (800, 1280, 3)


def test_only_so_many_lines_as_colours_can_tell() -> None:
    many = [curve([0.1, 0.5])] * 12 + [curve([1.0, 1.0])] * 2
    assert np.array_equal(draw_chart("t", many[:12])[100:], draw_chart("t", many)[100:])
    assert not np.array_equal(draw_chart("t", many[:12])[:100], draw_chart("t", many)[:100])


def frame(truth: IdMap, predicted: IdMap, same: bool = True) -> ComparedFrame:
    return ComparedFrame("00000", truth, predicted, same)


def strip(*frames: ComparedFrame) -> ImageArray:
    return draw_strip("v", frames, len(frames), lambda name: None)


def tile_row(page: ImageArray, row: int) -> ImageArray:
    """Truth, prediction or errors of the first frame of square maps."""
    top = strips._HEAD + row * (strips._TILE + strips._GAP)
    left = strips._MARGIN + strips._SIDE
    return page[top : top + strips._TILE, left : left + strips._TILE]


def halves(left: int, right: int) -> IdMap:
    ids = np.zeros((32, 32), dtype=np.int32)
    ids[:, :16], ids[:, 16:] = left, right
    return ids


def test_errors_have_their_colours() -> None:
    half = strips._TILE * strips._TILE // 2
    for truth, predicted, color in (
        (halves(1, 0), halves(0, 0), MISSED),
        (halves(0, 0), halves(5, 0), EXTRA),
        (halves(1, 0), halves(2, 0), CONFUSED),
    ):
        errors = tile_row(strip(frame(truth, predicted)), 2)
        found = {c: near(errors, c).sum() for c in (MISSED, EXTRA, CONFUSED)}
        assert found.pop(color) == pytest.approx(half, rel=0.05)
        assert max(found.values()) < half // 20


def test_a_right_prediction_has_no_error() -> None:
    page = strip(frame(halves(1, 2), halves(1, 2)))
    errors = tile_row(page, 2)
    assert not any(near(errors, color).any() for color in (MISSED, EXTRA, CONFUSED))
    assert np.array_equal(tile_row(page, 0), tile_row(page, 1))


def test_ids_of_its_own_are_paired_by_overlap() -> None:
    right = frame(halves(1, 2), halves(900, 7), same=False)
    switched = frame(halves(1, 2), halves(7, 7), same=False)
    page = strip(right, right, switched)
    assert np.array_equal(tile_row(page, 0), tile_row(page, 1))
    assert not near(tile_row(page, 2), CONFUSED).any()
    assert near(page, CONFUSED).sum() > strips._TILE**2 // 3  # half of the third column


def test_six_frames_from_first_to_last() -> None:
    assert strips.evenly_spaced(60, 6) == [0, 12, 24, 35, 47, 59]
    assert strips.evenly_spaced(1, 6) == [0]


def test_files_of_the_worst_videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "WORST", 2)
    written = write_plots(report(SCORES), FakeEvaluation(), tmp_path, tmp_path)
    assert [path.name for path in written] == [
        "J_over_all.png",
        "J_of_bad.png",
        "J_of_middling.png",
        "worst-1-bad.png",
        "worst-2-middling.png",
    ]
    assert sorted(tmp_path.iterdir()) == sorted(written)
    with Image.open(written[0]) as picture:
        assert (picture.format, picture.size) == ("PNG", (1280, 800))


@pytest.mark.parametrize("place", ["gt/JPEGImages/480p/v", "JPEGImages/v", "gt/data/v/origin"])
def test_pictures_beside_the_truth(tmp_path: Path, place: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 3), (200, 10, 20)).save(folder / "00001.png")
    (folder / "00002.jpg").write_bytes(b"no picture")
    found = find_picture(tmp_path / "gt", "v", "00001")
    assert found is not None and found.shape == (3, 4, 3) and found[0, 0].tolist() == [200, 10, 20]
    of_expression = find_picture(tmp_path / "gt", "v", "0/00001")
    assert of_expression is not None and np.array_equal(of_expression, found)
    assert find_picture(tmp_path / "gt", "v", "00002") is None
    assert find_picture(tmp_path / "gt", "v", "00003") is None


def test_masks_lie_over_the_picture() -> None:
    blue = np.full((32, 32, 3), (0, 0, 255), dtype=np.uint8)
    page = draw_strip("v", [frame(halves(1, 0), halves(1, 0))], 1, lambda name: blue)
    truth = tile_row(page, 0)
    assert near(truth[:, 200:], (0, 0, 255)).all()
    tint = tuple(round(0.6 * c + 0.4 * b) for c, b in zip(id_color(1), (0, 0, 255), strict=True))
    assert near(truth[:, 20:140], tint).all()  # type: ignore[arg-type]
