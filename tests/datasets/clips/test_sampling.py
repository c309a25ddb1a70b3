"""Frames of clips: around a reference, evenly spaced, or of a still taken for a video."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidseg.datasets.clips.sampling import (
    LATEST,
    ClipTiming,
    around_reference,
    frame_indices,
    shift_times,
)


@given(
    length=st.integers(1, 60),
    frames=st.integers(1, 9),
    reach=st.integers(1, 50),
    seed=st.integers(0, 2**32 - 1),
)
def test_frames_lie_around_one_of_them(length: int, frames: int, reach: int, seed: int) -> None:
    chosen = around_reference(length, frames, reach, np.random.default_rng(seed))
    assert len(chosen) == frames
    assert list(chosen) == sorted(chosen)
    assert all(0 <= frame < length for frame in chosen)
    near = [
        all(abs(other - reference) <= reach for other in chosen)
        and (length == 1 or chosen.count(reference) == 1)
        for reference in chosen
    ]
    assert any(near)


def test_every_frame_in_reach_is_drawn_alike_and_the_reference_once() -> None:
    rng = np.random.default_rng(0)
    drawn = [around_reference(5, 2, 4, rng) for _ in range(4000)]
    assert all(first < second for first, second in drawn)
    counts = np.bincount(np.ravel(drawn), minlength=5) / 4000
    assert np.abs(counts - 0.4).max() < 0.04


@given(
    times=st.lists(st.integers(0, 5000), min_size=1, max_size=8).map(sorted),
    seed=st.integers(0, 2**32 - 1),
)
def test_late_clips_move_to_where_the_model_knows_times(times: list[int], seed: int) -> None:
    moved = shift_times(times, np.random.default_rng(seed))
    assert np.diff(moved).tolist() == np.diff(times).tolist()
    assert min(moved) >= 0
    if times[-1] <= LATEST:
        assert moved == tuple(times)
    elif times[-1] - times[0] <= LATEST:
        assert moved[-1] <= LATEST
    else:
        assert moved[0] == 0


def test_shifted_clips_come_everywhere() -> None:
    rng = np.random.default_rng(0)
    firsts = {shift_times((200, 210), rng)[0] for _ in range(3000)}
    assert firsts == set(range(LATEST - 10 + 1))


def test_stills_get_times_of_a_pretended_video() -> None:
    rng = np.random.default_rng(1)
    timing = ClipTiming(reach=40, pretended=(9, 9))
    clips = [timing.draw(1, 0, 3, rng) for _ in range(300)]
    assert all(clip.indices == (0, 0, 0) and not clip.moving for clip in clips)
    assert {time for clip in clips for time in clip.times} == set(range(9))
    assert max(clip.times[-1] - clip.times[0] for clip in clips) <= 8
    plain = ClipTiming(reach=None).draw(1, 0, 3, rng)
    assert plain.times == (0, 1, 2)


def test_pretended_videos_have_random_lengths() -> None:
    rng = np.random.default_rng(1)
    timing = ClipTiming(pretended=(16, 48))
    last = max(timing.draw(1, 0, 5, rng).times[-1] for _ in range(2000))
    assert 40 <= last < 48


def test_videos_can_be_taken_as_stills() -> None:
    rng = np.random.default_rng(2)
    timing = ClipTiming(reach=5, as_still=0.5, pretended=(9, 9))
    clips = [timing.draw(20, 0, 3, rng) for _ in range(400)]
    assert 0.4 < np.mean([clip.moving for clip in clips]) < 0.6
    assert {clip.indices[0] for clip in clips if not clip.moving} == set(range(20))


def test_even_clips_run_both_ways_while_time_runs_forwards() -> None:
    rng = np.random.default_rng(3)
    clips = [ClipTiming(longest_step=2).draw(10, 7, 3, rng) for _ in range(100)]
    assert {np.sign(clip.indices[1] - clip.indices[0]) for clip in clips} == {-1, 1}
    for clip in clips:
        assert clip.times == tuple(sorted(7 + index for index in clip.indices))
        assert len(set(np.diff(clip.times).tolist())) == 1


def test_single_frames_do_not_move() -> None:
    clip = ClipTiming(reach=5).draw(10, 0, 1, np.random.default_rng(0))
    assert len(clip.indices) == 1
    assert not clip.moving


def test_frames_are_evenly_spaced_in_both_directions_and_all_are_reached() -> None:
    rng = np.random.default_rng(0)
    clips = [frame_indices(6, 3, 2, rng) for _ in range(200)]
    assert {index for clip in clips for index in clip} == set(range(6))
    assert {tuple(np.diff(clip)) for clip in clips} == {(1, 1), (2, 2), (-1, -1), (-2, -2)}


def test_a_video_shorter_than_the_clip_gives_one_frame_again_and_again() -> None:
    assert len(set(frame_indices(2, 3, 1, np.random.default_rng(0)))) == 1
