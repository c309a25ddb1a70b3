"""Which frames a clip takes."""

from __future__ import annotations

import numpy as np

from vidseg.datasets.clips.frame_sampling import frame_indices


def test_frames_are_evenly_spaced_in_both_directions_and_all_are_reached() -> None:
    rng = np.random.default_rng(0)
    clips = [frame_indices(6, 3, 2, rng) for _ in range(200)]
    assert {index for clip in clips for index in clip} == set(range(6))
    assert {tuple(np.diff(clip)) for clip in clips} == {(1, 1), (2, 2), (-1, -1), (-2, -2)}


def test_a_video_shorter_than_the_clip_gives_one_frame_again_and_again() -> None:
    assert len(set(frame_indices(2, 3, 1, np.random.default_rng(0)))) == 1
