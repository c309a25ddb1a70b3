"""Stills whose labels are a PNG of segment ids and a list of segments in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.reading import inside, read_picture, read_rgb_ids
from ...labels import FrameLabels, LabelTrack, Sentence, VideoInfo
from ...results import encode_rle
from ...types import IdMap, ImageArray
from .annotated_images import (
    Record,
    is_crowd,
    parse_categories,
    picture_size,
    stem_of,
    value_of,
)
from .listed_videos import ListedVideos
from .packed_records import PackedGroups


@dataclass(frozen=True, eq=False)
class _Still:
    info: VideoInfo
    size: tuple[int, int]
    picture: Path
    map: Path


class PanopticStills(ListedVideos):
    """The stills of a panoptic JSON file; PNG files and pictures are decoded on request.

    Track ids count the segments of a still from 1, in the order of the file. Pixels of value 0
    are void.

    Args:
        name: short name for messages.
        content: the file, parsed: ``images``, ``annotations`` with ``segments_info``,
            ``categories``.
        source: the file, for messages.
        maps: folder of the PNG files.
        pictures: folder of the pictures.

    Raises DataError for an entry that lacks a key, an image without annotation or the reverse.
    """

    def __init__(
        self, name: str, content: Record, source: Path, maps: Path, pictures: Path
    ) -> None:
        self._name = name
        self._source = source
        self._categories = parse_categories(content, source)
        self._known = {category.id for category in self._categories}
        annotations = self._by_image(content)
        self._stills: list[_Still] = []
        segments: list[Sequence[Record]] = []
        for image in value_of(content, "images", list, source):
            number: int | str = value_of(image, "id", (int, str), source)
            file_name = value_of(image, "file_name", str, source)
            if number not in annotations:
                raise DataError(
                    f"{source} lists the image {file_name!r} twice or without an annotation."
                )
            annotation = annotations.pop(number)
            stem, size = stem_of(file_name), picture_size(image, source)
            self._stills.append(
                _Still(
                    VideoInfo(stem, (stem,), size),
                    size,
                    inside(pictures, file_name, source),
                    inside(maps, value_of(annotation, "file_name", str, source), source),
                )
            )
            segments.append(value_of(annotation, "segments_info", list, source))
        if annotations:
            raise DataError(
                f"{source} has an annotation of image {next(iter(annotations))!r}, which it "
                "does not list."
            )
        self._videos = tuple(still.info for still in self._stills)
        self._segments = PackedGroups(segments)

    def _by_image(self, content: Record) -> dict[int | str, Record]:
        found: dict[int | str, Record] = {}
        for annotation in value_of(content, "annotations", list, self._source):
            number: int | str = value_of(annotation, "image_id", (int, str), self._source)
            if number in found:
                raise DataError(f"{self._source} has two annotations of image {number!r}.")
            found[number] = annotation
        return found

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The segments. Raises DataError for a class that the file does not list."""
        tracks = []
        for number, segment in enumerate(self._segments[video], start=1):
            category = value_of(segment, "category_id", int, self._source)
            if category not in self._known:
                raise DataError(
                    f"{self._source}: segment {segment.get('id')} of {self._videos[video].name} "
                    f"has the class {category}, which the file does not list."
                )
            tracks.append(LabelTrack(number, category, is_crowd(segment, self._source)))
        return tuple(tracks)

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None."""
        return ()

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The segments, which never overlap, and the unlabelled rest.

        Raises DataError for a PNG of another size, or with an id that the file does not list.
        """
        still = self._stills[video]
        ids = read_rgb_ids(still.map)
        if ids.shape != still.size:
            raise DataError(
                f"The label map {still.map} is {ids.shape[0]} × {ids.shape[1]} (height × width); "
                f"{self._source} says {still.size[0]} × {still.size[1]}."
            )
        values, places = np.unique(ids, return_inverse=True)
        numbers = self._numbers(video)
        unknown = [value for value in values.tolist() if value and value not in numbers]
        if unknown:
            raise DataError(
                f"The label map {still.map} holds the segment {unknown[0]}, which {self._source} "
                "does not list."
            )
        renamed = np.array([numbers.get(value, 0) for value in values.tolist()], dtype=np.int32)
        return _separate(renamed[places].reshape(ids.shape))

    def _numbers(self, video: int) -> dict[int, int]:
        """Segment id of the PNG → track id."""
        ids = [value_of(segment, "id", int, self._source) for segment in self._segments[video]]
        numbers = {id: number for number, id in enumerate(ids, start=1)}
        if len(numbers) < len(ids) or 0 in numbers:
            raise DataError(
                f"{self._source}: the segments of {self._videos[video].name} share an id or use 0."
            )
        return numbers

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._stills[video].picture)


def _separate(ids: IdMap) -> FrameLabels:
    """Every id of a map as a mask of its own; 0 as void."""
    present = np.flatnonzero(np.bincount(ids.ravel()))
    masks = {int(id): encode_rle(ids == id) for id in present if id}
    void = encode_rle(ids == 0) if len(present) and present[0] == 0 else None
    return FrameLabels((int(ids.shape[0]), int(ids.shape[1])), masks, void)
