"""Videos of masked objects: palette PNGs whose value is the number of the object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.layouts.davis import one_white_object
from ...formats.layouts.object_meta import MAPS, PICTURES, ListedVideo, read_meta
from ...labels import Category, LabelTrack, Sentence
from ...pictures.label_maps import read_small_label_map
from .base import VOID, Ids, MapVideos
from .listing import VideoFiles, all_videos, check_all_listed, list_video


class ObjectMaps(MapVideos):
    """Value = object, 0 = background.

    Args:
        name: short name for messages.
        files: of the videos.
        categories: classes of the objects.
        objects: for each video the objects that a file declares; None where only the maps know.
        source: that file, for messages.
        void: value of pixels that are not labelled; None for none.
        sentences: of each video; None for none.
    """

    def __init__(
        self,
        name: str,
        files: Sequence[VideoFiles],
        *,
        categories: Sequence[Category] = (),
        objects: Sequence[Mapping[int, LabelTrack]] | None = None,
        source: Path | None = None,
        void: int | None = None,
        sentences: Sequence[tuple[Sentence, ...]] | None = None,
    ) -> None:
        super().__init__(name, categories, files)
        self._objects = objects
        self._source = source
        self._void = void
        self._sentences = sentences

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """The expressions of a video."""
        return () if self._sentences is None else self._sentences[video]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The declared objects, else all that the maps show, by id."""
        if self._objects is None:
            return super().tracks(video)
        declared = self._objects[video]
        return tuple(declared[id] for id in sorted(declared))

    def _check_void(self, video: int) -> None:
        raise DataError(one_white_object(self._files[video].maps))

    def _read(self, video: int, path: Path) -> Ids:
        values = read_small_label_map(path)
        if self._void is None:
            return values
        return np.where(values == self._void, VOID, values.astype(np.int16))

    def _track(self, video: int, id: int) -> LabelTrack:
        if self._objects is None:
            return LabelTrack(id)
        if id not in self._objects[video]:
            raise DataError(
                f"A label map of {self._files[video].maps} holds the object {id}, which "
                f"{self._source} does not list for this video."
            )
        return self._objects[video][id]


def declared_classes(videos: Iterable[ListedVideo]) -> tuple[Category, ...]:
    """The classes of all objects, numbered from 1 in alphabetical order."""
    names = {one.category for video in videos for one in video.objects.values() if one.category}
    return tuple(Category(number, name) for number, name in enumerate(sorted(names), start=1))


def declared_tracks(
    videos: Iterable[ListedVideo], categories: Sequence[Category]
) -> list[dict[int, LabelTrack]]:
    """Id → object of each video, with its class where it has one."""
    numbers = {category.name: category.id for category in categories}
    return [
        {
            id: LabelTrack(id, numbers[one.category] if one.category else None)
            for id, one in video.objects.items()
        }
        for video in videos
    ]


def open_declared(name: str, part: Path, meta: Path | None) -> ObjectMaps:
    """The videos of a part, in the order of its ``meta.json``; without one, of its folders."""
    maps, pictures = part / MAPS, part / PICTURES
    if meta is None:
        names = all_videos(maps, pictures)
        return ObjectMaps(name, [list_video(v, maps / v, pictures / v) for v in names])
    declared = read_meta(meta)
    check_all_listed(declared, meta, maps, pictures)
    categories = declared_classes(declared.values())
    return ObjectMaps(
        name,
        [list_video(v, maps / v, pictures / v, size=about.size) for v, about in declared.items()],
        categories=categories,
        objects=declared_tracks(declared.values(), categories),
        source=meta,
    )
