"""Readers of stills: clean layouts, hand-worked areas, and one damaged file per error."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.sources.listed_stills import LvisStills
from vidseg.datasets.sources.registry import open_dataset
from vidseg.errors import DataError
from vidseg.geometry.masks import decode_rle
from vidseg.labels import LabelSource

from ..image_layouts import (
    HEIGHT,
    IMAGE_LAYOUTS,
    WIDTH,
    annotation,
    save,
    save_json,
    write_image_layout,
)

RED_AREA, BLUE_AREA = 12 * 14, 15 * 18  # the rectangles of the layouts


@pytest.fixture
def layout(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: write_image_layout(name, tmp_path)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Changes a JSON file in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def areas(source: LabelSource, video: int) -> dict[int, int]:
    labels = source.labels(video, 0)
    assert labels is not None
    return {id: int(decode_rle(mask).sum()) for id, mask in labels.masks.items()}


@pytest.mark.parametrize("name", IMAGE_LAYOUTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_masks_lie_on_the_objects_of_their_picture(name: str, seed: int, tmp_path: Path) -> None:
    root = write_image_layout(name, tmp_path, seed)
    source = open_dataset(name, root, None if name == "sa1b" else "train")
    assert isinstance(source, LabelSource)
    known: set[int | None] = {category.id for category in source.categories}
    for number, video in enumerate(source.videos):
        assert len(video.frames) == 1 and video.size in ((HEIGHT, WIDTH), None)
        picture = source.picture(number, 0)
        assert picture.shape == (HEIGHT, WIDTH, 3)
        labels = source.labels(number, 0)
        tracks = source.tracks(number)
        assert labels is not None and set(labels.masks) == {track.id for track in tracks}
        assert {track.category_id for track in tracks} <= (known or {None})
        blue = decode_rle(labels.masks[2])
        assert blue.sum() == BLUE_AREA
        assert picture[blue].mean(axis=0)[2] > 180 > picture[blue].mean(axis=0)[0]
        if name != "sa1b":
            red = decode_rle(labels.masks[1])
            assert red.sum() == RED_AREA
            assert picture[red].mean(axis=0)[0] > 180 > picture[red].mean(axis=0)[2]


def test_coco_instances(layout: Callable[[str], Path]) -> None:
    root = layout("coco_instances")
    source = open_dataset("coco_instances", root, "val")
    assert [video.name for video in source.videos] == ["000000000200", "000000000201"]
    assert [(c.id, c.name, c.is_thing) for c in source.categories] == [
        (1, "person", True),
        (18, "dog", True),
    ]
    # The second object of 201 is a crowd, given as a list of run lengths.
    assert [[t.is_crowd for t in source.tracks(video)] for video in (0, 1)] == [
        [False, False],
        [False, True],
    ]
    assert areas(source, 1) == {1: RED_AREA, 2: BLUE_AREA}


def test_overlapping_masks_stay_whole_and_empty_ones_are_left_out(
    layout: Callable[[str], Path],
) -> None:
    root = layout("coco_instances")

    def change(content: Any) -> None:
        content["annotations"] = [
            annotation(1, 200, 18, (0, 0, 10, 10)),
            annotation(2, 200, 1, (5, 5, 15, 15)),
            annotation(3, 200, 1, (3, 3, 3, 9)),  # zero wide
        ]

    edit(root / "annotations" / "instances_val2017.json", change)
    source = open_dataset("coco_instances", root, "val")
    assert areas(source, 0) == {1: 100, 2: 100}
    assert len(source.tracks(0)) == 3
    empty = source.labels(1, 0)
    assert empty is not None and not empty.masks  # looked at, and nothing is there


def test_test_splits_have_no_labels(layout: Callable[[str], Path]) -> None:
    root = layout("coco_instances")
    save(root / "test2017" / "5.jpg", np.zeros((6, 4, 3), np.uint8))
    images = [{"id": 5, "file_name": "5.jpg", "height": 6, "width": 4}]
    content = {"images": images, "categories": []}
    save_json(root / "annotations" / "image_info_test-dev2017.json", content)
    source = open_dataset("coco_instances", root, "test-dev")
    assert source.labels(0, 0) is None and source.tracks(0) == ()
    assert source.picture(0, 0).shape == (6, 4, 3)


@pytest.mark.parametrize("name", ["coco_panoptic", "ade20k_panoptic"])
def test_panoptic_stills(name: str, layout: Callable[[str], Path]) -> None:
    source = open_dataset(name, layout(name), "val")
    # 40 × 56 = 2240 pixels: the objects, three rows of void (168), and the wall has the rest.
    assert areas(source, 0) == {1: RED_AREA, 2: BLUE_AREA, 3: 2240 - 168 - 270 - 168}
    labels = source.labels(0, 0)
    assert labels is not None and labels.void is not None
    assert decode_rle(labels.void)[-3:].all() and decode_rle(labels.void).sum() == 3 * WIDTH
    assert [track.category_id for track in source.tracks(0)] == [12, 20, 0]
    assert [track.is_crowd for track in source.tracks(1)] == [False, True, False]
    assert [category.is_thing for category in source.categories] == [False, True, True]


def test_lvis_says_what_was_looked_for(layout: Callable[[str], Path]) -> None:
    source = open_dataset("lvis", layout("lvis"), "val")
    assert isinstance(source, LvisStills)
    assert source.absent_categories(0) == (9,)
    assert source.partial_categories(1) == (5,)
    assert [video.name for video in source.videos] == ["000000000310", "000000000311"]


def test_sa1b_in_numeric_order_with_parts_on_wholes(layout: Callable[[str], Path]) -> None:
    root = layout("sa1b")
    source = open_dataset("sa1b", root)
    assert [video.name for video in source.videos] == ["sa_000000/sa_9", "sa_000000/sa_10"]
    assert areas(source, 0) == {1: RED_AREA + BLUE_AREA, 2: BLUE_AREA}
    assert source.categories == ()


def test_sa1b_with_labels_apart(layout: Callable[[str], Path]) -> None:
    root = layout("sa1b")
    for file in sorted((root / "sa_000000").iterdir()):
        kind = "images" if file.suffix == ".jpg" else "annotations"
        (root / kind).mkdir(exist_ok=True)
        file.rename(root / kind / file.name)
    source = open_dataset("sa1b", root)
    assert [video.name for video in source.videos] == ["sa_9", "sa_10"]
    assert areas(source, 1)[2] == BLUE_AREA and source.picture(1, 0).shape[0] == HEIGHT


@pytest.mark.parametrize(("name", "author"), [("refcoco", "unc"), ("refcocog", "umd")])
def test_sentences_mean_their_object(name: str, author: str, layout: Callable[[str], Path]) -> None:
    root = layout(name)
    source = open_dataset(name, root, "val")
    told = [(s.name, s.text, s.track_ids) for s in source.sentences(0)]
    assert told == [("16", "the red one", (1,)), ("17", "left", (1,))]
    assert len(source.tracks(0)) == 2  # the object that no sentence means is there too
    assert len(open_dataset(name, root).videos) == 2  # all splits
    refs = root / f"refs({author}).p"
    save_json(refs.with_suffix(".json"), pickle.loads(refs.read_bytes()))
    refs.unlink()
    assert open_dataset(name, root, "val").sentences(0) == source.sentences(0)


def test_refs_with_numbers_of_numpy_and_bytes_of_python_2(layout: Callable[[str], Path]) -> None:
    root = layout("refcoco")
    refs = pickle.loads((root / "refs(unc).p").read_bytes())
    refs[1]["ann_id"] = np.int64(refs[1]["ann_id"])
    refs[1]["box"] = np.arange(4.0)
    refs[1]["sentences"][0]["sent"] = "PLACE"
    data = pickle.dumps(refs, protocol=2)
    unicode, text = b"X\x05\x00\x00\x00PLACE", "café".encode()  # 4 letters, 5 bytes
    assert data.count(unicode) == 1
    (root / "refs(unc).p").write_bytes(data.replace(unicode, b"U\x05" + text))
    assert open_dataset("refcoco", root, "val").sentences(0)[0].text == "café"


class _Harmful:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_refs_cannot_run_anything(
    protocol: int, layout: Callable[[str], Path], tmp_path: Path
) -> None:
    root = layout("refcoco")
    trace = tmp_path / "trace"
    (root / "refs(unc).p").write_bytes(pickle.dumps([_Harmful(trace)], protocol=protocol))
    with pytest.raises(DataError, match=r"refs\(unc\)\.p is no plain data: it asks for .*not run"):
        open_dataset("refcoco", root, "val")
    assert not trace.exists()


def test_a_truncated_pickle(layout: Callable[[str], Path]) -> None:
    root = layout("refcoco")
    data = (root / "refs(unc).p").read_bytes()
    (root / "refs(unc).p").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"refs\(unc\)\.p is damaged"):
        open_dataset("refcoco", root, "val")


def test_entityseg_in_parts(layout: Callable[[str], Path]) -> None:
    root = layout("entityseg")
    source = open_dataset("entityseg", root, "train")
    assert [video.name for video in source.videos] == ["1", "2"]  # both are image 1 of their part
    assert source.picture(1, 0)[..., 0].max() > 200
    assert [category.is_thing for category in source.categories] == [True, False]


def test_entityseg_classes_of_the_agnostic_task(layout: Callable[[str], Path]) -> None:
    root = layout("entityseg")

    def hide(content: Any) -> None:
        for entry in content["annotations"]:
            entry["category_id_ori"], entry["category_id"] = str(entry["category_id"]), 1

    file = root / "annotations" / "entityseg_val.json"
    edit(file, hide)
    tracks = open_dataset("entityseg", root, "val").tracks(0)
    assert [track.category_id for track in tracks] == [1, 3]
    edit(file, lambda content: content.update(categories=[]))
    tracks = open_dataset("entityseg", root, "val").tracks(0)
    assert [track.category_id for track in tracks] == [None, None]


def test_the_split_must_be_clear(layout: Callable[[str], Path]) -> None:
    root = layout("ade20k_panoptic")
    with pytest.raises(DataError, match="the splits train, val of ade20k_panoptic; choose one"):
        open_dataset("ade20k_panoptic", root)
    (root / "ade20k_panoptic_val.json").unlink()
    assert open_dataset("ade20k_panoptic", root).name == "ade20k_panoptic train"
    with pytest.raises(DataError, match=r"no annotations .*ade20k_panoptic_val\.json is wanted"):
        open_dataset("ade20k_panoptic", root, "val")


INSTANCES = "annotations/instances_val2017.json"
PANOPTIC = "annotations/panoptic_val2017.json"


def _set(*path: str | int, value: Any) -> Callable[[Any], None]:
    """Sets a place deep in JSON, or removes it where the value is ``...``."""

    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        if value is ...:
            del content[path[-1]]
        else:
            content[path[-1]] = value

    return change


def _repeat(key: str) -> Callable[[Any], None]:
    return lambda content: content[key].append(content[key][0])


A = ("annotations", 0)
FAULTS = [
    (
        "coco_instances",
        INSTANCES,
        _set("images", 0, "width", value=...),
        "image 200 has no height",
    ),
    (
        "coco_instances",
        INSTANCES,
        _set("images", 0, "height", value=0),
        "image 200 has the size 56 x 0",
    ),
    ("coco_instances", INSTANCES, _set("images", value={}), "lacks the list 'images'"),
    (
        "coco_instances",
        INSTANCES,
        _set("images", 0, value=3),
        "is no JSON object",
    ),
    ("coco_instances", INSTANCES, _set("images", 0, "file_name", value="../x.jpg"), "outside"),
    ("coco_instances", INSTANCES, _repeat("images"), "image id 200 twice"),
    ("coco_instances", INSTANCES, _repeat("categories"), "category id 1 twice"),
    ("coco_instances", INSTANCES, _set(*A, "image_id", value=9), "annotation 400 is of image 9"),
    (
        "coco_instances",
        INSTANCES,
        _set(*A, "category_id", value=7),
        "400 has the category_id 7",
    ),
    ("coco_instances", INSTANCES, _set(*A, "iscrowd", value=2), "annotation 400 has iscrowd 2"),
    ("coco_instances", INSTANCES, _set(*A, "segmentation", value=...), "no segmentation"),
    ("coco_instances", INSTANCES, _set(*A, "segmentation", value=[[1, 2, 3]]), "three points"),
    (
        "coco_instances",
        INSTANCES,
        _set(*A, "segmentation", value={"size": [56, 40], "counts": [2240]}),
        "annotation 400 is wrong: .*56 × 40.*40 × 56",
    ),
    (
        "coco_instances",
        INSTANCES,
        _set(*A, "segmentation", value={"size": [40, 56], "counts": [2239]}),
        "does not fill",
    ),
    ("coco_panoptic", PANOPTIC, _set(*A, "segments_info", 0, "category_id", value=9), "category 9"),
    ("coco_panoptic", PANOPTIC, _set(*A, "segments_info", 0, "id", value=5), "more than once"),
    ("coco_panoptic", PANOPTIC, _set(*A, "segments_info", 0, "id", value=6), "ids 257"),
    ("coco_panoptic", PANOPTIC, _set(*A, value=...), "no annotation of the images 200"),
    ("coco_panoptic", PANOPTIC, _repeat("annotations"), "two annotations of image 200"),
    ("coco_panoptic", PANOPTIC, _set("images", 0, value=...), "image 200, which it does not"),
    ("lvis", "annotations/lvis_v1_val.json", _set("images", 0, "coco_url", value=...), "coco_url"),
    (
        "lvis",
        "annotations/lvis_v1_val.json",
        _set("images", 0, "coco_url", value=f"http://images/{2000 * 'v'}/1.jpg"),
        "no file can be called",
    ),
    (
        "lvis",
        "annotations/lvis_v1_val.json",
        _set("images", 0, "coco_url", value="http://images/../1.jpg"),
        "lies outside of",
    ),
    ("sa1b", "sa_000000/sa_9.json", _set("image", value=...), "no 'image' with"),
    ("sa1b", "sa_000000/sa_9.json", _set(*A, "segmentation", "size", value=[1, 2]), "1 × 2"),
    ("refcoco", "instances.json", _set("annotations", 2, "id", value=1), "annotation 80, which"),
]


def read_all(name: str, root: Path) -> None:
    source = open_dataset(name, root, None if name == "sa1b" else "val")
    for video in range(len(source.videos)):
        source.tracks(video)
        source.labels(video, 0)
        source.picture(video, 0)


@pytest.mark.parametrize(("name", "file", "change", "message"), FAULTS)
def test_damaged_json_is_named(
    name: str,
    file: str,
    change: Callable[[Any], None],
    message: str,
    layout: Callable[[str], Path],
) -> None:
    root = layout(name)
    read_all(name, root)
    edit(root / file, change)
    with pytest.raises(DataError, match=message) as caught:
        read_all(name, root)
    assert Path(file).stem in str(caught.value) or name == "refcoco"


@pytest.mark.parametrize("name", IMAGE_LAYOUTS)
def test_a_missing_picture_and_a_truncated_json_are_named(
    name: str, layout: Callable[[str], Path], tmp_path: Path
) -> None:
    root = layout(name)
    pictures = sorted(tmp_path.rglob("*.jpg"))
    for picture in pictures:
        picture.rename(picture.with_suffix(".gone"))
    with pytest.raises(DataError, match=r"picture .*\.jpg"):
        read_all(name, root)
    for picture in pictures:
        picture.with_suffix(".gone").rename(picture)
    for file in sorted(root.rglob("*.json")):
        file.write_text(file.read_text()[:-20])
    with pytest.raises(DataError, match=r"\.json"):
        read_all(name, root)


def test_panoptic_map_of_another_size_or_kind(layout: Callable[[str], Path]) -> None:
    root = layout("coco_panoptic")
    file = root / "annotations" / "panoptic_val2017" / "00000200.png"
    kept = file.read_bytes()
    save(file, np.zeros((HEIGHT, WIDTH - 1, 3), np.uint8))
    with pytest.raises(DataError, match=r"00000200\.png is 40 × 55 .* says 40 × 56"):
        read_all("coco_panoptic", root)
    Image.new("L", (WIDTH, HEIGHT)).save(file)
    with pytest.raises(DataError, match=r"00000200\.png has mode L; RGB"):
        read_all("coco_panoptic", root)
    file.write_bytes(kept[:60])
    with pytest.raises(DataError, match=r"Cannot read the label map .*00000200\.png"):
        read_all("coco_panoptic", root)


def test_folders_without_data(tmp_path: Path) -> None:
    for name in IMAGE_LAYOUTS:
        with pytest.raises(DataError, match=str(tmp_path)):
            open_dataset(name, tmp_path, None if name == "sa1b" else "train")


def test_a_part_of_entityseg_with_other_classes(layout: Callable[[str], Path]) -> None:
    root = layout("entityseg")
    file = root / "annotations" / "entityseg_train_02.json"
    edit(file, _set("categories", 0, "name", value="woman"))
    with pytest.raises(DataError, match=r"train_02\.json lists other classes"):
        open_dataset("entityseg", root, "train")
    shutil.copy(root / "annotations" / "entityseg_train_01.json", file)
    with pytest.raises(DataError, match="both list the picture"):
        open_dataset("entityseg", root, "train")


def test_labels_have_the_size_of_their_picture(layout: Callable[[str], Path]) -> None:
    source = open_dataset("coco_instances", layout("coco_instances"), "val")
    for k, video in enumerate(source.videos):
        picture, labels = source.picture(k, 0), source.labels(k, 0)
        assert labels is not None and labels.size == picture.shape[:2] == video.size
        assert len(labels.masks) == len(source.tracks(k))
    assert any(source.tracks(k) for k in range(len(source.videos)))
