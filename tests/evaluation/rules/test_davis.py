"""The four DAVIS benchmarks: official numbers, hand-worked videos, folders that do not fit."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError
from vidseg.evaluation.registry import get_benchmark
from vidseg.evaluation.runner import run

from ..mask_cases import (
    assert_equal,
    evaluate,
    official,
    save,
    save_video,
    strip,
)

ONE, TWO = strip(1, 0, 2), strip(1, 0, 0)


@pytest.mark.parametrize("variant", ["osvos", "perturbed"])
def test_davis2016_is_official(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "davis2016")
    want = expected["results"][variant]
    tool = want.pop("vos_benchmark_percent")
    truth, said = folder / "gt", folder / "pred" / variant
    report = evaluate("davis2016", truth, said)
    assert_equal(report.figures, want)
    assert report.unit == "fraction"
    report = evaluate("davis2016", truth, said, "vos_benchmark")
    assert_equal(report.figures, tool)
    assert report.unit == "percent"


@pytest.mark.parametrize("variant", ["a", "b"])
def test_davis2017_is_official(eval_cases: Path, variant: str) -> None:
    folder, expected = official(eval_cases, "davis2017")
    report = evaluate("davis2017", folder / "gt", folder / "pred" / variant)
    assert_equal(report.figures, expected["results"][variant])


def test_davis2017_unsup_is_official(eval_cases: Path) -> None:
    folder, expected = official(eval_cases, "davis2017_unsup")
    report = evaluate("davis2017_unsup", folder / "gt", folder / "pred" / "rvos")
    assert_equal(report.figures, expected["results"]["rvos"])


def test_ref_davis_is_official(eval_cases: Path) -> None:
    folder, expected = official(eval_cases, "ref_davis")
    report = evaluate("ref_davis", folder / "gt", folder / "pred")
    assert_equal(report.figures["mean_over_annotators"], expected["mean_over_annotators"])
    assert_equal(report.figures, expected["results"])
    report = evaluate("ref_davis", folder / "gt", folder / "pred" / "anno_2")
    assert_equal(report.figures, expected["results"]["anno_2"])


def make(root: Path, kind: str = "Annotations") -> tuple[Path, Path]:
    """Two videos, all right: (ground truth, prediction)."""
    truth, said = root / "gt", root / "pred"
    for video in ("bear", "car"):
        save_video(truth / kind / "480p" / video, [ONE] * 4)
        save_video(said / video, [ONE] * 4)
    (truth / "ImageSets" / "2017").mkdir(parents=True)
    (truth / "ImageSets" / "2017" / "val.txt").write_text("bear\ncar\n")
    return truth, said


def test_objects_weigh_the_same_whatever_their_video(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save_video(truth / "Annotations/480p/car", [TWO] * 4)  # bear has two objects, car has one
    save_video(said / "car", [ONE, strip(0, 0, 1), TWO, TWO])
    report = evaluate("davis2017", truth, said)
    # car: frames 1 and 2 of 0..3 count, J = 0 and 1; bear: 1 and 1.
    assert report.figures["J-Mean"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert report.figures["J_per_object"] == {"bear_1": 1.0, "bear_2": 1.0, "car_1": 0.5}
    assert report.objects["car_1"] == {"J": 0.5, "F": 0.5, "J&F": 0.5}
    assert report.videos["bear"]["J&F"] == 1.0
    curve = report.curves[-1]
    assert (curve.title, curve.label) == ("J&F of car", "object 1")
    assert (curve.x.tolist(), curve.y.tolist()) == ([1, 2], [0, 1])


def test_first_and_last_frame_are_not_read(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    (said / "bear" / "00000.png").unlink()
    (said / "bear" / "00003.png").write_bytes(b"damaged")
    report = evaluate("davis2017", truth, said)
    assert report.figures["J&F-Mean"] == 1.0


def test_void_is_background_with_masks_given_and_nothing_without(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save_video(truth / "Annotations/480p/bear", [strip(1, 255)] * 3)
    shutil.copytree(truth / "Annotations", truth / "Annotations_unsupervised")
    save_video(said / "bear", [strip(1, 1)] * 3)
    for folder in (truth / "Annotations/480p/bear", truth / "Annotations_unsupervised/480p/bear"):
        (folder / "00003.png").unlink()
    (said / "bear" / "00003.png").unlink()
    assert evaluate("davis2017", truth, said).figures["J_per_object"]["bear_1"] == 0.5
    report = evaluate("davis2017_unsup", truth, said)
    assert report.figures["J_per_object"]["bear_1"] == 1.0


def test_an_object_that_comes_late_does_not_count(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save(truth / "Annotations/480p/bear/00000.png", TWO)
    save_video(said / "bear", [TWO] * 4)
    report = evaluate("davis2017", truth, said)
    assert report.figures["J_per_object"] == {"bear_1": 1.0, "car_1": 1.0, "car_2": 1.0}


def test_a_video_without_objects_is_named(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    for folder in (truth / "Annotations/480p", said):
        save_video(folder / "bear", [strip(0, 0)] * 4)
    report = evaluate("davis2017", truth, said)
    assert report.notes[-1] == "bear has no object in its first frame and does not count."


@pytest.mark.parametrize(
    "place", ["pred", "pred/Annotations", "pred/Annotations/480p", "pred/480p"]
)
def test_places_of_predictions(tmp_path: Path, place: str) -> None:
    truth, said = make(tmp_path)
    moved = tmp_path / "other" / place
    shutil.copytree(said, moved)
    (moved / "global_results-val.csv").write_text("as left by the official program")
    assert evaluate("davis2017", truth, tmp_path / "other/pred").figures["J&F-Mean"] == 1.0


@pytest.mark.parametrize("place", ["Annotations/Full-Resolution", "Annotations", ""])
def test_places_of_truth(tmp_path: Path, place: str) -> None:
    truth, said = make(tmp_path)
    moved = tmp_path / "other" / place
    shutil.copytree(truth / "Annotations/480p", moved)
    assert evaluate("davis2017", tmp_path / "other", said).figures["J&F-Mean"] == 1.0


def test_lists_of_videos(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    lists = truth / "ImageSets" / "2017"
    (lists / "val.txt").write_text("bear\n\n")
    report = evaluate("davis2017", truth, said)
    assert list(report.videos) == ["bear"]
    assert "outside of that list do not count: car" in report.notes[1]

    (lists / "train.txt").write_text("car\n")
    shutil.rmtree(said / "bear")
    report = evaluate("davis2017", truth, said)
    assert list(report.videos) == ["car"]
    assert "train.txt" in report.notes[0]

    (lists / "train.txt").unlink()
    with pytest.raises(DataError, match="lacks a prediction for the video bear"):
        evaluate("davis2017", truth, said)
    (lists / "val.txt").write_text(" \n")
    with pytest.raises(DataError, match=r"val\.txt is empty"):
        evaluate("davis2017", truth, said)


def test_lists_of_davis2016_name_pictures(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    shutil.rmtree(truth / "ImageSets")
    folder = truth / "ImageSets" / "480p"
    folder.mkdir(parents=True)
    lines = [
        f"/JPEGImages/480p/car/{k:05d}.jpg /Annotations/480p/car/{k:05d}.png " for k in range(4)
    ]
    (folder / "val.txt").write_text("\n".join(lines))
    assert list(evaluate("davis2016", truth, said).videos) == ["car"]


def test_davis2016_foreground_is_all_above_zero(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save_video(said / "bear", [strip(200, 0, 3)] * 4)
    report = evaluate("davis2016", truth, said)
    assert report.figures["J&F-Mean"] == 1.0
    assert report.figures["per_sequence"]["bear"]["J"] == {"M": 1.0, "R": 1.0, "D": 0.0}
    # The other tool compares labels: 1 and 2 of bear are never predicted.
    assert evaluate("davis2016", truth, said, "vos_benchmark").figures["J&F"] == 50.0


def test_ref_davis_with_other_than_four_annotators(tmp_path: Path) -> None:
    truth, said = make(tmp_path, "Annotations_unsupervised")
    for name in ("anno_0", "anno_1"):
        shutil.copytree(said, tmp_path / "both" / name)
    save_video(tmp_path / "both/anno_1/bear", [strip(0, 0, 0)] * 4)
    report = evaluate("ref_davis", truth, tmp_path / "both")
    # anno_0: 4 of 4 objects; anno_1: 2 of 4.
    assert report.figures["mean_over_annotators"]["J&F-Mean"] == 0.75
    assert report.videos["bear"]["J&F"] == 0.5
    assert any("4 annotators; 2 are given" in note for note in report.notes)
    assert any("one annotator" in note for note in evaluate("ref_davis", truth, said).notes)


def test_frames_to_look_at(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    save_video(truth / "Annotations/480p/bear", [strip(1, 255, 2)] * 4)
    frames = list(get_benchmark("davis2017").open(truth, said, "official").compare("bear"))
    assert [frame.name for frame in frames] == ["00001", "00002"]
    assert sorted(np.unique(frames[0].truth)) == [0, 1, 2]
    assert (frames[0].predicted == ONE).all()


def test_workers_change_nothing(tmp_path: Path) -> None:
    truth, said = make(tmp_path, "Annotations_unsupervised")
    evaluation = get_benchmark("davis2017_unsup").open(truth, said, "official")
    assert run(pickle.loads(pickle.dumps(evaluation))).figures == run(evaluation).figures


def spoil(said: Path, fault: str) -> str:
    """Plants a fault; returns what the message must say."""
    frame = said / "bear" / "00001.png"
    if fault == "unknown video":
        save_video(said / "zebra", [ONE] * 4)
        return "prediction for zebra, which the ground truth lacks"
    if fault == "missing video":
        shutil.rmtree(said / "car")
        return "lacks a prediction for the video car"
    if fault == "missing frame":
        frame.unlink()
        return "bear lacks the frame 00001.png"
    if fault == "extra frame":
        save(said / "bear" / "00009.png", ONE)
        return "bear holds 00009.png, which the ground truth lacks"
    if fault == "empty video":
        shutil.rmtree(said / "bear")
        (said / "bear").mkdir()
        return "bear holds no PNG"
    if fault == "empty folder":
        shutil.rmtree(said)
        said.mkdir()
        return "pred holds no folder of a predicted video"
    if fault == "size":
        save(frame, strip(1, 0))
        return "bear/00001.png is 200x2 pixels and its ground truth 300x2"
    if fault == "colour":
        Image.fromarray(np.stack([ONE] * 3, axis=-1)).save(frame)
        return "bear/00001.png has mode RGB"
    if fault == "cut off":
        content = frame.read_bytes()
        frame.write_bytes(content[: content.index(b"IDAT") + 9])
        return "Cannot read the label map .*bear/00001.png"
    if fault == "damaged":
        content = frame.read_bytes()
        place = content.index(b"IDAT") + 9
        frame.write_bytes(content[:place] + bytes([content[place] ^ 8]) + content[place + 1 :])
        return r"bear/00001.png: it is damaged \(a checksum is wrong\)"
    frame.write_bytes(b"")
    return "Cannot read the label map .*bear/00001.png"


@pytest.mark.parametrize(
    "fault",
    [
        "unknown video",
        "missing video",
        "missing frame",
        "extra frame",
        "empty video",
        "empty folder",
        "size",
        "colour",
        "cut off",
        "damaged",
        "empty file",
    ],
)
@pytest.mark.parametrize("name", ["davis2016", "davis2017", "davis2017_unsup"])
def test_faults_are_named(tmp_path: Path, name: str, fault: str) -> None:
    kind = "Annotations_unsupervised" if name.endswith("unsup") else "Annotations"
    truth, said = make(tmp_path, kind)
    evaluate(name, truth, said)
    message = spoil(said, fault)
    with pytest.raises(DataError, match=message):
        evaluate(name, truth, said)


def test_labels_where_the_official_program_stops(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    shutil.copytree(truth / "Annotations", truth / "Annotations_unsupervised")
    save(said / "bear" / "00002.png", strip(1, 0, 3))
    with pytest.raises(DataError, match=r"00002.png holds label 3, but the video has 2 objects"):
        evaluate("davis2017", truth, said)
    save(said / "bear" / "00002.png", strip(1, 0, 21))
    with pytest.raises(DataError, match=r"00002.png cannot be measured: Proposals are 1 to 20"):
        evaluate("davis2017_unsup", truth, said)


def test_truth_that_cannot_be_used(tmp_path: Path) -> None:
    truth, said = make(tmp_path)
    with pytest.raises(DataError, match="no ground truth: Annotations_unsupervised/480p"):
        evaluate("davis2017_unsup", truth, said)
    for path in ("gt/Annotations/480p/bear", "pred/bear"):
        for frame in ("00002.png", "00003.png"):
            (tmp_path / path / frame).unlink()
    with pytest.raises(DataError, match="has 2 frames, of which none is evaluated"):
        evaluate("davis2017", truth, said)
    shutil.rmtree(truth / "Annotations/480p/bear")
    with pytest.raises(DataError, match="lacks the listed video bear"):
        evaluate("davis2017", truth, said)
    save_video(truth / "Annotations/480p/car", [strip(0, 0, 0)] * 4)
    save_video(said / "car", [strip(0, 0, 0)] * 4)
    (truth / "ImageSets/2017/val.txt").write_text("car\n")
    shutil.rmtree(said / "bear")
    with pytest.raises(DataError, match="No first frame of the ground truth shows an object"):
        evaluate("davis2017", truth, said)
