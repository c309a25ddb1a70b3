"""All eight ways up, and what is none of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vidseg.types import ImageArray
from vidseg.video.orientation import read_matrix
from vidseg.video.source import open_source

from .clips import picture, set_matrix, write_clip


def shown(a: int, b: int, c: int, d: int) -> ImageArray:
    """The picture with every stored pixel (p, q) moved to (a p + c q, b p + d q)."""
    image = picture(3)
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    x, y = a * columns + c * rows, b * columns + d * rows
    x, y = x - x.min(), y - y.min()
    moved = np.zeros((y.max() + 1, x.max() + 1, 3), dtype=np.uint8)
    moved[y, x] = image
    return moved


EIGHT = [
    (1, 0, 0, 1),
    (-1, 0, 0, 1),
    (1, 0, 0, -1),
    (-1, 0, 0, -1),
    (0, 1, 1, 0),
    (0, -1, 1, 0),
    (0, 1, -1, 0),
    (0, -1, -1, 0),
]


@pytest.mark.parametrize("matrix", EIGHT)
@pytest.mark.parametrize("scale", [1.0, 0.5, 3.0])
def test_a_point_comes_where_the_matrix_says(
    tmp_path: Path, matrix: tuple[int, int, int, int], scale: float
) -> None:
    path = write_clip(tmp_path / "clip.mp4", 4)
    set_matrix(path, *(scale * part for part in matrix))
    source = open_source(path)
    expected = shown(*matrix)
    frame = list(source)[3]
    assert source.size == frame.size == expected.shape[:2]
    assert np.abs(frame.image.astype(int) - expected).mean() < 6
    assert frame.image.flags.c_contiguous and source.notes() == ()


@pytest.mark.parametrize(
    "matrix", [(0, 0, 0, 0), (0.7, 0.7, -0.7, 0.7), (1, 0, 1, 0), (1, 0, 0, 0)]
)
def test_what_is_none_of_the_eight_is_a_note(
    tmp_path: Path, matrix: tuple[float, float, float, float]
) -> None:
    path = write_clip(tmp_path / "clip.mp4", 2)
    set_matrix(path, *matrix)
    source = open_source(path)
    assert source.size == (64, 96)
    assert np.abs(next(iter(source)).image.astype(int) - picture(0)).mean() < 6
    assert source.notes() == ("clip.mp4: it asks to be shown askew, which is not done.",)


def test_a_matrix_of_another_length_is_unknown() -> None:
    assert not read_matrix(b"").known and not read_matrix(bytes(40)).known


def test_a_wider_scale_is_the_shape_of_the_pixels(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", 1)
    set_matrix(path, 2, 0, 0, 1)
    source = open_source(path)
    assert source.size == (64, 96)
    assert float(source.pixel_aspect) == pytest.approx(2, rel=1e-3)
    set_matrix(write_clip(path, 1), 0, 2, -1, 0)
    assert float(open_source(path).pixel_aspect) == pytest.approx(Fraction(1, 2), rel=1e-3)
