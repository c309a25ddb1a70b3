"""What lies on disk, as the tools expect it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from vidseg.formats.label_files import LABEL_FORMATS, convert
from vidseg.formats.label_files.yolo_files import yolo_names
from vidseg.labels import Category, LabelTrack, VideoInfo

from .made import labels, mask, one_video

SQUARE = mask("....", ".##.", ".##.", "....")
PARTS = mask("#..#", "....", "....", "....")
SIZE = (4, 4)
TRACKS = (LabelTrack(1, 1), LabelTrack(5, 2))
THREE = one_video(
    [labels({1: SQUARE, 5: PARTS}, SIZE), labels({5: PARTS}, SIZE), labels({1: SQUARE}, SIZE)],
    TRACKS,
    name="a/clip",
)


def written(name: str, place: Path, source: Any = THREE, **options: Any) -> Path:
    convert(source, LABEL_FORMATS[name], place / "out", **options)
    return place / "out"


def test_cvat(tmp_path: Path) -> None:
    path = written("cvat", tmp_path) / "a" / "clip" / "annotations.xml"
    root = ElementTree.parse(path).getroot()
    assert root.findtext("version") == "1.1"
    assert root.findtext("meta/task/size") == "3"
    assert root.findtext("meta/task/original_size/width") == "4"
    names = [label.findtext("name") for label in root.findall("meta/task/labels/label")]
    assert names == ["cat", "dog, small", "unused"]
    told = [
        (
            track.get("label"),
            track.get("group_id"),
            shape.tag,
            *map(shape.get, ("frame", "outside")),
        )
        for track in root.findall("track")
        for shape in track
    ]
    # one ring on each frame: a track of polygons, out of sight on frame 1; two parts: masks
    assert told == [
        ("cat", "1", "polygon", "0", "0"),
        ("cat", "1", "polygon", "1", "1"),
        ("cat", "1", "polygon", "2", "0"),
        ("dog, small", "5", "mask", "0", "0"),
        ("dog, small", "5", "mask", "1", "1"),
        ("dog, small", "5", "mask", "1", "0"),
        ("dog, small", "5", "mask", "2", "1"),
    ]
    shapes = list(root.iter("polygon"))
    assert shapes[0].get("points") == "1.00,1.00;3.00,1.00;3.00,3.00;1.00,3.00"
    first = next(root.iter("mask"))
    box = [first.get(key) for key in ("left", "top", "width", "height")]
    assert (first.get("rle"), box) == ("0, 1, 2, 1", ["0", "0", "4", "1"])
    assert all(shape.get("keyframe") == "1" for shape in (*shapes, first))


def test_yolo(tmp_path: Path) -> None:
    still = one_video([labels({1: SQUARE}, SIZE)], TRACKS[:1])
    place = written("yolo", tmp_path, still)
    text = (place / "labels" / "v" / "00000.txt").read_text()
    assert text == "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"
    assert yolo_names(place / "data.yaml") == ["cat", "dog, small", "unused"]


def test_labelme_looks_for_pictures_from_its_file(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    (pictures / "a" / "clip").mkdir(parents=True)
    for frame in range(3):
        (pictures / "a" / "clip" / f"{frame:05d}.png").touch()
    place = written("labelme", tmp_path, pictures=pictures)
    content = json.loads((place / "a" / "clip" / "00002.json").read_text())
    assert content["imageData"] is None
    assert (content["imageHeight"], content["imageWidth"], content["frame"]) == (4, 4, 2)
    # the folder is moved when it is whole; the path holds from where it then is
    assert (place / "a" / "clip" / content["imagePath"]).resolve() == (
        pictures / "a" / "clip" / "00002.png"
    )
    shape = content["shapes"][0]
    assert (shape["points"], shape["group_id"]) == ([[1, 1], [2, 2]], 1)
    assert (place / "labels.txt").read_text() == "__ignore__\ncat\ndog, small\nunused\n"


def test_kitti_step_numbers_its_own_classes(tmp_path: Path) -> None:
    source = one_video(
        [labels({300: mask("#."), 4: mask(".#")}, (1, 2))],
        (LabelTrack(4, 8), LabelTrack(300, 9)),
        categories=(Category(8, "sky", False), Category(9, "car")),
    )
    place = written("kitti_step", tmp_path, source) / "panoptic_maps"
    # car is class 13, id 300 = 1 · 256 + 44; sky is class 10 without an instance
    picture = np.asarray(Image.open(place / "v" / "00000.png"))
    assert picture.tolist() == [[[13, 1, 44], [10, 0, 0]]]
    assert json.loads((place / "categories.json").read_text())[1] == {
        "id": 13,
        "name": "car",
        "isthing": 1,
    }


def test_coco_and_panoptic_of_a_still(tmp_path: Path) -> None:
    still = one_video([labels({1: SQUARE, 5: ~SQUARE}, SIZE)], TRACKS)
    still.videos = [VideoInfo("train/0001", ("0001",), SIZE)]
    content = json.loads((written("coco", tmp_path, still) / "instances.json").read_text())
    assert content["videos"] == []
    assert content["images"] == [{"id": 1, "file_name": "train/0001.jpg", "width": 4, "height": 4}]
    row = content["annotations"][0]
    assert (row["area"], row["bbox"], row["iscrowd"]) == (4, [1, 1, 2, 2], 0)
    assert row["segmentation"]["size"] == [4, 4]
    (tmp_path / "more").mkdir()
    place = written("coco_panoptic", tmp_path / "more", still)
    picture = np.asarray(Image.open(place / "panoptic" / "train" / "0001.png"))
    assert picture[1, 1].tolist() == [1, 0, 0] and picture[0, 0].tolist() == [5, 0, 0]


def test_coco_is_read_by_pycocotools(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    coco = COCO(str(written("coco", tmp_path) / "instances.json"))
    rows = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert [coco.annToMask(row).tolist() for row in rows] == [
        SQUARE.astype(int).tolist(),
        PARTS.astype(int).tolist(),
    ]


def test_ytvis_has_run_lengths_as_lists(tmp_path: Path) -> None:
    content = json.loads((written("ytvis", tmp_path) / "instances.json").read_text())
    assert content["videos"][0]["file_names"][1] == "a/clip/00001.jpg"
    row = content["annotations"][0]
    assert row["segmentations"] == [
        {"size": [4, 4], "counts": [5, 2, 2, 2, 5]},
        None,
        {"size": [4, 4], "counts": [5, 2, 2, 2, 5]},
    ]
    assert row["areas"] == [4, None, 4] and row["bboxes"][0] == [1, 1, 2, 2]
