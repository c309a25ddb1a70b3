"""COCO files as tools other than COCO's own write them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from vidseg.errors import DataError
from vidseg.formats.label_files import LABEL_FORMATS, LossLog, ReadOptions, convert, label_format
from vidseg.geometry.masks import decode_rle
from vidseg.labels import Category

RING = [1, 1, 3, 1, 3, 3, 1, 3]


def coco(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": 8, "height": 6}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [RING], **row}
            for row in rows
        ],
        **more,
    }


def opened(tmp_path: Path, content: Any, **options: Any) -> Any:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    return LABEL_FORMATS["coco"].read(path, ReadOptions(**options))


def said(tmp_path: Path, content: Any) -> str:
    with pytest.raises(DataError) as caught:
        source = opened(tmp_path, content)
        for number, video in enumerate(source.videos):
            source.tracks(number)
            for frame in range(len(video.frames)):
                source.labels(number, frame)
    assert str(tmp_path / "a.json") in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        ([1, 2], [1, 2]),
        ([0, 1], [2, 1]),
        (["7", "9"], [7, 9]),
        (["a", "b"], [1, 2]),
        ([1 << 40, 3], [1, 3]),
        ([-4, None], [1, 2]),
        ([5, 5], [5, 1]),
        ([5.0, 6.0], [5, 6]),
    ],
)
def test_ids_of_objects(tmp_path: Path, ids: list[Any], numbers: list[int]) -> None:
    log = LossLog()
    source = opened(tmp_path, coco(*({"id": id} for id in ids)), log=log)
    assert [track.id for track in source.tracks(0)] == sorted(numbers)
    assert list(source.labels(0, 0).masks) == numbers
    renumbered = any(
        id not in (number, str(number)) for id, number in zip(ids, numbers, strict=True)
    )
    assert ("are renumbered" in str(log.notes)) is renumbered


def test_ids_of_images_and_classes_as_text(tmp_path: Path) -> None:
    content = coco({"image_id": "1", "category_id": "1"})
    assert opened(tmp_path, content).tracks(0)[0].category_id == 1
    content["images"][0]["id"], content["categories"][0]["id"] = "1", "1"
    assert opened(tmp_path, content).labels(0, 0).masks.keys() == {1}
    log = LossLog()
    content = coco({"category_id": "x9"}, categories=[{"id": "x9", "name": "cat"}])
    source = opened(tmp_path, content, log=log)
    assert source.categories == (Category(1, "cat"),) and source.tracks(0)[0].category_id == 1
    assert "Classes are numbered from 1" in log.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": 9}, "annotation 1 has the category_id 9, which the list"),
        ({"category_id": None}, "has the category_id None, which the list"),
        ({"category_id": [1]}, "has the category_id [1], which the list"),
        ({"image_id": {}}, "has an object on image {}, which it lacks"),
        ({"iscrowd": "yes"}, "has iscrowd 'yes'"),
        ({"score": math.inf}, "annotation 1: score needs a finite number"),
        ({"segmentation": "[[1]]"}, "annotation 1: the segmentation is neither"),
        ({"segmentation": [[0, 0, 1e9, 0, 1, 1]]}, "annotation 1: a polygon has the coordinate"),
        ({"segmentation": {"size": [6, math.inf], "counts": [1]}}, "the mask is of the size"),
        ({"segmentation": {"size": [6, 8], "counts": [40]}}, "runs of 40 pixels in all"),
    ],
)
def test_damaged_rows(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    assert message in said(tmp_path, coco(change))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"id": None}, "image number 0 of 'images' has no id"),
        ({"width": 2_000_000_000}, "claims 2000000000 x 6 pixels"),
        ({"width": -8}, "has the size -8 x 6"),
        ({"width": "8"}, "no height and width in whole pixels"),
        ({"width": None, "height": None}, "image 1 has no height and width"),
        ({"file_name": None}, "'file_name' of the image 1 is None"),
        ({"file_name": "..jpg"}, "lies outside"),
        ({"file_name": "a\0.jpg"}, "where a name is wanted"),
        ({"file_name": "\ud800.jpg"}, "where a name is wanted"),
        ({"file_name": "C:\\a.jpg"}, "lies outside"),
        ({"file_name": "/etc/a.jpg"}, "lies outside"),
    ],
)
def test_damaged_images(tmp_path: Path, image: dict[str, Any], message: str) -> None:
    content = coco({})
    content["images"][0].update(image)
    assert message in said(tmp_path, content)


def test_two_names_that_differ_in_the_ending(tmp_path: Path) -> None:
    content = coco({})
    content["images"].append({**content["images"][0], "id": 2, "file_name": "a.jpg"})
    assert "two images of the name a" in said(tmp_path, content)


@pytest.mark.parametrize("target", ["coco", "ytvis", "labelme", "label_studio", "coco_panoptic"])
def test_names_of_pictures_are_kept(tmp_path: Path, target: str) -> None:
    names = ["a.png", "IMG_1.JPG", "below/shot.v1.final.jpeg", "plain.v2"]
    images = [{"id": n, "file_name": name, "width": 8, "height": 6} for n, name in enumerate(names)]
    rows = [{"id": n, "image_id": n} for n in range(len(names))]
    source = opened(tmp_path, coco(*rows, images=images))
    allowed = ("background",)
    convert(source, label_format(target), tmp_path / "out", allowed=allowed)
    text = "".join(path.read_text() for path in sorted((tmp_path / "out").rglob("*.json")))
    for name in [*names[:2], "shot.v1.final.jpeg", "plain.v2.jpg"]:
        assert name in text, text


def test_boxes_are_filled_where_that_is_asked(tmp_path: Path) -> None:
    content = coco({"segmentation": [], "bbox": [1, 1, 4, 3]})
    log = LossLog()
    assert opened(tmp_path, content, log=log).labels(0, 0).masks == {}
    assert "--boxes as-regions" in str(log.refusal("davis", ()))
    filled = opened(tmp_path, content, boxes_as_regions=True).labels(0, 0).masks[1]
    assert decode_rle(filled).sum() == 12 and decode_rle(filled)[1:4, 1:5].all()
    content["annotations"][0]["bbox"] = [1, 1, "4", 3]
    with pytest.raises(DataError, match="annotation 1: bbox needs a number"):
        opened(tmp_path, content, boxes_as_regions=True).labels(0, 0)
