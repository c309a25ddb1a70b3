"""Every change of a clip moves masks and pictures alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vidseg.datasets.augment.augmentation import Augmentation, Drawn, draw_frames
from vidseg.datasets.augment.cameras import PADDING, AffineCamera, Shot
from vidseg.datasets.augment.views import LargeScaleJitter, MovingView, ShortSide, smooth_turn
from vidseg.datasets.clips.readers import LabelledFrames
from vidseg.datasets.clips.schema import Region

from ..conftest import draw

SIDE = 160
VIEWS = {
    "jitter": LargeScaleJitter(side=SIDE, scale=(0.5, 2.0)),
    "steady jitter": LargeScaleJitter(side=SIDE, scale=(0.5, 2.0), independent=False),
    "short side": ShortSide(short_sides=(96, 128, 160), long_side=256, scale=(2.0, 4.0), side=SIDE),
    "moving view": MovingView(side=SIDE),
}


def scene(frames: int = 3) -> LabelledFrames:
    """A red and a blue square on grey, as regions 0 and 1; red moves."""
    drawn = [draw(2 * t) for t in range(frames)]
    regions = (Region(0, captions=("the red square on the left",)), Region(1))
    return LabelledFrames([p for p, _ in drawn], [ids[None] for _, ids in drawn], [0, 0], regions)


def red(images: np.ndarray) -> np.ndarray:
    wide = images.astype(int)
    return (wide[..., 0] > 175) & (wide[..., 2] < 70)


def blue(images: np.ndarray) -> np.ndarray:
    wide = images.astype(int)
    return (wide[..., 2] > 175) & (wide[..., 0] < 70)


def mask_of(drawn: Drawn, region: int) -> np.ndarray:
    return np.asarray(drawn.maps[drawn.layers[region]] == region + 1)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_masks_follow_the_picture(name: str, flip: float) -> None:
    found = scene()
    compared = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        augmentation = Augmentation(view=VIEWS[name], flip=flip)
        drawn = draw_frames(found, (0, 1, 2), True, augmentation, None, (), rng)
        assert drawn.images.shape[:3] == drawn.maps.shape[1:]
        assert drawn.flipped is bool(flip)
        for region, colour in ((0, red), (1, blue)):
            mask, seen = mask_of(drawn, region), colour(drawn.images)
            for t in range(3):
                if mask[t].sum() > 600:
                    assert iou(mask[t], seen[t]) > 0.9
                    compared += 1
    assert compared > 20


def test_mirrored_clips_show_left_on_the_right() -> None:
    view = LargeScaleJitter(side=SIDE, scale=(1.0, 1.0), rotation=0.0)
    for flip, left in ((0.0, True), (1.0, False)):
        augmentation = Augmentation(view=view, flip=flip)
        drawn = draw_frames(scene(), (0,), False, augmentation, None, (), np.random.default_rng(0))
        columns = [np.flatnonzero(mask_of(drawn, k)[0].any(0)).mean() for k in (0, 1)]
        assert bool(columns[0] < columns[1]) is left


def test_half_of_the_clips_are_mirrored() -> None:
    augmentation = Augmentation(view=LargeScaleJitter(side=32), flip=0.5)
    rng = np.random.default_rng(0)
    flips = [
        draw_frames(scene(1), (0,), False, augmentation, None, (), rng).flipped for _ in range(400)
    ]
    assert np.mean(flips) == pytest.approx(0.5, abs=0.08)


@given(frames=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_turns_are_smooth(frames: int, seed: int) -> None:
    angles, (x, y) = smooth_turn(frames, 15.0, np.random.default_rng(seed))
    assert len(angles) == frames
    assert max(map(abs, angles)) <= 15
    assert angles in (sorted(angles), sorted(angles)[::-1])
    assert 0.4 <= x <= 0.6
    assert 0.4 <= y <= 0.6


def test_a_turn_by_hand() -> None:
    """A quarter turn counter-clockwise brings what was on the right to the top."""
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[15:25, 30:40] = 255
    camera = AffineCamera(size=(40, 40), scale=1.0, angle=90.0)
    turned = np.asarray(camera.picture(Image.fromarray(picture), (0, 0, 0)))
    wanted = np.zeros_like(picture)
    wanted[0:10, 15:25] = 255
    assert np.abs(turned.astype(int) - wanted).max() <= 1


def test_scale_and_cut_by_hand() -> None:
    ids = np.zeros((20, 30), np.uint8)
    ids[5:10, 6:16] = 3
    camera = AffineCamera(size=(16, 24), scale=2.0, flip=True, offset=(20.0, 8.0))
    # Mirrored: columns 14..24; twice as large: 28..48 and rows 10..20; cut: 8..28 and 2..12.
    wanted = np.zeros((16, 24), np.uint8)
    wanted[2:12, 8:24] = 3
    assert np.array_equal(np.asarray(camera.ids(Image.fromarray(ids))), wanted)


def test_padding_lies_right_and_below() -> None:
    view = LargeScaleJitter(side=64, scale=(0.5, 0.5), rotation=0.0)
    augmentation = Augmentation(view=view, flip=0.0)
    drawn = draw_frames(scene(1), (0,), False, augmentation, None, (), np.random.default_rng(0))
    # 48 × 64 pixels at half the size: 24 × 32.
    assert (drawn.images[0, 24:] == PADDING).all()
    assert (drawn.images[0, :, 32:] == PADDING).all()
    assert not (drawn.images[0, :24, :32] == PADDING).all(-1).any()


def test_cut_outs_of_a_clip_lie_close_together() -> None:
    shot = Shot([(100, 100)] * 5, np.zeros((100, 100), np.uint8), True)
    view = LargeScaleJitter(side=100, scale=(3.0, 3.0))
    for seed in range(50):
        cameras = view.cameras(shot, False, np.random.default_rng(seed))
        offsets = np.array([camera.offset for camera in cameras])
        assert (offsets >= 0).all()
        assert (offsets <= 200).all()
        assert np.abs(offsets - offsets[0]).max() <= 10


def test_scales_are_drawn_for_each_frame_or_once() -> None:
    shot = Shot([(50, 100)] * 4, np.zeros((50, 100), np.uint8), True)
    rng = np.random.default_rng(0)
    for independent in (True, False):
        view = LargeScaleJitter(side=200, scale=(0.25, 4.0), independent=independent)
        scales = {camera.scale for camera in view.cameras(shot, False, rng)}
        assert len(scales) == (4 if independent else 1)
        assert all(0.5 <= scale <= 8 for scale in scales)


def test_short_sides_and_the_limit_of_the_long_one() -> None:
    view = ShortSide(short_sides=(512, 544), long_side=1000)
    rng = np.random.default_rng(0)
    ids = np.zeros((10, 10), np.uint8)
    sizes = {view.cameras(Shot([(300, 400)], ids, False), False, rng)[0].size for _ in range(40)}
    assert sizes == {(512, 683), (544, 725)}
    wide = view.cameras(Shot([(200, 800)] * 2, ids, True), False, rng)
    assert [camera.size for camera in wide] == [(250, 1000)] * 2


def test_small_scales_cost_sharpness_alone() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    spread = []
    for detail in (1.0, 0.25):
        camera = AffineCamera(size=(64, 64), scale=1.0, detail=detail)
        spread.append(np.asarray(camera.picture(Image.fromarray(stripes), (0, 0, 0))).std())
    assert spread[1] < 0.3 * spread[0]


class OneObject:
    """A green disc to paste."""

    name = "donor"
    vocabulary = ("cat", "disc")
    lengths = starts = np.array([1])

    def video_name(self, video: int) -> str:
        return str(video)

    def read(self, video: int, frames: object, rng: np.random.Generator) -> LabelledFrames:
        y, x = np.mgrid[:60, :60]
        disc = ((x - 30) ** 2 + (y - 30) ** 2 < 625).astype(np.uint8)
        picture = np.where(disc[..., None] > 0, np.uint8([20, 220, 20]), np.uint8(90))
        return LabelledFrames([picture], [disc[None]], [0], (Region(1, captions=("a disc",)),))


def test_pasted_objects_hide_what_they_cover() -> None:
    augmentation = Augmentation(view=VIEWS["jitter"], paste=1.0, most_pasted=1)
    hidden = compared = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        drawn = draw_frames(
            scene(), (0, 1, 2), True, augmentation, OneObject(), ("square", "disc"), rng
        )
        assert drawn.pasted == 1
        assert drawn.regions[2] == Region(1)
        mask = mask_of(drawn, 2)
        wide = drawn.images.astype(int)
        green = (wide[..., 1] > 150) & (wide[..., 0] < 75)
        if mask.sum() > 900:
            assert iou(mask, green) > 0.9
            compared += 1
        others = mask_of(drawn, 0) | mask_of(drawn, 1)
        assert not (mask & others).any()
        plain = draw_frames(
            scene(), (0, 1, 2), True, Augmentation(view=VIEWS["jitter"]), None, (),
            np.random.default_rng(seed),
        )  # fmt: skip
        hidden += int((plain.maps[0] > 0).sum()) > int(others.sum())
    assert compared > 15
    assert hidden > 3


def test_objects_of_unknown_classes_are_pasted_without_one() -> None:
    augmentation = Augmentation(view=VIEWS["moving view"], paste=1.0)
    drawn = draw_frames(
        scene(1), (0,), False, augmentation, OneObject(), ("square",), np.random.default_rng(0)
    )
    assert {region.label for region in drawn.regions[2:]} == {-1}


def test_colours_change_and_masks_stay() -> None:
    plain, coloured = (
        draw_frames(
            scene(), (0, 1), True, Augmentation(view=VIEWS["jitter"], flip=0.0, colour=colour),
            None, (), np.random.default_rng(5),
        )
        for colour in (0.0, 0.2)
    )  # fmt: skip
    assert np.array_equal(plain.maps, coloured.maps)
    assert not np.array_equal(plain.images, coloured.images)
