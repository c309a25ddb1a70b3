"""PNGs of segment ids with a JSON about the segments: what COCO-panoptic and VIPSeg share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...results import CocoRLE
from ..panoptic import ids_to_rgb
from ..reading import inside, read_rgb_ids
from .base import LabelFile, ReadOptions, layout_explained
from .capabilities import Holds
from .id_maps import id_map, masks_of, save_png, where_value
from .run_lengths import areas, box

HOLDS = Holds(
    overlaps=False,
    void=True,
    background=False,
    stuff=True,
    crowd="all",
    scores="mask",
    highest_id=2**24 - 1,
)
"""Segments have ids R + 256 G + 65536 B; 0 is void."""


class PanopticFiles(LabelFile):
    """An opened JSON with its PNGs.

    Args:
        place: the JSON.
        folder: holds the PNGs.
        categories: all classes.
        videos: in order.
        entries: for each video the rows {file_name, segments_info} of its frames, None for a
            frame without labels.
        options: of the reader.
    """

    def __init__(
        self,
        place: Path,
        folder: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        entries: Sequence[Sequence[Mapping[str, Any] | None]],
        options: ReadOptions,
    ) -> None:
        super().__init__(place, categories, videos, options.pictures)
        self._folder = folder
        self._entries = entries
        self._log = options.log
        self._numbers = {category.id for category in categories}

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All segments that the JSON lists, by id."""
        found: dict[int, LabelTrack] = {}
        where = f"video {self._videos[video].name}, track"
        with layout_explained(self.place, "panoptic"):
            for entry in self._entries[video]:
                for row in () if entry is None else entry["segments_info"]:
                    id, number = int(row["id"]), int(row["category_id"])
                    if number not in self._numbers:
                        raise DataError(
                            f"{self.place} has a segment of class {number}, which its class list "
                            f"lacks; give the right list with --categories."
                        )
                    track = LabelTrack(id, number, bool(row.get("iscrowd", 0)))
                    if found.setdefault(id, track) != track:
                        self._log.add("class_changes", f"{where} {id}")
        return tuple(found[id] for id in sorted(found))

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """Masks and void of a PNG; None for a frame that the JSON does not list.

        Raises DataError where PNG and JSON name different segments.
        """
        entry = self._entries[video][frame]
        if entry is None:
            return None
        path = inside(self._folder, str(entry["file_name"]), self.place)
        ids = read_rgb_ids(path)
        size = (ids.shape[0], ids.shape[1])
        if self._videos[video].size not in (None, size):
            raise DataError(f"{path} and {self.place} differ in the size of the picture.")
        masks = masks_of(ids, 0)
        with layout_explained(self.place, "panoptic"):
            rows = {int(row["id"]): row for row in entry["segments_info"]}
            scores = {id: float(row["score"]) for id, row in rows.items() if "score" in row}
        for id in masks:
            if id not in rows:
                raise DataError(f"{path} has segment {id}, which {self.place} does not list.")
        for id in rows:
            if id not in masks:
                raise DataError(f"{self.place} lists segment {id}, which {path} lacks.")
        return FrameLabels(size, masks, where_value(ids, 0), scores)


def save_segments(
    labels: FrameLabels, tracks: Mapping[int, LabelTrack], path: Path
) -> list[dict[str, Any]]:
    """Writes the PNG of a frame and returns its ``segments_info``."""
    save_png(Image.fromarray(ids_to_rgb(id_map(labels))), path)
    return [_segment(tracks[id], mask, labels.scores.get(id)) for id, mask in labels.masks.items()]


def _segment(track: LabelTrack, mask: CocoRLE, score: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": track.id,
        "category_id": track.category_id,
        "iscrowd": int(track.is_crowd),
        "bbox": list(box(mask)),
        "area": int(areas([mask])[0]),
    }
    if score is not None:
        row["score"] = score
    return row
