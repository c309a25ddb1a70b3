"""Borders and deepest points on masks small enough to see."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from vidseg.geometry import masks, points
from vidseg.geometry.masks import borders
from vidseg.geometry.points import deepest_point
from vidseg.video import colors, network


@pytest.mark.parametrize("module", [masks, points, colors, network])
def test_examples_in_docstrings(module: object) -> None:
    outcome = doctest.testmod(module)  # type: ignore[arg-type]
    assert outcome.attempted and not outcome.failed


def test_borders_lie_inside_segments_and_not_on_the_rim() -> None:
    ids = np.zeros((7, 9), dtype=np.int32)
    ids[:, :3] = 1
    ids[:, 3:7] = 2
    assert np.flatnonzero(borders(ids, 1)[3]).tolist() == [2, 3, 6]
    assert np.flatnonzero(borders(ids, 2)[3]).tolist() == [1, 2, 3, 4, 5, 6]
    assert not borders(np.ones((5, 5), dtype=np.int32), 2).any()


def test_borders_wider_than_the_picture() -> None:
    assert borders(np.array([[0, 1]], dtype=np.int32), 5).tolist() == [[False, True]]


def test_deepest_point_avoids_thin_parts_and_the_rim() -> None:
    mask = np.zeros((20, 40), dtype=bool)
    mask[9:11] = True
    mask[4:15, 5:16] = True
    assert deepest_point(mask) == (10, 9)
    with pytest.raises(ValueError, match="empty"):
        deepest_point(np.zeros((3, 3), dtype=bool))
