"""MOSE by its three protocols: official numbers, hand-worked videos, folders that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.evaluation.registry import get_benchmark

from ..mask_cases import assert_equal, evaluate, official, save, save_video, strip


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_mose_is_official(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "mose")
    want = expected["results"][variant]
    truth, said = folder / "gt", folder / "pred" / variant
    for protocol in ("skip_first_last", "all_frames"):
        assert_equal(evaluate("mose", truth, said, protocol).figures, want[protocol])
    figures = evaluate("mose", truth, said, "mosev2").figures
    rounded = {name: round(value, 2) for name, value in figures.items()}
    assert rounded == want["mosev2_score_py_rounded"]


def make(root: Path) -> tuple[Path, Path]:
    """Object 3 goes and comes back, object 7 comes late: (ground truth, prediction)."""
    frames = [strip(*labels) for labels in ((3, 0), (3, 0), (0, 0), (3, 7), (3, 7), (3, 7))]
    truth, said = root / "gt", root / "pred"
    save_video(truth / "Annotations" / "pig", frames)
    save_video(said / "pig", [strip(3, 0)] * 6)
    write_meta(truth, {"pig": {"length": 6, "objects": ["3", "7"]}})
    return truth, said


def write_meta(truth: Path, videos: Any) -> None:
    (truth / "meta.json").write_text(json.dumps({"videos": videos}))


def test_an_object_counts_from_its_first_measured_frame(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    report = evaluate("mose", truth, said)
    # Frames 1..4. Object 3: 1, 0, 1, 1. Object 7, from frame 3 on: 0, 0.
    assert report.figures["per_object"] == {"pig": {"3": [75.0, 75.0], "7": [0.0, 0.0]}}
    assert report.figures["J&F"] == 37.5
    assert report.videos["pig"]["J&F"] == 37.5
    assert report.curves[1].x.tolist() == [3, 4]
    # Frames 0..5. Object 3: five of six; object 7: none of three.
    assert evaluate("mose", truth, said, "all_frames").figures["J"] == pytest.approx(250 / 6)
    assert "not public" in report.authority


def test_mosev2_by_hand(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    report = evaluate("mose", truth, said, "mosev2")
    # One object has 200 pixels. Object 3, frames 1..4: J = 1, 1/201, 1, 1; F = 1, 0, 1, 1.
    # Object 7: J = 1, 1, 1/201, 1/201; F = 1, 1, 0, 0.
    j = [(3 + 1 / 201) / 4, (2 + 2 / 201) / 4]
    f = [3 / 4, 2 / 4]
    assert report.figures["J"] == pytest.approx(50 * sum(j))
    assert report.figures["F"] == pytest.approx(50 * sum(f))
    assert report.figures["J&F_new"] == pytest.approx(25 * (sum(j) + sum(f)))
    # Object 3 is gone in frame 2. It is back from frame 3 on, and so is object 7.
    assert report.figures["disappear_J&F_new"] == pytest.approx(50 / 201)
    assert report.figures["reappear_J&F_new"] == pytest.approx((100 + 50 / 201) / 2)
    assert report.objects["pig_3"]["J"] == pytest.approx(100 * j[0])
    assert math.isnan(report.objects["pig_7"]["disappear_J&F_new"])
    assert report.videos["pig"]["disappear_J&F_new"] == pytest.approx(50 / 201)
    assert report.curves[0].x.tolist() == [1, 2, 3, 4]


def test_numbers_that_no_object_has_are_named(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save_video(truth / "Annotations/pig", [strip(3, 7)] * 6)
    report = evaluate("mose", truth, said, "mosev2")
    assert math.isnan(report.figures["disappear_J&F_new"])
    assert report.notes[0] == "No object gives disappear_J&F_new a value."


def test_frames_that_need_no_prediction(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    (said / "pig/00005.png").unlink()
    evaluate("mose", truth, said)
    evaluate("mose", truth, said, "mosev2")
    with pytest.raises(DataError, match=r"pig lacks the frame 00005\.png"):
        evaluate("mose", truth, said, "all_frames")
    (said / "pig/00000.png").unlink()
    evaluate("mose", truth, said)
    # score.py counts frames from the first predicted one.
    with pytest.raises(DataError, match=r"pig lacks the frame 00000\.png"):
        evaluate("mose", truth, said, "mosev2")


def test_folders(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    shutil.copytree(said, tmp_path / "zip" / "Annotations")
    assert evaluate("mose", truth / "Annotations", tmp_path / "zip").figures["J&F"] == 37.5
    with pytest.raises(DataError, match="holds no ground truth"):
        evaluate("mose", tmp_path / "zip" / "Annotations" / "pig", said)


def test_frames_to_look_at(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    frames = list(get_benchmark("mose").open(truth, said, "skip_first_last").compare("pig"))
    assert [frame.name for frame in frames] == ["00001", "00002", "00003", "00004"]
    assert (frames[2].truth == strip(3, 7)).all()


def test_a_video_without_objects_is_named(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    for folder in (truth / "Annotations", said):
        save_video(folder / "empty", [strip(0)] * 3)
    report = evaluate("mose", truth, said)
    assert report.notes == ("empty shows no object and does not count.",)
    assert report.figures["J&F"] == 37.5
    shutil.rmtree(truth / "Annotations/pig")
    shutil.rmtree(said / "pig")
    with pytest.raises(DataError, match="shows an object"):
        evaluate("mose", truth, said)


@pytest.mark.parametrize(
    ("videos", "message"),
    [
        ({}, "does not list the objects of the video pig"),
        ([], 'has no videos under "videos"'),
        ({"pig": {"length": 5, "objects": ["3"]}}, "says that pig has 5 frames; .* holds 6"),
        ({"pig": {"length": 6, "objects": []}}, "lists no object of the video pig"),
        ({"pig": {"length": 6, "objects": ["x"]}}, "lists 'x' as an object of pig"),
        ({"pig": {"length": 6, "objects": [256]}}, "lists '256' as an object of pig"),
    ],
)
def test_meta_that_does_not_fit(tmp_path: Path, videos: Any, message: str) -> None:
    truth, said = make(tmp_path)
    write_meta(truth, videos)
    with pytest.raises(DataError, match=message):
        evaluate("mose", truth, said, "mosev2")


def test_meta_that_is_cut_off(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    (truth / "meta.json").write_text('{"videos": {"pig')
    with pytest.raises(DataError, match=r"meta\.json"):
        evaluate("mose", truth, said, "mosev2")


def test_predictions_that_do_not_fit(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save(said / "pig/00002.png", strip(3))
    with pytest.raises(DataError, match=r"00002\.png is 100x2 pixels"):
        evaluate("mose", truth, said)
    save_video(said / "cow", [strip(3)])
    with pytest.raises(DataError, match="a prediction for cow"):
        evaluate("mose", truth, said)


def test_unknown_labels_are_named_by_mosev2(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save(said / "pig/00001.png", strip(3, 9))
    save(said / "pig/00005.png", strip(3, 8))  # the last frame is not measured
    report = evaluate("mose", truth, said, "mosev2")
    assert report.notes == (
        f"{said / 'pig'} shows the label 9, which no object of the video has; such pixels count as "
        "background.",
    )
