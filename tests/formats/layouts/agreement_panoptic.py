"""Spellings of the benchmarks that label every pixel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from ...datasets.layouts import write_layout
from .agreement import Frames, Spelling

Respell = Callable[[Path], object]


def _write(name: str, *videos: str, respell: Respell | None = None) -> Callable[[Path], Frames]:
    """Writes a layout, changes its spelling, and returns the frames of its videos.

    Args:
        name: of the layout in tests/datasets/layouts.py.
        videos: those of the split; all where none is named.
        respell: renames or leaves out what a release spells differently.
    """

    def write(folder: Path) -> Frames:
        known = write_layout(name, folder)
        if respell is not None:
            respell(folder)
        return {video: known[video].frames for video in videos or known}

    return write


def _rename(old: str, new: str) -> Respell:
    return lambda folder: (folder / old).rename(folder / new)


VAL = "127_-hIVCYO4C90"
"""The video of the split val of VIPSeg, VSPW and VIPOSeg."""


def _predict_vipseg(folder: Path, predicted: Path) -> None:
    shutil.copytree(folder / "panomasksRGB" / VAL, predicted / "pan_pred" / VAL)
    files = sorted(folder.glob("panoptic_gt_VIPSeg*.json"))
    rows = json.loads(files[0].read_text())["annotations"]
    kept = [row for row in rows if row["video_id"] == VAL]
    (predicted / "pred.json").write_text(json.dumps({"annotations": kept}))


PANOPTIC = (
    Spelling(
        name="vipseg, images",
        dataset="vipseg",
        split="val",
        objects=3,
        write=_write("vipseg", VAL),
        benchmark="vipseg",
        predict=_predict_vipseg,
    ),
)
