"""Ref-YouTube-VOS: numbers of the public functions, a hand-worked set, folders that do not fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.evaluation.registry import get_benchmark

from ..mask_cases import assert_equal, evaluate, official, save, save_video, strip

FRAMES = ["00000", "00005"]


def test_ref_youtube_vos_is_official(eval_cases: Path) -> None:
    folder, expected = official(eval_cases, "ref_youtube_vos")
    report = evaluate("ref_youtube_vos", folder / "gt", folder / "pred" / "m")
    assert_equal(report.figures, expected["results"]["m"])


def make(root: Path) -> tuple[Path, Path]:
    """Two expressions about object 2, one about object 1: (ground truth, prediction)."""
    truth, said = root / "gt", root / "pred"
    save_video(truth / "Annotations/zoo", [strip(1, 2, 0)] * 2, step=5)
    answers = {"0": strip(255, 0, 0), "1": strip(0, 9, 0), "2": strip(0, 0, 255)}
    for expression, mask in answers.items():
        save_video(said / "Annotations/zoo" / expression, [mask] * 2, step=5)
    ids = {"0": "1", "1": 2, "2": "2"}
    write_meta(truth, {"frames": FRAMES, "expressions": {k: about(v) for k, v in ids.items()}})
    return truth, said


def about(object_id: str | int) -> dict[str, str | int]:
    return {"exp": "the beast", "obj_id": object_id}


def write_meta(truth: Path, entry: Any) -> None:
    (truth / "meta_expressions.json").write_text(json.dumps({"videos": {"zoo": entry}}))


def test_expressions_weigh_the_same(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save(said / "Annotations/zoo/0/00005.png", strip(255, 255, 0))
    report = evaluate("ref_youtube_vos", truth, said)
    # J: (1 + 1/2) / 2, 1, 0. Object 1 ends at column 99, the wide answer at 199: F = (1 + 0) / 2.
    # Object 2 has its contours at 99 and 199, the answer to expression 2 at 199 alone: precision 1
    # and recall 1/2 make F = 2/3.
    assert report.figures["J"] == pytest.approx((0.75 + 1 + 0) / 3)
    assert report.figures["F"] == pytest.approx((0.5 + 1 + 2 / 3) / 3)
    assert report.figures["per_expression"]["zoo_0"] == [0.75, 0.5]
    assert report.objects["zoo_2"]["J&F"] == pytest.approx(1 / 3)
    assert report.videos["zoo"]["J"] == report.figures["J"]
    assert (report.curves[0].label, report.curves[0].y.tolist()) == ("expression 0", [1, 0.25])
    assert "not public" in report.authority


def test_predictions_without_the_folder_annotations(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    assert evaluate("ref_youtube_vos", truth, said / "Annotations").figures["J"] == 2 / 3


def test_frames_to_look_at(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    frames = list(get_benchmark("ref_youtube_vos").open(truth, said, "all_frames").compare("zoo"))
    assert [frame.name for frame in frames][:3] == ["0/00000", "0/00005", "1/00000"]
    assert (frames[2].truth == strip(0, 1, 0)).all()
    assert (frames[2].predicted == strip(0, 1, 0)).all()


def test_predictions_that_do_not_fit(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    folder = said / "Annotations/zoo"
    save(folder / "1/00005.png", strip(1))
    with pytest.raises(DataError, match=r"zoo/1/00005\.png is 100x2 pixels"):
        evaluate("ref_youtube_vos", truth, said)
    (folder / "1/00005.png").unlink()
    with pytest.raises(DataError, match=r"zoo/1 lacks the frame 00005\.png"):
        evaluate("ref_youtube_vos", truth, said)
    shutil.rmtree(folder / "1")
    with pytest.raises(DataError, match="zoo lacks a folder for the expression 1"):
        evaluate("ref_youtube_vos", truth, said)
    save_video(folder / "7", [strip(1)])
    with pytest.raises(DataError, match="zoo holds the expression 7"):
        evaluate("ref_youtube_vos", truth, said)
    save_video(folder.parent / "farm/0", [strip(1)])
    with pytest.raises(DataError, match="a prediction for farm"):
        evaluate("ref_youtube_vos", truth, said)
    shutil.rmtree(folder.parent / "farm")
    shutil.rmtree(folder)
    with pytest.raises(DataError, match="no folder of a predicted video"):
        evaluate("ref_youtube_vos", truth, said)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ([], "tells nothing of the video zoo"),
        ({"frames": FRAMES}, "lists no expressions of the video zoo"),
        (
            {"frames": FRAMES, "expressions": {"0": {"exp": "a"}}},
            "expression 0 of zoo has no obj_id",
        ),
        (
            {"frames": FRAMES, "expressions": {"0": about("256")}},
            "expression 0 of zoo means the object '256'",
        ),
        (
            {"frames": ["00001"], "expressions": {"0": about("1")}},
            r"The ground truth .*zoo lacks 00001\.png",
        ),
    ],
)
def test_meta_that_does_not_fit(tmp_path: Path, entry: Any, message: str) -> None:
    truth, said = make(tmp_path)
    write_meta(truth, entry)
    with pytest.raises(DataError, match=message):
        evaluate("ref_youtube_vos", truth, said)
