"""YouTube-VIS and OVIS: the official numbers, hand-worked files, and what is refused."""

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

SIZE = [2, 3]
LEFT, MIDDLE, RIGHT = (rle(np.arange(3) == column, rows=2) for column in range(3))
BOTH = rle(np.arange(3) < 2, rows=2)


def truth() -> dict[str, Any]:
    """Two videos of two frames; a class 4 object moves right in the first one."""
    videos = [
        {"id": id, "width": 3, "height": 2, "length": 2, "file_names": [f"{n}/0.jpg", f"{n}/1.jpg"]}
        for id, n in ((8, "eight"), (5, "five"))
    ]
    track = {
        "id": 1,
        "video_id": 8,
        "category_id": 4,
        "iscrowd": 0,
        "segmentations": copy.deepcopy([LEFT, MIDDLE]),
        "areas": [2, 2],
    }
    return {
        "videos": videos,
        "categories": [{"id": 4, "name": "cat"}, {"id": 9, "name": "dog"}],
        "annotations": [track],
    }


def predictions() -> list[dict[str, Any]]:
    """4 pixels shared, 2 more predicted: IoU 4 / 6."""
    return [
        {"video_id": 8, "category_id": 4, "score": 0.5, "segmentations": [BOTH, MIDDLE]},
        {"video_id": 8, "category_id": 9, "score": 0.9, "segmentations": [None, LEFT]},
    ]


def evaluated(
    folder: Path,
    right: Any,
    said: Any,
    benchmark: str = "ytvis2021",
    protocol: str = "official",
    workers: int = 1,
) -> Report:
    write(folder / "gt" / "instances.json", right)
    write(folder / "pred" / "results.json", said)
    opened = get_benchmark(benchmark).open(folder / "gt", folder / "pred", protocol)
    return run(opened, workers=workers)


@pytest.mark.parametrize("name", ["ytvis2019", "ytvis2021", "ovis"])
def test_official_numbers(eval_cases: Path, name: str) -> None:
    folder = eval_cases / name
    recorded = json.loads((folder / "expected.json").read_text())["results"]
    for variant, figures in recorded.items():
        opened = get_benchmark(name).open(folder / "gt", folder / "pred" / variant, "official")
        equal(dict(run(opened).figures), figures, f"{name} {variant}")


def test_by_hand(tmp_path: Path) -> None:
    """IoU 2/3 reaches 0.50, 0.55, 0.60 and 0.65: AP is 4/10, all in the range of small tracks."""
    report = evaluated(tmp_path, truth(), predictions())
    figures = report.figures
    assert figures["AP"] == pytest.approx(0.4) and figures["AP_small"] == pytest.approx(0.4)
    assert figures["AP50"] == pytest.approx(1.0)
    assert (figures["AP75"], figures["AP_large"]) == (0.0, -1.0)
    assert figures["AR1"] == pytest.approx(0.4)
    assert figures["AP_per_category"] == {"4": pytest.approx(0.4)}
    assert report.classes["cat"]["AP50"] == figures["AP50"] and "dog" not in report.classes
    assert report.videos["eight"]["best_iou"] == pytest.approx(2 / 3)
    assert np.isnan(report.videos["five"]["best_iou"]) and list(report.videos) == ["five", "eight"]
    assert report.curves[0].y == pytest.approx(np.array([1.0] * 4 + [0.0] * 6))
    assert any("1 of 2 videos have no prediction" in note for note in report.notes)


def test_uncompressed_runs_and_files_named_directly(tmp_path: Path) -> None:
    right = truth()
    right["annotations"][0]["segmentations"] = [
        {"size": SIZE, "counts": [0, 2, 4]},
        {"size": SIZE, "counts": [2, 2, 2]},
    ]
    gt = write(tmp_path / "a.json", right)
    pred = write(tmp_path / "b.json", predictions())
    report = run(get_benchmark("ovis").open(gt, pred, "official"))
    assert report.figures["AP"] == pytest.approx(0.4)


def test_several_processes_give_the_same(tmp_path: Path) -> None:
    one = evaluated(tmp_path, truth(), predictions())
    two = evaluated(tmp_path, truth(), predictions(), workers=2)
    assert one.figures == two.figures and one.notes == two.notes


def test_frames_to_look_at(tmp_path: Path) -> None:
    """The weaker prediction lies below; one of less than half the best score is not drawn."""
    said = [*predictions(), {**predictions()[0], "score": 0.2}]
    gt, pred = write(tmp_path / "gt.json", truth()), write(tmp_path / "pred.json", said)
    opened = get_benchmark("ytvis2019").open(gt, pred, "official")
    frames = list(opened.compare("eight"))
    assert [frame.name for frame in frames] == ["0", "1"] and not frames[0].same_ids
    assert frames[0].truth.tolist() == [[1, 0, 0]] * 2
    assert frames[0].predicted.tolist() == [[1, 1, 0]] * 2
    assert frames[1].predicted.tolist() == [[2, 1, 0]] * 2


Change = Callable[[Any], Any]


def setting(*path: Any) -> Change:
    """Puts the last value at the place that the others name."""

    def change(content: Any) -> Any:
        at = content
        for key in path[:-2]:
            at = at[key]
        at[path[-2]] = path[-1]
        return content

    return change


def without(*path: Any) -> Change:
    def change(content: Any) -> Any:
        at = content
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]
        return content

    return change


def doubled(row: int, **changes: Any) -> Change:
    return lambda content: [*content, {**content[row], **changes}]


WRONG_PREDICTIONS: dict[str, tuple[Change, str]] = {
    "unknown video": (setting(1, "video_id", 77), "prediction 1 is of video 77"),
    "unknown category": (setting(1, "category_id", 77), "prediction 1 has the category_id 77"),
    "no score": (without(0, "score"), "prediction 0 lacks score"),
    "NaN score": (setting(0, "score", float("nan")), "prediction 0 has the score nan"),
    "worded score": (setting(0, "score", "high"), "prediction 0 has the score 'high'"),
    "yes for a score": (setting(0, "score", True), "prediction 0 has the score True"),
    "video as text": (setting(0, "video_id", "8"), "whole number"),
    "other size": (setting(0, "segmentations", 1, "size", [3, 2]), "frame 1, has the size"),
    "runs of another size": (
        setting(0, "segmentations", 1, "counts", rle(np.ones(4, bool))["counts"]),
        "prediction 0, frame 1: the mask has runs of 4 pixels",
    ),
    "broken runs": (setting(0, "segmentations", 0, "counts", "§§"), "frame 0: the mask is no"),
    "runs of another kind": (
        setting(0, "segmentations", 0, "counts", 5),
        "frame 0: the mask is no",
    ),
    "polygons": (setting(0, "segmentations", 0, [[0, 0, 1, 1]]), "no run-length mask"),
    "a frame too few": (setting(0, "segmentations", [None]), "1 segmentations"),
    "a frame too many": (setting(0, "segmentations", [None] * 3), "3 segmentations"),
    "no masks": (without(0, "segmentations"), "prediction 0 lacks segmentations"),
    "an id twice": (
        lambda rows: [{**row, "id": 3} for row in rows],
        "prediction 1 has the id 3, as another one",
    ),
    "a track twice": (
        lambda rows: doubled(0, track_id=6)(setting(0, "track_id", 6)(rows)),
        "has the track_id 6, as another one",
    ),
    "not rows": (lambda rows: [1, 2], "prediction 0 lacks video_id"),
    "nothing": (lambda rows: [], "no prediction at all"),
    "an object": (lambda rows: {"annotations": rows}, "no list of predictions"),
}


@pytest.mark.parametrize("name", WRONG_PREDICTIONS)
def test_wrong_predictions_are_refused(tmp_path: Path, name: str) -> None:
    change, words = WRONG_PREDICTIONS[name]
    with pytest.raises(DataError) as caught:
        evaluated(tmp_path, truth(), change(copy.deepcopy(predictions())))
    assert words in str(caught.value) and "results.json" in str(caught.value)


def test_one_track_may_have_several_classes(tmp_path: Path) -> None:
    said = doubled(0, track_id=6, category_id=9)(setting(0, "track_id", 6)(predictions()))
    assert evaluated(tmp_path, truth(), said).figures["AP"] == pytest.approx(0.4)


WRONG_TRUTHS: dict[str, tuple[Change, str]] = {
    "no videos": (setting("videos", []), "is of video 8"),
    "a video twice": (setting("videos", 1, "id", 8), "video id 8 twice"),
    "a category twice": (setting("categories", 1, "id", 4), "category id 4 twice"),
    "length": (setting("videos", 0, "length", 3), "length 3 and 2 file_names"),
    "no frames": (setting("videos", 0, "file_names", []), "no frame"),
    "id 0": (setting("annotations", 0, "id", 0), "annotation id 0"),
    "an id twice": (
        lambda content: {**content, "annotations": content["annotations"] * 2},
        "annotation id 1 twice",
    ),
    "areas": (setting("annotations", 0, "areas", [2]), "1 areas, its video 2 frames"),
    "area as text": (setting("annotations", 0, "areas", ["2", 2]), "no number"),
    "unknown category": (setting("annotations", 0, "category_id", 5), "category_id 5"),
    "broken runs": (
        setting("annotations", 0, "segmentations", 0, "counts", "1"),
        "annotation 1, frame 0: the mask has runs of 1 pixels",
    ),
}


@pytest.mark.parametrize("name", WRONG_TRUTHS)
def test_wrong_ground_truth_is_refused(tmp_path: Path, name: str) -> None:
    change, words = WRONG_TRUTHS[name]
    with pytest.raises(DataError) as caught:
        evaluated(tmp_path, change(truth()), predictions())
    assert words in str(caught.value) and "instances.json" in str(caught.value)


def test_folders_without_the_one_file(tmp_path: Path) -> None:
    gt, pred = write(tmp_path / "gt.json", truth()), tmp_path / "pred"
    ytvis = get_benchmark("ytvis2021")
    with pytest.raises(DataError, match="does not exist"):
        ytvis.open(gt, pred, "official")
    pred.mkdir()
    with pytest.raises(DataError, match="holds no JSON file"):
        ytvis.open(gt, pred, "official")
    write(pred / "a.json", predictions()), write(pred / "b.json", predictions())
    with pytest.raises(DataError, match=r"several JSON files \(a.json, b.json\)"):
        ytvis.open(gt, pred, "official")
    (pred / "a.json").write_text(json.dumps(predictions())[:-20])
    with pytest.raises(DataError, match=r"Cannot read .*a\.json"):
        ytvis.open(gt, pred / "a.json", "official")


def long_and_short(folder: Path, long_id: int = 30) -> None:
    """The long video is tracked perfectly, the short one with an IoU of 2/3."""
    right = truth()
    write(folder / "gt" / "valid_short.json", right)
    right["videos"] = [{**right["videos"][0], "id": long_id}]
    right["annotations"] = [{**right["annotations"][0], "video_id": long_id}]
    write(folder / "gt" / "valid_long.json", right)
    perfect = {**predictions()[0], "video_id": long_id, "segmentations": [LEFT, MIDDLE]}
    write(folder / "pred" / "results.json", [*predictions(), perfect])


def test_long_and_short_videos(tmp_path: Path) -> None:
    long_and_short(tmp_path)
    ytvis = get_benchmark("ytvis2022")
    reports = {
        protocol: run(ytvis.open(tmp_path / "gt", tmp_path / "pred", protocol))
        for protocol in ytvis.protocols
    }
    both = reports["long_short"].figures
    assert both["AP"] == pytest.approx((0.4 + 1.0) / 2)
    assert both["short"]["AP"] == pytest.approx(0.4) and both["long"]["AP"] == pytest.approx(1.0)
    assert reports["long"].figures["AP"] == pytest.approx(1.0)
    assert reports["short"].figures == both["short"]
    # As one set: up to 0.65 both are found, above only the one of the long video, which has the
    # same score and the larger id: precision 1/2 up to recall 1/2.
    assert reports["all"].figures["AP"] == pytest.approx(0.4 + 0.6 * 51 / 101 / 2)
    assert "2 predictions are of videos of the other set" in " ".join(reports["long"].notes)


def test_one_file_of_2022_is_one_set(tmp_path: Path) -> None:
    report = evaluated(tmp_path, truth(), predictions(), "ytvis2022", "all")
    assert report.figures["AP"] == pytest.approx(0.4)
    with pytest.raises(DataError, match="choose the protocol 'all'"):
        evaluated(tmp_path, truth(), predictions(), "ytvis2022", "long_short")


def test_a_video_in_both_sets_is_refused(tmp_path: Path) -> None:
    long_and_short(tmp_path, long_id=8)
    with pytest.raises(DataError, match="video id 8"):
        get_benchmark("ytvis2022").open(tmp_path / "gt", tmp_path / "pred", "all")
