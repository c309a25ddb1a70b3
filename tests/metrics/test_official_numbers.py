"""Measures on small benchmark folders whose numbers were made with the official programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from vidseg.metrics.jf import JFMeter
from vidseg.metrics.panoptic import PanopticMap
from vidseg.metrics.stq import STQ
from vidseg.metrics.vpq import VPQ
from vidseg.metrics.vss import ConsistencyMeter, SemanticMeter

from ..parity import report_difference

EXACT = 1e-9
Picture = npt.NDArray[np.int64]


def benchmark(eval_cases: Path, name: str) -> tuple[Path, dict[str, Any]]:
    folder = eval_cases / name
    return folder, json.loads((folder / "expected.json").read_text())["results"]


def read(path: Path) -> Picture:
    return np.asarray(Image.open(path)).astype(np.int64)


def read_ids(path: Path) -> Picture:
    return read(path) @ np.array([1, 256, 65536])


def check(name: str, got: Any, want: Any, limit: float = EXACT) -> None:
    exact = torch.float64
    report_difference(name, torch.tensor(got, dtype=exact), torch.tensor(want, dtype=exact), limit)


@pytest.mark.parametrize("variant", ["osvos", "perturbed"])
def test_davis2016(eval_cases: Path, variant: str) -> None:
    folder, expected = benchmark(eval_cases, "davis2016")
    meter = JFMeter()
    for video in (folder / "gt" / "val.txt").read_text().split():
        frames = sorted((folder / "gt" / "Annotations" / "480p" / video).glob("*.png"))
        for frame in frames[1:-1]:
            predicted_map = read(folder / "pred" / variant / video / frame.name) > 0
            meter.update(video, predicted_map, read(frame) > 0)
    scores = meter.compute()
    for letter, s in (("J", scores.region), ("F", scores.contour)):
        want = [expected[variant][f"{letter}-{name}"] for name in ("Mean", "Recall", "Decay")]
        check(f"{variant} {letter}", [s.mean, s.recall, s.decay], want)
    check(f"{variant} J&F", scores.mean, expected[variant]["J&F-Mean"])


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_vspw(eval_cases: Path, variant: str) -> None:
    folder, expected = benchmark(eval_cases, "vspw")
    semantic, steady = SemanticMeter(124), ConsistencyMeter((8, 16))
    for video in (folder / "gt" / "val.txt").read_text().split():
        steady.start_video()
        for frame in sorted((folder / "gt" / "data" / video / "mask").glob("*.png")):
            predicted_map, true_map = (
                read(folder / "pred" / variant / video / frame.name),
                read(frame),
            )
            semantic.update(predicted_map, true_map)
            steady.update(predicted_map, true_map)
    s, c = semantic.compute(), steady.compute()
    got = [s.pixel_accuracy, s.class_accuracy, s.miou, s.weighted_iou, c[8], c[16]]
    names = ("Acc", "Acc_class", "mIoU", "fwIoU", "mVC8", "mVC16")
    check(f"{variant} {names}", got, [expected[variant][name] for name in names])
    assert len(steady.values[8]) == expected[variant]["mVC8_num_clips"]


def numbers(annotations: list[dict[str, Any]]) -> dict[int, int]:
    """Instance number of each id: its place among the ids of the video."""
    order = dict.fromkeys(s["id"] for a in annotations for s in a["segments_info"])
    return {id: place for place, id in enumerate(order)}


def lookup(ids: Picture, table: dict[int, int], void: int) -> Picture:
    values, places = np.unique(ids, return_inverse=True)
    return np.array([table.get(int(id), void) for id in values])[places.reshape(ids.shape)]


def panoptic(ids: Picture, annotation: dict[str, Any], row: dict[int, int]) -> PanopticMap:
    segments = annotation["segments_info"]
    return PanopticMap(
        ids,
        {s["id"]: row[s["category_id"]] for s in segments},
        frozenset(s["id"] for s in segments if s.get("iscrowd")),
    )


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_vipseg(eval_cases: Path, variant: str) -> None:
    folder, expected = benchmark(eval_cases, "vipseg")
    truth = json.loads((folder / "gt" / "panoptic_gt_VIPSeg_val.json").read_text())
    predicted_map = json.loads((folder / "pred" / variant / "pred.json").read_text())
    predicted_of = {
        video["video_id"]: video["annotations"] for video in predicted_map["annotations"]
    }
    categories = sorted(truth["categories"], key=lambda category: category["id"])
    row = {category["id"]: k for k, category in enumerate(categories)}
    things = [k for k, category in enumerate(categories) if category["isthing"]]
    vpq, stq = VPQ(len(row), things), STQ(len(row), things)
    for video in truth["annotations"]:
        name = video["video_id"]
        pairs = [video["annotations"], predicted_of[name]]
        number = [numbers(annotations) for annotations in pairs]
        roots = [folder / "gt" / "panomasksRGB", folder / "pred" / variant / "pan_pred"]
        vpq.start_video()
        stq.start_video()
        for frames in zip(*pairs, strict=True):
            maps = [
                panoptic(read_ids(root / name / f["file_name"].replace(".jpg", ".png")), f, row)
                for root, f in zip(roots, frames, strict=True)
            ]
            vpq.update(maps[1], maps[0])
            labels = [
                (lookup(m.ids, dict(m.classes), 255), lookup(m.ids, n, 0))
                for m, n in zip(maps, number, strict=True)
            ]
            stq.update(*labels[1], *labels[0])
    for k, s in vpq.compute().items():
        want = expected[variant][f"VPQ_nframes_{k}"]
        for title, quality in (("All", s.all), ("Things", s.things), ("Stuff", s.stuff)):
            got = [100 * quality.pq, 100 * quality.sq, 100 * quality.rq, quality.classes]
            check(
                f"{variant} VPQ {k} {title}", got, [want[title][n] for n in ("pq", "sq", "rq", "n")]
            )
    s = stq.compute()
    want = [expected[variant]["STQ"][name] for name in ("STQ", "AQ", "SQ")]
    check(f"{variant} STQ", [s.stq, s.association, s.segmentation], want, 1e-6)


@pytest.mark.parametrize("variant", ["heavy", "mild"])
def test_kitti_step(eval_cases: Path, variant: str) -> None:
    folder, expected = benchmark(eval_cases, "kitti_step")
    meter = STQ(19, things={11, 13})
    for video in sorted((folder / "gt" / "panoptic_maps" / "val").iterdir()):
        meter.start_video()
        for frame in sorted(video.glob("*.png")):
            true_map = read(frame)
            predicted_map = read(
                folder / "pred" / variant / "panoptic_maps" / video.name / frame.name
            )
            numbered = [256 * p[..., 1] + p[..., 2] for p in (predicted_map, true_map)]
            meter.update(predicted_map[..., 0], numbered[0], true_map[..., 0], numbered[1])
    s = meter.compute()
    want = [expected[variant][name] for name in ("STQ", "AQ", "SQ")]
    check(f"{variant} STQ", [s.stq, s.association, s.segmentation], want, 1e-6)
