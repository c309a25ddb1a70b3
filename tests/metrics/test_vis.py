"""AP and AR of tracks: matching, precision, recall, sizes, crowds."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidseg.metrics.average_precision import (
    NO_MATCH,
    RECALLS,
    match_tracks,
    precision_at_recalls,
)
from vidseg.metrics.track_map import TrackMAP
from vidseg.metrics.vis import TrackAP, TrackAPScores, VideoTracks


def video(
    ious: list[list[float]],
    scores: list[float],
    *,
    classes: list[int] | None = None,
    true_classes: list[int] | None = None,
    areas: list[float] | None = None,
    true_areas: list[float] | None = None,
    crowds: list[int] = [],  # noqa: B006 - only read
) -> VideoTracks:
    """Tables of D predictions and G true tracks; of class 1 and 100 pixels where not said."""
    found = np.array(ious, float).reshape(len(scores), -1)
    d, g = found.shape
    return VideoTracks(
        ious=found,
        classes=np.array(classes or [1] * d, np.int64),
        scores=np.array(scores, float),
        areas=np.array(areas or [100.0] * d),
        true_classes=np.array(true_classes or [1] * g, np.int64),
        true_areas=np.array(true_areas or [100.0] * g),
        crowds=np.array([number in crowds for number in range(g)], bool),
    )


def scores_of(*videos: VideoTracks) -> TrackAPScores:
    metric = TrackAP()
    for each in videos:
        metric.add_video(each)
    return metric.compute()


def test_two_truths_three_predictions_by_hand() -> None:
    """By score: hit (IoU 0.8), false alarm, hit (IoU 0.62).

    IoU ≤ 0.60 (3 thresholds): precision 1 up to recall 1/2, then 2/3 up to recall 1; 51 of the
    101 recalls (0 … 0.50) lie in the first part. 0.65 … 0.80 (4, if linspace's 0.8 ≤ 0.8): one
    hit, precision 1 up to recall 1/2. Above: nothing.
    """
    got = scores_of(video([[0.8, 0.1], [0.2, 0.3], [0.1, 0.62]], [0.9, 0.8, 0.7]))
    low, middle = (51 + 50 * 2 / 3) / 101, 51 / 101
    reached = sum(level <= 0.8 for level in np.linspace(0.5, 0.95, 10)) - 3
    assert got.ap["all"] == pytest.approx((3 * low + reached * middle) / 10)
    assert got.thresholds[0] == pytest.approx(low)
    assert got.ar["1"] == pytest.approx((3 + reached) / 2 / 10)  # one prediction per video
    assert got.ar["10"] == pytest.approx((3 * 1 + reached * 0.5) / 10)
    assert math.isnan(got.ap["large"]) and got.ap["small"] == got.ap["all"]


def test_the_best_free_truth_is_taken_and_of_equal_ones_the_last() -> None:
    none = np.zeros(2, bool)
    best = match_tracks(np.array([[0.6, 0.9], [0.9, 0.95]]), none, none, [0.5, 0.92])
    assert best.tolist() == [[1, 0], [NO_MATCH, 1]]
    assert match_tracks(np.array([[0.7, 0.7]]), none, none, [0.5]).tolist() == [[1]]


def test_a_crowd_takes_many_and_comes_after_what_counts() -> None:
    crowd = np.array([True, False])
    ious = np.array([[0.9, 0.6], [0.9, 0.6], [0.9, 0.1]])
    assert match_tracks(ious, crowd, crowd, [0.5]).tolist() == [[1, 0, 0]]
    # One hit, no false alarm: precision 1 at every recall for thresholds up to 0.6, else 0.
    got = scores_of(video(ious.tolist(), [0.9, 0.8, 0.7], crowds=[0]))
    reached = sum(level <= 0.6 for level in np.linspace(0.5, 0.95, 10))
    assert got.ap["all"] == pytest.approx(reached / 10)


def test_a_prediction_of_another_size_is_no_false_alarm() -> None:
    """Truth is small (100), the unmatched prediction medium (20000), so "small" ignores it."""
    got = scores_of(video([[0.0], [1.0]], [0.9, 0.8], areas=[20000.0, 100.0]))
    assert got.ap["small"] == pytest.approx(1.0)
    assert got.ap["all"] == pytest.approx(1 / 2)


def test_a_track_of_a_limit_is_in_both_ranges() -> None:
    got = scores_of(video([[1.0]], [0.5], true_areas=[128.0**2], areas=[128.0**2]))
    assert got.ap["small"] == got.ap["medium"] == pytest.approx(1.0)


def test_classes_without_truth_are_left_out() -> None:
    got = scores_of(
        video([[1.0], [1.0]], [0.5, 0.9], classes=[3, 7], true_classes=[3]),
        video([], [0.4], classes=[7], true_classes=[]),
    )
    assert got.ap["all"] == pytest.approx(1.0) and list(got.classes) == [3]


def test_at_most_100_predictions_per_video_and_class() -> None:
    good, late = [[0.0]] * 99 + [[1.0]], [[0.0]] * 100 + [[1.0]]
    falling = np.linspace(1, 0, 101).tolist()
    assert scores_of(video(good, falling[:100])).ap["all"] == pytest.approx(1 / 100)
    assert scores_of(video(late, falling)).ap["all"] == 0.0


def test_equal_scores_keep_the_order_of_the_videos() -> None:
    hit, alarm = video([[1.0]], [0.5]), video([], [0.5], true_classes=[])
    assert scores_of(hit, alarm).ap["all"] == pytest.approx(1.0)
    assert scores_of(alarm, hit).ap["all"] == pytest.approx(0.5)


def test_nothing_at_all() -> None:
    got = TrackAP().compute()
    assert math.isnan(got.ap["all"]) and np.isnan(got.thresholds).all()


def test_frames_can_be_fed_one_by_one() -> None:
    """Over both frames 3 pixels are shared of 2 + 2 predicted and 2 + 1 true ones: IoU 3/4."""
    metric = TrackAP()
    row = np.array([[True, True, False]])
    metric.update({5: row}, {1: row})
    metric.update({5: row}, {1: np.array([[True, False, False]])})
    metric.end_video({5: (2, 0.5)}, {1: 2})
    got = metric.compute()
    reached = sum(level <= 0.75 for level in np.linspace(0.5, 0.95, 10))
    assert got.ap["all"] == pytest.approx(reached / 10)
    metric.end_video({}, {1: 2})  # the frames of the first video are gone
    assert metric.compute().ar["100"] == pytest.approx(reached / 10 / 2)


def test_precision_is_read_at_the_first_rank_that_reaches_a_recall() -> None:
    hits = np.array([[False, True, False, True]])
    got = precision_at_recalls(hits, ~hits, truths=4)[0]
    # Best precision from any rank on: 1/2 at the first hit (rank 2) and at the second (rank 4).
    want = np.where(RECALLS <= 0.5, 0.5, 0.0)
    assert got == pytest.approx(want)


tables = st.integers(0, 2**32).map(np.random.default_rng)


def random_video(random: np.random.Generator) -> VideoTracks:
    d, g = random.integers(0, 8), random.integers(0, 5)
    return VideoTracks(
        ious=random.choice([0.0, 0.4, 0.5, 0.6, 0.9, 1.0], size=(d, g)),
        classes=random.integers(1, 3, d),
        scores=random.choice([0.1, 0.2, 0.3], size=d),
        areas=random.choice([50.0, 20000.0, 90000.0], size=d),
        true_classes=random.integers(1, 3, g),
        true_areas=random.choice([50.0, 20000.0, 90000.0], size=g),
        crowds=random.random(g) < 0.2,
    )


@given(tables, st.integers(1, 5))
def test_merged_parts_equal_the_whole(random: np.random.Generator, cut: int) -> None:
    videos = [random_video(random) for _ in range(6)]
    parts = [TrackAP(), TrackAP()]
    for number, each in enumerate(videos):
        parts[number >= cut].add_video(each)
    first, second = pickle.loads(pickle.dumps(parts))
    first.merge(second)
    got, want = first.compute(), scores_of(*videos)
    for ours, theirs in ((got.ap, want.ap), (got.ar, want.ar)):
        assert list(ours) == list(theirs)
        assert np.array_equal(list(ours.values()), list(theirs.values()), equal_nan=True)


@given(tables)
def test_scores_matter_by_their_order_alone(random: np.random.Generator) -> None:
    one = random_video(random)
    other = VideoTracks(**{**vars(one), "scores": one.scores**3 * 7 - 2})
    got, want = scores_of(one), scores_of(other)
    assert np.array_equal(list(got.ap.values()), list(want.ap.values()), equal_nan=True)


def test_track_map_excuses_what_is_not_labelled_exhaustively() -> None:
    ious, scores = np.array([[0.0], [1.0]]), np.array([0.9, 0.8])
    strict, lenient = TrackMAP(), TrackMAP()
    strict.update(ious, scores)
    lenient.update(ious, scores, exhaustive=False)
    assert strict.compute() == pytest.approx(np.full(10, 0.5))
    assert lenient.compute() == pytest.approx(np.ones(10))


def test_track_map_of_parts_and_of_nothing() -> None:
    """Hits of score 0.9 and 0.1 around an alarm of 0.5; recalls above 1/2 have precision 2/3."""
    first, second = TrackMAP(), TrackMAP()
    assert np.isnan(first.compute()).all()
    first.update(np.array([[1.0], [0.0]]), np.array([0.9, 0.5]))
    second.update(np.array([[1.0]]), np.array([0.1]))
    first.merge(pickle.loads(pickle.dumps(second)))
    assert first.compute() == pytest.approx(np.full(10, (51 + 50 * 2 / 3) / 101))


def test_track_map_forgives_a_rounding_error_of_the_threshold() -> None:
    """The thresholds of TrackMAP lie a little above 0.6: an IoU of 0.6 reaches it nevertheless."""
    metric = TrackMAP()
    metric.update(np.array([[0.6]]), np.array([0.5]))
    assert metric.compute()[:4].tolist() == pytest.approx([1.0, 1.0, 1.0, 0.0])
