"""Spellings of the benchmarks that label every pixel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ...datasets.image_layouts import write_image_layout
from ...datasets.layouts import write_layout
from ...datasets.panoptic_layouts import VIDEOS
from .agreement import Frames, Spelling

Respell = Callable[[Path], object]

TRAIN, VAL = VIDEOS
"""The videos of the splits of VIPSeg and VSPW."""


def _write(name: str, *videos: str, respell: tuple[Respell, ...] = ()) -> Callable[[Path], Frames]:
    """Writes a layout, changes its spelling, and returns the frames of its videos.

    Args:
        name: of the layout in tests/datasets/layouts.py.
        videos: those of the split; all where none is named.
        respell: rename or leave out what a release spells differently.
    """

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        for change in respell:
            change(folder)
        return {video: known[video].frames for video in videos or known}

    return write


def _rename(old: str, new: str) -> Respell:
    def rename(folder: Path) -> None:
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)

    return rename


def _remove(name: str) -> Respell:
    def remove(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def _unpack(name: str) -> Respell:
    """Moves all that is in a folder into the one above."""

    def unpack(folder: Path) -> None:
        for path in (folder / name).iterdir():
            path.rename(folder / path.name)
        (folder / name).rmdir()

    return unpack


def _predict_vipseg(folder: Path, predicted: Path) -> None:
    shutil.copytree(folder / "panomasksRGB" / VAL, predicted / "pan_pred" / VAL)
    files = sorted(folder.glob("panoptic_gt_VIPSeg*.json"))
    rows = json.loads(files[0].read_text())["annotations"]
    kept = [row for row in rows if row["video_id"] == VAL]
    (predicted / "pred.json").write_text(json.dumps({"annotations": kept}))


def _vipseg(name: str, *respell: Respell) -> Spelling:
    return Spelling(
        name=f"vipseg, {name}",
        dataset="vipseg",
        split="val",
        objects=3,
        write=_write("vipseg", VAL, respell=respell),
        benchmark="vipseg",
        predict=_predict_vipseg,
    )


def _predict_vspw(lowered: int) -> Callable[[Path, Path], None]:
    """Writes classes from 0, sky where the truth is void."""

    def predict(folder: Path, predicted: Path) -> None:
        (predicted / VAL).mkdir(parents=True)
        for path in (folder / "data" / VAL / "mask").iterdir():
            with Image.open(path) as image:
                values = np.array(image)
            classes = np.where((values == 255) | (values < lowered), lowered, values) - lowered
            Image.fromarray(classes.astype(np.uint8)).save(predicted / VAL / path.name)

    return predict


def _vspw(name: str, *respell: Respell, mapped: bool = False) -> Spelling:
    dataset = "vspw_mapped" if mapped else "vspw"
    return Spelling(
        name=f"{dataset}, {name}",
        dataset=dataset,
        split="val",
        objects=2,
        write=_write(dataset, VAL, respell=respell),
        benchmark="vspw",
        protocol="official" if mapped else "raw",
        predict=_predict_vspw(0 if mapped else 1),
    )


def _predict_step(folder: Path, predicted: Path) -> None:
    root = folder / "panoptic_maps"
    root = root / "val" if (root / "val").is_dir() else root
    shutil.copytree(root, predicted / "panoptic_maps")


def _step(name: str, *respell: Respell, split: str | None = "val") -> Spelling:
    return Spelling(
        name=f"kitti_step, {name}",
        dataset="kitti_step",
        split=split,
        objects=6,
        write=_write("kitti_step", respell=respell),
        benchmark="kitti_step",
        predict=_predict_step,
        submitted=split is not None,
    )


def _predict_viposeg(folder: Path, predicted: Path) -> None:
    shutil.copytree(next(folder.rglob("Annotations_gt")), predicted)


def _viposeg(name: str, *respell: Respell) -> Spelling:
    return Spelling(
        name=f"viposeg, {name}",
        dataset="viposeg",
        split="valid",
        objects=6,
        write=_write("viposeg", respell=respell),
        benchmark="viposeg",
        predict=_predict_viposeg,
    )


def _still(
    name: str, spelling: str, *respell: Respell, objects: int, split: str = "val"
) -> Spelling:
    def write(folder: Path) -> Frames:
        write_image_layout(name, folder)
        for change in respell:
            change(folder)
        files = sorted(folder.rglob(f"*_{split}*.json"))
        stems = [
            Path(i["file_name"]).stem for f in files for i in json.loads(f.read_text())["images"]
        ]
        return {stem: (stem,) for stem in stems}

    return Spelling(
        name=f"{name}, {spelling}", dataset=name, split=split, objects=objects, write=write
    )


_JSON = "panoptic_gt_VIPSeg"
_COCO = "annotations/panoptic_val2017"

PANOPTIC = (
    _vipseg("images"),
    _vipseg("imgs", _rename("images", "imgs")),
    _vipseg("one JSON for all", _remove(f"{_JSON}_train.json"), _remove(f"{_JSON}_val.json")),
    _vipseg("one JSON of the split", _remove(f"{_JSON}_train.json"), _remove(f"{_JSON}.json")),
    _vipseg("without lists", _remove("val.txt"), _remove("train.txt")),
    _vipseg("maps alone", _remove("images")),
    Spelling(
        name="vipseg, as released",
        dataset="vipseg",
        split="val",
        objects=3,
        write=_write("vipseg_released", VAL),
    ),
    _vspw("480p"),
    _vspw("mapped", mapped=True),
    _vspw("maps alone", _remove(f"data/{VAL}/origin"), _remove(f"data/{TRAIN}/origin")),
    _step("prepared"),
    _step("as KITTI tracking unpacks", _rename("images/val", "training/image_02")),
    _step("maps alone", _remove("images")),
    _step(
        "sequences without a split",
        _rename("panoptic_maps/val", "val"),
        _remove("panoptic_maps"),
        _rename("val", "panoptic_maps"),
        _rename("images/val", "training/image_02"),
        _remove("images"),
        split=None,
    ),
    _viposeg("valid"),
    _viposeg("val", _rename("valid", "val")),
    _viposeg("the split itself", _unpack("valid")),
    _viposeg("maps alone", _remove("valid/JPEGImages")),
    _still("coco_panoptic", "2017", objects=6),
    _still(
        "coco_panoptic",
        "without a year",
        _rename(f"{_COCO}.json", "panoptic_val.json"),
        _rename(_COCO, "panoptic_val"),
        _rename("val2017", "images/val"),
        objects=6,
    ),
    _still(
        "coco_panoptic",
        "one folder",
        _rename(f"{_COCO}.json", "panoptic_val.json"),
        _rename(_COCO, "panoptic"),
        _rename("val2017", "images"),
        objects=6,
    ),
    _still("ade20k_panoptic", "prepared", objects=6),
    _still("entityseg", "in parts", objects=4, split="train"),
    _still(
        "entityseg",
        "in the root",
        _rename("annotations/entityseg_val.json", "entityseg_val.json"),
        objects=2,
    ),
    _still(
        "entityseg",
        "called annotations",
        _rename("annotations/entityseg_val.json", "annotations/entityseg_val_annotations.json"),
        objects=2,
    ),
)
