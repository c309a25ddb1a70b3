"""What values of masks mean, whoever drew them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from vidseg.errors import DataError
from vidseg.pictures.mask_values import SHADES_NOTE, meaning, read_mask


def squares(*values: int) -> np.ndarray:
    """[20, 40 per value] with a square of 10 x 10 of each value."""
    ids = np.zeros((20, 20 * len(values)), np.uint16)
    for place, value in enumerate(values):
        ids[5:15, 20 * place + 5 : 20 * place + 15] = value
    return ids


def image_of(values: np.ndarray, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(values)
    grey = Image.fromarray(values.astype(np.uint8))
    if mode == "P":
        grey.putpalette(bytes(range(256)) * 3)
        return grey
    return grey.point(lambda v: 255 * (v > 0)).convert("1") if mode == "1" else grey.convert(mode)


@pytest.mark.parametrize(
    ("mode", "values", "objects", "void"),
    [
        ("L", (255,), {1: 100}, 0),
        ("P", (255,), {1: 100}, 0),
        ("1", (1,), {1: 100}, 0),
        ("I;16", (65535,), {1: 100}, 0),
        ("L", (128,), {128: 100}, 0),
        ("L", (1, 255), {1: 100}, 100),
        ("L", (1, 2, 3), {1: 100, 2: 100, 3: 100}, 0),
        ("P", (2, 9, 77), {2: 100, 9: 100, 77: 100}, 0),
        ("L", (60, 120, 180), {60: 100, 120: 100, 180: 100}, 0),
        ("I;16", (1, 300), {1: 100, 300: 100}, 0),
        ("RGB", (255,), {1: 100}, 0),
        ("RGBA", (255,), {1: 100}, 0),
        ("LA", (1, 2), {1: 100, 2: 100}, 0),
        ("L", (0,), {}, 0),
    ],
)
def test_values(
    tmp_path: Path, mode: str, values: tuple[int, ...], objects: dict[int, int], void: int
) -> None:
    image_of(squares(*values), mode).save(tmp_path / "a.png")
    stored = read_mask(tmp_path / "a.png")
    ids, unknown = meaning([(stored.present(), stored.shades)]).ids(stored)
    numbers, counts = np.unique(ids[ids > 0], return_counts=True)
    assert dict(zip(numbers.tolist(), counts.tolist(), strict=True)) == objects
    assert unknown.sum() == void


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_smoothed_edge_is_one_object(tmp_path: Path, ending: str) -> None:
    disc = np.hypot(*np.mgrid[-30:30, -30:30]) < 20
    sharp = Image.fromarray(np.where(disc, 255, 0).astype(np.uint8))
    sharp.filter(ImageFilter.GaussianBlur(1.5)).save(tmp_path / f"a.{ending}")
    stored = read_mask(tmp_path / f"a.{ending}")
    rule = meaning([(stored.present(), stored.shades)])
    ids, unknown = rule.ids(stored)
    assert set(np.unique(ids)) == {0, 1}
    assert rule.note == SHADES_NOTE
    assert not unknown.any()
    assert (ids != disc).mean() < 0.02


def test_a_jpeg_of_several_greys_is_refused(tmp_path: Path) -> None:
    image_of(squares(80, 160, 255), "L").save(tmp_path / "a.jpg", quality=95)
    with pytest.raises(DataError, match="save it as a PNG"):
        read_mask(tmp_path / "a.jpg")


def test_colours_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (200, 10, 10)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="PNG with a palette"):
        read_mask(tmp_path / "a.png")


def test_white_is_decided_over_the_whole_video() -> None:
    white, numbers, nothing = frozenset({255}), frozenset({1, 2}), frozenset[int]()
    assert meaning([(white, False), (nothing, False)]).lone
    assert not meaning([(white, False), (numbers, False)]).lone
