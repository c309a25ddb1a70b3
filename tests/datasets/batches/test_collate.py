"""Clips of a batch fit together."""

from __future__ import annotations

import pytest

from vidseg.datasets.batches.collate import collate_clips
from vidseg.errors import DataError

from ...training.drawn_clips import drawn_clip, squares


def test_clips_are_stacked() -> None:
    batch = collate_clips([drawn_clip(squares(2, 3)), drawn_clip(squares(2, 1))])
    assert batch.images.shape[:2] == (2, 2)
    assert batch.frame_indices.shape == (2, 2)


def test_other_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="number of frames and size"):
        collate_clips([drawn_clip(squares(2, 1)), drawn_clip(squares(3, 1))])
