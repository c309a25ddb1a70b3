"""Predictions are checked against the release and packed the same way every time."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError, OutputError
from vidseg.evaluation.submissions.archive import Entry, write_archive
from vidseg.evaluation.submissions.archive_layouts import LAYOUTS
from vidseg.evaluation.submit import submit
from vidseg.results import encode_rle
from vidseg.video.colors import davis_palette

SIZE = (6, 8)
FRAMES = ("00000", "00005", "00010")
VIDEOS = ("bear", "cat")
MASK_BENCHMARKS = tuple(name for name, each in LAYOUTS.items() if each.shape == "masks")


def picture(path: Path, size: tuple[int, int] = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size[::-1], (9, 9, 9)).save(path)


def label(path: Path, value: int, mode: str = "P", size: tuple[int, int] = SIZE) -> None:
    """A map with one object of two pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros(size, dtype=np.uint8)
    values[1, 2:4] = value
    if mode == "RGB":
        Image.fromarray(np.stack([values] * 3, axis=-1)).save(path)
        return
    image = Image.fromarray(values)
    if mode == "P":
        image.putpalette(davis_palette().tobytes())
    image.save(path)


def dump(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def rle(size: tuple[int, int] = SIZE) -> Any:
    mask = np.zeros(size, dtype=np.bool_)
    mask[1, 2:4] = True
    return encode_rle(mask)


def write_truth(name: str, root: Path) -> None:
    """The part of a release that tells what is asked for."""
    if LAYOUTS[name].shape == "results":
        files = [f"v/{frame}.jpg" for frame in FRAMES]
        row = {"height": SIZE[0], "width": SIZE[1], "file_names": files, "length": len(files)}
        videos = [{"id": 1, **row}, {"id": 2, **row}]
        dump(root / "valid.json", {"videos": videos, "categories": [{"id": 3, "name": "dog"}]})
    elif name == "burst":
        rows = [burst_row(video) for video in VIDEOS]
        dump(root / "test" / "all_classes.json", {"sequences": rows, "split": "test"})
    elif name == "vipseg":
        images = [{"id": f, "file_name": f"{f}.png", "width": 8, "height": 6} for f in FRAMES]
        videos = [{"video_id": video, "images": images} for video in VIDEOS]
        dump(root / "panoptic_gt_VIPSeg_test.json", {"videos": videos})
        write_pictures(root / "images")
    elif name == "vspw":
        for video in VIDEOS:
            write_pictures(root / "data" / video, ("origin",))
        (root / "test.txt").write_text("bear\ncat\n")
    elif name == "kitti_step":
        write_pictures(root / "images" / "test")
    elif name.startswith("davis") or name == "ref_davis":
        write_pictures(root / "JPEGImages" / "480p")
        for video in VIDEOS:
            label(root / "Annotations" / "480p" / video / "00000.png", 2)
        year = "2016" if name == "davis2016" else "2017"
        listing = root / "ImageSets" / year / f"{LAYOUTS[name].splits[0]}.txt"
        listing.parent.mkdir(parents=True)
        listing.write_text("bear\ncat\n")
    elif name == "ref_youtube_vos":
        about = {"frames": list(FRAMES), "expressions": {"0": {"exp": "a"}, "1": {"exp": "b"}}}
        hidden = {"videos": {"secret": about}}
        shown = {"videos": {**dict.fromkeys(VIDEOS, about), **hidden["videos"]}}
        dump(root / "meta_expressions" / "valid" / "meta_expressions.json", shown)
        dump(root / "meta_expressions" / "test" / "meta_expressions.json", hidden)
        write_pictures(root / "valid" / "JPEGImages")
    else:
        write_pictures(root / "JPEGImages")
        for video in VIDEOS:
            label(root / "Annotations" / video / "00000.png", 2)
        if name == "youtube_vos":
            objects = {"2": {"category": "dog", "frames": list(FRAMES)}}
            dump(root / "meta.json", {"videos": {video: {"objects": objects} for video in VIDEOS}})
        if name == "viposeg":
            dump(root / "obj_class.json", {video: {"2": 5} for video in VIDEOS})


def write_pictures(root: Path, videos: tuple[str, ...] = VIDEOS) -> None:
    for video in videos:
        for frame in FRAMES:
            picture(root / video / f"{frame}.jpg")


def burst_row(video: str) -> dict[str, Any]:
    masks = [{"1": {"rle": rle()["counts"]}}, {}]
    return {
        "seq_name": video,
        "dataset": "HACS",
        "width": SIZE[1],
        "height": SIZE[0],
        "annotated_image_paths": ["a.jpg", "b.jpg"],
        "track_category_ids": {"1": 7},
        "segmentations": masks,
    }


def write_predictions(name: str, root: Path) -> None:
    layout = LAYOUTS[name]
    if layout.shape == "results":
        row = {"category_id": 3, "score": 0.5, "segmentations": [rle(), None, rle()]}
        dump(root / "results.json", [{"video_id": 1, **row}, {"video_id": 2, **row}])
    elif name == "burst":
        dump(root / "results.json", {"sequences": [burst_row(video) for video in VIDEOS]})
    elif name == "vipseg":
        segments = [{"id": 2 * (1 + 256 + 65536), "category_id": 4, "iscrowd": 0, "area": 2}]
        rows = [
            {"image_id": frame, "file_name": f"{frame}.png", "segments_info": segments}
            for frame in FRAMES
        ]
        videos = [{"video_id": video, "annotations": rows} for video in VIDEOS]
        dump(root / "pred.json", {"annotations": videos})
    if layout.shape in ("masks", "panoptic"):
        middle = {"ref_davis": [f"anno_{k}/{{}}" for k in range(4)]}.get(name, ["{}"])
        middle = ["{}/0", "{}/1"] if name == "ref_youtube_vos" else middle
        value = 255 if layout.content in ("binary", "referred") else 2
        for video in VIDEOS:
            for form in middle:
                for frame in FRAMES:
                    file = root / layout.folder / form.format(video) / f"{frame}.png"
                    label(file, value, layout.modes[0])


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, Path]:
    """(benchmark, predictions, release)."""
    name: str = request.param
    write_predictions(name, tmp_path / "pred")
    write_truth(name, tmp_path / "gt")
    return name, tmp_path / "pred", tmp_path / "gt"


EXPECTED = {
    "ytvis2021": ("results.json", 1),
    "ovis": ("results.json", 1),
    "burst": ("results.json", 1),
    "vspw": ("bear/00000.png", 6),
    "vipseg": ("pan_pred/bear/00000.png", 7),
    "viposeg": ("bear/00000.png", 6),
    "kitti_step": ("panoptic_maps/bear/00000.png", 6),
    "davis2016": ("bear/00000.png", 6),
    "davis2017": ("bear/00000.png", 6),
    "davis2017_unsup": ("bear/00000.png", 6),
    "youtube_vos": ("Annotations/bear/00000.png", 6),
    "mose": ("bear/00000.png", 6),
    "ref_davis": ("anno_0/bear/00000.png", 24),
    "ref_youtube_vos": ("Annotations/bear/0/00000.png", 12),
}


@pytest.mark.parametrize("pair", EXPECTED, indirect=True)
def test_clean_predictions_are_packed_in_the_layout(
    pair: tuple[str, Path, Path], tmp_path: Path
) -> None:
    name, predicted, truth = pair
    done = submit(name, predicted, tmp_path / "a.zip", truth=truth)
    assert not list(done.findings)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert {about.date_time[0] for about in archive.infolist()} == {1980}
    assert (names[0], len(names)) == EXPECTED[name]
    assert names == sorted(names) and done.files == len(names)
    assert done.size == (tmp_path / "a.zip").stat().st_size
    submit(name, predicted, tmp_path / "b.zip")  # also without the release, and to the same bytes
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


REFERENCE = {
    "ytvis2019": "mild",
    "ytvis2021": "many",
    "ovis": "heavy_ties",
    "vspw": "mild",
    "vipseg": "heavy",
    "viposeg": "mild",
    "kitti_step": "heavy",
    "davis2016": "osvos",
    "davis2017": "a",
    "davis2017_unsup": "rvos",
    "youtube_vos": "heavy",
    "mose": "mild",
    "ref_davis": "",
    "ref_youtube_vos": "m",
    "burst": "heavy",
}


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_predictions_are_packed(name: str, eval_cases: Path, tmp_path: Path) -> None:
    folder = eval_cases / name
    done = submit(name, folder / "pred" / REFERENCE[name], tmp_path / "a.zip", truth=folder / "gt")
    assert not done.findings.errors and done.files


def test_missing_release_is_said(tmp_path: Path) -> None:
    write_predictions("mose", tmp_path / "pred")
    notes = submit("mose", tmp_path / "pred", tmp_path / "a.zip").notes
    assert any("Without --gt" in note for note in notes)


def sentences(name: str, predicted: Path, truth: Path) -> list[str]:
    archive = predicted.parent / "bad.zip"
    done = submit(name, predicted, archive, truth=truth)
    assert done.findings.errors and not archive.exists()
    return [finding.sentence for finding in done.findings if finding.severity == "error"]


def first_png(predicted: Path) -> Path:
    return sorted(predicted.rglob("*.png"))[0]


MASK_FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing frame": (lambda p: p.unlink(), "lacks 1 of 3 frames: 00000"),
    "damaged": (lambda p: p.write_bytes(p.read_bytes()[:45]), "it breaks off before its end"),
    "empty file": (lambda p: p.write_bytes(b""), "is empty"),
    "other size": (lambda p: label(p, 0, Image.open(p).mode, (6, 9)), "6 x 9 (height x width)"),
    "other mode": (lambda p: Image.new("RGBA", (8, 6)).save(p), "colour mode RGBA"),
    "unknown frame": (lambda p: p.with_name("00001.png").write_bytes(p.read_bytes()), "no frame"),
    "stray file": (lambda p: p.with_name("scores.txt").write_text("1"), "does not belong"),
    "unknown video": (
        lambda p: label(p.parent.with_name("dog") / "0.png", 0, Image.open(p).mode),
        "is nothing that the benchmark asks for",
    ),
}


@pytest.mark.parametrize("fault", MASK_FAULTS)
@pytest.mark.parametrize("pair", MASK_BENCHMARKS, indirect=True)
def test_every_fault_of_a_mask_is_found(pair: tuple[str, Path, Path], fault: str) -> None:
    name, predicted, truth = pair
    plant, words = MASK_FAULTS[fault]
    file = first_png(predicted)
    plant(file)
    told = sentences(name, predicted, truth)
    assert len(told) == 1
    assert words in told[0] and str(file.parent.parent) in told[0]


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    write_predictions("mose", tmp_path / "pred")
    write_truth("mose", tmp_path / "gt")
    folder = tmp_path / "pred" / "cat"
    for fault, frame in zip(("damaged", "other size", "other mode"), FRAMES, strict=True):
        MASK_FAULTS[fault][0](folder / f"{frame}.png")
    (folder / "notes.txt").write_text("1")
    shutil.rmtree(tmp_path / "pred" / "bear")
    told = sentences("mose", tmp_path / "pred", tmp_path / "gt")
    assert len(told) == 5


@pytest.mark.parametrize(
    ("pair", "value", "words"),
    [
        ("youtube_vos", 3, "ids 3; the objects of its video are 2"),
        ("mose", 3, "ids 3; the objects of its video are 2"),
        ("viposeg", 3, "ids 3; the objects of its video are 2"),
        ("davis2017", 3, "ids 3; the objects of its video are 1, 2"),
        ("davis2017_unsup", 21, "ids 21; at most 20"),
        ("ref_davis", 21, "ids 21; at most 20"),
        ("ref_youtube_vos", 1, "values 1; 0 and 255"),
        ("vspw", 124, "values 124; classes are 0 to 123"),
        ("kitti_step", 19, "classes 19 in its red channel"),
    ],
    indirect=["pair"],
)
def test_values_that_mean_nothing(pair: tuple[str, Path, Path], value: int, words: str) -> None:
    name, predicted, truth = pair
    file = first_png(predicted)
    label(file, value, LAYOUTS[name].modes[0])
    (told,) = sentences(name, predicted, truth)
    assert words in told and str(file) in told


def test_two_foregrounds_of_davis2016(tmp_path: Path) -> None:
    write_predictions("davis2016", tmp_path / "pred")
    values = np.zeros(SIZE, dtype=np.uint8)
    values[0, :2] = 1, 2
    Image.fromarray(values).save(tmp_path / "pred" / "bear" / "00000.png")
    done = submit("davis2016", tmp_path / "pred", tmp_path / "a.zip")
    assert "values 1, 2; 0 and one other" in next(iter(done.findings)).sentence


@pytest.mark.parametrize("pair", ["mose"], indirect=True)
def test_frames_before_the_first_object_may_be_left_out(pair: tuple[str, Path, Path]) -> None:
    name, predicted, truth = pair
    (truth / "Annotations" / "cat" / "00000.png").rename(
        truth / "Annotations" / "cat" / "00005.png"
    )
    (predicted / "cat" / "00000.png").unlink()
    assert submit(name, predicted, predicted.parent / "a.zip", truth=truth).files == 5


@pytest.mark.parametrize("pair", ["mose"], indirect=True)
def test_links_out_of_the_folder_are_refused(pair: tuple[str, Path, Path]) -> None:
    name, predicted, truth = pair
    outside = predicted.parent / "outside.png"
    file = first_png(predicted)
    file.rename(outside)
    file.symlink_to(outside)
    told = sentences(name, predicted, truth)
    assert any("a link to a place outside" in sentence for sentence in told)


@pytest.mark.parametrize("pair", ["mose"], indirect=True)
def test_links_to_themselves_are_files_that_cannot_be_read(pair: tuple[str, Path, Path]) -> None:
    name, predicted, truth = pair
    file = first_png(predicted)
    file.unlink()
    file.symlink_to(file)
    assert any(file.name in sentence for sentence in sentences(name, predicted, truth))


def edit(key: str, value: Any) -> Callable[[Any], None]:
    return lambda rows: rows[1].__setitem__(key, value)


RESULT_FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "score": (edit("score", float("nan")), "the score nan"),
    "infinite score": (edit("score", float("inf")), "the score inf"),
    "score in words": (edit("score", "high"), "the score 'high'"),
    "video": (edit("video_id", 9), "of video 9"),
    "video in words": (edit("video_id", "2"), "no whole number"),
    "category": (edit("category_id", 4), "the category_id 4"),
    "length": (edit("segmentations", [None]), "has 1 segmentations, its video 3 frames"),
    "no list": (edit("segmentations", {}), "no list"),
    "size": (edit("segmentations", [rle((8, 6)), None, None]), "size 8 x 6 (height x width)"),
    "runs": (
        edit("segmentations", [{"size": list(SIZE), "counts": [40, 9]}, None, None]),
        "runs of 49 pixels in all, and 6 x 8 are 48",
    ),
    "text": (
        edit("segmentations", [{"size": list(SIZE), "counts": "o"}, None, None]),
        "no whole run-length string",
    ),
    "key": (lambda rows: rows[1].pop("score"), "lacks score"),
    "row": (lambda rows: rows.insert(1, 7) or rows.pop(2), "lacks video_id"),
}


@pytest.mark.parametrize("fault", RESULT_FAULTS)
@pytest.mark.parametrize("pair", ["ytvis2019", "ovis"], indirect=True)
def test_every_fault_of_a_track_is_found(pair: tuple[str, Path, Path], fault: str) -> None:
    name, predicted, truth = pair
    file = predicted / "results.json"
    rows = json.loads(file.read_text())
    plant, words = RESULT_FAULTS[fault]
    plant(rows)
    dump(file, rows)
    (told,) = sentences(name, predicted, truth)
    assert words in told and str(file) in told and "prediction 1" in told


@pytest.mark.parametrize("text", ["[", "[]", "{}"])
def test_files_without_tracks(tmp_path: Path, text: str) -> None:
    (tmp_path / "pred").mkdir()
    (tmp_path / "pred" / "results.json").write_text(text)
    write_truth("ovis", tmp_path / "gt")
    (told,) = sentences("ovis", tmp_path / "pred", tmp_path / "gt")
    assert "results.json" in told


@pytest.mark.parametrize("pair", ["ovis"], indirect=True)
def test_video_without_a_track_is_allowed_but_said(pair: tuple[str, Path, Path]) -> None:
    name, predicted, truth = pair
    file = predicted / "results.json"
    dump(file, json.loads(file.read_text())[:1])
    done = submit(name, file, predicted.parent / "a.zip", truth=truth / "valid.json")
    (finding,) = done.findings
    assert finding.severity == "warning" and "1 of 2 videos: 2" in finding.sentence
    assert done.files == 1


def segment(records: Any) -> dict[str, Any]:
    row: dict[str, Any] = records["annotations"][0]["annotations"][0]["segments_info"][0]
    return row


PANOPTIC_FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "area": (lambda r: segment(r).update(area=5), "an area of 5, "),
    "class": (lambda r: segment(r).pop("category_id"), "'category_id' of the segment"),
    "frame": (lambda r: r["annotations"][0]["annotations"].pop(0), "is not named in"),
    "form": (lambda r: r.pop("annotations"), "lacks the list"),
}


@pytest.mark.parametrize("fault", PANOPTIC_FAULTS)
@pytest.mark.parametrize("pair", ["vipseg"], indirect=True)
def test_every_fault_of_the_segments_is_found(pair: tuple[str, Path, Path], fault: str) -> None:
    name, predicted, truth = pair
    file = predicted / "pred.json"
    records = json.loads(file.read_text())
    plant, words = PANOPTIC_FAULTS[fault]
    plant(records)
    dump(file, records)
    (told,) = sentences(name, predicted, truth)
    assert words in told and str(file) in told


@pytest.mark.parametrize("pair", ["vipseg"], indirect=True)
def test_ids_in_the_png_or_the_json_alone(pair: tuple[str, Path, Path]) -> None:
    name, predicted, truth = pair
    label(first_png(predicted), 3, "RGB")
    unlisted, unseen = sentences(name, predicted, truth)
    assert f"ids {3 * 65793}, which" in unlisted and f"ids {2 * 65793}, which" in unseen


BURST_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "name": (lambda row: row.update(seq_name="dog"), "HACS/dog, which the benchmark lacks"),
    "track": (
        lambda row: row.update(track_category_ids={}),
        "track 1, is not in track_category_ids",
    ),
    "length": (
        lambda row: row["segmentations"].pop(),
        "1 segmentations and 2 annotated_image_paths",
    ),
    "empty mask": (
        lambda row: row["segmentations"][0]["1"].update(
            rle=encode_rle(np.zeros(SIZE, dtype=np.bool_))["counts"]
        ),
        "an empty mask",
    ),
    "damaged mask": (
        lambda row: row["segmentations"][0]["1"].update(rle="0"),
        "0 pixels in all, and",
    ),
    "score": (lambda row: row["segmentations"][0]["1"].update(score=float("nan")), "score nan"),
    "key": (lambda row: row.pop("width"), "no height and width"),
}


@pytest.mark.parametrize("fault", BURST_FAULTS)
@pytest.mark.parametrize("pair", ["burst"], indirect=True)
def test_every_fault_of_a_sequence_is_found(pair: tuple[str, Path, Path], fault: str) -> None:
    name, predicted, truth = pair
    file = predicted / "results.json"
    content = json.loads(file.read_text())
    plant, words = BURST_FAULTS[fault]
    plant(content["sequences"][1])
    dump(file, content)
    told = sentences(name, predicted, truth)
    assert words in told[0] and str(file) in told[0]
    lost = "name" in fault or "key" in fault  # then the true sequence is missing as well
    assert len(told) == 1 + lost


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    write_predictions("mose", tmp_path / "pred")
    archive = tmp_path / "a.zip"
    with pytest.raises(DataError, match="nearest is mose"):
        submit("mos", tmp_path / "pred", archive)
    with pytest.raises(DataError, match="no predictions at"):
        submit("mose", tmp_path / "other", archive)
    with pytest.raises(DataError, match=r"no folder .*gone"):
        submit("mose", tmp_path / "pred", archive, truth=tmp_path / "gone")
    with pytest.raises(DataError, match="neither JPEGImages"):
        submit("mose", tmp_path / "pred", archive, truth=tmp_path)
    with pytest.raises(DataError, match=r"val\.txt"):
        submit("davis2017", tmp_path / "pred", archive, truth=tmp_path)
    with pytest.raises(OutputError, match="among the predictions"):
        submit("mose", tmp_path / "pred", tmp_path / "pred" / "a.zip")
    with pytest.raises(OutputError, match="is a folder"):
        submit("mose", tmp_path / "pred", tmp_path)


def test_names_that_leave_the_archive(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(b"1")
    for name in ("../x.png", "/x.png", "a/../../x.png", "a\\x.png", ""):
        with pytest.raises(DataError, match="outside of the archive"):
            write_archive(tmp_path / "a.zip", [Entry(name, file)])
    assert not (tmp_path / "a.zip").exists()


def test_an_archive_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"old")
    with pytest.raises(DataError, match="cannot be read"):
        write_archive(tmp_path / "a.zip", [Entry("x.png", tmp_path / "gone.png")])
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == b"old"
