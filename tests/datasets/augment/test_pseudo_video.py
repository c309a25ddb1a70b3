"""Camera paths and warps."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.augment.copy_paste import CutOut, cut_out, paste
from vidseg.datasets.augment.pseudo_video import MotionConfig, View, sample_path, sample_view
from vidseg.datasets.augment.transforms import ColourChange, sample_colour_changes, warp
from vidseg.datasets.clips.schema import Region

WHOLE = View(32.0, 32.0, 64.0, 64.0)


def picture() -> Image.Image:
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))


def test_the_whole_view_is_the_identity() -> None:
    path = sample_path(np.random.default_rng(0), WHOLE, 1, MotionConfig())
    same = warp(picture(), path[0], 64, smooth=True, fill=(0, 0, 0))
    np.testing.assert_array_equal(np.asarray(same), np.asarray(picture()))


def test_flipping_mirrors() -> None:
    path = sample_path(np.random.default_rng(0), WHOLE, 1, MotionConfig(), flip=True)
    mirrored = warp(picture(), path[0], 64, smooth=False, fill=(0, 0, 0))
    np.testing.assert_array_equal(np.asarray(mirrored), np.asarray(picture())[:, ::-1])


def test_what_lies_outside_is_filled() -> None:
    beside = View(96.0, 32.0, 64.0, 64.0)
    path = sample_path(np.random.default_rng(0), beside, 1, MotionConfig())
    empty = warp(picture(), path[0], 32, smooth=True, fill=(1, 2, 3))
    assert (np.asarray(empty) == (1, 2, 3)).all()


@pytest.mark.parametrize("seed", range(5))
def test_motion_is_smooth_and_bounded(seed: int) -> None:
    motion = MotionConfig(still=0.0)
    path = sample_path(np.random.default_rng(seed), WHOLE, 9, motion)
    steps = np.abs(np.diff(path, axis=0)).max((1, 2, 3))
    assert 0 < steps.max() < 0.12 * 64
    assert np.abs(path[-1] - path[0]).max() < 0.5 * 64


def test_rigid_motion_keeps_the_grid_straight() -> None:
    motion = MotionConfig(still=0.0, deformation=0.0)
    path = sample_path(np.random.default_rng(1), WHOLE, 4, motion)
    bend = path[:, :, 2] * 2 - path[:, :, 1] - path[:, :, 3]
    np.testing.assert_allclose(bend, 0, atol=1e-9)


def test_views_stay_inside_and_contain_the_focus() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        view = sample_view(rng, (48, 64), focus=(60.0, 3.0))
        assert view.x - view.width / 2 >= 0
        assert view.x + view.width / 2 <= 64 + 1e-9
        assert view.y - view.height / 2 >= 0
        assert view.y + view.height / 2 <= 48 + 1e-9
        assert abs(view.x - 60) <= view.width / 2
        assert abs(view.y - 3) <= view.height / 2


def test_the_neutral_colour_change_changes_nothing() -> None:
    neutral = ColourChange((1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0), 1.0)
    np.testing.assert_array_equal(np.asarray(neutral(picture())), np.asarray(picture()))
    changes = sample_colour_changes(np.random.default_rng(0), 2, strength=0.0)
    difference = np.asarray(changes[1](picture())).astype(int) - np.asarray(picture())
    assert np.abs(difference).max() <= 1


def test_colours_drift_over_the_clip() -> None:
    changes = sample_colour_changes(np.random.default_rng(0), 5)
    first = np.array([change.matrix for change in changes])
    assert (np.diff(first, axis=0) != 0).any(1).all()
    assert len({change.gamma for change in changes}) == 1


def test_a_cut_out_covers_what_lies_under_it() -> None:
    ids = np.zeros((64, 64), np.uint8)
    ids[10:40, 20:50] = 3
    item = cut_out(np.full((64, 64, 3), 200, np.uint8), ids, Region(0), 3)
    assert item is not None
    assert item.alpha.size == (30, 30)
    canvas, labels = Image.new("RGB", (64, 64)), Image.new("L", (64, 64), 1)
    view = View(15.0, 15.0, 60.0, 60.0)  # the object in the middle, half as wide as the frame
    nodes = sample_path(np.random.default_rng(0), view, 1, MotionConfig())[0]
    paste(canvas, labels, item, nodes, 9)
    drawn = np.asarray(labels) == 9
    assert abs(drawn.sum() - 32 * 32) < 150
    assert drawn[32, 32]
    assert (np.asarray(canvas)[32, 32] == 200).all()
    assert (np.asarray(labels)[~drawn] == 1).all()


def test_tiny_and_frame_filling_regions_are_not_cut_out() -> None:
    image, ids = np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), np.uint8)
    assert cut_out(image, ids, Region(0), 1) is None
    ids[:] = 0
    ids[:5, :5] = 1
    assert cut_out(image, ids, Region(0), 1) is None


def test_a_cut_out_outside_the_frame_draws_nothing() -> None:
    item = CutOut(Region(0), Image.new("RGB", (8, 8)), Image.new("L", (8, 8), 255))
    nodes = sample_path(
        np.random.default_rng(0), View(100.0, 100.0, 16.0, 16.0), 1, MotionConfig()
    )[0]
    canvas, labels = Image.new("RGB", (16, 16), (5, 5, 5)), Image.new("L", (16, 16))
    paste(canvas, labels, item, nodes, 1)
    assert not np.asarray(labels).any()
    assert (np.asarray(canvas) == 5).all()
