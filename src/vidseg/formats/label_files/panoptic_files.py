"""PNGs of segment ids with a JSON about the segments: what COCO-panoptic and VIPSeg share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...pictures.label_maps import read_rgb_ids
from ..layouts.problems import STRICT
from ..layouts.segments import MOST_ID, Segments, compare_ids
from ..panoptic import save_panoptic_png, segment_row
from .base import LabelFile, ReadOptions
from .capabilities import Holds
from .id_maps import id_map, masks_of, where_value
from .run_lengths import areas, box

HOLDS = Holds(
    overlaps=False,
    void=True,
    background=False,
    stuff=True,
    crowd="all",
    scores="mask",
    highest_id=MOST_ID - 1,
)
"""Segments have ids R + 256 G + 65536 B; 0 is void."""


class PanopticFiles(LabelFile):
    """An opened JSON with its PNGs.

    Args:
        place: the JSON.
        categories: all classes.
        videos: in order.
        maps: for each video the PNGs of its frames and what the JSON lists for them; None for a
            frame without labels.
        options: of the reader.
    """

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        maps: Sequence[Sequence[tuple[Path, Segments] | None]],
        options: ReadOptions,
    ) -> None:
        super().__init__(place, categories, videos, options.pictures)
        self._maps = maps
        self._log = options.log
        self._numbers = {category.id for category in categories}

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All segments that the JSON lists, by id."""
        found: dict[int, LabelTrack] = {}
        where = f"video {self._videos[video].name}, track"
        for map in self._maps[video]:
            segments = Segments({}) if map is None else map[1]
            for id, number in segments.classes.items():
                if number not in self._numbers:
                    raise DataError(
                        f"{self.place} has a segment of class {number}, which its class list "
                        f"lacks; give the right list with --categories."
                    )
                track = LabelTrack(id, number, id in segments.crowds)
                if found.setdefault(id, track) != track:
                    self._log.add("class_changes", f"{where} {id}")
        return tuple(found[id] for id in sorted(found))

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """Masks and void of a PNG; None for a frame that the JSON does not list.

        Raises DataError where PNG and JSON name different segments.
        """
        map = self._maps[video][frame]
        if map is None:
            return None
        path, segments = map
        ids = read_rgb_ids(path)
        size = (ids.shape[0], ids.shape[1])
        if self._videos[video].size not in (None, size):
            raise DataError(f"{path} and {self.place} differ in the size of the picture.")
        masks = masks_of(ids, 0)
        compare_ids(masks, segments, path, self.place, STRICT)
        return FrameLabels(size, masks, where_value(ids, 0), segments.scores)


def save_segments(
    labels: FrameLabels, tracks: Mapping[int, LabelTrack], path: Path
) -> list[dict[str, Any]]:
    """Writes the PNG of a frame and returns its ``segments_info``."""
    save_panoptic_png(id_map(labels), path)
    return [
        segment_row(tracks[id], box(mask), int(areas([mask])[0]), labels.scores.get(id))
        for id, mask in labels.masks.items()
    ]
