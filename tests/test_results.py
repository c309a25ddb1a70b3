"""Results are checked at construction and answer for maps, boxes, RLE and tracks."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from vidseg.errors import VocabularyError
from vidseg.geometry.masks import decode_rle
from vidseg.results import FrameResult, Segment, VideoResult, encode_rle, mask_box


def mask(*rows: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in row] for row in rows])


LEFT = mask("##..", "##..", "....")
MIDDLE = mask(".##.", ".##.", "....")


def result(*segments: Segment) -> FrameResult:
    return FrameResult(4, 0.16, (3, 4), segments)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"id": 0}, "ids start at 1"),
        ({"mask": LEFT.astype(np.uint8)}, "2-D bool"),
        ({"mask": LEFT[None]}, "2-D bool"),
        ({"score": 1.2}, "0..1"),
        ({"score": float("nan")}, "0..1"),
    ],
)
def test_segments_are_checked(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Segment(**{"id": 1, "mask": LEFT, "score": 0.5, **values})


def test_frames_are_checked() -> None:
    with pytest.raises(ValueError, match="mask of segment 1"):
        FrameResult(0, None, (4, 4), (Segment(1, LEFT, 0.5),))
    with pytest.raises(ValueError, match="comes twice"):
        result(Segment(1, LEFT, 0.5), Segment(1, MIDDLE, 0.5))


def test_overlaps_go_to_the_higher_score_and_then_to_the_lower_id() -> None:
    first, second = Segment(5, LEFT, 0.4), Segment(9, MIDDLE, 0.6)
    expected = [[5, 9, 9, 0], [5, 9, 9, 0], [0, 0, 0, 0]]
    for order in ((first, second), (second, first)):
        ids = result(*order).panoptic_map()
        assert ids.dtype == np.int32 and ids.tolist() == expected
    equal = result(Segment(9, MIDDLE, 0.4), first).panoptic_map()
    assert equal.tolist() == [[5, 5, 9, 0], [5, 5, 9, 0], [0, 0, 0, 0]]
    assert result().panoptic_map().max() == 0


def test_semantic_map_counts_classes_from_0_and_knows_only_the_vocabulary() -> None:
    frame = result(Segment(1, LEFT, 0.4, "dog"), Segment(2, MIDDLE, 0.9, "sky", is_thing=False))
    classes = frame.semantic_map(["sky", "cat", "dog"])
    assert classes.tolist() == [[2, 0, 0, -1], [2, 0, 0, -1], [-1, -1, -1, -1]]
    with pytest.raises(VocabularyError, match="'dog'"):
        frame.semantic_map(["sky"])
    assert (result(Segment(1, LEFT, 0.4)).semantic_map(["dog"]) == -1).all()


def test_boxes_and_run_lengths() -> None:
    empty = np.zeros((3, 4), dtype=bool)
    frame = result(Segment(1, MIDDLE, 0.5), Segment(2, empty, 0.5))
    assert frame.boxes().tolist() == [[1, 0, 3, 2], [0, 0, 0, 0]]
    assert result().boxes().shape == (0, 4)
    assert mask_box(mask("....", "...#", "....")) == (3, 1, 4, 2)
    codes = json.loads(json.dumps(frame.to_coco_rle()))
    assert codes[0]["size"] == [3, 4]
    assert np.array_equal(decode_rle(codes[0]), MIDDLE)
    assert not decode_rle(codes[1]).any()


def test_run_lengths_of_random_masks_come_back() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        height, width = random.integers(1, 30, 2)
        drawn = random.random((height, width)) > 0.6
        assert np.array_equal(decode_rle(encode_rle(drawn)), drawn)


def test_supervision() -> None:
    pytest.importorskip("supervision")
    empty = np.zeros((3, 4), dtype=bool)
    frame = result(Segment(7, LEFT, 0.5, "dog"), Segment(2, empty, 0.5), Segment(3, MIDDLE, 0.25))
    detections = frame.to_supervision()
    assert detections.xyxy.tolist() == [[0, 0, 2, 2], [1, 0, 3, 2]]
    assert detections.tracker_id.tolist() == [7, 3]
    assert detections.data["class_name"].tolist() == ["dog", "object"]
    assert len(result().to_supervision()) == 0


def test_missing_supervision_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(ImportError, match=r"pip install 'vidseg\[supervision\]'"):
        result().to_supervision()


def test_video_result_counts_only_visible_frames_and_weighs_classes_by_score() -> None:
    empty = np.zeros((3, 4), dtype=bool)
    frames = [
        FrameResult(0, None, (3, 4), (Segment(2, LEFT, 0.9, "dog"), Segment(1, empty, 0.9))),
        FrameResult(5, None, (3, 4), (Segment(2, LEFT, 0.2, "cat"),)),
        FrameResult(10, None, (3, 4), (Segment(2, MIDDLE, 0.4, "cat"), Segment(1, LEFT, 0.8))),
    ]
    video = VideoResult(frames)
    one, two = video.tracks
    assert (video.frames, one.id, two.id) == (3, 1, 2)
    assert (one.first_frame, one.last_frame, one.frames, one.category) == (10, 10, 1, None)
    assert (two.first_frame, two.last_frame, two.frames, two.category) == (0, 10, 3, "dog")
    assert two.mean_score == pytest.approx(0.5)


def test_results_load_no_torch() -> None:
    code = (
        "import sys, vidseg, vidseg.results, vidseg.prompts, vidseg.types, vidseg.errors\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
