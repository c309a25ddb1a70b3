"""``vidseg data convert`` on files as labelling tools and their users have them."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vidseg.cli.main import main

SQUARE = [[10, 10, 20, 10, 20, 20, 10, 20]]


class Converter:
    """Runs the verb in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def file(self, name: str, content: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def run(self, source: Path, origin: str, target: str, *words: str | Path) -> Any:
        """The JSON that is written, and what is told in ``out``."""
        place = self.folder / f"{target}.json"
        command = ["data", "convert", source, place, "--from", origin, "--to", target, *words]
        code = main([str(word) for word in command])
        self.out, told = self._capsys.readouterr()
        assert code == 0, told
        return json.loads(place.read_text())

    def refused(self, source: Path, origin: str, target: str, *words: str | Path) -> str:
        place = self.folder / "refused"
        command = ["data", "convert", source, place, "--from", origin, "--to", target, *words]
        assert main([str(word) for word in command]) == 2
        told = self._capsys.readouterr().err
        assert told.count("\n") == 1 and not place.exists()
        return told


@pytest.fixture
def tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Converter:
    return Converter(tmp_path, capsys)


def boxes(content: Any) -> list[list[int]]:
    return [row["bbox"] for row in content["annotations"]]


def classes(content: Any) -> list[str]:
    return [row["name"] for row in content["categories"]]


def coco(*annotations: Any, **images: Any) -> dict[str, Any]:
    image = {"id": 1, "file_name": "a.jpg", "width": 40, "height": 30, **images}
    rows = [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, **a} for a in annotations]
    named = [{"id": 1, "name": "cat"}]
    return {"images": [image], "categories": named, "annotations": rows}


def test_yolo_photograph_turned_by_exif(tool: Converter) -> None:
    photo = tool.folder / "set" / "images" / "photo.jpg"
    photo.parent.mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter
    Image.new("RGB", (100, 40)).save(photo, exif=exif)
    tool.file("set/labels/photo.txt", "0 0.1 0.1 0.9 0.1 0.9 0.5 0.1 0.5\n")
    tool.file("set/data.yaml", "names: [object]\n")
    done = tool.run(tool.folder / "set", "yolo", "coco")
    assert (done["images"][0]["width"], done["images"][0]["height"]) == (40, 100)
    assert boxes(done) == [[4, 10, 32, 40]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_yolo_texts_with_byte_order_marks(tool: Converter, encoding: str) -> None:
    (tool.folder / "set" / "images").mkdir(parents=True)
    Image.new("RGB", (100, 50)).save(tool.folder / "set" / "images" / "a.jpg")
    tool.file("set/data.yaml", "names: [cat, dog]\n".encode(encoding))
    tool.file("set/labels/a.txt", "0 .1 .2 .5 .2 .5 .6 .1 .6\r\n".encode(encoding))
    done = tool.run(tool.folder / "set", "yolo", "coco")
    assert classes(done) == ["cat", "dog"] and boxes(done) == [[10, 10, 40, 20]]


def test_yolo_names_in_another_encoding(tool: Converter) -> None:
    tool.file("set/labels/a.txt", "0 .1 .2 .5 .2 .5 .6 .1 .6\n")
    tool.file("set/classes.txt", "cat\n狗\n".encode("gbk"))
    told = tool.refused(tool.folder / "set", "yolo", "coco")
    assert "classes.txt is not written in UTF-8 (line 2, byte 0xb9); save it as UTF-8" in told


def test_yolo_boxes(tool: Converter) -> None:
    (tool.folder / "set" / "images").mkdir(parents=True)
    Image.new("RGB", (100, 50)).save(tool.folder / "set" / "images" / "a.jpg")
    tool.file("set/data.yaml", "names: [cat]\n")
    tool.file("set/labels/a.txt", "0 0.5 0.5 0.2 0.4\n0 .1 .2 .5 .2 .5 .6 .1 .6\n")
    told = tool.refused(tool.folder / "set", "yolo", "coco")
    assert "--boxes as-regions fills boxes" in told and "--allow shapes" in told
    done = tool.run(tool.folder / "set", "yolo", "coco", "--boxes", "as-regions")
    assert boxes(done) == [[40, 15, 20, 20], [10, 10, 40, 20]]


@pytest.mark.parametrize("ids", [(0, 1), ("0", "1"), ("a", "b"), (None, None), (0.0, 2**40)])
def test_coco_ids_of_all_kinds(tool: Converter, ids: tuple[Any, Any]) -> None:
    rows = [{"id": id, "segmentation": SQUARE} for id in ids]
    done = tool.run(tool.file("in.json", coco(*rows)), "coco", "ytvis")
    assert sorted(row["track_id"] for row in done["annotations"]) == [1, 2]
    assert "renumbered" in tool.out


@pytest.mark.parametrize("verb", ["convert", "stats", "show"])
def test_coco_coordinates_far_outside(
    tool: Converter, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tool.file("in.json", coco({"segmentation": [[0, 0, 1e9, 0, 1e9, 1e9]]}))
    if verb == "convert":
        told = tool.refused(path, "coco", "davis", "--allow", "classes")
    else:
        Image.new("RGB", (40, 30)).save(tool.folder / "a.jpg")
        out = ["--out", str(tool.folder / "o")] if verb == "show" else []
        words = [verb, "coco", str(path), "--pictures", str(tool.folder), *out]
        assert main(["data", *words]) == 2
        told = capsys.readouterr().err
    assert told.count("\n") == 1 and "has the coordinate 1e+09, far outside" in told


@pytest.mark.parametrize("name", ["a.png", "IMG_1.JPG", "shot.v1.final.jpeg", "d/é x.tiff"])
def test_names_of_pictures_are_kept(tool: Converter, name: str) -> None:
    path = tool.file("in.json", coco({"segmentation": SQUARE}, file_name=name))
    assert tool.run(path, "coco", "coco")["images"][0]["file_name"] == name
    out = tool.folder / "labelme"
    assert main(["data", "convert", str(path), str(out), "--from", "coco", "--to", "labelme"]) == 0
    (file,) = out.rglob("*.json")
    stem, _, ending = name.rpartition(".")
    assert file.relative_to(out).as_posix() == f"{stem}.json"
    assert json.loads(file.read_text())["imagePath"] == f"{Path(stem).name}.{ending}"


CVAT = """<annotations><version>1.1</version><meta><{kind}><name>clip</name><size>4</size>
<start_frame>{start}</start_frame><frame_filter>step=5</frame_filter>
<labels><label><name>cat</name></label></labels>
<original_size><width>64</width><height>48</height></original_size></{kind}></meta>
<track id="0" label="cat">{shapes}</track></annotations>"""


@pytest.mark.parametrize("kind", ["task", "job"])
@pytest.mark.parametrize("start", [0, 20])
@pytest.mark.parametrize("zipped", [False, True])
def test_cvat_every_fifth_frame(tool: Converter, kind: str, start: int, zipped: bool) -> None:
    shapes = "".join(
        f'<polygon frame="{start + 5 * t}" outside="{int(t == 3)}" keyframe="1" '
        f'points="{x},5;{x + 10},5;{x + 10},15;{x},15"/>'
        for t, x in enumerate((5, 10, 15, 15))
    )
    text = CVAT.format(kind=kind, start=start, shapes=shapes)
    path = tool.file("in.xml", text)
    if zipped:
        path = tool.folder / "in.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("annotations.xml", text)
    done = tool.run(path, "cvat", "ytvis")
    assert done["videos"][0]["length"] == 4
    (track,) = done["annotations"]
    assert track["bboxes"] == [[5, 5, 10, 10], [10, 5, 10, 10], [15, 5, 10, 10], None]


@pytest.mark.parametrize("picture", ["/data/upload/4/page1.png", "C:\\pics\\page1.png"])
def test_label_studio_data_key_and_relations(tool: Converter, picture: str) -> None:
    size = {"original_width": 640, "original_height": 480, "image_rotation": 0}
    points = [[25, 25], [50, 25], [50, 50], [25, 50]]
    value = {"points": points, "polygonlabels": ["car"], "closed": True}
    result = [
        {"id": "a1", "type": "polygonlabels", **size, "value": value},
        {"type": "relation", "from_id": "a1", "to_id": "a1", "direction": "right"},
    ]  # fmt: skip
    tasks = [{"id": 1, "data": {"img": picture}, "annotations": [{"result": result}]}]
    done = tool.run(tool.file("in.json", tasks), "label_studio", "coco")
    assert boxes(done) == [[160, 120, 160, 120]] and classes(done) == ["car"]
    assert done["images"][0]["file_name"].endswith("/page1.png")
    assert "note: Relations, choices and texts" in tool.out


def test_label_studio_turned_rectangle(tool: Converter) -> None:
    size = {"original_width": 100, "original_height": 50, "image_rotation": 0}
    value = {
        "x": 50,
        "y": 20,
        "width": 30,
        "height": 20,
        "rotation": 90,
        "rectanglelabels": ["car"],
    }
    region = {"id": "a", "type": "rectanglelabels", **size, "value": value}
    tasks = [{"data": {"image": "a.jpg"}, "annotations": [{"result": [region]}]}]
    path = tool.file("in.json", tasks)
    assert "--boxes as-regions" in tool.refused(path, "label_studio", "coco")
    assert boxes(tool.run(path, "label_studio", "coco", "--boxes", "as-regions")) == [
        [40, 10, 10, 30]
    ]


def test_labelme_shapes_and_missing_sizes(tool: Converter) -> None:
    shapes = [
        {"label": "cat", "points": [[10, 10], [30, 20]], "shape_type": "rectangle"},
        {"label": "cat", "points": [[50, 30], [60, 30]], "shape_type": "circle"},
    ]
    head: dict[str, Any] = {"version": "5.4.1", "imagePath": "a.jpg", "imageData": None}
    tool.file("in/a.json", {**head, "shapes": shapes})
    Image.new("RGB", (80, 60)).save(tool.folder / "a.jpg")
    told = tool.refused(tool.folder / "in", "labelme", "coco")
    assert "name the folder of the pictures with --pictures" in told
    done = tool.run(tool.folder / "in", "labelme", "coco", "--pictures", tool.folder)
    square, circle = (row["area"] for row in done["annotations"])
    assert square == 200 and circle == pytest.approx(100 * math.pi, abs=5)


def test_davis_white_is_one_object(tool: Converter) -> None:
    mask = np.zeros((60, 80), dtype=np.uint8)
    mask[4:40, 5:41] = 255
    for frame in range(2):
        path = tool.folder / "in" / "v" / f"{frame:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(path)
    done = tool.run(tool.folder / "in", "davis", "ytvis", "--categories", "object")
    assert [row["areas"] for row in done["annotations"]] == [[1296, 1296]]


def test_frames_are_in_natural_order_and_hidden_files_passed_over(tool: Converter) -> None:
    for frame in range(1, 13):
        mask = np.zeros((60, 80), dtype=np.uint8)
        mask[4:10, frame : frame + 5] = 1
        path = tool.folder / "in" / "v" / f"frame{frame}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(path)
        tool.file(f"in/v/._frame{frame}.png", "resource fork")
    done = tool.run(tool.folder / "in", "davis", "coco", "--categories", "object")
    assert [box[0] for box in boxes(done)] == list(range(1, 13))
