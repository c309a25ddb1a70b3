"""Each fault of a folder is one sentence that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.datasets.sources.registry import open_dataset
from vidseg.errors import DataError

from ..layouts import write_layout

Change = Callable[[Any], None]


def edit(path: Path, change: Change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def read_all(name: str, folder: Path, split: str | None = None) -> None:
    source = open_dataset(name, folder, split)
    for video, info in enumerate(source.videos):
        source.tracks(video)
        source.sentences(video)
        for frame in range(len(info.frames)):
            source.labels(video, frame)
            source.picture(video, frame)


def assert_refused(name: str, folder: Path, *words: str, split: str | None = None) -> None:
    with pytest.raises(DataError) as caught:
        read_all(name, folder, split)
    message = str(caught.value)
    assert str(folder) in message
    for word in words:
        assert word in message
    assert message.endswith(".") or "Cannot read" in message
    assert "\n" not in message


PNG = [
    ("davis2017", "Annotations/480p/bear/00001.png"),
    ("vspw", "data/0_wHveSGjXyDY/mask/00000003.png"),
    ("vipseg", "panomasksRGB/0_wHveSGjXyDY/00000003.png"),
    ("vipseg_released", "panomasks/0_wHveSGjXyDY/00000003.png"),
    ("viposeg", "valid/Annotations_gt/0_wHveSGjXyDY/00000003.png"),
    ("youtube_vos", "train/Annotations/003234408d/00005.png"),
    ("mosev2", "train/Annotations/00a1/00001.png"),
    ("ref_youtube_vos", "train/Annotations/003234408d/00005.png"),
    ("ref_davis", "DAVIS/Annotations_unsupervised/480p/bear/00001.png"),
    ("kitti_step", "panoptic_maps/val/0002/000001.png"),
]


@pytest.mark.parametrize(("layout", "file"), PNG)
def test_a_map_of_another_size(layout: str, file: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    with Image.open(tmp_path / file) as image:
        image.crop((0, 0, 31, 24)).save(tmp_path / file)
    name = layout.removesuffix("_released")
    assert_refused(name, tmp_path, file, "24 × 31", "24 × 32")


@pytest.mark.parametrize(("layout", "file"), PNG)
def test_a_damaged_map(layout: str, file: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:60])
    assert_refused(layout.removesuffix("_released"), tmp_path, file)


@pytest.mark.parametrize(("layout", "file"), PNG)
def test_a_map_of_another_kind(layout: str, file: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    Image.fromarray(np.zeros((24, 32, 4), np.uint8)).save(tmp_path / file)
    assert_refused(layout.removesuffix("_released"), tmp_path, file, "RGBA")


@pytest.mark.parametrize(("layout", "file"), [case for case in PNG if case[0] != "vipseg"])
def test_a_map_of_a_frame_that_does_not_exist(layout: str, file: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    path = tmp_path / file
    stray = path.with_name("x9.png")
    stray.write_bytes(path.read_bytes())
    assert_refused(layout.removesuffix("_released"), tmp_path, "x9.png", "does not have")


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("davis2017", "JPEGImages/480p/bear/00001.jpg"),
        ("ytvis2021", "train/JPEGImages/0a1b/00005.jpg"),
        ("ovis", "train/0a1b/img_0000002.jpg"),
        ("burst", "frames/val/HACS/v_1/frame0031.jpg"),
        ("vipseg", "images/0_wHveSGjXyDY/00000003.jpg"),
        ("ref_youtube_vos", "train/JPEGImages/003234408d/00005.jpg"),
    ],
)
def test_a_missing_picture(layout: str, file: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    (tmp_path / file).unlink()
    assert_refused(layout, tmp_path, Path(file).stem)


def test_a_missing_map_where_the_file_lists_it(tmp_path: Path) -> None:
    write_layout("vipseg", tmp_path)
    (tmp_path / "panomasksRGB/0_wHveSGjXyDY/00000003.png").unlink()
    assert_refused("vipseg", tmp_path, "panomasksRGB/0_wHveSGjXyDY/00000003.png")


def test_a_folder_of_pictures_that_is_missing(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    folder = tmp_path / "train/JPEGImages/00a1"
    folder.rename(tmp_path / "elsewhere")
    assert_refused("mose", tmp_path, "JPEGImages/00a1 has no pictures")


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("ytvis2019", "train.json"),
        ("ovis", "annotations_train.json"),
        ("vipseg", "panoptic_gt_VIPSeg.json"),
        ("viposeg", "valid/obj_class.json"),
        ("youtube_vos", "train/meta.json"),
        ("mose", "meta_train.json"),
        ("ref_youtube_vos", "meta_expressions/train/meta_expressions.json"),
        ("burst", "annotations/val/all_classes.json"),
    ],
)
def test_truncated_json(layout: str, file: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text[: len(text) // 2])
    assert_refused(layout, tmp_path, file)
    (tmp_path / file).write_text("{}")
    lists = dict.fromkeys(("ytvis2019", "ovis", "vipseg", "burst"), "lacks the list")
    lists |= dict.fromkeys(("youtube_vos", "mose", "ref_youtube_vos"), "has no videos")
    assert_refused(
        layout,
        tmp_path,
        {"viposeg": "does not list", **lists}.get(layout, "missing"),
    )


def put(*path: Any) -> Change:
    """``put("a", 0, "b", value)``: sets content["a"][0]["b"] to the value."""

    def change(content: Any) -> None:
        for key in path[:-2]:
            content = content[key]
        content[path[-2]] = path[-1]

    return change


YTVIS = [
    (put("annotations", 0, "category_id", 99), "annotation 1 has the category_id 99"),
    (put("annotations", 0, "video_id", 99), "annotation 1 is of video 99"),
    (put("annotations", 1, "id", 1), "annotation id 1"),
    (put("annotations", 0, "id", 0), "annotation id 0"),
    (put("annotations", 0, "segmentations", []), "has 0 segmentations, its video 4 frames"),
    (put("annotations", 0, "segmentations", 1, "size", [24, 31]), "24 × 31"),
    (put("annotations", 0, "segmentations", 1, "counts", "9"), "annotation 1 in frame 00005"),
    (put("annotations", 0, "segmentations", 1, "counts", [24 * 32 - 1]), "frame 00005 of 0a1b"),
    (put("annotations", 0, "segmentations", 1, 7), "frame 00005 of 0a1b"),
    (put("annotations", 0, "iscrowd", 2), "iscrowd"),
    (put("videos", 1, "id", 1), "video id 1 twice"),
    (put("videos", 0, "file_names", 0, "../../00000.jpg"), "several folders"),
    (put("videos", 0, "file_names", ["../x/1.jpg"] * 1 + ["../x/2.jpg"]), "outside"),
    (put("videos", 0, "file_names", []), "video 1 has no frame"),
    (put("videos", 0, "height", "24"), "no height and width"),
    (put("categories", 1, "id", 1), "category id 1 twice"),
]


@pytest.mark.parametrize(("change", "words"), YTVIS, ids=[words for _, words in YTVIS])
def test_youtube_vis_json(change: Change, words: str, tmp_path: Path) -> None:
    write_layout("ytvis2021", tmp_path)
    edit(tmp_path / "train/instances.json", change)
    assert_refused("ytvis2021", tmp_path, "train/instances.json", words)


BURST = [
    (put("sequences", 0, "track_category_ids", "1", 7), "track 1 the unknown class 7"),
    (put("sequences", 0, "track_category_ids", {"2": 41}), "track 1, is not in track_category_ids"),
    (put("sequences", 0, "segmentations", []), "0 segmentations and 4"),
    (put("sequences", 0, "segmentations", 2, "1", "rle", "zz"), "track 1 in frame frame0061"),
    (put("sequences", 0, "segmentations", 2, "1", {}), "'rle'"),
    (put("sequences", 0, "width", 31), "does not fill"),
    (put("sequences", 0, "dataset", "../x"), "outside"),
    (put("sequences", 1, "seq_name", "v_1"), "v_1 twice"),
    (put("sequences", 0, "annotated_image_paths", ["a.jpg"] * 4), "a frame twice"),
]


@pytest.mark.parametrize(("change", "words"), BURST, ids=[words for _, words in BURST])
def test_burst_json(change: Change, words: str, tmp_path: Path) -> None:
    write_layout("burst", tmp_path)
    edit(tmp_path / "annotations/val/all_classes.json", change)
    assert_refused("burst", tmp_path, "annotations/val/all_classes.json", words)


FRAME = ("annotations", 0, "annotations", 0)
VIPSEG = [
    (put(*FRAME, "segments_info", 0, "category_id", 124), "unknown category 124"),
    (put(*FRAME, "segments_info", 0, "category_id", 5), "segment 7 of 0_wHveSGjXyDY changes"),
    (put(*FRAME, "segments_info", 0, "id", 0), "0 is void"),
    (put(*FRAME, "segments_info", 0, "id", 8), "holds the ids 7"),
    (put(*FRAME, "image_id", "x"), "annotates the image x"),
    (put("annotations", 0, "video_id", "x"), "annotates the video x"),
    (put("videos", 0, "images", 0, "height", 25), "not all of one size"),
    (put("videos", 0, "images", 0, "file_name", "../a.png"), "outside"),
    (put("videos", 0, "images", 1, "id", "00000000"), "twice"),
]


@pytest.mark.parametrize(("change", "words"), VIPSEG, ids=[words for _, words in VIPSEG])
def test_vipseg_json(change: Change, words: str, tmp_path: Path) -> None:
    write_layout("vipseg", tmp_path)
    edit(tmp_path / "panoptic_gt_VIPSeg.json", change)
    assert_refused("vipseg", tmp_path, "panoptic_gt_VIPSeg.json", words)


def test_a_segment_that_the_map_lacks(tmp_path: Path) -> None:
    write_layout("vipseg", tmp_path)
    path = tmp_path / "panomasksRGB/0_wHveSGjXyDY/00000000.png"
    Image.fromarray(np.zeros((24, 32, 3), np.uint8)).save(path)
    assert_refused("vipseg", tmp_path, "lists the ids 7, 300, 70000", str(path))


@pytest.mark.parametrize(
    ("layout", "file", "value", "words"),
    [
        ("vspw", "data/0_wHveSGjXyDY/mask/00000003.png", 125, "value 125"),
        ("vspw_mapped", "data/0_wHveSGjXyDY/mask/00000003.png", 124, "value 124"),
        ("vipseg_released", "panomasks/0_wHveSGjXyDY/00000003.png", 12500, "value 12500"),
        ("youtube_vos", "train/Annotations/003234408d/00005.png", 9, "object 9"),
        ("mosev2", "train/Annotations/00a1/00001.png", 9, "object 9"),
        ("viposeg", "valid/Annotations_gt/0_wHveSGjXyDY/00000003.png", 255, "object 255"),
    ],
)
def test_an_unknown_number(layout: str, file: str, value: int, words: str, tmp_path: Path) -> None:
    write_layout(layout, tmp_path)
    with Image.open(tmp_path / file) as image:
        values = np.array(image)
    kind = np.uint8 if value < 256 else np.uint16
    values = values.astype(kind)
    values[0, 0] = value
    Image.fromarray(values).save(tmp_path / file)
    assert_refused(layout.removesuffix("_released"), tmp_path, words)


def test_an_unknown_class_of_kitti(tmp_path: Path) -> None:
    write_layout("kitti_step", tmp_path)
    path = tmp_path / "panoptic_maps/val/0002/000001.png"
    Image.fromarray(np.full((24, 32, 3), 19, np.uint8)).save(path)
    assert_refused("kitti_step", tmp_path, str(path), "class 19")


@pytest.mark.parametrize(
    ("layout", "file", "change", "words"),
    [
        (
            "youtube_vos",
            "train/meta.json",
            put("videos", "003234408d", "objects", {"0": {}}),
            "'0'",
        ),
        ("youtube_vos", "train/meta.json", put("videos", "ghost", {"objects": {}}), "ghost"),
        ("mose", "meta_train.json", lambda c: c["videos"].pop("00a1"), "00a1"),
        ("mose", "meta_train.json", put("videos", "../x", {"objects": []}), "outside"),
        ("viposeg", "valid/obj_class.json", put("../x", {}), "outside"),
        ("youtube_vos", "train/meta.json", lambda c: c["videos"].popitem(), "0043f083b5"),
        ("viposeg", "valid/obj_class.json", lambda c: c.pop("0_wHveSGjXyDY"), "0_wHveSGjXyDY"),
        ("viposeg", "valid/obj_class.json", put("0_wHveSGjXyDY", "1", 124), "class 124"),
        ("viposeg", "valid/obj_class.json", put("ghost", {}), "ghost"),
        (
            "ref_youtube_vos",
            "meta_expressions/train/meta_expressions.json",
            put("videos", "003234408d", "expressions", "0", "obj_id", "x"),
            "expression 0 of 003234408d",
        ),
        (
            "ref_youtube_vos",
            "meta_expressions/train/meta_expressions.json",
            put("videos", "003234408d", "expressions", "0", {}),
            "'exp'",
        ),
        (
            "ref_youtube_vos",
            "meta_expressions/train/meta_expressions.json",
            put("videos", "003234408d", "frames", ["00000"]),
            "00005.png",
        ),
    ],
)
def test_faults_of_declared_objects(
    layout: str, file: str, change: Change, words: str, tmp_path: Path
) -> None:
    write_layout(layout, tmp_path)
    edit(tmp_path / file, change)
    assert_refused(layout, tmp_path, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bear one words\n", "line 1"),
        ("bear 1\n", "line 1"),
        ('bear 1 "a"\nbear 1 "b"\n', "line 2"),
    ],
)
def test_faults_of_ref_davis_texts(text: str, words: str, tmp_path: Path) -> None:
    write_layout("ref_davis", tmp_path)
    path = tmp_path / "davis_text_annotations/Davis17_annot1.txt"
    path.write_text(text)
    assert_refused("ref_davis", tmp_path, str(path), words)


def test_ref_davis_without_sentences(tmp_path: Path) -> None:
    write_layout("ref_davis", tmp_path)
    texts = tmp_path / "davis_text_annotations"
    for path in texts.iterdir():
        path.write_text('swan 1 "a swan"\n')
    assert_refused("ref_davis", tmp_path, "no sentence about the video bear")
    (texts / "Davis17_annot2.txt").unlink()
    assert_refused("ref_davis", tmp_path, "Davis17_annot2.txt")


@pytest.mark.parametrize(
    ("text", "words"),
    [("ghost\n", "names ghost, but there is no folder"), ("\n", "empty"), ("../x\n", "outside")],
)
def test_faults_of_lists(text: str, words: str, tmp_path: Path) -> None:
    write_layout("davis2017", tmp_path)
    (tmp_path / "ImageSets/2017/val.txt").write_text(text)
    assert_refused("davis2017", tmp_path, "val.txt", words, split="val")


def test_two_files_of_one_frame(tmp_path: Path) -> None:
    write_layout("mose", tmp_path)
    folder = tmp_path / "train/JPEGImages/00a1"
    (folder / "00001.png").write_bytes((folder / "00001.jpg").read_bytes())
    assert_refused("mose", tmp_path, str(folder), "00001")


def test_several_splits_want_a_choice(tmp_path: Path) -> None:
    for layout in ("mose", "kitti_step", "ytvis2021"):
        root = tmp_path / layout
        write_layout(layout, root)
    (tmp_path / "mose/valid/JPEGImages").mkdir(parents=True)
    (tmp_path / "kitti_step/panoptic_maps/train").mkdir()
    (tmp_path / "ytvis2021/valid.json").write_text("{}")
    for layout in ("mose", "kitti_step", "ytvis2021"):
        assert_refused(layout, tmp_path / layout, "choose one")
