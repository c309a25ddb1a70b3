"""Data sets of YOLO as tools lay them out, and rows as they write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError
from vidseg.formats.label_files import LABEL_FORMATS, LossLog, ReadOptions
from vidseg.geometry.masks import decode_rle
from vidseg.types import MaskArray

SQUARE = "0 .25 .25 .75 .25 .75 .75 .25 .75"


def opened(place: Path, **options: Any) -> Any:
    return LABEL_FORMATS["yolo"].read(place, ReadOptions(**options))


def picture(path: Path, width: int = 8, height: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height)).save(path)


def text(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A data set of one picture of 8 × 4 pixels (width × height)."""
    text(tmp_path / "data.yaml", "names: [cat, dog]")
    picture(tmp_path / "images" / "a.png")
    text(tmp_path / "labels" / "a.txt", SQUARE)
    return tmp_path


def masks(place: Path, **options: Any) -> list[MaskArray]:
    source = opened(place, **options)
    ids = [track.id for track in source.tracks(0)]
    found = {id: decode_rle(mask) for id, mask in source.labels(0, 0).masks.items()}
    assert sorted(found) == ids
    return [found[id] for id in ids]


def names(place: Path, **options: Any) -> list[str]:
    source = opened(place, **options)
    for number, _ in enumerate(source.videos):
        assert source.labels(number, 0).masks
    return [video.name for video in source.videos]


@pytest.mark.parametrize("row", ["1 .5 .5 .5 .5", "1 .5 .5 .5 .5 0.75", "  1 .5 .5 .5 .5  "])
def test_boxes_are_filled_or_refused(one: Path, row: str) -> None:
    text(one / "labels" / "a.txt", "", SQUARE, "", row)
    exact = np.zeros((4, 8), dtype=bool)
    exact[1:3, 2:6] = True
    polygon, box = masks(one, boxes_as_regions=True)
    assert np.array_equal(polygon, exact) and np.array_equal(box, exact)
    log = LossLog()
    assert len(masks(one, log=log)) == 1
    told = str(log.refusal("coco", ()))
    assert "a.txt, line 4 is a box (--boxes as-regions fills boxes)" in told


def test_scores_of_predictions_are_kept(one: Path) -> None:
    text(one / "labels" / "a.txt", SQUARE, f"{SQUARE} 0.5", "1 .5 .5 .5 .5 0.75")
    assert opened(one, boxes_as_regions=True).labels(0, 0).scores == {2: 0.5, 3: 0.75}


def test_points_slightly_outside_are_moved(one: Path) -> None:
    text(one / "labels" / "a.txt", "0 -0.0001 0 1.0001 0 1.0001 1 0 1")
    log = LossLog()
    assert masks(one, log=log)[0].all()
    assert "moved to its edge" in log.notes[0] and "a.txt, line 1" in log.notes[0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0 0 0 3.5 0 1 1", "it holds 3.5 where a share of the picture, 0 to 1, is wanted"),
        ("0 4 10 32 40", "it holds 4 where a share"),
        ("0 0 0 nan 0 1 1", "no finite number"),
        ("nan 0 0 1 0 1 1", "no finite number"),
        ("inf 0 0 1 0 1 1", "no finite number"),
        ("0 0 0 1e400 0 1 1", "no finite number"),
        ("0.5 0 0 1 0 1 1", "no whole one for the class"),
        ("2 0 0 1 0 1 1", "class 2 is not in the list of 2"),
        ("-1 0 0 1 0 1 1", "class -1 is not in the list of 2"),
        ("0 0 0 1 0 1 1 7", "its last value 7 is neither a score nor a coordinate"),
        ("0", "no polygon of three or more points, nor a box"),
        ("0 0 0 1", "no polygon of three or more points, nor a box"),
        ("cat 0 0 1 0 1 1", "could not convert"),
    ],
)
def test_rows_that_are_wrong(one: Path, row: str, message: str) -> None:
    path = text(one / "labels" / "a.txt", SQUARE, row)
    with pytest.raises(DataError) as caught:
        opened(one).tracks(0)
    assert f"{path}, line 2: " in str(caught.value) and message in str(caught.value)


def test_key_points_are_no_regions(one: Path) -> None:
    text(one / "data.yaml", "names: [cat]", "kpt_shape: [2, 3]")
    with pytest.raises(DataError, match="a data set of key points"):
        opened(one)


def test_layout_of_roboflow(tmp_path: Path) -> None:
    lines = [
        "names: ['cat']",
        "train: ../train/images",
        "val: ../valid/images",
        "test: ../test/images",
    ]
    text(tmp_path / "data.yaml", *lines)
    text(tmp_path / "README.dataset.txt", "# made with love")
    for split in ("train", "valid"):
        picture(tmp_path / split / "images" / "a.jpg")
        text(tmp_path / split / "labels" / "a.txt", SQUARE)
    log = LossLog()
    assert names(tmp_path, log=log) == ["train/a", "valid/a"]
    assert log.notes == (
        f"{tmp_path / 'data.yaml'} names what is not there. (first: test: ../test/images)",
    )


@pytest.mark.parametrize("classes", ["obj.names", "voc.names", "classes.txt"])
def test_labels_beside_their_pictures(tmp_path: Path, classes: str) -> None:
    text(tmp_path / classes, "cat", "dog", "")
    text(tmp_path / "train.txt", "data/obj_train_data/a.PNG")
    picture(tmp_path / "obj_train_data" / "a.PNG")
    text(tmp_path / "obj_train_data" / "a.txt", SQUARE)
    source = opened(tmp_path)
    assert [c.name for c in source.categories] == ["cat", "dog"]
    assert names(tmp_path) == ["obj_train_data/a"]
    assert source.videos[0].endings == {"a": ".PNG"}


@pytest.mark.parametrize(
    "train",
    [
        ["train: images/t1"],
        ["train: [images/t1]"],
        ["train:", "  - images/t1", "val: null", "test:"],
        ["train: /home/who/set/images/t1"],
        ["train: C:\\set\\images\\t1"],
        ["train: list.txt"],
    ],
)
def test_what_splits_name_is_read(tmp_path: Path, train: list[str]) -> None:
    text(tmp_path / "data.yaml", "names: {0: cat}", "path: /home/who/set", *train)
    for folder in ("t1", "t2"):
        picture(tmp_path / "images" / folder / "a.png")
        text(tmp_path / "labels" / folder / "a.txt", SQUARE)
    text(tmp_path / "list.txt", "./images/t1/a.png", "", "/data/images/t1/b.png")
    log = LossLog()
    assert names(tmp_path, log=log) == ["t1/a"]
    assert (
        f"no split of {tmp_path / 'data.yaml'} names are left out"
        in log.notes[-1 if "list" not in train[0] else 1]
    )


def test_path_of_a_yaml_that_is_named(one: Path) -> None:
    yaml = text(one / "files" / "data.yaml", "names: [cat]", "path: ..", "train: images")
    assert names(yaml) == ["a"]
    text(yaml, "names: [cat]", f"path: {one}", "train: images")
    assert names(yaml) == ["a"]
    text(yaml, "names: [cat]", "path: ../other", "train: images")
    with pytest.raises(DataError, match=r"'path' of .* names '\.\./other', which is no folder"):
        opened(yaml)
    text(yaml, "names: [cat]", "path: ..", "train: pictures", "val: [x, y.txt]")
    with pytest.raises(DataError, match=r"has nothing of .*train: pictures, val: x, val: y.txt"):
        opened(yaml)


@pytest.mark.parametrize("train", ["{a: b}", "&x [*x]", "[[images]]"])
def test_splits_that_are_no_paths(one: Path, train: str) -> None:
    text(one / "data.yaml", "names: [cat]", f"train: {train}")
    with pytest.raises(DataError, match="'train' is neither a path nor a list of paths"):
        opened(one)


def test_names_that_are_no_text(one: Path) -> None:
    text(one / "data.yaml", 'names: [cat, "\\ud800"]')
    with pytest.raises(DataError, match=r"has a class of the name '.ud800', which is no text"):
        opened(one)


def test_a_folder_is_never_left(one: Path) -> None:
    text(one / "set" / "data.yaml", "names: [cat]", "path: ..", "train: ../images")
    with pytest.raises(DataError, match="holds no"):
        opened(one / "set")


def test_pictures_without_labels_are_noted_and_doubles_refused(one: Path) -> None:
    picture(one / "images" / "b.jpg")
    log = LossLog()
    assert names(one, log=log) == ["a"]
    assert log.notes == (f"Pictures without a label file are left out. (first: {one / 'images' / 'b.jpg'})",)  # fmt: skip # noqa: E501
    picture(one / "images" / "a.jpg")
    with pytest.raises(DataError, match=r"a\.txt belongs to a\.jpg and to a\.png"):
        opened(one)


def test_a_blank_line_among_classes_is_refused(one: Path) -> None:
    (one / "data.yaml").unlink()
    text(one / "classes.txt", "cat", "", "dog")
    with pytest.raises(DataError, match=r"classes\.txt, line 2 is blank"):
        opened(one)
