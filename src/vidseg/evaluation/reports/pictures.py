"""The pictures that lie beside the ground truth of a benchmark."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.layouts.davis import RESOLUTIONS
from ...formats.layouts.frames import find_picture as find_frame
from ...pictures.reading import read_picture
from ...types import ImageArray

_PLACES = (
    *(f"JPEGImages/{resolution}/{{video}}" for resolution in RESOLUTIONS),
    "JPEGImages/{video}",
    "images/{video}",
    "images/val/{video}",
    "training/image_02/{video}",
    "valid/JPEGImages/{video}",
    "val/JPEGImages/{video}",
    "imgs/{video}",
    "data/{video}/origin",
)


def find_picture(truth: Path, video: str, frame: str) -> ImageArray | None:
    """The picture of a frame: in or beside the folder ``truth``, where benchmarks keep them.

    Of a frame name with parts only the last counts: those before say what it was compared for.
    None where there is none, or where it cannot be read: masks can be looked at without.
    """
    frame = frame.rpartition("/")[2]
    for root in (truth, truth.parent):
        for place in _PLACES:
            path = find_frame(root / place.format(video=video), frame)
            if path is not None:
                return _read(path)
    return None


def _read(path: Path) -> ImageArray | None:
    try:
        return read_picture(path)
    except DataError:
        return None
