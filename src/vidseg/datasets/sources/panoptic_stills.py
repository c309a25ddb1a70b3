"""Stills whose labels are a PNG of segment ids and a list of segments: COCO, ADE20K panoptic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from ...errors import DataError
from ...formats.layouts import ade20k_panoptic, coco_panoptic
from ...formats.layouts.coco_lists import read_categories
from ...formats.layouts.panoptic_stills import read_stills
from ...formats.layouts.places import find_split
from ...formats.layouts.problems import STRICT
from ...formats.layouts.segments import Segments, compare_ids, read_segments
from ...formats.reading import read_json
from ...labels import FrameLabels, LabelSource, LabelTrack, VideoInfo
from ...pictures.label_maps import read_rgb_ids
from ...pictures.reading import read_picture
from ...results import encode_rle
from ...types import IdMap, ImageArray
from .listed_videos import ListedVideos
from .packed_records import PackedGroups


def open_coco(folder: Path, split: str | None = None) -> LabelSource:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    return _open("coco_panoptic", coco_panoptic, folder, split)


def open_ade20k(folder: Path, split: str | None = None) -> LabelSource:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    return _open("ade20k_panoptic", ade20k_panoptic, folder, split)


def _open(name: str, layout: ModuleType, folder: Path, split: str | None) -> LabelSource:
    part, file = find_split(folder, split, layout.FILES, name)
    maps, pictures = layout.map_folder(folder, file), layout.picture_folder(folder, file)
    return PanopticStills(f"{name} {part}", file, maps, pictures)


class PanopticStills(ListedVideos):
    """The stills of a panoptic JSON file; PNG files and pictures are decoded on request.

    Track ids count the segments of a still from 1, in the order of the file. Pixels of value 0
    are void.

    Args:
        name: short name for messages.
        source: the file.
        maps: folder of the PNG files.
        pictures: folder of the pictures.
        read_ids: decodes a PNG into [H, W] segment ids.

    Raises DataError for an entry that lacks a key, an image without annotation or the reverse.
    """

    def __init__(
        self,
        name: str,
        source: Path,
        maps: Path,
        pictures: Path,
        *,
        read_ids: Callable[[Path], IdMap] = read_rgb_ids,
    ) -> None:
        self._read_ids = read_ids
        content = read_json(source)
        self._name = name
        self._source = source
        self._categories = read_categories(content, source, STRICT, stuff=True)
        self._known = {category.id for category in self._categories}
        stills = list(read_stills(content, source, maps, pictures))
        self._segments = PackedGroups(still.segments for still in stills)
        self._files = [(still.picture, still.map) for still in stills]
        self._videos = tuple(VideoInfo(s.name, (s.name,), s.size) for s in stills)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The segments. Raises DataError for a class that the file does not list."""
        segments = self._listed(video)
        return tuple(
            LabelTrack(number, category, id in segments.crowds)
            for number, (id, category) in enumerate(segments.classes.items(), start=1)
        )

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The segments, which never overlap, and the unlabelled rest.

        Raises DataError for a PNG of another size, or with other ids than the file lists.
        """
        path, size = self._files[video][1], self._videos[video].size
        ids = self._read_ids(path)
        if ids.shape != size:
            assert size is not None  # a strict reader raises
            raise DataError(
                f"The label map {path} is {ids.shape[0]} × {ids.shape[1]} (height × width); "
                f"{self._source} says {size[0]} × {size[1]}."
            )
        segments = self._listed(video)
        values = np.unique(ids)
        compare_ids(values.tolist(), segments, path, self._source, STRICT)
        numbers = {id: number for number, id in enumerate(segments.classes, start=1)}
        renamed = np.array([numbers.get(value, 0) for value in values.tolist()], dtype=np.int32)
        return _separate(renamed[np.searchsorted(values, ids)])

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._files[video][0])

    def _listed(self, video: int) -> Segments:
        rows = self._segments.decode(video)
        place = f"the image {self._videos[video].name}"
        segments = read_segments(rows, place, self._source, self._known, STRICT)
        assert segments is not None  # a strict reader raises
        return segments


def _separate(ids: IdMap) -> FrameLabels:
    """Every id of a map as a mask of its own; 0 as void."""
    present = np.flatnonzero(np.bincount(ids.ravel()))
    masks = {int(id): encode_rle(ids == id) for id in present if id}
    void = encode_rle(ids == 0) if len(present) and present[0] == 0 else None
    return FrameLabels((int(ids.shape[0]), int(ids.shape[1])), masks, void)
