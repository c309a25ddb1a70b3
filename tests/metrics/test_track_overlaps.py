"""Pixels shared by tracks, from masks and from run lengths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.geometry.run_lengths import read_runs
from vidseg.metrics import track_overlaps
from vidseg.metrics.track_overlaps import (
    TrackOverlaps,
    TrackRuns,
    overlap_ratios,
    shared_by_tracks,
)
from vidseg.results import encode_rle
from vidseg.types import MaskArray

Tracks = list[dict[int, MaskArray]]  # frame → mask, a track each


def drawn(random: np.random.Generator, size: tuple[int, int], frames: int) -> Tracks:
    share = random.choice([0, 0.1, 0.5, 0.9, 1], size=(4, frames))
    return [
        {
            frame: random.random(size) < share[track, frame]
            for frame in range(frames)
            if random.random() < 0.8
        }
        for track in range(random.integers(0, 4))
    ]


def as_runs(tracks: Tracks, size: tuple[int, int]) -> TrackRuns:
    rows = [(track, frame) for track, masks in enumerate(tracks) for frame in masks]
    counts = [encode_rle(tracks[track][frame])["counts"] for track, frame in rows]
    numbers = np.array(rows, np.int64).reshape(-1, 2)
    return TrackRuns(
        read_runs(counts, size[0] * size[1]), numbers[:, 0], numbers[:, 1], len(tracks)
    )


@given(
    st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4), st.booleans()
)
def test_run_lengths_and_masks_agree(
    seed: int, height: int, width: int, frames: int, portions: bool
) -> None:
    random, size = np.random.default_rng(seed), (height, width)
    predicted, truth = drawn(random, size, frames), drawn(random, size, frames)
    overlaps = TrackOverlaps()
    for frame in range(frames):
        overlaps.update(
            {id: masks[frame] for id, masks in enumerate(predicted) if frame in masks},
            {id: masks[frame] for id, masks in enumerate(truth) if frame in masks},
        )
    predicted_map, true_map = as_runs(predicted, size), as_runs(truth, size)
    same = random.random((len(predicted), len(truth))) < 0.8
    with pytest.MonkeyPatch.context() as patch:
        if portions:
            patch.setattr(track_overlaps, "_RUNS_AT_ONCE", 2)
        shared = shared_by_tracks(predicted_map, true_map, same)
    ious = overlap_ratios(shared, predicted_map.areas(), true_map.areas())
    ids = range(len(predicted)), range(len(truth))
    assert (ious == np.where(same, overlaps.ious(*ids), 0)).all()
    for ours, theirs in zip(
        (predicted_map.mean_areas(), true_map.mean_areas()), overlaps.mean_areas(*ids), strict=True
    ):
        assert (ours == theirs).all()


def test_tracks_that_are_never_seen_share_nothing() -> None:
    overlaps = TrackOverlaps()
    overlaps.update({1: np.zeros((2, 2), bool)}, {})
    assert overlaps.ious([1, 2], [3]).tolist() == [[0.0], [0.0]]
    assert overlaps.mean_areas([1, 2], [])[0].tolist() == [0.0, 0.0]
