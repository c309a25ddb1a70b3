"""Planted faults in the layout of each set of stills: each is found, and none in a clean one."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidseg.datasets.checks.registry import check_dataset
from vidseg.datasets.sources.registry import dataset_names, splits_of

from ..image_layouts import IMAGE_LAYOUTS, write_image_layout
from .planting import Plant, converted, cut, edited, emptied, gone, grown, repainted

PICTURES = {
    "coco_instances": "val2017/*.jpg",
    "coco_panoptic": "val2017/*.jpg",
    "ade20k_panoptic": "images/validation/*.jpg",
    "lvis": "val2017/*.jpg",
    "sa1b": "sa_000000/*.jpg",
    "refcoco": "../images/mscoco/images/train2014/*.jpg",
    "refcoco+": "../images/mscoco/images/train2014/*.jpg",
    "refcocog": "../images/mscoco/images/train2014/*.jpg",
    "entityseg": "images/*/*.jpg",
}
INSTANCES = {
    "coco_instances": "annotations/instances_val2017.json",
    "lvis": "annotations/lvis_v1_val.json",
    "refcoco": "instances.json",
    "refcoco+": "instances.json",
    "refcocog": "instances.json",
    "entityseg": "annotations/entityseg_val.json",
}
SEGMENTS = {
    "coco_panoptic": ("annotations/panoptic_val2017.json", "annotations/panoptic_val2017/*.png"),
    "ade20k_panoptic": ("ade20k_panoptic_val.json", "ade20k_panoptic_val/*.png"),
}


def planted(name: str, folder: Path, plant: Plant, words: str, severity: str = "error") -> None:
    """Writes a clean folder, spoils it, and looks for the finding."""
    root = write_image_layout(name, folder)
    before = {finding.sentence for finding in check_dataset(name, root)[0]}
    named = plant(root)
    found = [finding for finding in check_dataset(name, root)[0] if finding.sentence not in before]
    right = [finding for finding in found if words in finding.sentence]
    assert right, [finding.sentence for finding in found]
    assert any(named.name in finding.sentence for finding in right), (named, right)
    assert {finding.severity for finding in right} == {severity}


@pytest.mark.parametrize("name", IMAGE_LAYOUTS)
def test_clean_folders_have_no_fault(name: str, tmp_path: Path) -> None:
    findings, counts = check_dataset(name, write_image_layout(name, tmp_path))
    assert {finding.group for finding in findings} <= {"counts"}
    assert sum(count.get("images", 0) for count in counts.values()) >= 2


@pytest.mark.parametrize("name", PICTURES)
def test_faults_of_the_pictures(name: str, tmp_path: Path) -> None:
    pattern = PICTURES[name]

    def lost(root: Path) -> Path:
        picture = sorted(root.glob(pattern))[0]
        picture.unlink()
        return picture

    planted(name, tmp_path / "a", lost, "There is no ")
    planted(name, tmp_path / "b", cut(pattern, 0.8), "breaks off before its end")
    planted(name, tmp_path / "c", emptied(pattern), "is empty")
    planted(name, tmp_path / "d", grown(pattern), "is 40 x 57 (height x width)")


@pytest.mark.parametrize("name", INSTANCES)
def test_truncated_list(name: str, tmp_path: Path) -> None:
    planted(name, tmp_path, cut(INSTANCES[name]), "Cannot read the annotation file")


def row(content: Any) -> Any:
    return content["annotations"][1]


Change = Callable[[Any], Any]
OBJECT_FAULTS: dict[str, tuple[Change, str]] = {
    "double id": (lambda c: row(c).update(id=c["annotations"][0]["id"]), "twice"),
    "double image": (lambda c: c["images"].append(dict(c["images"][0])), "the image id"),
    "unknown class": (lambda c: row(c).update(category_id=999), "category_id 999"),
    "unknown image": (lambda c: row(c).update(image_id=77), "of image 77"),
    "no mask": (lambda c: row(c).pop("segmentation"), "has no segmentation"),
    "empty polygons": (lambda c: row(c).update(segmentation=[]), "an empty list of polygons"),
    "two corners": (
        lambda c: row(c).update(segmentation=[[0, 0, 5, 5]]),
        "three points x, y",
    ),
    "odd corners": (
        lambda c: row(c).update(segmentation=[[0, 0, 5, 5, 3, 2, 1]]),
        "three points x, y",
    ),
    "outside": (
        lambda c: row(c).update(segmentation=[[0, 0, 900, 0, 900, 9]]),
        "outside of its picture",
    ),
    "far away": (
        lambda c: row(c).update(segmentation=[[0, 0, 2e8, 3.5e8, 9, 9]], area=1e300),
        "has the coordinate 3.5e+08, far outside of its picture of 40 × 56",
    ),
    "size of run lengths": (
        lambda c: row(c).update(segmentation={"size": [56, 40], "counts": [2240]}),
        "size 56 x 40 (height x width) instead of 40 x 56",
    ),
    "sum of run lengths": (
        lambda c: row(c).update(segmentation={"size": [40, 56], "counts": [2239]}),
        "runs of 2239 pixels in all, and 40 x 56 are 2240",
    ),
    "empty mask": (
        lambda c: row(c).update(segmentation={"size": [40, 56], "counts": [2240]}),
        "a mask without a pixel",
    ),
    "area": (lambda c: row(c).update(area=2000), "written beside it"),
    "crowd": (lambda c: row(c).update(iscrowd=2), "iscrowd 2"),
    "no size": (lambda c: c["images"][0].pop("width"), "no height and width"),
    "nameless class": (lambda c: c["categories"][0].pop("name"), "has no name"),
    "class twice": (lambda c: c["categories"].append(dict(c["categories"][0])), "category id"),
    "no id": (lambda c: row(c).pop("id"), "has no id"),
    "no list": (lambda c: c.pop("images"), "lacks the list 'images'"),
}


@pytest.mark.parametrize("fault", OBJECT_FAULTS)
@pytest.mark.parametrize("name", INSTANCES)
def test_faults_of_the_objects(name: str, fault: str, tmp_path: Path) -> None:
    change, words = OBJECT_FAULTS[fault]
    severity = "warning" if fault == "area" else "error"  # of stills no figure is made of it
    planted(name, tmp_path, edited(INSTANCES[name], change), words, severity)


def labels(content: Any) -> Any:
    return content["annotations"][0]


SEGMENT_FAULTS: dict[str, tuple[Change, str]] = {
    "area": (lambda c: labels(c)["segments_info"][0].update(area=3), "an area of 3"),
    "class": (lambda c: labels(c)["segments_info"][0].update(category_id=999), "category 999"),
    "id alone": (lambda c: labels(c)["segments_info"][0].update(id=99), "the ids 99, which"),
    "id in words": (lambda c: labels(c)["segments_info"][0].update(id="5"), "is '5' where a "),
    "double id": (
        lambda c: labels(c)["segments_info"].append(labels(c)["segments_info"][0]),
        "more than once",
    ),
    "unknown image": (lambda c: labels(c).update(image_id=77), "of image 77"),
    "image without labels": (lambda c: c["annotations"].pop(0), "no annotation of the images"),
    "outside": (lambda c: labels(c).update(file_name="../x.png"), "outside of"),
}


@pytest.mark.parametrize("fault", SEGMENT_FAULTS)
@pytest.mark.parametrize("name", SEGMENTS)
def test_faults_of_the_segments(name: str, fault: str, tmp_path: Path) -> None:
    change, words = SEGMENT_FAULTS[fault]
    planted(name, tmp_path, edited(SEGMENTS[name][0], change), words)


@pytest.mark.parametrize("name", SEGMENTS)
def test_faults_of_the_maps(name: str, tmp_path: Path) -> None:
    pattern = SEGMENTS[name][1]

    def pixel(values: np.ndarray[Any, Any]) -> None:
        values[0, 0] = (9, 9, 9)

    planted(name, tmp_path / "a", repainted(pattern, pixel), f"the ids {9 * 65793}, which")
    planted(name, tmp_path / "b", converted(pattern, "L"), "has colour mode L, RGB is wanted")
    planted(name, tmp_path / "c", cut(pattern), "breaks off before its end")
    planted(name, tmp_path / "d", grown(pattern), "is 40 x 57 (height x width)")
    planted(name, tmp_path / "e", gone(pattern), "There is no ")


REF_FAULTS: dict[str, tuple[Change, str]] = {
    "annotation": (lambda refs: refs[0].update(ann_id=12345), "annotation 12345, which"),
    "image": (lambda refs: refs[0].update(image_id=12345), "is of image 12345, its annotation"),
    "double id": (lambda refs: refs[1].update(ref_id=refs[0]["ref_id"]), "twice"),
    "empty": (lambda refs: refs[0]["sentences"][0].update(sent=""), "an empty sentence"),
    "none": (lambda refs: refs[0].update(sentences=[]), "an empty sentence or none"),
    "key": (lambda refs: refs[0].pop("split"), "lacks split"),
}


@pytest.mark.parametrize("fault", REF_FAULTS)
@pytest.mark.parametrize("name", ["refcoco", "refcoco+", "refcocog"])
def test_faults_of_the_references(name: str, fault: str, tmp_path: Path) -> None:
    change, words = REF_FAULTS[fault]

    def plant(root: Path) -> Path:
        file = next(root.glob("refs(*).p"))
        refs = pickle.loads(file.read_bytes())
        change(refs)
        file.write_bytes(pickle.dumps(refs, protocol=2))
        return file

    planted(name, tmp_path, plant, words)


def test_a_split_without_references(tmp_path: Path) -> None:
    root = write_image_layout("refcoco", tmp_path)
    file = next(root.glob("refs(*).p"))
    for split, refs in (("val", pickle.loads(file.read_bytes())), (None, [])):
        for ref in refs:
            ref["split"] = "../val"
        file.write_bytes(pickle.dumps(refs, protocol=2))
        (fault,) = check_dataset("refcoco", root, split)[0]
        assert fault.sentence.startswith(f"{file} has no reference")


def test_missing_and_damaged_references(tmp_path: Path) -> None:
    def lost(root: Path) -> Path:
        file = next(root.glob("refs(*).p"))
        file.unlink()
        return file

    planted("refcoco", tmp_path / "a", lost, "the list of sentences")
    planted("refcoco", tmp_path / "b", cut("refs(*).p"), "refs(unc).p")


def test_parts_of_entityseg_that_differ(tmp_path: Path) -> None:
    parts = "annotations/entityseg_train_0[2-9].json"
    stuff = edited(parts, lambda c: c["categories"][0].update(name="woman"))
    planted("entityseg", tmp_path / "a", stuff, "lists other classes than")

    def same(root: Path) -> Path:
        file = next(root.glob(parts))
        file.write_bytes(file.with_name("entityseg_train_01.json").read_bytes())
        return file

    planted("entityseg", tmp_path / "b", same, "both list the picture")


SA1B_FAULTS: dict[str, tuple[Change, str]] = {
    "area": (lambda c: row(c).update(area=9999), "written beside it"),
    "size": (lambda c: row(c)["segmentation"].update(size=[56, 40]), "size 56 x 40"),
    "counts": (lambda c: row(c)["segmentation"].update(counts="0"), "runs of 0 pixels in all"),
    "id": (lambda c: row(c).update(id=c["annotations"][0]["id"]), "twice"),
    "no id": (lambda c: row(c).pop("id"), "has no id"),
    "name": (lambda c: c["image"].update(file_name="sa_7.jpg"), "of the picture 'sa_7.jpg'"),
    "image": (lambda c: c.pop("image"), "no 'image' with"),
}


@pytest.mark.parametrize("fault", SA1B_FAULTS)
def test_faults_of_sa1b(fault: str, tmp_path: Path) -> None:
    change, words = SA1B_FAULTS[fault]
    severity = "warning" if fault == "area" else "error"
    planted("sa1b", tmp_path, edited("sa_000000/*.json", change), words, severity)


def test_picture_of_sa1b_without_masks(tmp_path: Path) -> None:
    def lost(root: Path) -> Path:
        file = sorted(root.glob("sa_000000/*.json"))[0]
        file.unlink()
        return file

    planted("sa1b", tmp_path / "a", lost, "the masks of")
    planted("sa1b", tmp_path / "b", cut("sa_000000/*.json"), "Cannot read the annotation file")


@pytest.mark.parametrize("name", IMAGE_LAYOUTS)
def test_folder_of_something_else(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps({}))
    findings, _ = check_dataset(name, tmp_path)
    assert findings.errors and all(str(tmp_path) in finding.sentence for finding in findings)


@pytest.mark.parametrize("name", dataset_names())
def test_every_split_is_looked_for_by_its_own_name(name: str, tmp_path: Path) -> None:
    for split in splits_of(name):
        findings, _ = check_dataset(name, tmp_path, split)
        assert findings.errors and all(str(tmp_path) in finding.sentence for finding in findings)


def test_references_of_one_split(tmp_path: Path) -> None:
    root = write_image_layout("refcoco", tmp_path)
    (root / "refs(google).p").write_bytes((root / "refs(unc).p").read_bytes())
    for split, part in (("val", "val"), ("google-train", "train")):
        findings, counts = check_dataset("refcoco", root, split)
        assert not findings and counts[part] == {"references": 1}
    assert "val" not in counts
