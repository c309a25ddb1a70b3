"""The shape-position descriptor against plain NumPy, and what the paper says of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from vidseg.errors import ModelError
from vidseg.models.gvseg.shape_position import (
    DescriptorConfig,
    descriptor_change,
    descriptors,
    histograms,
    polar_counts,
)

from .. import plain_descriptor as plain

READINGS = [
    DescriptorConfig(radius_range=radius_range, negative=negative)
    for radius_range in ("frame", "object")
    for negative in ("frame", "object")
]
by_reading = pytest.mark.parametrize(
    "config", READINGS, ids=lambda config: f"{config.radius_range}-{config.negative}"
)
Stack = arrays(
    np.bool_,
    st.tuples(st.integers(1, 3), st.integers(1, 11), st.integers(1, 17)),
)
SCALE = 1 / 16  # of width 256


def ellipse(
    size: tuple[int, int], centre: tuple[float, float], axes: tuple[float, float]
) -> Tensor:
    """[1, H, W] mask; centre and half axes as (x, y)."""
    y = torch.arange(size[0])[:, None]
    x = torch.arange(size[1])
    return (((x - centre[0]) / axes[0]) ** 2 + ((y - centre[1]) / axes[1]) ** 2 <= 1)[None]


def hard_cases() -> dict[str, Tensor]:
    size = (48, 64)
    empty = torch.zeros(1, *size, dtype=torch.bool)
    pixel, corner = empty.clone(), empty.clone()
    pixel[0, 20, 30] = corner[0, 0, 0] = True
    disc = ellipse(size, (30, 22), (12, 9))
    ring = disc & ~ellipse(size, (31, 22), (5, 4))
    parts = disc | ellipse(size, (55, 40), (4, 6)) | ellipse(size, (6, 6), (3, 3))
    return {
        "empty": empty,
        "one pixel": pixel,
        "pixel in the corner": corner,
        "disc": disc,
        "cut by the frame": ellipse(size, (60, 2), (15, 20)),
        "hole": ring,
        "components": parts,
        "component in a hole": ring | ellipse(size, (31, 22), (2, 2)),
        "fills the frame": ~empty,
        "line": (torch.arange(64) > 9)[None, None] & (torch.arange(48) == 7)[:, None],
    }


def assert_plain(masks: Tensor, config: DescriptorConfig, width: int) -> None:
    for mask, found, row in zip(
        masks.numpy(),
        histograms(masks, config, width).numpy(),
        descriptors(masks, config, width).numpy(),
        strict=True,
    ):
        np.testing.assert_allclose(found, plain.histogram(mask, config, width), atol=1e-6, rtol=0)
        np.testing.assert_allclose(row, plain.descriptor(mask, config, width), atol=1e-6, rtol=0)


@by_reading
def test_equals_plain_code_on_hard_cases(config: DescriptorConfig) -> None:
    assert_plain(torch.cat(list(hard_cases().values())), config, 256)


@settings(deadline=None, max_examples=80)
@given(
    masks=Stack,
    reading=st.sampled_from(READINGS),
    points=st.integers(1, 40),
    width=st.integers(1, 500),
)
@example(masks=np.array([[[True, False, False]]]), reading=READINGS[0], points=1, width=105)
def test_equals_plain_code(
    masks: plain.Mask, reading: DescriptorConfig, points: int, width: int
) -> None:
    config = DescriptorConfig(
        points=points, radius_range=reading.radius_range, negative=reading.negative
    )
    assert_plain(torch.from_numpy(masks), config, width)


@pytest.mark.parametrize("name", list(hard_cases()))
@by_reading
def test_points_sum_to_their_number(config: DescriptorConfig, name: str) -> None:
    total = float(histograms(hard_cases()[name], config, 256).clamp(min=0).sum())
    assert total == pytest.approx(0 if name == "empty" else 200 * SCALE)


def test_an_empty_mask_has_no_negative_part_either() -> None:
    assert not descriptors(hard_cases()["empty"], DescriptorConfig(), 256).any()


@settings(deadline=None, max_examples=60)
@given(shape=Stack, shift=st.tuples(st.integers(0, 40), st.integers(0, 30)))
def test_place_changes_only_the_negative_part(shape: plain.Mask, shift: tuple[int, int]) -> None:
    count, height, width = shape.shape
    x, y = shift
    masks = torch.zeros(count, 64, 80, dtype=torch.bool)
    moved = masks.clone()
    masks[:, :height, :width] = torch.from_numpy(shape)
    moved[:, y : y + height, x : x + width] = torch.from_numpy(shape)
    for config in READINGS:
        here, there = histograms(masks, config, 256), histograms(moved, config, 256)
        assert torch.equal(here.clamp(min=0), there.clamp(min=0))


@by_reading
def test_only_the_defaults_tell_places_inside_the_frame_apart(config: DescriptorConfig) -> None:
    size = (96, 128)
    here = histograms(ellipse(size, (40, 40), (14, 9)), config, 256)
    there = histograms(ellipse(size, (80, 60), (14, 9)), config, 256)
    assert torch.equal(here.clamp(min=0), there.clamp(min=0))
    assert torch.equal(here, there) is not (config == DescriptorConfig())


def enlarged(masks: Tensor, factor: int) -> Tensor:
    return masks.repeat_interleave(factor, 1).repeat_interleave(factor, 2)


@by_reading
def test_scaling_picture_and_object_keeps_the_descriptor(config: DescriptorConfig) -> None:
    # Contour pixels are half a pixel inside, so that few points cross the edge of a bin.
    small = ellipse((96, 128), (50.3, 44.1), (30, 22))
    change = descriptor_change(
        descriptors(small, config, 432), descriptors(enlarged(small, 4), config, 432)
    )
    assert float(change) < 0.25
    moved = ellipse((96, 128), (50.3, 44.1), (22, 30))
    other = descriptor_change(descriptors(small, config, 432), descriptors(moved, config, 432))
    assert float(other) > 2 * float(change)


def test_size_counts_only_where_the_radii_divide_the_frame() -> None:
    # 25 points on a circle of 3 about the centre: in the frame of diagonal 5 * 12 = 60, one of
    # size 30 / 120 falls into ring 0 / 2; measured by its own reach both fall into the last.
    angles = (torch.arange(25, dtype=torch.float64) + 0.5) * 2 * math.pi / 25
    circle = torch.stack([angles.cos(), angles.sin()], dim=1)
    sizes = torch.tensor([3.0, 12.0], dtype=torch.float64)
    offsets = sizes[:, None, None] * circle
    config = DescriptorConfig()
    frame = polar_counts(offsets, torch.full((2,), 60.0, dtype=torch.float64), config)
    assert frame.sum(2)[:, [0, 2]].tolist() == [[25, 0], [0, 25]]
    own = polar_counts(offsets, sizes, config)
    assert torch.equal(own[0], own[1])
    assert int(own[0, -1].sum()) == 25


@settings(deadline=None, max_examples=100)
@given(
    radii=arrays(np.float64, 50, elements=st.floats(0.01, 1)),
    cells=arrays(np.int64, 50, elements=st.integers(0, 35)),
    within=arrays(np.float64, 50, elements=st.floats(0.01, 0.99)),
    turns=st.integers(0, 36),
)
def test_a_turn_by_a_36th_shifts_the_angles(
    radii: np.ndarray[tuple[int], np.dtype[np.float64]],
    cells: np.ndarray[tuple[int], np.dtype[np.int64]],
    within: np.ndarray[tuple[int], np.dtype[np.float64]],
    turns: int,
) -> None:
    def counts(step: int) -> Tensor:
        angle = (cells + within + step) * 2 * np.pi / 36
        offsets = torch.from_numpy(np.stack([np.cos(angle), np.sin(angle)], axis=1))
        # Sizes after the fact, so that rounding of the turn cannot move a point across a ring.
        rings = torch.from_numpy((np.floor(radii * 12).clip(0, 11) + 0.5) / 12)
        return polar_counts((rings[:, None] * offsets)[None], torch.ones(1).double(), config)

    config = DescriptorConfig()
    assert torch.equal(counts(turns), counts(0).roll(turns, dims=2))


@by_reading
def test_a_quarter_turn_of_a_square_picture_shifts_nine_angles(config: DescriptorConfig) -> None:
    # Without symmetry. As many points as its boundary has sides: where the walk begins is nothing.
    mask = ellipse((65, 65), (25.4, 36.8), (17, 8)) | ellipse((65, 65), (38.2, 30.1), (5, 11))
    config = replace(config, points=len(plain.sides(mask[0].numpy())))
    turned = mask.rot90(-1, (1, 2))  # clockwise, as angles grow
    here, there = (histograms(each, config, 256) for each in (mask, turned))
    assert torch.equal(there, here.roll(9, dims=2))


def test_edges_of_bins_count_once() -> None:
    # Angles of 0, 90, 180, 270 degrees begin bins 0, 9, 18, 27; radii of 6 and 12 of 12 lie in
    # ring 6, which begins with it, and 11, the last.
    right_down = torch.tensor([[6.0, 0], [0, 6], [-12, 0], [0, -12]], dtype=torch.float64)
    counts = polar_counts(right_down[None], torch.tensor([12.0]).double(), DescriptorConfig())
    assert counts.nonzero()[:, 1:].tolist() == [[6, 0], [6, 9], [11, 18], [11, 27]]
    assert int(counts.sum()) == 4


def test_a_bin_with_points_is_never_negative() -> None:
    # One pixel of a frame of 1 x 1: 200 points in bin (0, 0); its diagonal is 1.41, so centres of
    # rings up to 0.5 / 1.41 * 12 = 4.2 - 0.5 lie inside straight to the right.
    found = histograms(torch.ones(1, 1, 1, dtype=torch.bool), DescriptorConfig(), 256)[0]
    assert float(found[0, 0]) == 200 * SCALE
    assert found[1:4, 0].tolist() == [0, 0, 0]
    assert found[4:, 0].tolist() == [-SCALE] * 8


def test_centres_of_bins_on_the_edge_of_the_frame_belong_to_the_pixel_behind_it() -> None:
    # Diagonal of 4 x 4: 4 sqrt(2). Bin (1, 22) lies at 225 degrees and 1.5 / 12 of it, at -0.5 in x
    # and y, which is pixel (0, 0); bin (10, 4) at 45 degrees and 10.5 / 12, at 3.5: outside.
    mask = torch.zeros(1, 4, 4, dtype=torch.bool)
    mask[0, 0, 0] = True
    found = histograms(mask, DescriptorConfig(), 256)[0]
    assert [float(found[1, 22]), float(found[10, 4])] == [0, -SCALE]


def test_resizing_closes_the_ring() -> None:
    # 2 angles x 1 ring to width 4: cells at -0.25, 0.25, 0.75, 1.25; what lies before angle 0 and
    # behind angle 1 is the other one: 0.75 * 2 - 0.25 * 0.5 twice, then 0.25 * 2 - 0.75 * 0.5.
    config = DescriptorConfig(angles=2, radii=1, points=4)
    mask = torch.zeros(1, 9, 9, dtype=torch.bool)
    mask[0, 4, 4] = True
    # 4 points of 1 / sqrt(4); 12.7 / 2 upwards from the middle is outside of the frame.
    assert histograms(mask, config, 4)[0, 0].tolist() == [2.0, -0.5]
    assert descriptors(mask, config, 4)[0].tolist() == [1.375, 1.375, 0.125, 0.125]


def test_resizing_keeps_rings_apart() -> None:
    # At the width of the histogram nothing changes.
    masks = torch.cat(list(hard_cases().values()))
    config = DescriptorConfig()
    assert torch.equal(descriptors(masks, config, 432), histograms(masks, config, 432).flatten(1))


def test_change_is_relative_to_the_anchor() -> None:
    anchor = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    other = torch.tensor([[3.0, 5.0], [1.0, 0.0]])
    assert descriptor_change(anchor, other).tolist() == pytest.approx([0.2, math.inf])
    assert descriptor_change(anchor[:1, None], other).shape == (1, 2)
    assert descriptor_change(anchor, torch.zeros(2)).tolist() == [1.0, math.inf]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DescriptorConfig(points=0), "descriptor.points is 0"),
        (lambda: DescriptorConfig(negative="bin"), "use frame or object"),  # type: ignore[arg-type]
    ],
)
def test_bad_settings_are_told(make: Callable[[], DescriptorConfig], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        make()
