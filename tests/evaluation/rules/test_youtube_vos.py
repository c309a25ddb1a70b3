"""YouTube-VOS: official numbers, a hand-worked set, folders that do not fit."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.evaluation.registry import get_benchmark

from ..mask_cases import assert_equal, evaluate, official, save_video, strip

PROTOCOLS = ("after_first", "after_first_skip_last")


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_youtube_vos_is_official(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "youtube_vos")
    want = expected["results"][variant]
    truth, said = folder / "gt", folder / "pred" / variant
    for protocol in PROTOCOLS:
        assert_equal(evaluate("youtube_vos", truth, said, protocol).figures, want[protocol])
    evaluation = get_benchmark("youtube_vos").open(truth, said, "after_first")
    for video in evaluation.videos:
        sums = evaluation.measure(video)
        for key, region in sums.region.items():
            frames = want["per_object_frames"]["_".join(key)]
            start = frames["first_evaluated_index"]
            assert_equal(region, frames["J"][start:])
            assert_equal(sums.contour[key], frames["F"][start:])


def make(root: Path) -> tuple[Path, Path]:
    """A dog from the start and a late nyala: (ground truth, prediction)."""
    frames = [strip(*labels) for labels in ((1, 0), (1, 0), (1, 2), (1, 2))]
    truth, said = root / "valid", root / "pred"
    save_video(truth / "Annotations/zoo", frames, step=5)
    save_video(said / "Annotations/zoo", [strip(1, 0)] * 3 + [strip(0, 2)], step=5)
    write_meta(truth, objects(dog=["00000", "00005"], nyala=["00010", "00015"]))
    (truth / "seen_categories.json").write_text('["dog"]')
    return truth, said


def objects(**shown: Any) -> Any:
    return {
        str(k): {"category": name, "frames": frames}
        for k, (name, frames) in enumerate(shown.items(), start=1)
    }


def write_meta(truth: Path, listed: Any) -> None:
    (truth / "meta.json").write_text(json.dumps({"videos": {"zoo": {"objects": listed}}}))


def test_objects_count_after_their_first_frame(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    report = evaluate("youtube_vos", truth, said)
    # The dog: 1, 1, 0 on frames 5, 10, 15; the nyala: 1 on frame 15.
    j_s, j_u = 200 / 3, 100.0
    assert report.figures["J_s"] == pytest.approx(j_s)
    assert report.figures["G"] == pytest.approx((j_s + j_u) / 2)
    assert report.figures["objects_without_evaluated_frames"] == 0
    assert report.classes["nyala"] == {"J": 100.0, "F": 100.0, "J&F": 100.0}
    assert report.objects["zoo_1"]["F"] == pytest.approx(j_s)
    assert report.videos["zoo"]["J"] == pytest.approx((j_s + j_u) / 2)
    assert [curve.x.tolist() for curve in report.curves] == [[1, 2, 3], [3]]
    assert "not public" in report.authority


def test_without_the_last_frame_an_object_may_have_none(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    (said / "Annotations/zoo/00015.png").unlink()
    (said / "Annotations/zoo/00000.png").unlink()
    report = evaluate("youtube_vos", truth, said, "after_first_skip_last")
    assert report.figures["J_s"] == 100.0
    assert math.isnan(report.figures["J_u"])
    assert math.isnan(report.figures["G"])
    assert report.figures["objects_without_evaluated_frames"] == 1
    assert len(report.notes) == 2
    with pytest.raises(DataError, match=r"zoo lacks the frame 00015\.png"):
        evaluate("youtube_vos", truth, said)


def test_the_training_set_tells_the_seen_categories(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    (truth / "seen_categories.json").unlink()
    with pytest.raises(DataError, match="Nothing tells the seen categories"):
        evaluate("youtube_vos", truth, said)
    (tmp_path / "train").mkdir()
    write_meta(tmp_path / "train", objects(nyala=["00000"]))
    assert evaluate("youtube_vos", truth, said).figures["J_s"] == 100.0
    (tmp_path / "train" / "meta.json").write_text('{"videos": {"a": {}}}')
    with pytest.raises(DataError, match=r"train/meta\.json lists no objects of the video a"):
        evaluate("youtube_vos", truth, said)
    (truth / "seen_categories.json").write_text('{"dog": 1}')
    with pytest.raises(DataError, match="is no list of names"):
        evaluate("youtube_vos", truth, said)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ({}, "lists no object of the video zoo"),
        ({"x": {"category": "dog", "frames": ["00000"]}}, "lists 'x' as an object of zoo"),
        ({"300": {"category": "dog", "frames": ["00000"]}}, "lists '300' as an object of zoo"),
        ({"1": {"category": "dog", "frames": []}}, "object 1 of zoo has no frames"),
        ({"1": {"frames": ["00000"]}}, "object 1 of zoo has no category"),
        ({"1": {"category": "dog", "frames": ["00003"]}}, "starts at frame 00003"),
        ({"1": {"category": "dog", "frames": ["00015"]}}, "No object has an annotated frame after"),
    ],
)
def test_meta_that_does_not_fit(tmp_path: Path, listed: Any, message: str) -> None:
    truth, said = make(tmp_path)
    write_meta(truth, listed)
    with pytest.raises(DataError, match=message):
        evaluate("youtube_vos", truth, said)


def test_videos_that_do_not_fit(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save_video(truth / "Annotations/farm", [strip(1)])
    with pytest.raises(DataError, match=r"does not list the video .*farm"):
        evaluate("youtube_vos", truth, said)
    shutil.rmtree(truth / "Annotations/farm")
    save_video(said / "Annotations/farm", [strip(1)])
    with pytest.raises(DataError, match="a prediction for farm"):
        evaluate("youtube_vos", truth, said)
    shutil.rmtree(said / "Annotations/farm")
    save_video(said / "Annotations/zoo", [strip(1, 0)] * 5, step=5)
    with pytest.raises(DataError, match=r"zoo holds 00020\.png"):
        evaluate("youtube_vos", truth, said)
    (truth / "meta.json").write_text('{"videos": {}}')
    with pytest.raises(DataError, match="has no videos"):
        evaluate("youtube_vos", truth, said)
