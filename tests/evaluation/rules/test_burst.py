"""BURST: the official numbers, hand-worked files, and what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidseg.errors import DataError
from vidseg.evaluation.benchmark import Report
from vidseg.evaluation.registry import get_benchmark
from vidseg.evaluation.runner import run

from ..track_cases import equal, rle, write

CAT, CUP, MUG, BAG, DOG = 4, 347, 720, 967, 5  # CAT and CUP are common; a MUG counts as a CUP
ARMCHAIR = 20  # a distractor


def mask(*columns: int, **more: Any) -> dict[str, Any]:
    """Columns of a picture of 2 x 6 pixels."""
    return {"rle": rle(np.isin(np.arange(6), columns), rows=2)["counts"], **more}


def sequence(
    tracks: dict[str, int], frames: list[dict[str, Any]], name: str = "walk"
) -> dict[str, Any]:
    return {
        "dataset": "AVA",
        "seq_name": name,
        "width": 6,
        "height": 2,
        "annotated_image_paths": [f"frame{number:03d}.jpg" for number in range(len(frames))],
        "neg_category_ids": [],
        "not_exhaustive_category_ids": [],
        "track_category_ids": tracks,
        "segmentations": frames,
    }


def file(*sequences: dict[str, Any]) -> dict[str, Any]:
    names = {CAT: "cat", CUP: "cup", MUG: "mug", BAG: "bag", DOG: "dog", ARMCHAIR: "armchair"}
    categories = [{"id": id, "name": name} for id, name in names.items()]
    rows = [{**row, "id": number} for number, row in enumerate(sequences)]
    return {"split": "val", "categories": categories, "sequences": rows}


def truth() -> dict[str, Any]:
    return file(sequence({"1": CAT, "2": DOG}, [{"1": mask(0, 1), "2": mask(5)}, {"1": mask(2)}]))


def perfect() -> dict[str, Any]:
    return copy.deepcopy(truth())


def evaluated(
    folder: Path, right: Any, said: Any, protocol: str = "class_guided", workers: int = 1
) -> Report:
    write(folder / "gt" / "all_classes.json", right)
    write(folder / "pred" / "results.json", said)
    opened = get_benchmark("burst").open(folder / "gt", folder / "pred", protocol)
    return run(opened, workers=workers)


@pytest.mark.parametrize(
    ("variant", "key", "protocol"),
    [
        ("mild", "mild", "class_guided"),
        ("heavy", "heavy", "class_guided"),
        ("exemplar", "exemplar", "exemplar_guided"),
        ("exemplar", "exemplar_run_py_as_shipped", "exemplar_run_py"),
    ],
)
def test_official_numbers(eval_cases: Path, variant: str, key: str, protocol: str) -> None:
    folder = eval_cases / "burst"
    recorded = json.loads((folder / "expected.json").read_text())["results"][key]
    chosen = [protocol] if protocol == "exemplar_run_py" else [protocol, "auto"]
    for each in chosen:
        opened = get_benchmark("burst").open(folder / "gt", folder / "pred" / variant, each)
        report = run(opened)
        want = {name: value for name, value in recorded.items() if name != "task"}
        equal(dict(report.figures), want, f"{variant} {each}")
        assert report.protocol == protocol


def test_truth_as_its_own_prediction(tmp_path: Path) -> None:
    report = evaluated(tmp_path, truth(), perfect())
    for key in ("HOTA", "DetA", "AssA", "AP"):
        assert report.figures[key] == {
            split: pytest.approx(100) for split in ("all", "common", "uncommon")
        }
    assert report.classes["cat"]["HOTA"] == report.videos["AVA/walk"]["HOTA"] == pytest.approx(100)
    assert report.curves[0].y == pytest.approx(np.full(19, 100.0))


def test_boxes_and_masks_by_hand(tmp_path: Path) -> None:
    """Columns 0 and 3 have the box of columns 0 to 3, but only half its pixels.

    HOTA of boxes is 1. IoU of the masks is 4 / 8: of 19 alphas those up to 0.5, 10 in all, count.
    The track has an IoU of 1/2 too: AP 1 at the first of ten thresholds.
    """
    right = file(sequence({"1": CAT}, [{"1": mask(0, 1, 2, 3)}]))
    said = file(sequence({"9": CAT}, [{"9": mask(0, 3)}]))
    boxes = evaluated(tmp_path, right, said)
    masks = evaluated(tmp_path, right, said, "class_guided_masks")
    assert boxes.figures["HOTA"]["all"] == pytest.approx(100)
    assert masks.figures["HOTA"]["all"] == pytest.approx(100 * 10 / 19)
    assert boxes.figures["AP"]["all"] == masks.figures["AP"]["all"] == pytest.approx(10)
    assert np.isnan(boxes.figures["HOTA"]["uncommon"])


def test_classes_are_merged_and_distractors_taken_away(tmp_path: Path) -> None:
    """A mug is a cup for predictions; in the truth it is a distractor, as an armchair is."""
    frame = {"1": mask(0), "2": mask(1), "3": mask(5), "4": mask(4)}
    right = file(sequence({"1": CUP, "2": MUG, "3": ARMCHAIR, "4": CAT}, [frame]))
    said = file(sequence({"1": MUG, "2": CAT}, [{"1": mask(0), "2": mask(4)}]))
    report = evaluated(tmp_path, right, said)
    assert set(report.classes) == {"cup", "cat"}
    assert report.figures["HOTA"]["all"] == pytest.approx(100)


def labels_without_dog(**lists: list[int]) -> dict[str, Any]:
    """A dog in the first video alone; the second says of dogs what ``lists`` say."""
    seen = sequence({"1": DOG}, [{"1": mask(0)}], "seen")
    unseen = sequence({"1": CAT}, [{"1": mask(0)}], "unseen")
    return file(seen, {**unseen, **lists})


@pytest.mark.parametrize(
    ("lists", "protocol", "det_a", "ap"),
    [
        ({}, "class_guided", 100, 100),  # whether there is a dog is not known
        # A hit and a false alarm, the alarm scoring higher.
        ({"neg_category_ids": [DOG]}, "class_guided", 50, 50),
        (
            {"neg_category_ids": [DOG], "not_exhaustive_category_ids": [DOG]},
            "class_guided",
            100,
            100,
        ),
    ],
)
def test_alarms_where_the_labels_are_silent(
    tmp_path: Path, lists: dict[str, list[int]], protocol: str, det_a: float, ap: float
) -> None:
    hit = sequence({"1": DOG}, [{"1": mask(0, score=0.3)}], "seen")
    alarm = sequence({"1": DOG}, [{"1": mask(4, score=0.9)}], "unseen")
    report = evaluated(tmp_path, labels_without_dog(**lists), file(hit, alarm), protocol)
    assert report.classes["dog"]["DetA"] == pytest.approx(det_a)
    assert report.classes["dog"]["AP"] == pytest.approx(ap)


def test_unmatched_masks_of_a_class_that_is_not_labelled_exhaustively(tmp_path: Path) -> None:
    """Of three predictions one finds the cat; the others are excused where the list says so."""
    right = file(sequence({"1": CAT}, [{"1": mask(0)}]))
    said = file(
        sequence(
            {"1": CAT, "2": CAT, "3": CAT},
            [{"2": mask(3), "1": mask(0, score=0.1), "3": mask(5)}],
        )
    )
    assert evaluated(tmp_path, right, said).figures["DetA"]["all"] == pytest.approx(100 / 3)
    right["sequences"][0]["not_exhaustive_category_ids"] = [CAT]
    assert evaluated(tmp_path, right, said).figures["DetA"]["all"] == pytest.approx(100)


def test_frames_without_labels_do_not_count_for_hota(tmp_path: Path) -> None:
    """For the track mAP they do: the track covers one true column of two, an IoU of 1/2."""
    right = file(sequence({"1": CAT}, [{"1": mask(0)}, {}]))
    said = file(sequence({"1": CAT}, [{"1": mask(0)}, {"1": mask(3)}]))
    report = evaluated(tmp_path, right, said)
    assert report.figures["HOTA"]["all"] == pytest.approx(100)
    assert report.figures["AP"]["all"] == pytest.approx(10)


def test_at_most_300_masks_of_a_frame(tmp_path: Path) -> None:
    many = {str(id): mask(5, score=0.5) for id in range(2, 302)}
    said = file(sequence(dict.fromkeys(("1", *many), CAT), [{"1": mask(0, score=0.1), **many}]))
    right = file(sequence({"1": CAT}, [{"1": mask(0)}]))
    assert evaluated(tmp_path, right, said).figures["DetA"]["all"] == 0
    said["sequences"][0]["segmentations"][0]["1"]["score"] = 0.6
    assert evaluated(tmp_path, right, said).figures["DetA"]["all"] == pytest.approx(100 / 300)


def test_exemplar_guided_classes_come_from_the_truth(tmp_path: Path) -> None:
    said = perfect()
    said["sequences"][0]["track_category_ids"] = {"1": 99, "2": 99}  # of no meaning
    for protocol in ("exemplar_guided", "exemplar_guided_masks", "auto"):
        report = evaluated(tmp_path, truth(), said, protocol)
        assert report.figures["HOTA"]["all"] == pytest.approx(100)
    said["sequences"][0]["segmentations"][0]["3"] = mask(3)
    with pytest.raises(DataError, match="track 3, which the ground truth lacks"):
        evaluated(tmp_path, truth(), said, "exemplar_guided")


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    right = file(
        sequence({"1": CAT, "2": ARMCHAIR}, [{"1": mask(0), "2": mask(3)}, {"1": mask(0)}]),
        sequence({"1": DOG}, [{"1": mask(0)}], "other"),
    )
    said = file(sequence({}, [{"1": mask(0), "2": mask(3)}, {}]))
    said["sequences"][0]["annotated_image_paths"][1] = "frame555.jpg"
    notes = " ".join(evaluated(tmp_path, right, said, "exemplar_guided").notes)
    assert "1 of 2 videos have no prediction" in notes
    assert "1 annotated frame is not in the prediction" in notes
    assert "1 predicted frame is not annotated" in notes
    assert "1 predicted track is of objects that do not count" in notes


def test_several_processes_give_the_same(tmp_path: Path) -> None:
    right, said = labels_without_dog(neg_category_ids=[DOG]), labels_without_dog()
    one = evaluated(tmp_path, right, said)
    two = evaluated(tmp_path, right, said, workers=2)
    assert one.figures == two.figures and list(one.videos) == ["AVA/seen", "AVA/unseen"]


def test_frames_to_look_at(tmp_path: Path) -> None:
    said = perfect()
    said["sequences"][0]["segmentations"][0] = {
        "2": mask(1, 2, score=0.9),
        "1": mask(0, 1, score=0.4),
    }
    gt, pred = write(tmp_path / "gt.json", truth()), write(tmp_path / "pred.json", said)
    frames = list(get_benchmark("burst").open(gt, pred, "class_guided").compare("AVA/walk"))
    assert [frame.name for frame in frames] == ["frame000", "frame001"]
    assert frames[0].truth.tolist() == [[1, 1, 0, 0, 0, 2]] * 2
    assert frames[0].predicted.tolist() == [[1, 2, 2, 0, 0, 0]] * 2 and not frames[0].same_ids


Change = Callable[[dict[str, Any]], object]


def of_walk(key: str, value: Any) -> Change:
    return lambda content: content["sequences"][0].update({key: value})


def of_mask(**values: Any) -> Change:
    return lambda content: content["sequences"][0]["segmentations"][0]["1"].update(values)


WRONG: dict[str, tuple[Change, str]] = {
    "unknown video": (of_walk("seq_name", "run"), "AVA/run, which is not in the ground truth"),
    "a video twice": (
        lambda content: content["sequences"].append(content["sequences"][0]),
        "AVA/walk twice",
    ),
    "other split": (lambda content: content.update(split="test"), "split 'test'"),
    "other size": (of_walk("width", 7), "not of the size [2, 6]"),
    "frames": (of_walk("annotated_image_paths", ["a.jpg"]), "1 annotated images, but masks of 2"),
    "a frame twice": (of_walk("annotated_image_paths", ["a.jpg"] * 2), "an image twice"),
    "frames of another kind": (of_walk("segmentations", {"0": {}}), "needs lists"),
    "masks of another kind": (of_walk("segmentations", [[], []]), "track ids as keys"),
    "unknown class": (of_walk("track_category_ids", {"1": 99, "2": DOG}), "the class 99"),
    "no class": (of_walk("track_category_ids", {"2": DOG}), "the class None"),
    "no classes": (lambda content: content["sequences"][0].pop("track_category_ids"), "has no"),
    "NaN score": (of_mask(score=float("nan")), "track 1, has the score nan"),
    "no mask": (lambda c: c["sequences"][0]["segmentations"][0].update({"1": {}}), "no 'rle'"),
    "mask of another kind": (of_mask(rle=[1, 2]), "no compressed run lengths"),
    "runs of another size": (
        of_mask(rle=rle(np.ones(5, bool))["counts"]),
        "frame000.jpg, track 1: the mask has runs of 5 pixels",
    ),
    "track 0": (
        lambda c: c["sequences"][0].update(
            track_category_ids={"0": CAT}, segmentations=[{"0": mask(0)}, {}]
        ),
        "track id '0'",
    ),
    "nothing": (lambda content: content.update(sequences=[]), "its list 'sequences' is empty"),
}


UNSAID = ("no class", "no classes")  # a file without classes is taken for exemplar-guided


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        *(("class_guided", name) for name in WRONG),
        *(("auto", name) for name in WRONG if name not in UNSAID),
    ],
)
def test_wrong_predictions_are_refused(tmp_path: Path, name: str, protocol: str) -> None:
    change, words = WRONG[name]
    said = perfect()
    change(said)
    with pytest.raises(DataError) as caught:
        evaluated(tmp_path, truth(), said, protocol)
    assert words in str(caught.value) and "results.json" in str(caught.value)


def test_a_track_twice_in_a_frame_is_refused(tmp_path: Path) -> None:
    gt, pred = write(tmp_path / "gt.json", truth()), write(tmp_path / "pred.json", perfect())
    pred.write_text(pred.read_text().replace('"2": {"rle"', '"1": {"rle"'))
    with pytest.raises(DataError, match=r"pred\.json: '1' stands twice"):
        get_benchmark("burst").open(gt, pred, "class_guided")


WRONG_TRUTHS: dict[str, tuple[Change, str]] = {
    "unknown class": (of_walk("track_category_ids", {"1": 99, "2": DOG}), "the unknown class 99"),
    "no class": (
        of_walk("track_category_ids", {"2": DOG}),
        "track 1, is not in track_category_ids",
    ),
    "a video twice": (
        lambda content: content["sequences"].append(content["sequences"][0]),
        "AVA/walk twice",
    ),
    "nothing that counts": (of_walk("segmentations", [{}, {}]), "no object of a class"),
    "no split": (lambda content: content.pop("split"), "no 'split'"),
}


@pytest.mark.parametrize("name", WRONG_TRUTHS)
def test_wrong_ground_truth_is_refused(tmp_path: Path, name: str) -> None:
    change, words = WRONG_TRUTHS[name]
    right = truth()
    change(right)
    with pytest.raises(DataError) as caught:
        evaluated(tmp_path, right, perfect())
    assert words in str(caught.value) and "all_classes.json" in str(caught.value)
