"""COCO-panoptic: one PNG per frame whose colour is the segment id, and one json about them."""

from __future__ import annotations

import json
from array import array
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..results import FrameResult, mask_box
from ..types import Frame, IdMap
from .atomic import prepare_folder, replacing
from .categories import CategoryNumbers
from .spool import JsonSpool

_COMPRESSION = 2  # flat regions stay small; higher levels cost more time than the model


def ids_to_rgb(ids: IdMap) -> npt.NDArray[np.uint8]:
    """[H, W, 3] colours of ids below 2**24: id = R + 256 G + 65536 B."""
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)


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
        self._spool: JsonSpool | None = JsonSpool()
        self._places = array("q")
        self._size = (0, 0)
        prepare_folder(folder)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Writes one PNG and remembers its row."""
        if self._spool is None:
            raise ValueError("The writer is closed.")
        self._size = result.size
        ids = result.panoptic_map()
        name = f"{result.index:05d}.png"
        with replacing(self.folder / name) as partial:
            Image.fromarray(ids_to_rgb(ids)).save(
                partial, format="PNG", compress_level=_COMPRESSION
            )
        row = {
            "image_id": result.index,
            "file_name": name,
            "segments_info": self._segments_info(result, ids),
        }
        self._places.append(self._spool.append(row))

    def _segments_info(self, result: FrameResult, ids: IdMap) -> list[dict[str, Any]]:
        rows = []
        for segment in result.segments:
            left = ids == segment.id
            area = int(np.count_nonzero(left))
            if not area:
                continue
            x0, y0, x1, y1 = mask_box(left)
            rows.append(
                {
                    "id": segment.id,
                    "category_id": self._numbers.number(segment),
                    "iscrowd": 0,
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "area": area,
                    "score": round(float(segment.score), 5),
                }
            )
        return rows

    def close(self) -> None:
        """Writes the json."""
        if self._spool is None:
            return
        try:
            if self._places:
                with (
                    replacing(self.json_path) as partial,
                    partial.open("w", encoding="utf-8") as file,
                ):
                    self._write_json(file, self._spool)
            elif self.folder.is_dir() and not any(self.folder.iterdir()):
                self.folder.rmdir()
        finally:
            self._spool.close()
            self._spool = None

    def _write_json(self, file: TextIO, spool: JsonSpool) -> None:
        height, width = self._size
        file.write('{"categories": ' + json.dumps(self._numbers.rows()) + ',\n"images": [')
        for position, place in enumerate(self._places):
            row = spool.read(place)
            image = {
                "id": row["image_id"],
                "file_name": row["file_name"],
                "height": height,
                "width": width,
                "video_id": 1,  # frames of a video, not stills that happen to share ids
                "frame_index": row["image_id"],
            }
            file.write((",\n" if position else "\n") + json.dumps(image))
        file.write('\n],\n"annotations": [')
        for position, place in enumerate(self._places):
            file.write((",\n" if position else "\n") + json.dumps(spool.read(place)))
        file.write("\n]}\n")
