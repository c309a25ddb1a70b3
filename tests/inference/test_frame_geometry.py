"""From source pixels to the model's input and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from vidseg.errors import ModelError
from vidseg.inference.config import InferenceConfig
from vidseg.inference.frame_geometry import FrameGeometry, prepare

from ..parity import report_difference


@pytest.mark.parametrize(
    ("source", "short", "longest", "valid", "padded"),
    [
        ((480, 854), 288, 1333, (288, 512), (288, 512)),
        ((480, 640), 640, 1333, (640, 853), (640, 864)),
        ((100, 1000), 640, 1333, (133, 1333), (160, 1344)),
        ((720, 405), 288, 1333, (512, 288), (512, 288)),
        ((7, 7), 32, 100, (32, 32), (32, 32)),
    ],
)
def test_sizes(
    source: tuple[int, int],
    short: int,
    longest: int,
    valid: tuple[int, int],
    padded: tuple[int, int],
) -> None:
    config = InferenceConfig.of(short_side=short, max_side=longest)
    assert FrameGeometry.of(source, config) == FrameGeometry(source, valid, padded)


@pytest.mark.parametrize(
    ("source", "valid"),
    [((720, 1280), (576, 1024)), ((480, 640), (640, 853)), ((1280, 720), (1024, 576))],
)
def test_squares(source: tuple[int, int], valid: tuple[int, int]) -> None:
    """As released for models of squares: the longest side is that of the square at most."""
    config = InferenceConfig.of(short_side=640, max_side=1333, square_side=1024)
    geometry = FrameGeometry.of(source, config)
    assert geometry == FrameGeometry(source, valid, (1024, 1024))
    assert geometry.grid == (256, 256)
    with pytest.raises(ModelError, match="square_side is 1000, no multiple of 32"):
        config.override(square_side=1000)


def test_a_frame_that_would_grow_beyond_the_budget_of_pixels() -> None:
    config = InferenceConfig.of(max_side=2**30)
    assert FrameGeometry.of((480, 640), config).padded == (480, 640)
    with pytest.raises(ModelError, match=r"A frame of 60000 x 2 .* claims 14400000 x 480 pixels"):
        FrameGeometry.of((2, 60_000), config)


def test_one_step_to_the_source_equals_two() -> None:
    geometry = FrameGeometry((45, 77), (60, 103), (64, 128))
    logits = torch.randn(2, 3, 16, 32, generator=torch.Generator().manual_seed(0))
    two = geometry.padded_to_source(geometry.to_padded(logits))
    report_difference("to_source", geometry.to_source(logits), two, 1e-5)
    assert geometry.to_source(logits[:0]).shape == (0, 3, 45, 77)


def test_pictures_are_resized_normalised_and_padded_with_zeros() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    geometry = FrameGeometry((40, 50), (20, 25), (32, 32))
    batch = prepare([picture], geometry, mean=(10, 20, 30), std=(2, 4, 8))
    small = np.asarray(Image.fromarray(picture).resize((25, 20), Image.Resampling.BILINEAR))
    assert batch.shape == (1, 3, 32, 32)
    assert batch[0, 1, 3, 7] == pytest.approx((small[3, 7, 1] - 20.0) / 4)
    assert not batch[0, :, 20:].any() and not batch[0, :, :, 25:].any()


def test_masks_are_resized_to_the_nearest() -> None:
    mask = np.zeros((40, 50), bool)
    mask[10:20, 10:20] = True
    padded = FrameGeometry((40, 50), (80, 100), (96, 128)).mask_to_padded(mask)
    assert padded.shape == (96, 128)
    assert padded.sum() == 400 and padded[20:40, 20:40].all()
