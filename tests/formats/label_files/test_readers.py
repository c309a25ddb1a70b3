"""Files as the tools and benchmarks write them, and files that are wrong."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.errors import DataError, VidsegError
from vidseg.formats.label_files import LABEL_FORMATS, LossLog, ReadOptions, load_class_list
from vidseg.formats.label_files.brush_rle import encode_brush
from vidseg.formats.label_files.yolo_files import yolo_names
from vidseg.geometry.masks import decode_rle
from vidseg.labels import Category, LabelTrack
from vidseg.results import encode_rle

from .made import mask

SQUARE = mask("....", ".##.", ".##.", "....")


def opened(name: str, place: Path, **options: Any) -> Any:
    return LABEL_FORMATS[name].read(place, ReadOptions(**options))


def drawn(source: Any, video: int = 0, frame: int = 0) -> dict[int, list[list[bool]]]:
    return {id: decode_rle(rle).tolist() for id, rle in source.labels(video, frame).masks.items()}


def wrong(name: str, place: Path, **options: Any) -> str:
    """What is said where everything of a file is asked for."""
    with pytest.raises(VidsegError) as caught:
        source = opened(name, place, **options)
        for number, video in enumerate(source.videos):
            source.tracks(number)
            for frame in range(len(video.frames)):
                source.labels(number, frame)
    return str(caught.value)


def saved(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


YTVIS: dict[str, Any] = {
    "videos": [
        {"id": 7, "file_names": ["a/01.jpg", "a/02.jpg"], "width": 4, "height": 4, "length": 2}
    ],
    "categories": [{"id": 3, "name": "cat", "supercategory": "animal"}],
    "annotations": [
        {
            "id": 12,
            "video_id": 7,
            "category_id": 3,
            "iscrowd": 0,
            "segmentations": [None, {"size": [4, 4], "counts": [5, 2, 2, 2, 5]}],
        }
    ],
}


def test_ytvis_as_the_benchmark_has_it(tmp_path: Path) -> None:
    source = opened("ytvis", saved(tmp_path / "valid.json", YTVIS))
    assert source.videos[0].name == "a" and source.videos[0].frames == ("01", "02")
    assert source.tracks(0) == (LabelTrack(12, 3),)
    assert drawn(source, frame=0) == {} and drawn(source, frame=1) == {12: SQUARE.tolist()}


def test_ytvis_predictions_need_names_of_classes(tmp_path: Path) -> None:
    row = {"video_id": 1, "category_id": 2, "score": 0.5, "segmentations": [encode_rle(SQUARE)]}
    path = saved(tmp_path / "results.json", [row, row])
    assert "gives class 2 without a name; add the list with --categories" in wrong("ytvis", path)
    source = opened("ytvis", path, categories=load_class_list("cat,dog"))
    assert source.tracks(0) == (LabelTrack(1, 2), LabelTrack(2, 2))
    assert source.labels(0, 0).scores == {1: 0.5, 2: 0.5}


def test_ytvis_predictions_of_several_classes_are_one_object(tmp_path: Path) -> None:
    """vidseg segment writes a row for each class that a track may be of."""
    row = {"video_id": 1, "track_id": 4, "segmentations": [encode_rle(SQUARE)]}
    rows = [
        {**row, "category_id": 2, "category": "dog", "score": 0.25},
        {**row, "category_id": 1, "category": "cat", "score": 0.75},
        {**row, "category_id": 1, "category": "cat", "score": 0.5, "track_id": 5},
    ]
    log = LossLog()
    source = opened("ytvis", saved(tmp_path / "results.json", rows), log=log)
    assert source.tracks(0) == (LabelTrack(4, 1), LabelTrack(5, 1))
    assert source.labels(0, 0).scores == {4: 0.75, 5: 0.5}
    assert "that of the highest score is read. (first: video 1, track 4)" in log.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"videos": None}, "lacks the list 'videos'"),
        ({"videos": []}, "has no labels in it"),
        ({"videos": YTVIS["videos"] * 2}, "video id 7 twice"),
        ({"categories": [{"id": 1}]}, "category 1 has no name"),
        ({"categories": YTVIS["categories"] * 2}, "category id 3 twice"),
        ({"annotations": [{}]}, "has a track of video None, which it lacks"),
        ({"annotations": [{"video_id": 8}]}, "has a track of video 8, which it lacks"),
        (
            {"annotations": [{**YTVIS["annotations"][0], "segmentations": ["x"]}]},
            "track 12 of video a, frame 01: the segmentation is neither",
        ),
    ],
)
def test_ytvis_damaged(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = saved(tmp_path / "x.json", {**YTVIS, **change})
    told = wrong("ytvis", path)
    assert message in told and str(path) in told


def test_json_that_is_cut_off_or_missing(tmp_path: Path) -> None:
    saved(tmp_path / "x.json", json.dumps(YTVIS)[:-5])
    assert "Cannot read the annotation file" in wrong("ytvis", tmp_path)
    saved(tmp_path / "y.json", "{}")
    assert "holds 2 files *.json" in wrong("ytvis", tmp_path)
    assert "does not exist" in wrong("coco", tmp_path / "nothing")
    (tmp_path / "z").mkdir()
    for name in LABEL_FORMATS:
        told = wrong(name, tmp_path / "z", categories=load_class_list("cat"))
        assert "holds no" in told


COCO: dict[str, Any] = {
    "images": [{"id": 5, "file_name": "val/cat.jpg", "width": 4, "height": 4}],
    "categories": [{"id": 17, "name": "cat"}],
    "annotations": [
        {
            "id": 900,
            "image_id": 5,
            "category_id": 17,
            "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]],
            "iscrowd": 0,
        }
    ],
}


def test_coco_as_the_benchmark_has_it(tmp_path: Path) -> None:
    source = opened("coco", saved(tmp_path / "i.json", COCO))
    assert source.videos[0].name == "val/cat" and source.videos[0].frames == ("cat",)
    assert source.tracks(0) == (LabelTrack(900, 17),)
    assert drawn(source) == {900: SQUARE.tolist()}


def test_coco_video_keys_of_cocovid(tmp_path: Path) -> None:
    image = COCO["images"][0]
    rows = [{**COCO["annotations"][0], "id": n, "image_id": n, "instance_id": 4} for n in (1, 2)]
    content = {
        **COCO,
        "videos": [{"id": 1, "name": "train/v"}],
        "images": [
            {**image, "id": n, "file_name": f"train/v/{n}.jpg", "video_id": 1, "frame_id": 3 - n}
            for n in (1, 2)
        ],
        "annotations": rows,
    }
    source = opened("coco", saved(tmp_path / "v.json", content))
    assert source.videos[0].frames == ("2", "1")
    assert source.tracks(0) == (LabelTrack(4, 17),)
    rows[1]["category_id"] = 18
    content["categories"] = [*COCO["categories"], {"id": 18, "name": "dog"}]
    log = LossLog()
    opened("coco", saved(tmp_path / "v.json", content), log=log).tracks(0)
    assert "objects that change their class" in str(log.refusal("davis", ()))
    rows[1].update(image_id=1, category_id=17)
    assert "has track 4 twice on" in wrong("coco", saved(tmp_path / "v.json", content))


def test_coco_boxes_are_named(tmp_path: Path) -> None:
    row = {**COCO["annotations"][0], "segmentation": []}
    log = LossLog()
    opened("coco", saved(tmp_path / "i.json", {**COCO, "annotations": [row]}), log=log)
    assert "shapes that are no regions (1 shape, first: i.json, annotation 900 is a box " in str(
        log.refusal("ytvis", ())
    )


def test_names_in_files_cannot_leave_their_folder(tmp_path: Path) -> None:
    image = {**COCO["images"][0], "file_name": "../../etc/passwd.jpg"}
    assert "lies outside" in wrong("coco", saved(tmp_path / "i.json", {**COCO, "images": [image]}))
    panoptic = {
        **COCO,
        "annotations": [{"image_id": 5, "file_name": "../x.png", "segments_info": []}],
    }
    assert "lies outside" in wrong("coco_panoptic", saved(tmp_path / "i.json", panoptic))


def write_png(path: Path, values: Any, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, dtype=np.uint8), mode).save(path)


def test_davis_tree_with_void_and_pictures(tmp_path: Path) -> None:
    write_png(tmp_path / "Annotations/480p/bear/00001.png", [[0, 3, 255]])
    write_png(tmp_path / "JPEGImages/480p/bear/00000.png", np.zeros((1, 3, 3)))
    source = opened("davis", tmp_path)
    assert source.videos[0].name == "bear" and source.videos[0].frames == ("00000", "00001")
    assert source.tracks(0) == (LabelTrack(3),)
    assert source.labels(0, 0) is None
    held = source.labels(0, 1)
    assert decode_rle(held.void).tolist() == [[False, False, True]]
    assert source.picture(0, 0).shape == (1, 3, 3)
    with pytest.raises(DataError, match=r"no picture bear/00001\.jpg"):
        source.picture(0, 1)


def test_davis_wrong_kind_of_png(tmp_path: Path) -> None:
    write_png(tmp_path / "v" / "0.png", np.full((2, 2, 3), (9, 0, 0)))
    assert "save it as a PNG with a palette" in wrong("davis", tmp_path)


def test_panoptic_png_and_json_must_agree(tmp_path: Path) -> None:
    content = {
        **COCO,
        "annotations": [
            {
                "image_id": 5,
                "file_name": "cat.png",
                "segments_info": [{"id": 258, "category_id": 17}],
            }
        ],
    }
    path = saved(tmp_path / "p.json", content)
    picture = np.zeros((4, 4, 3))
    picture[1:3, 1:3] = (2, 1, 0)  # 2 + 256
    write_png(tmp_path / "p" / "cat.png", picture)
    source = opened("coco_panoptic", path)
    assert drawn(source) == {258: SQUARE.tolist()}
    assert decode_rle(source.labels(0, 0).void).tolist() == (~SQUARE).tolist()
    picture[0, 0] = (9, 0, 0)
    write_png(tmp_path / "p" / "cat.png", picture)
    assert "holds the ids 9, which" in wrong("coco_panoptic", path)
    write_png(tmp_path / "p" / "cat.png", np.zeros((4, 4, 3)))
    assert "lists the ids 258, which" in wrong("coco_panoptic", path)
    write_png(tmp_path / "p" / "cat.png", np.zeros((3, 4, 3)))
    assert "differ in the size" in wrong("coco_panoptic", path)
    (tmp_path / "p" / "cat.png").unlink()
    assert "Cannot read the label map" in wrong("coco_panoptic", path)


SEGMENTS: dict[str, Any] = {"image_id": 5, "file_name": "cat.png", "segments_info": []}


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (None, "lacks the list 'annotations'"),
        ([3], "an entry of 'annotations' is no JSON object"),
        ([{**SEGMENTS, "image_id": 6}], "has segments of image 6, which it lacks"),
        ([{**SEGMENTS, "image_id": [5]}], "has segments of image [5], which it lacks"),
        ([SEGMENTS, SEGMENTS], "has two rows about image 5"),
        ([{**SEGMENTS, "file_name": None}], "'file_name' of the segments of image 5 is None"),
        ([{**SEGMENTS, "file_name": "../cat.png"}], "lies outside of"),
        ([{**SEGMENTS, "segments_info": {}}], "lacks the list 'segments_info' of cat.png"),
        ([{**SEGMENTS, "segments_info": [{"id": "a"}]}], "'id' of a segment of cat.png is 'a'"),
    ],
)
def test_panoptic_rows_that_are_wrong(tmp_path: Path, annotations: Any, message: str) -> None:
    path = saved(tmp_path / "p.json", {**COCO, "annotations": annotations})
    told = wrong("coco_panoptic", path)
    assert message in told and str(path) in told


def test_kitti_step_without_a_class_list(tmp_path: Path) -> None:
    car, person, sky = 13, 11, 10
    rows = [[(car, 1, 4), (person, 0, 0), (sky, 0, 0), (255, 0, 7)]]
    write_png(tmp_path / "panoptic_maps/val/0002/000000.png", rows)
    source = opened("kitti_step", tmp_path)
    assert source.videos[0].name == "val/0002"
    names = {category.id: category.name for category in source.categories}
    tracks = {t.id: (names[t.category_id], t.is_crowd) for t in source.tracks(0)}
    # 1 · 256 + 4 is the car's instance; classes without instances get 65536 (class + 1)
    assert tracks == {
        260: ("car", False),
        12 * 65536: ("person", True),
        11 * 65536: ("sky", False),
    }
    assert decode_rle(source.labels(0, 0).void).tolist() == [[False, False, False, True]]
    write_png(tmp_path / "panoptic_maps/val/0002/000000.png", [[(77, 0, 0)]])
    assert "pixels of class 77, which the class list lacks" in wrong("kitti_step", tmp_path)


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><name>clip</name><size>4</size>
<labels><label><name>cat</name></label><label><name>dog</name></label></labels>
<original_size><width>4</width><height>4</height></original_size></task></meta>
{tracks}
</annotations>"""
POLYGON = '<polygon frame="{}" keyframe="1" outside="{}" occluded="0" points="1,1;3,1;3,3;1,3"/>'


def test_cvat_tracks(tmp_path: Path) -> None:
    shapes = POLYGON.format(0, 0) + POLYGON.format(1, 1) + POLYGON.format(3, 0)
    # CVAT counts tracks from 0 and exports each mask as a track of its own, tied by the group
    runs = '<mask frame="{}" keyframe="1" outside="0" occluded="0" rle="0, 1, 2, 1" left="1" top="0" width="2" height="2"/>'  # noqa: E501
    tracks = f'<track id="0" label="cat">{shapes}</track>' + "".join(
        f'<track id="{n}" label="dog" group_id="7">{runs.format(n)}</track>' for n in (1, 2)
    )
    source = opened("cvat", saved(tmp_path / "x.xml", CVAT.format(tracks=tracks)))
    assert source.videos[0].name == "clip" and len(source.videos[0].frames) == 4
    assert [(t.id, t.category_id) for t in source.tracks(0)] == [(1, 1), (2, 2)]
    diagonal = mask(".#..", "..#.", "....", "....").tolist()
    assert [drawn(source, frame=t) for t in range(4)] == [
        {1: SQUARE.tolist()},
        {2: diagonal},
        {2: diagonal},
        {1: SQUARE.tolist()},
    ]


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        (POLYGON.format(0, 0) + POLYGON.format(2, 0), "no shape between the frames 0 and 2"),
        (POLYGON.format(4, 0), "track 3 goes to frame 4, of 4"),
        (POLYGON.format(0, 0).replace("3,3", "3;3"), "frame 0: "),
        ('<mask frame="0" rle="9" left="2" top="0" width="3" height="3"/>', "leaves the picture"),
        ('<mask frame="0" rle="8" left="0" top="0" width="3" height="3"/>', "do not fill 3 × 3"),
        ('<mask frame="x" rle="8"/>', "is not laid out as a CVAT file"),
    ],
)
def test_cvat_damaged(tmp_path: Path, tracks: str, message: str) -> None:
    text = CVAT.format(tracks=f'<track id="3" label="cat">{tracks}</track>')
    assert message in wrong("cvat", saved(tmp_path / "x.xml", text))


def test_cvat_other_files(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    assert "Cannot read the annotation file" in wrong("cvat", saved(path, "<annotations>"))
    assert "is no CVAT file of tasks" in wrong("cvat", saved(path, "<annotations/>"))
    assert "lacks 'name'" in wrong("cvat", saved(path, CVAT.format(tracks="<image/>")))
    log = LossLog()
    box = '<track id="3" label="cat"><box frame="0" xtl="1"/></track>'
    opened("cvat", saved(path, CVAT.format(tracks=box)), log=log)
    assert "first: x.xml, track 3 has a box" in str(log.refusal("coco", ()))


def region(id: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    size = {"original_width": 4, "original_height": 4, "image_rotation": 0}
    return {"id": id, "type": kind, "from_name": "l", "to_name": "i", **size, "value": value}


def test_label_studio_export_of_stills(tmp_path: Path) -> None:
    polygon = region(
        "aB3",
        "polygonlabels",
        {"points": [[25, 25], [75, 25], [75, 75], [25, 75]], "polygonlabels": ["cat"]},
    )
    strokes = {"format": "rle", "rle": encode_brush(~SQUARE), "brushlabels": ["dog"]}
    tasks = [
        {
            "id": 1,
            "data": {"image": "/data/local-files/?d=pics%2Fa.jpg"},
            "annotations": [{"result": [polygon, region("x", "brushlabels", strokes)]}],
        },
        {"id": 2, "data": {"image": "https://host/b.jpg"}, "annotations": []},
    ]
    source = opened("label_studio", saved(tmp_path / "export.json", tasks))
    assert [video.name for video in source.videos] == ["pics/a", "b"]
    assert source.categories == (Category(1, "cat"), Category(2, "dog"))
    assert source.tracks(0) == (LabelTrack(1, 1), LabelTrack(2, 2))
    assert drawn(source) == {1: SQUARE.tolist(), 2: (~SQUARE).tolist()}
    assert source.labels(1, 0) is None


def test_label_studio_refusals(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    task = {"id": 4, "data": {"image": "a.jpg"}}
    box = region("r", "videorectangle", {"sequence": []})
    log = LossLog()
    boxes = [{**task, "annotations": [{"result": [box]}]}]
    opened("label_studio", saved(path, boxes), log=log)
    assert "task 4: videorectangle" in str(log.refusal("coco", ()))
    small = region("r", "brushlabels", {"rle": encode_brush(mask("#")), "brushlabels": ["cat"]})
    boxes[0]["annotations"] = [{"result": [small]}]
    assert "region r: the brush strokes do not fill 4 × 4" in wrong(
        "label_studio", saved(path, boxes)
    )
    assert "is no list of tasks" in wrong("label_studio", saved(path, {}))
    assert "two tasks of the picture a" in wrong("label_studio", saved(path, [boxes[0]] * 2))


def labelme(shapes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    head: dict[str, Any] = {
        "version": "5.4.1",
        "flags": {},
        "imagePath": "a.jpg",
        "imageData": None,
    }
    return {**head, "shapes": shapes, "imageHeight": 4, "imageWidth": 4, **more}


def test_labelme_files_of_the_tool(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(mask("##", "##").astype(np.uint8)).save(file, format="PNG")
    text = base64.b64encode(file.getvalue()).decode()
    square = [[1, 1], [3, 1], [3, 3], [1, 3]]
    shapes: list[dict[str, Any]] = [
        # the corners of a mask are both inside of it
        {"label": "cat", "points": [[1, 1], [2, 2]], "shape_type": "mask", "mask": text},
        {"label": "dog", "points": square, "shape_type": "polygon", "group_id": 1},
        {"label": "dog", "points": [[0, 0], [1, 0], [1, 1], [0, 1]], "group_id": 1},
    ]
    saved(tmp_path / "a.json", labelme(shapes))
    source = opened("labelme", tmp_path)
    assert source.videos[0].name == "a" and source.videos[0].frames == ("a",)
    assert source.tracks(0) == (LabelTrack(1, 1), LabelTrack(2, 2))
    both = mask("#...", ".##.", ".##.", "....").tolist()
    assert drawn(source) == {1: SQUARE.tolist(), 2: both}
    shapes[0]["points"] = [[1, 1], [3, 3]]
    saved(tmp_path / "a.json", labelme(shapes))
    assert "the mask of a 'cat' does not fit its corners" in wrong("labelme", tmp_path)
    shapes[0]["mask"] = "!"
    saved(tmp_path / "a.json", labelme(shapes))
    assert "no PNG in base64" in wrong("labelme", tmp_path)
    saved(tmp_path / "a.json", labelme(shapes[1:2], video="v", frame=0) | {"shapes": [{**shapes[1], "group_id": None}]})  # fmt: skip # noqa: E501
    assert "has no group_id above 0" in wrong("labelme", tmp_path)
    saved(tmp_path / "a.json", labelme([{"label": "x", "points": [], "shape_type": "line"}]))
    log = LossLog()
    opened("labelme", tmp_path, log=log).tracks(0)
    assert "a line" in str(log.refusal("coco", ()))


def test_yolo_dataset(tmp_path: Path) -> None:
    write_png(tmp_path / "images/train/a.png", np.zeros((4, 4)))
    saved(tmp_path / "labels/train/a.txt", "1 .25 .25 .75 .25 .75 .75 .25 .75\n")
    assert "numbers of classes without names" in wrong("yolo", tmp_path)
    saved(tmp_path / "data.yaml", "path: x\nnames:  # two\n  0: cat\n  1: 'dog'\nnc: 2\n")
    source = opened("yolo", tmp_path)
    assert source.categories == (Category(0, "cat"), Category(1, "dog"))
    assert source.videos[0].name == "train/a"
    assert source.tracks(0) == (LabelTrack(1, 1),)
    assert drawn(source) == {1: SQUARE.tolist()}
    saved(tmp_path / "labels/train/a.txt", "\n2 0 0 1 0 1 1\n")
    assert "line 2: class 2 is not in the list" in wrong("yolo", tmp_path)
    saved(tmp_path / "labels/train/a.txt", "1 0.5 0.5 0.1\n")
    assert "line 1: it is no polygon" in wrong("yolo", tmp_path)
    saved(tmp_path / "labels/train/a.txt", "1 0 0 1 0 1 x\n")
    assert "line 1: could not convert" in wrong("yolo", tmp_path)
    saved(tmp_path / "labels/train/a.txt", "1 0 0 99999999 0 1 1\n")
    assert "where a share of the picture, 0 to 1, is wanted" in wrong("yolo", tmp_path)
    saved(tmp_path / "labels/train/a.txt", "")
    assert drawn(opened("yolo", tmp_path)) == {}
    (tmp_path / "images/train/a.png").unlink()
    assert "has no picture train/a" in wrong("yolo", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "names: [cat, 'a, b', \"c\"]\n",
        "nc: 3\nnames:\n- cat\n- 'a, b'\n- \"c\"\nval: x\n",
        'names:\n  0: cat\n  1: "a, b"\n  2: c  # last\n',
        "names: {0: cat, 1: 'a, b', 2: c}\n",
        "names: {2: c, 0: cat, 1: 'a, b'}\n",
        "names: [cat,\n  'a, b',\n  c]\n",
    ],
)
def test_names_in_yaml(tmp_path: Path, text: str) -> None:
    assert yolo_names(saved(tmp_path / "data.yaml", text)) == ["cat", "a, b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "nc: 3\n",
        "names:\n  1: cat\n",
        "names: *other\n",
        "names: {0: cat, 0: dog}\n",
        "names: [cat, [dog]]\n",
        "names: [cat, ]]\n",
        "names: cat\n",
        "- names\n",
        "",
        f"names: {'[' * 3000}\n",
        "names: !!python/object/apply:os.system [exit 1]\nnames: [0: !!python/name:os.system]\n",
    ],
)
def test_names_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="no list of names"):
        yolo_names(saved(tmp_path / "data.yaml", text))


def test_class_lists(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.json", {"categories": [{"id": 4, "name": "sky", "isthing": 0}]})
    assert load_class_list(str(path)) == (Category(4, "sky", False),)
    path = saved(tmp_path / "c.txt", "cat\n\nbig dog\n")
    assert load_class_list(str(path)) == (Category(1, "cat"), Category(2, "big dog"))
    assert load_class_list("kitti_step")[13] == Category(13, "car")
    assert load_class_list("ytvis2019")[0].id == 1
    with pytest.raises(DataError, match="have gaps"):
        load_class_list("coco")
    with pytest.raises(DataError, match="two classes of the name cat"):
        load_class_list(str(saved(tmp_path / "d.txt", "cat\ncat\n")))


def test_labelme_rectangles_circles_and_missing_sizes(tmp_path: Path) -> None:
    shapes = [
        {"label": "cat", "points": [[10, 10], [30, 20]], "shape_type": "rectangle"},
        {"label": "cat", "points": [[50, 30], [60, 30]], "shape_type": "circle"},
    ]
    content = labelme(shapes, imageHeight=None, imageWidth=None)
    saved(tmp_path / "a" / "a.json", content)
    assert "name the folder of the pictures" in wrong("labelme", tmp_path / "a")
    write_png(tmp_path / "p" / "a.png", np.zeros((60, 80)))
    source = opened("labelme", tmp_path / "a", pictures=tmp_path / "p")
    areas = [int(np.sum(m)) for m in drawn(source).values()]
    assert areas[0] == 200 and areas[1] == pytest.approx(314, abs=5)
    saved(tmp_path / "a" / "a.json", {**content, "imageHeight": 2_000_000_000, "imageWidth": 1})
    assert "claims 1 x 2000000000 pixels" in wrong("labelme", tmp_path / "a")
    saved(tmp_path / "a" / "a.json", labelme([{**shapes[0], "label": None}]))
    assert "has a shape with the label None" in wrong("labelme", tmp_path / "a")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({"img": "/data/upload/4/page1.png"}, "data/upload/4/page1"),
        ({"photo": "C:\\pics\\a b.JPG", "text": "words"}, "pics/a b"),
        ({"image": "/data/local-files/?d=pics%5Ca.jpg"}, "pics/a"),
    ],
)
def test_label_studio_keys_and_separators(tmp_path: Path, data: Any, name: str) -> None:
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    tasks = [{"data": data, "annotations": [{"result": [relation]}]}]
    log = LossLog()
    source = opened("label_studio", saved(tmp_path / "e.json", tasks), log=log)
    assert source.videos[0].name == name and "Relations" in log.notes[0]
    assert log.refusal("coco", ()) is None
