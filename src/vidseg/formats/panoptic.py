"""COCO-panoptic: one PNG per frame whose colour is the segment id, and one json about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError
from ..labels import LabelTrack
from ..pictures.flat_png import png_form
from ..results import FrameResult, mask_box
from ..types import Frame, IdMap
from .atomic import QUICK, save_png
from .categories import CategoryNumbers
from .json_lists import JsonLists
from .output_places import check_there, prepare_folder

MOST_COLOURS = 2**24 - 1
"""The largest id that a colour can stand for."""


def save_panoptic_png(ids: IdMap, path: Path) -> None:
    """Writes [H, W] ids below 2**24 as colours: id = R + 256 G + 65536 B. Raises OutputError."""
    colors = np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1)
    save_png(colors, path, compression=QUICK)


def is_colour_png(path: Path) -> bool:
    """Whether a file is a PNG as :func:`save_panoptic_png` writes it, by its first bytes."""
    try:
        with path.open("rb") as file:
            return png_form(file.read(26)) == (8, 2)
    except OSError:
        return False


def segment_row(
    track: LabelTrack, box: Sequence[int], area: int, score: float | None
) -> dict[str, Any]:
    """A segment of a frame as ``segments_info`` lists it; ``box`` is (x, y, width, height)."""
    row: dict[str, Any] = {
        "id": track.id,
        "category_id": track.category_id,
        "iscrowd": int(track.is_crowd),
        "bbox": list(box),
        "area": area,
    }
    if score is not None:
        row["score"] = score
    return row


class PanopticWriter:
    """``<folder>/00000.png`` ... and ``<folder>.json`` in COCO-panoptic form.

    A segment keeps its id over the video. Overlaps go to the higher score; area and bbox
    (x, y, width, height) are those of what is left. The json says of every segment its class,
    of every category whether it is a thing. Rows are spooled to disk, so memory stays constant.
    """

    def __init__(self, folder: Path, numbers: CategoryNumbers | None = None) -> None:
        self.folder = folder
        self.json_path = folder.with_name(folder.name + ".json")
        self._numbers = numbers or CategoryNumbers()
        self._file: JsonLists | None = JsonLists(self.json_path, ("images", "annotations"))
        self._frames = 0
        prepare_folder(folder)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Writes one PNG and remembers its row."""
        if self._file is None:
            raise ValueError("The writer is closed.")
        ids = result.panoptic_map()
        if ids.max(initial=0) > MOST_COLOURS:
            raise OutputError(
                f"Frame {result.index}: id {ids.max()} does not fit a panoptic PNG, which holds "
                f"ids up to {MOST_COLOURS}; save ytvis instead of panoptic."
            )
        name = f"{result.index:05d}.png"
        check_there(self.folder)
        save_panoptic_png(ids, self.folder / name)
        segments = self._segments_info(result, ids)
        height, width = result.size
        self._frames += 1
        self._file.append(
            "images",
            {
                "id": result.index,
                "file_name": name,
                "height": height,
                "width": width,
                "video_id": 1,  # frames of a video, not stills that happen to share ids
                "frame_index": result.index,
            },
        )
        self._file.append(
            "annotations",
            {"image_id": result.index, "file_name": name, "segments_info": segments},
        )

    def _segments_info(self, result: FrameResult, ids: IdMap) -> list[dict[str, Any]]:
        rows = []
        for segment in result.segments:
            left = ids == segment.id
            area = int(np.count_nonzero(left))
            if area:
                x0, y0, x1, y1 = mask_box(left)
                track = LabelTrack(segment.id, self._numbers.number(segment))
                score = round(float(segment.score), 5)
                rows.append(segment_row(track, (x0, y0, x1 - x0, y1 - y0), area, score))
        return rows

    def close(self) -> None:
        """Writes the json."""
        file, self._file = self._file, None
        if file is None:
            return
        if self._frames:
            file.close({"categories": self._numbers.rows()})
            return
        file.discard()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
