"""The label formats by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError, nearest_hint
from ...labels import LabelSource
from . import (
    coco,
    coco_panoptic,
    cvat,
    cvat_xml,
    davis,
    kitti_step,
    label_studio,
    labelme,
    vipseg,
    yolo,
    ytvis,
)
from .base import LabelWriter, ReadOptions, WriteOptions
from .capabilities import Holds
from .losses import LOSSES


@dataclass(frozen=True)
class LabelFormat:
    """A format that labels are read from and written to.

    Attributes:
        name: on the command line.
        title: what people call it.
        holds: what it has a place for.
        read: opens a file or folder.
        write: starts files in a folder.
        file: name of the only file it writes; None where it writes several.
    """

    name: str
    title: str
    holds: Holds
    read: Callable[[Path, ReadOptions], LabelSource]
    write: Callable[[Path, WriteOptions], LabelWriter]
    file: str | None = None


LABEL_FORMATS = {
    row.name: row
    for row in (
        LabelFormat(
            "ytvis", "YouTube-VIS json", ytvis.HOLDS, ytvis.read, ytvis.YtvisWriter, ytvis.FILE
        ),
        LabelFormat("coco", "COCO instances", coco.HOLDS, coco.read, coco.CocoWriter, coco.FILE),
        LabelFormat("davis", "DAVIS palette PNG", davis.HOLDS, davis.read, davis.PaletteWriter),
        LabelFormat(
            "coco_panoptic",
            "COCO-panoptic",
            coco_panoptic.HOLDS,
            coco_panoptic.read,
            coco_panoptic.CocoPanopticWriter,
        ),
        LabelFormat("vipseg", "VIPSeg", vipseg.HOLDS, vipseg.read, vipseg.VipsegWriter),
        LabelFormat(
            "kitti_step", "KITTI-STEP PNG", kitti_step.HOLDS, kitti_step.read, kitti_step.StepWriter
        ),
        LabelFormat("cvat", "CVAT for video 1.1", cvat.HOLDS, cvat.read, cvat_xml.CvatWriter),
        LabelFormat(
            "label_studio",
            "Label Studio JSON",
            label_studio.HOLDS,
            label_studio.read,
            label_studio.LabelStudioWriter,
        ),
        LabelFormat("yolo", "YOLO segmentation", yolo.HOLDS, yolo.read, yolo.YoloWriter),
        LabelFormat("labelme", "LabelMe JSON", labelme.HOLDS, labelme.read, labelme.LabelmeWriter),
    )
}
"""Name → format."""


def label_format(name: str) -> LabelFormat:
    """The format of a name. Raises DataError, naming the nearest and all, for an unknown one."""
    if name in LABEL_FORMATS:
        return LABEL_FORMATS[name]
    hint = nearest_hint(name, LABEL_FORMATS, " Did you mean {!r}?")
    raise DataError(f"Unknown format {name!r}.{hint} Known are {', '.join(LABEL_FORMATS)}.")


def parse_losses(names: Sequence[str]) -> tuple[str, ...]:
    """Names of losses that are allowed, each once. Raises DataError for an unknown one."""
    for name in names:
        if name not in LOSSES:
            raise DataError(f"Unknown loss {name!r} to allow; choose from {', '.join(LOSSES)}.")
    return tuple(dict.fromkeys(names))
