"""The forms that a layout may take beside the one that layouts.py writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.sources.registry import open_dataset
from vidseg.formats.layouts import vipseg
from vidseg.geometry.masks import decode_rle
from vidseg.labels import LabelTrack, Sentence

from ..layouts import write_layout


def move(folder: Path, old: str, new: str) -> None:
    (folder / new).parent.mkdir(parents=True, exist_ok=True)
    (folder / old).rename(folder / new)


@pytest.mark.parametrize("place", ["instances.json", "annotations/train.json", "train.json"])
def test_youtube_vis_file_elsewhere(place: str, tmp_path: Path) -> None:
    write_layout("ytvis2021", tmp_path)
    move(tmp_path, "train/instances.json", place)
    if place == "instances.json":  # a folder of one split
        move(tmp_path, "train/JPEGImages", "JPEGImages")
    source = open_dataset("ytvis2021", tmp_path)
    assert source.picture(1, 3).shape == (24, 32, 3)


@pytest.mark.parametrize("annotations", [None, []])
def test_youtube_vis_valid_is_not_labelled(annotations: object, tmp_path: Path) -> None:
    write_layout("ytvis2019", tmp_path)
    content = json.loads((tmp_path / "train.json").read_text())
    content["annotations"] = annotations
    (tmp_path / "valid.json").write_text(json.dumps(content))
    source = open_dataset("ytvis2019", tmp_path, "valid")
    assert source.tracks(0) == ()
    assert source.labels(0, 0) is None
    assert source.labelled(0) == (False,) * 4
    assert source.videos[0].frames == ("00000", "00005", "00010", "00015")


def test_youtube_vis_run_lengths_as_lists_and_empty_masks(tmp_path: Path) -> None:
    # 24 · 32 = 768 pixels down the columns: 25 of background, then 2 of the object.
    write_layout("ytvis2021", tmp_path)
    path = tmp_path / "train/instances.json"
    content = json.loads(path.read_text())
    masks = content["annotations"][0]["segmentations"]
    masks[0] = {"size": [24, 32], "counts": [25, 2, 741]}
    masks[1] = {"size": [24, 32], "counts": [768]}
    path.write_text(json.dumps(content))
    source = open_dataset("ytvis2021", tmp_path)
    labels = source.labels(0, 0)
    assert labels is not None
    assert np.argwhere(decode_rle(labels.masks[1])).tolist() == [[1, 1], [2, 1]]
    empty = source.labels(0, 1)
    assert empty is not None
    assert 1 not in empty.masks


def test_davis_2016_lists_are_paths(tmp_path: Path) -> None:
    write_layout("davis2016", tmp_path)
    shutil.rmtree(tmp_path / "ImageSets")
    lines = [
        f"/JPEGImages/480p/swan/{t:05d}.jpg /Annotations/480p/swan/{t:05d}.png" for t in (0, 1)
    ]
    (tmp_path / "ImageSets/480p").mkdir(parents=True)
    (tmp_path / "ImageSets/480p/trainval.txt").write_text("\n".join(lines))
    source = open_dataset("davis2016", tmp_path, "trainval")
    assert [video.name for video in source.videos] == ["swan"]


@pytest.mark.parametrize("resolution", ["Full-Resolution", "1080p"])
def test_davis_of_full_size(resolution: str, tmp_path: Path) -> None:
    write_layout("davis2017", tmp_path)
    move(tmp_path, "Annotations/480p", f"Annotations/{resolution}")
    move(tmp_path, "JPEGImages/480p", f"JPEGImages/{resolution}")
    source = open_dataset("davis2017", tmp_path, "val")
    assert len(source.tracks(0)) == 2
    assert source.picture(0, 0).shape == (24, 32, 3)


def test_davis_2016_takes_all_objects_of_davis_2017_as_one(tmp_path: Path) -> None:
    known = write_layout("davis2017", tmp_path)
    source = open_dataset("davis2016", tmp_path)
    labels = source.labels(0, 0)
    assert labels is not None
    both = known["bear"].masks["00000"]
    assert source.tracks(0) == (LabelTrack(1),)
    np.testing.assert_array_equal(decode_rle(labels.masks[1]), both[1] | both[2])


def test_davis_test_videos_are_labelled_in_their_first_frame(tmp_path: Path) -> None:
    write_layout("davis2017", tmp_path)
    for t in (1, 2, 3):
        (tmp_path / f"Annotations/480p/swan/{t:05d}.png").unlink()
    (tmp_path / "ImageSets/2017/test-dev.txt").write_text("swan\n")
    source = open_dataset("davis2017", tmp_path, "test-dev")
    assert source.labelled(0) == (True, False, False, False)
    assert source.labels(0, 1) is None
    assert source.labels(0, 0) is not None


@pytest.mark.parametrize("layout", ["davis2017", "youtube_vos", "vspw", "kitti_step", "viposeg"])
def test_ground_truth_alone_tells_its_frames(layout: str, tmp_path: Path) -> None:
    known = write_layout(layout, tmp_path)
    for folder in [p for n in ("JPEGImages", "images", "origin") for p in tmp_path.rglob(n)]:
        shutil.rmtree(folder)
    source = open_dataset(layout, tmp_path)
    for video, about in zip(source.videos, known.values(), strict=True):
        assert video.frames == about.frames
    assert source.labels(0, 0) is not None


def test_youtube_vos_valid_shows_objects_as_they_enter(tmp_path: Path) -> None:
    write_layout("youtube_vos", tmp_path)
    move(tmp_path, "train", "valid")
    folder = tmp_path / "valid/Annotations/0043f083b5"  # where object 2 enters in the third frame
    for frame in ("00005", "00015"):
        (folder / f"{frame}.png").unlink()
    with Image.open(folder / "00010.png") as image:
        values = np.array(image)
    Image.fromarray(np.where(values == 2, 2, 0).astype(np.uint8)).save(folder / "00010.png")
    source = open_dataset("youtube_vos", tmp_path, "valid")
    assert [track.id for track in source.tracks(1)] == [1, 2]
    assert source.labelled(1) == (True, False, True, False)
    first, third = source.labels(1, 0), source.labels(1, 2)
    assert first is not None and third is not None
    assert set(first.masks) == {1}
    assert set(third.masks) == {2}


def test_a_folder_of_one_split_opens_itself(tmp_path: Path) -> None:
    for layout, inside in (("mosev2", "train"), ("viposeg", "valid"), ("youtube_vos", "train")):
        known = write_layout(layout, tmp_path / layout)
        source = open_dataset(layout, tmp_path / layout / inside)
        assert [video.name for video in source.videos] == list(known)


def test_mose_without_meta_has_the_objects_of_its_maps(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    (tmp_path / "meta_train.json").unlink()
    assert open_dataset("mose", tmp_path).tracks(1) == (LabelTrack(1), LabelTrack(2))


def test_mose_meta_may_name_classes(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    path = tmp_path / "meta_train.json"
    content = json.loads(path.read_text())
    content["videos"]["00a1"]["objects"] = {"1": {"category": "pig"}, "2": {"category": "cow"}}
    path.write_text(json.dumps(content))
    source = open_dataset("mose", tmp_path)
    assert [(c.id, c.name) for c in source.categories] == [(1, "cow"), (2, "pig")]
    assert source.tracks(0) == (LabelTrack(1, 2), LabelTrack(2, 1))
    assert source.tracks(1) == (LabelTrack(1), LabelTrack(2))


def test_viposeg_train_has_its_maps_in_annotations(tmp_path: Path) -> None:
    known = write_layout("viposeg", tmp_path)
    move(tmp_path, "valid", "train")
    shutil.rmtree(tmp_path / "train/Annotations")
    move(tmp_path, "train/Annotations_gt", "train/Annotations")
    source = open_dataset("viposeg", tmp_path, "train")
    assert [video.name for video in source.videos] == list(known)
    assert source.labelled(0) == (True,) * 4


def test_vipseg_takes_a_missing_list_from_the_package(tmp_path: Path) -> None:
    known = list(write_layout("vipseg_released", tmp_path))
    for split in ("train", "val"):
        (tmp_path / f"{split}.txt").unlink()
    lists = vipseg.split_list(tmp_path, "val").parent
    names = {s: (lists / f"vipseg_{s}.txt").read_text().split() for s in ("train", "val", "test")}
    assert {split: len(found) for split, found in names.items()} == {
        "train": 2806, "val": 343, "test": 387,
    }  # fmt: skip
    assert len(set().union(*names.values())) == 2806 + 343 + 387
    for name in names["val"]:
        (tmp_path / "panomasks" / name).mkdir(exist_ok=True)
        (tmp_path / "imgs" / name).mkdir(exist_ok=True)
        (tmp_path / "imgs" / name / "00000000.jpg").touch()
    source = open_dataset("vipseg", tmp_path, "val")
    assert len(source.videos) == 343
    assert known[1] in {video.name for video in source.videos}


def test_vipseg_split_of_the_file_of_all(tmp_path: Path) -> None:
    known = list(write_layout("vipseg", tmp_path))
    for split in ("train", "val"):
        (tmp_path / f"panoptic_gt_VIPSeg_{split}.json").unlink()
    source = open_dataset("vipseg", tmp_path, "val")
    assert [video.name for video in source.videos] == known[1:]


def test_vipseg_test_has_pictures_alone(tmp_path: Path) -> None:
    write_layout("vipseg", tmp_path)
    picture = next((tmp_path / "images").rglob("*.jpg"))
    (tmp_path / "images/x_y").mkdir()
    shutil.copy(picture, tmp_path / "images/x_y/00000000.jpg")
    (tmp_path / "test.txt").write_text("x_y\n")
    source = open_dataset("vipseg", tmp_path, "test")
    assert source.labels(0, 0) is None
    assert source.tracks(0) == ()


def test_kitti_tracking_keeps_pictures_in_its_own_folders(tmp_path: Path) -> None:
    write_layout("kitti_step", tmp_path)
    move(tmp_path, "images/val", "training/image_02")
    (tmp_path / "images").rmdir()
    shutil.copytree(tmp_path / "training/image_02/0002", tmp_path / "testing/image_02/0028")
    assert open_dataset("kitti_step", tmp_path, "val").picture(1, 2).shape == (24, 32, 3)
    test = open_dataset("kitti_step", tmp_path, "test")
    assert [video.name for video in test.videos] == ["0028"]
    assert test.labels(0, 0) is None


def test_burst_scores_of_masks_that_nobody_drew(tmp_path: Path) -> None:
    write_layout("burst", tmp_path)
    path = tmp_path / "annotations/val/all_classes.json"
    content = json.loads(path.read_text())
    row = content["sequences"][0]["segmentations"][0]
    row["1"] |= {"is_gt": False, "score": 0.25}
    row["2"] |= {"is_gt": True, "score": 0.5}
    path.write_text(json.dumps(content))
    labels = open_dataset("burst", tmp_path).labels(0, 0)
    assert labels is not None
    assert labels.scores == {1: 0.25}


def test_ref_youtube_vos_valid_is_without_test(tmp_path: Path) -> None:
    write_layout("ref_youtube_vos", tmp_path)
    move(tmp_path, "train", "valid")
    shutil.rmtree(tmp_path / "valid/Annotations")
    folder = tmp_path / "meta_expressions"
    move(tmp_path, "meta_expressions/train", "meta_expressions/valid")
    content = json.loads((folder / "valid/meta_expressions.json").read_text())
    for video in content["videos"].values():
        for expression in video["expressions"].values():
            del expression["obj_id"]
    (folder / "valid/meta_expressions.json").write_text(json.dumps(content))
    del content["videos"]["003234408d"]
    (folder / "test").mkdir()
    (folder / "test/meta_expressions.json").write_text(json.dumps(content))
    source = open_dataset("ref_youtube_vos", tmp_path, "valid")
    assert [video.name for video in source.videos] == ["003234408d"]
    assert source.labels(0, 0) is None
    assert source.sentences(0)[0] == Sentence("0", "the red square", ())
    assert source.picture(0, 3).shape == (24, 32, 3)


def test_ref_youtube_vos_classes_come_from_meta(tmp_path: Path) -> None:
    write_layout("ref_youtube_vos", tmp_path)
    objects = {"objects": {"1": {"category": "ape"}, "2": {"category": "ape"}}}
    meta = {"videos": dict.fromkeys(("003234408d", "0043f083b5", "other"), objects)}
    (tmp_path / "train/meta.json").write_text(json.dumps(meta))
    source = open_dataset("ref_youtube_vos", tmp_path)
    assert source.tracks(0) == (LabelTrack(1, 1), LabelTrack(2, 1))
    assert len(source.videos) == 2


def test_ref_davis_in_the_form_of_ref_youtube_vos(tmp_path: Path) -> None:
    """Both forms number the sentences alike."""
    known = write_layout("ref_davis", tmp_path / "raw")
    videos = {}
    for name, about in known.items():
        for kind, folder in (("JPEGImages",) * 2, ("Annotations_unsupervised", "Annotations")):
            shutil.copytree(
                tmp_path / "raw/DAVIS" / kind / "480p" / name,
                tmp_path / "new/valid" / folder / name,
            )
        expressions = {s.name: {"exp": s.text, "obj_id": s.track_ids[0]} for s in about.sentences}
        videos[name] = {"expressions": expressions, "frames": list(about.frames)}
    place = tmp_path / "new/meta_expressions/valid"
    place.mkdir(parents=True)
    (place / "meta_expressions.json").write_text(json.dumps({"videos": videos}))
    raw, new = (
        open_dataset("ref_davis", tmp_path / "raw"),
        open_dataset("ref_davis", tmp_path / "new"),
    )
    for number in range(2):
        assert raw.sentences(number) == new.sentences(number)
        assert raw.tracks(number) == new.tracks(number)
        first, second = raw.labels(number, 0), new.labels(number, 0)
        assert first is not None and second is not None
        assert (first.masks, first.void) == (second.masks, second.void)


def test_ref_davis_mends_names_and_reads_latin_1(tmp_path: Path) -> None:
    write_layout("ref_davis", tmp_path)
    for kind in ("JPEGImages", "Annotations_unsupervised"):
        move(tmp_path, f"DAVIS/{kind}/480p/swan", f"DAVIS/{kind}/480p/dogs-scale")
    texts = tmp_path / "davis_text_annotations"
    for path in texts.iterdir():
        path.write_text(path.read_text().replace("swan", "dog-scale"))
    (texts / "Davis17_annot2.txt").write_bytes(b'dog-scale 2 "the caf\xe9  dog"\nbear 1 "bear"\n')
    source = open_dataset("ref_davis", tmp_path)
    assert [video.name for video in source.videos] == ["bear", "dogs-scale"]
    said = {sentence.name: sentence.text for sentence in source.sentences(1)}
    assert said["6"] == "the café dog"  # object 2 (4 · 1), annotator 2 of 0..3
    assert "2" not in said  # nothing was said of object 1 there


def test_ref_davis_valid_is_val_of_davis(tmp_path: Path) -> None:
    write_layout("ref_davis", tmp_path)
    assert [v.name for v in open_dataset("ref_davis", tmp_path, "valid").videos] == ["swan"]


def test_endings_of_pictures_may_be_in_capitals(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    for path in (tmp_path / "train/JPEGImages").rglob("*.jpg"):
        path.rename(path.with_suffix(".JPG"))
    assert open_dataset("mose", tmp_path).picture(0, 3).shape == (24, 32, 3)
