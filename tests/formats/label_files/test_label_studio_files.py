"""Exports of Label Studio as projects of all kinds give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidseg.errors import DataError
from vidseg.formats.label_files import LABEL_FORMATS, LossLog, ReadOptions
from vidseg.formats.label_files.brush_rle import encode_brush
from vidseg.geometry.masks import decode_rle
from vidseg.types import MaskArray

SIZE = (40, 80)


def region(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    sizes = {"original_width": SIZE[1], "original_height": SIZE[0], "image_rotation": 0}
    return {"id": "r", "type": kind, "from_name": "l", "to_name": "i", **sizes, "value": value, **more}  # fmt: skip # noqa: E501


def task(*regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 4, "data": {"image": "a.jpg"}, "annotations": [{"result": regions}], **more}


def opened(place: Path, tasks: Any, **options: Any) -> Any:
    path = place / "tasks.json"
    path.write_text(json.dumps(tasks))
    return LABEL_FORMATS["label_studio"].read(path, ReadOptions(**options))


def masks(source: Any) -> list[MaskArray]:
    source.tracks(0)
    return [decode_rle(rle) for rle in source.labels(0, 0).masks.values()]


def filled(top: int, bottom: int, left: int, right: int) -> MaskArray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


BOX: dict[str, Any] = {"x": 25, "y": 25, "width": 50, "height": 10, "rectanglelabels": ["car"]}


@pytest.mark.parametrize(
    ("turned", "expected"),
    [
        (0, filled(10, 14, 20, 60)),
        (180, filled(6, 10, 0, 20)),  # about its first corner; what is left of the picture is cut
        (90, filled(10, 40, 16, 20)),
        (-90, filled(0, 10, 20, 24)),
    ],
)
def test_rectangles_are_filled_or_refused(
    tmp_path: Path, turned: float, expected: MaskArray
) -> None:
    tasks = [task(region("rectanglelabels", {**BOX, "rotation": turned}))]
    source = opened(tmp_path, tasks, boxes_as_regions=True)
    assert np.array_equal(masks(source)[0], expected)
    assert [c.name for c in source.categories] == ["car"]
    log = LossLog()
    assert masks(opened(tmp_path, tasks, log=log)) == []
    assert "task 4: a rectangle (--boxes as-regions fills boxes)" in str(log.refusal("coco", ()))


def test_rotated_rectangles_keep_their_area(tmp_path: Path) -> None:
    value = {"x": 50, "y": 10, "width": 25, "height": 25, "rotation": 30}
    (mask,) = masks(opened(tmp_path, [task(region("rectangle", value))], boxes_as_regions=True))
    assert mask.sum() == pytest.approx(200, abs=6)
    rows, columns = np.nonzero(mask)
    assert abs(rows.mean() + 0.5 - (4 + 10 * 0.5 + 5 * 3**0.5 / 2)) < 0.3
    assert abs(columns.mean() + 0.5 - (40 + 10 * 3**0.5 / 2 - 5 * 0.5)) < 0.3


def test_ellipses_are_regions(tmp_path: Path) -> None:
    value = {"x": 50, "y": 50, "radiusX": 25, "radiusY": 10, "rotation": 90, "ellipselabels": ["a"]}
    (mask,) = masks(opened(tmp_path, [task(region("ellipselabels", value))]))
    assert mask.sum() == pytest.approx(np.pi * 20 * 4, rel=0.05)
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max() + 1) == (0, 40) and (columns.min(), columns.max() + 1) == (
        36,
        44,
    )


def test_shape_and_name_in_two_rows(tmp_path: Path) -> None:
    bare = {key: value for key, value in BOX.items() if key != "rectanglelabels"}
    rows = [
        region("rectangle", bare),
        region("labels", {**bare, "labels": ["car", "van"]}),
        region("textarea", {**bare, "text": ["a word"]}),
        {"id": "c", "type": "choices", "value": {"choices": ["good"]}, "from_name": "c"},
    ]
    log = LossLog()
    source = opened(tmp_path, [task(*rows)], boxes_as_regions=True, log=log)
    assert len(masks(source)) == 1 and [c.name for c in source.categories] == ["car"]
    assert log.refusal("coco", ()) is None
    assert [note.split(" (")[0] for note in log.notes] == [
        "Regions with several labels keep the first.",
        "Relations, choices and texts of Label Studio are left out.",
    ]


def test_the_last_annotation_that_is_not_cancelled(tmp_path: Path) -> None:
    ellipse = {"x": 50, "y": 50, "radiusX": 25, "radiusY": 10, "ellipselabels": ["a"]}
    points = {"points": [[0, 0], [50, 0], [50, 50], [0, 50]], "polygonlabels": ["b"]}
    done = [{"result": [region("ellipselabels", ellipse)]}]
    last = {"result": [region("polygonlabels", points)]}
    log = LossLog()
    tasks = [task(annotations=[*done, last, {**done[0], "was_cancelled": True}])]
    source = opened(tmp_path, tasks, log=log)
    assert np.array_equal(masks(source)[0], filled(0, 20, 0, 40))
    assert "last that is not cancelled is read" in log.notes[0]
    assert opened(tmp_path, [task(annotations=[{"was_cancelled": True}])]).labels(0, 0) is None


def test_predictions(tmp_path: Path) -> None:
    sized = {"image": "a.jpg", "width": SIZE[1], "height": SIZE[0]}
    predicted = {"id": 5, "data": {"image": "b.jpg"}, "predictions": [{"result": []}]}
    with pytest.raises(DataError, match="has predictions alone and no annotation"):
        opened(tmp_path, [predicted])
    log = LossLog()
    source = opened(tmp_path, [predicted, task(data=sized)], log=log)
    assert source.labels(0, 0) is None and source.labels(1, 0).masks == {}
    assert log.notes == ("Predictions are left out; such tasks are not labelled. (first: b)",)


def test_labels_of_the_interface(tmp_path: Path) -> None:
    labels = '<View><RectangleLabels><Label value="é"/><Label/></RectangleLabels></View>'
    (tmp_path / "config.xml").write_bytes(labels.encode("utf-16"))
    assert [c.name for c in opened(tmp_path, [task()]).categories] == ["é"]
    (tmp_path / "config.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><View/>')
    with pytest.raises(DataError, match="declares a document type"):
        opened(tmp_path, [task()])


BRUSH = {"format": "rle", "rle": encode_brush(filled(0, 1, 0, 1)), "brushlabels": ["a"]}


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([3], "task 1 has no 'data'; export from Label Studio as JSON, not as JSON-MIN"),
        ([{"image": "a.jpg", "label": []}], "task 1 has no 'data'"),
        ([task(annotations=5)], "task 4 has 'annotations' that are no list"),
        ([task(annotations=[{"result": "x"}])], "task 4 has 'result' that are no list"),
        ([task(3)], "task 4 has 'result' that are no list"),  # type: ignore[arg-type]
        ([task(region("brush", BRUSH, original_width="80"))], "no height and width in whole"),
        ([task(region("brush", BRUSH, original_width=10**9))], "claims 1000000000 x 40 pixels"),
        ([task(region("brush", BRUSH, image_rotation=90))], "its picture is rotated"),
        ([task(region("brush", BRUSH, score="high"))], "score needs a number, not 'high'"),
        ([task(region("brush", BRUSH), region("brush", BRUSH, original_width=40))], "several"),
        ([task(region("brush", {"rle": 10**9}))], "region r: the brush strokes are no"),
        ([task(region("brush", {"rle": [256, "a"]}))], "are no list of bytes"),
        ([task(region("polygon", {"points": [[0, 1e300], [1, 1], [2, 0]]}))], "far outside"),
        ([task(region("polygon", {"points": None}))], "region r: a polygon needs numbers"),
        ([task(region("ellipse", {"radiusX": "5"}))], "region r: x needs a number, not nothing"),
        ([task(region("rectangle", {**BOX, "rotation": "a"}))], "rotation needs a number"),
    ],
)  # fmt: skip
def test_damaged(tmp_path: Path, tasks: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        masks(opened(tmp_path, tasks, boxes_as_regions=True))
    assert message in str(caught.value) and str(tmp_path / "tasks.json") in str(caught.value)


def test_ids_that_are_missing_or_too_high(tmp_path: Path) -> None:
    rows = [region("brush", BRUSH, id=id) for id in (None, None, "track_99999999999", "track_3", 7)]
    assert [t.id for t in opened(tmp_path, [task(*rows)]).tracks(0)] == [1, 2, 3, 4, 5]


def test_other_shapes_are_losses(tmp_path: Path) -> None:
    log = LossLog()
    point = region("keypointlabels", {"x": 1, "y": 1, "keypointlabels": ["nose"]})
    opened(tmp_path, [task(point)], log=log)
    assert "task 4: keypointlabels" in str(log.refusal("coco", ()))
