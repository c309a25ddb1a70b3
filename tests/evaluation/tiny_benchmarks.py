"""A tiny ground truth and its perfect prediction for every benchmark, in the benchmark's layout.

The ground truth is that of ``tests/datasets/layouts.py``: four frames of 24 × 32 pixels a video.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..datasets.layouts import write_layout
from ..datasets.scenes import save_grey, save_json, save_lines, save_palette


@dataclass(frozen=True)
class Tiny:
    """Folders for the command line.

    Attributes:
        gt, pred: the values of ``--gt`` and ``--pred``.
        frames: folder of the PNGs of one predicted video, which counts; None for tracks.
        true_frames: folder of the PNGs of the same video in the ground truth.
        answer: the predicted JSON file, where there is one.
    """

    gt: Path
    pred: Path
    frames: Path | None = None
    true_frames: Path | None = None
    answer: Path | None = None


def write_tiny(name: str, folder: Path) -> Tiny:
    """Writes ``gt`` and ``pred`` of a benchmark below ``folder``."""
    return _WRITERS[name](name, folder / "gt", folder / "pred")


def tiny_names() -> tuple[str, ...]:
    """All benchmarks."""
    return tuple(_WRITERS)


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _copied(gt: Path, pred: Path, source: str, target: str = "") -> Tiny:
    """A prediction that is a copy of the folder ``source`` of the ground truth."""
    shutil.copytree(gt / source, pred / target)
    video = min(path.name for path in (gt / source).iterdir())
    return Tiny(gt, pred, pred / target / video, gt / source / video)


def _tracks(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    source = next(iter(gt.glob("*.json")), gt / "train" / "instances.json")
    keys = ("id", "video_id", "category_id", "segmentations")
    rows = [
        {**{key: row[key] for key in keys}, "score": 0.5 + row["id"] / 10}
        for row in _load(source)["annotations"]
    ]
    save_json(pred / "results.json", rows)
    return Tiny(source.parent, pred, answer=pred / "results.json")


def _burst(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    content = _load(gt / "annotations" / "val" / "all_classes.json")
    for sequence in content["sequences"]:
        for frame in sequence["segmentations"]:
            for mask in frame.values():
                mask["score"] = 0.9
    save_json(pred / "results.json", content)
    return Tiny(gt / "annotations" / "val", pred, answer=pred / "results.json")


def _davis(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    folder = "Annotations_unsupervised" if name.endswith("unsup") else "Annotations"
    year = "2016" if name == "davis2016" else "2017"
    save_lines(gt / "ImageSets" / year / "val.txt", "bear")  # where both objects are there at once
    truth = gt / folder / "480p" / "bear"
    for path in sorted(truth.iterdir()):
        ids = np.array(Image.open(path))
        save_palette(pred / "bear" / path.name, np.where(ids == 255, year == "2016", ids))
    return Tiny(gt, pred, pred / "bear", truth)


def _ref_davis(name: str, gt: Path, pred: Path) -> Tiny:
    for number in range(4):
        shutil.rmtree(gt, ignore_errors=True)
        found = _davis("davis2017_unsup", gt, pred / f"anno_{number}")
    return Tiny(gt, pred, found.frames, found.true_frames)


def _youtube_vos(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    save_json(gt / "train" / "seen_categories.json", ["ape"])
    return _copied(gt / "train", pred, "Annotations", "Annotations")


def _mose(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    return _copied(gt / "train", pred, "Annotations")


def _ref_youtube_vos(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    meta = "meta_expressions.json"
    shutil.copy(gt / "meta_expressions" / "train" / meta, gt / "train" / meta)
    gt = gt / "train"
    for video, entry in _load(gt / meta)["videos"].items():
        for key, expression in entry["expressions"].items():
            for frame in entry["frames"]:
                ids = np.array(Image.open(gt / "Annotations" / video / f"{frame}.png"))
                mask = 255 * (ids == int(expression["obj_id"]))
                save_grey(pred / "Annotations" / video / key / f"{frame}.png", mask)
    return Tiny(gt, pred, pred / "Annotations" / video / "0", gt / "Annotations" / video)


def _vspw(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout("vspw_mapped", gt)
    video = (gt / "val.txt").read_text(encoding="utf-8").strip()
    for path in sorted((gt / "data" / video / "mask").iterdir()):
        classes = np.array(Image.open(path))
        save_grey(pred / video / path.name, np.where(classes == 255, 0, classes))
    return Tiny(gt, pred, pred / video, gt / "data" / video / "mask")


def _vipseg(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    content = _load(gt / "panoptic_gt_VIPSeg_val.json")
    save_json(pred / "pred.json", {"annotations": content["annotations"]})
    video = content["videos"][0]["video_id"]
    shutil.copytree(gt / "panomasksRGB" / video, pred / "pan_pred" / video)
    found = Tiny(gt, pred, pred / "pan_pred" / video, gt / "panomasksRGB" / video)
    return Tiny(gt, pred, found.frames, found.true_frames, pred / "pred.json")


def _kitti_step(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    return _copied(gt, pred, "panoptic_maps/val", "panoptic_maps")


def _viposeg(name: str, gt: Path, pred: Path) -> Tiny:
    write_layout(name, gt)
    return _copied(gt / "valid", pred, "Annotations_gt")


_WRITERS = {
    **dict.fromkeys(("ytvis2019", "ytvis2021", "ytvis2022", "ovis"), _tracks),
    "vspw": _vspw,
    "vipseg": _vipseg,
    "kitti_step": _kitti_step,
    **dict.fromkeys(("davis2016", "davis2017", "davis2017_unsup"), _davis),
    "ref_davis": _ref_davis,
    "youtube_vos": _youtube_vos,
    "mose": _mose,
    "viposeg": _viposeg,
    "ref_youtube_vos": _ref_youtube_vos,
    "burst": _burst,
}
