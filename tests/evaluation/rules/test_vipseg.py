"""VIPSeg: official numbers, a hand-worked video, files that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.evaluation.registry import get_benchmark

from ..mask_cases import assert_equal, evaluate, official
from ..panoptic_cases import (
    Breakage,
    assert_refused,
    flip,
    one_row,
    save_ids,
    save_row,
    shorten,
)

TRUTH = "panoptic_gt_VIPSeg_val.json"
CATEGORIES = [
    {"id": 3, "name": "sky", "isthing": 0},
    {"id": 5, "name": "dog", "isthing": 1},
    {"id": 9, "name": "cat", "isthing": 1},
]


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_official_numbers(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "vipseg")
    report = evaluate("vipseg", folder / "gt", folder / "pred" / variant)
    assert_equal(report.figures, expected["results"][variant])
    assert report.unit == "percent"
    stq = [row["STQ"] / 100 for row in report.videos.values()]
    assert stq == report.figures["STQ"]["STQ_per_seq"]


def segments(*rows: tuple[int, int, int]) -> list[dict[str, int]]:
    """(id, category, area) as the JSON files list them."""
    keys = "id", "category_id", "area"
    return [{**dict(zip(keys, row, strict=True)), "iscrowd": 0} for row in rows]


def entry(video: str, *frames: list[dict[str, int]]) -> dict[str, Any]:
    rows = [
        {"image_id": f"{t:03d}", "file_name": f"{t:03d}.png", "segments_info": found}
        for t, found in enumerate(frames)
    ]
    return {"video_id": video, "annotations": rows}


def build(folder: Path) -> Path:
    """Video a: two frames of a dog 70000, a cat 2, sky 9 and void; the dog is listed first."""
    for t in (0, 1):
        name = f"a/{t:03d}.png"
        save_ids(folder / "gt/panomasksRGB" / name, 70000, 70000, 2, 2, 9, 9, 0)
        save_ids(folder / "pred/pan_pred" / name, 7, 7, 8, 8, 8, 0, 4)
    listed = segments((70000, 5, 2), (2, 9, 2), (9, 3, 2))
    said = segments((7, 5, 0), (8, 9, 0), (4, 3, 0))  # stated areas of predictions do not count
    images = [{"id": f"{t:03d}", "file_name": f"{t:03d}.png"} for t in (0, 1)]
    content = {
        "videos": [{"video_id": "a", "images": images}],
        "annotations": [entry("a", listed, listed)],
        "categories": CATEGORIES,
    }
    (folder / "gt" / TRUTH).write_text(json.dumps(content))
    (folder / "pred/pred.json").write_text(json.dumps({"annotations": [entry("a", said, said)]}))
    return folder


def test_hand_worked(tmp_path: Path) -> None:
    build(tmp_path)
    report = evaluate("vipseg", tmp_path / "gt", tmp_path / "pred")
    figures = report.figures
    # Dog 2 / 2, cat 2 / 3; the sky is missed, and what is said to be sky lies on void.
    one = figures["VPQ_nframes_1"]
    assert one["All"]["pq"] == pytest.approx(100 * (1 + 2 / 3 + 0) / 3)
    assert one["Things"]["pq"] == pytest.approx(100 * (1 + 2 / 3) / 2)
    assert one["Stuff"] == {"pq": 0.0, "sq": 0.0, "rq": 0.0, "n": 1}
    assert (one["tp"], one["fp"], one["fn"]) == (4, 0, 2)
    assert figures["VPQ_nframes_2"]["tp"] == 2
    # No video has four frames, so that the official script stops; both means are not defined.
    assert math.isnan(figures["VPQ_1246"]["All"])
    assert any("No video has 4 frames" in note for note in report.notes)
    assert report.videos["a"]["VPQ"] == pytest.approx(100 * (1 + 2 / 3) / 3)
    # SQ: dog 1, cat 2 / 3, sky 0, void said on sky 0.
    stq = figures["STQ"]
    assert stq["SQ"] == pytest.approx((1 + 2 / 3) / 4)
    # AQ: the dog, first in the list, is taken for a crowd. The cat's tube of 4 meets one of 6.
    assert stq["AQ"] == pytest.approx(4 * 4 / 6 / 4)
    assert stq["STQ"] == pytest.approx(math.sqrt(5 / 12 * 2 / 3))
    assert report.classes["cat"]["IoU"] == pytest.approx(100 * 2 / 3)
    assert any("2 labelled pixels are predicted as void" in note for note in report.notes)


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Applies ``change`` to the content of a JSON file."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def frame_of(content: Any, frame: int = 1) -> Any:
    return content["annotations"][0]["annotations"][frame]


def test_stated_areas_count_and_are_noted(tmp_path: Path) -> None:
    folder = build(tmp_path)
    edit(folder / "gt" / TRUTH, lambda c: frame_of(c)["segments_info"][0].update(area=3))
    report = evaluate("vipseg", folder / "gt", folder / "pred")
    # The dog of the second frame: 2 / (3 + 2 - 2); cat and sky as before.
    want = 100 * ((1 + 2 / 3) / 2 + 2 / 3 + 0) / 3
    assert report.figures["VPQ_nframes_1"]["All"]["pq"] == pytest.approx(want)
    assert any("1 true segment has another area" in note for note in report.notes)
    edit(folder / "gt" / TRUTH, lambda c: frame_of(c)["segments_info"][0].update(area=1))
    with pytest.raises(DataError, match=r"val.json, video a, 001: .* segment 70000 is less"):
        evaluate("vipseg", folder / "gt", folder / "pred")


def test_frames_are_paired_by_their_id(tmp_path: Path) -> None:
    folder = build(tmp_path)
    before = evaluate("vipseg", folder / "gt", folder / "pred").figures["VPQ_nframes_1"]
    edit(folder / "pred/pred.json", lambda c: c["annotations"][0]["annotations"].reverse())
    assert evaluate("vipseg", folder / "gt", folder / "pred").figures["VPQ_nframes_1"] == before


def test_frames_to_look_at(tmp_path: Path) -> None:
    build(tmp_path)
    opened = get_benchmark("vipseg").open(tmp_path / "gt", tmp_path / "pred", "official")
    frame = next(iter(opened.compare("a")))
    assert one_row(frame.truth) == [70000, 70000, 2, 2, 9, 9, 0]
    assert one_row(frame.predicted) == [7, 7, 8, 8, 8, 0, 4]


def said(change: Callable[[Any], object]) -> Breakage:
    return lambda truth, predicted: edit(predicted / "pred.json", change)


def told(change: Callable[[Any], object]) -> Breakage:
    return lambda truth, predicted: edit(truth / TRUTH, change)


PNG = "pan_pred/a/001.png"


@pytest.mark.parametrize(
    ("spoil", "message", "file"),
    [
        (lambda g, p: (p / "pred.json").unlink(), "Cannot read", "pred.json"),
        (lambda g, p: shorten(p / "pred.json"), "Cannot read", "pred.json"),
        (lambda g, p: (p / "pred.json").write_text("[]"), "no JSON object", "pred.json"),
        (said(lambda c: c.clear()), "lacks the list 'annotations'", "pred.json"),
        (said(lambda c: c["annotations"].append(entry("b"))), "annotates the video b", "pred.json"),
        (said(lambda c: c["annotations"].append(entry("a"))), "more than once", "pred.json"),
        (said(lambda c: c["annotations"].clear()), "no annotations of the video a", "pred.json"),
        (said(lambda c: frame_of(c).update(image_id="000")), "more than once", "pred.json"),
        (said(lambda c: frame_of(c).update(image_id="7")), "images 001 of the video", "pred.json"),
        (said(lambda c: frame_of(c).pop("image_id")), "'image_id'", "pred.json"),
        (said(lambda c: frame_of(c).update(segments_info=[4])), "no JSON object", "pred.json"),
        (
            said(lambda c: frame_of(c)["segments_info"].append(segments((7, 5, 1))[0])),
            "lists the segment 7 of a, image 001 more than once",
            "pred.json",
        ),
        (
            said(lambda c: frame_of(c)["segments_info"][0].update(category_id=4)),
            "the unknown category 4",
            "pred.json",
        ),
        (
            said(lambda c: frame_of(c)["segments_info"][0].update(id=0)),
            "ids are 1..16777215",
            "pred.json",
        ),
        (
            said(lambda c: frame_of(c)["segments_info"][0].update(id=float("nan"))),
            "where a whole number is wanted",
            "pred.json",
        ),
        (said(lambda c: frame_of(c)["segments_info"].pop()), "does not list for it", PNG),
        (
            said(lambda c: frame_of(c)["segments_info"].append(segments((70, 5, 1))[0])),
            "lists the ids 70, which",
            PNG,
        ),
        (lambda g, p: shutil.rmtree(p / "pan_pred"), "with predicted PNGs", "pan_pred"),
        (lambda g, p: shutil.rmtree(p / "pan_pred/a"), "no folder of a predicted", "pan_pred"),
        (lambda g, p: (p / "pan_pred/z").mkdir(), "the ground truth lacks", "z"),
        (lambda g, p: (p / PNG).unlink(), "lacks the frame", "001.png"),
        (lambda g, p: save_ids(p / "pan_pred/a/9.png", 7), "the ground truth lacks", "9.png"),
        (lambda g, p: save_ids(p / PNG, 7, 8, 4), "is 3x1 pixels", PNG),
        (lambda g, p: save_row(p / PNG, 7, 8, 4), "mode L", PNG),
        (lambda g, p: flip(p / PNG), "a checksum is wrong", PNG),
        (lambda g, p: shorten(p / PNG), "Cannot read", PNG),
        (told(lambda c: frame_of(c)["segments_info"][0].pop("area")), "'area'", TRUTH),
        (told(lambda c: frame_of(c)["segments_info"].pop()), "does not list for it", "a/001.png"),
        (told(lambda c: c["videos"].clear()), "lists no video", TRUTH),
        (told(lambda c: c["videos"].append(c["videos"][0])), "more than once", TRUTH),
        (told(lambda c: c["videos"][0]["images"].clear()), "lists no image", TRUTH),
        (told(lambda c: c["videos"][0]["images"].pop()), "which is not listed", TRUTH),
        (told(lambda c: c["categories"].clear()), "lists no category", TRUTH),
        (told(lambda c: c["categories"].append(c["categories"][0])), "twice", TRUTH),
        (told(lambda c: c["categories"][0].pop("isthing")), "is a thing", TRUTH),
        (
            told(lambda c: c["videos"][0]["images"][0].update(file_name="../x.png")),
            "lies outside",
            TRUTH,
        ),
        (
            lambda g, p: (g / "panomasksRGB/a/000.png").unlink(),
            "lacks the listed PNG",
            "a/000.png",
        ),
    ],
)
def test_refused(tmp_path: Path, spoil: Breakage, message: str, file: str) -> None:
    assert_refused("vipseg", build(tmp_path), spoil, message, file)
