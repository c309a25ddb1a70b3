"""Videos of masked objects: palette PNGs whose value is the number of the object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.reading import inside, read_json, read_small_label_map
from ...labels import Category, LabelTrack, Sentence
from .annotated_images import value_of
from .base import VOID, Ids, MapVideos
from .listing import VideoFiles


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


@dataclass(frozen=True)
class DeclaredVideo:
    """What ``meta.json`` says of a video.

    Attributes:
        objects: number → class, None where it is not given.
        size: (height, width), None where it is not given.
    """

    objects: Mapping[int, str | None]
    size: tuple[int, int] | None = None


def read_meta(path: Path) -> dict[str, DeclaredVideo]:
    """``videos.<video>.objects``: numbers alone, or numbers with classes; in the file's order.

    Raises DataError for a file of another form, and for a video whose name leaves the folder.
    """
    rows = value_of(read_json(path), "videos", dict, path)
    for name in rows:
        inside(path.parent, name, path)
    return {name: _declared(value_of(rows, name, dict, path), path) for name in rows}


def _declared(row: Mapping[str, object], path: Path) -> DeclaredVideo:
    objects: list[Any] | dict[str, Any] = value_of(row, "objects", (list, dict), path)
    classes = {
        number: value.get("category") if isinstance(value, dict) else None
        for number, value in (
            objects.items() if isinstance(objects, dict) else ((key, None) for key in objects)
        )
    }
    for number, name in classes.items():
        if not str(number).isdigit() or int(number) < 1:
            raise DataError(f"{path} has an object {number!r}; numbers from 1 are wanted.")
        if name is not None and not isinstance(name, str):
            raise DataError(f"{path} gives object {number} the class {name!r}, which is no name.")
    height, width = row.get("height"), row.get("width")
    size = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    return DeclaredVideo({int(number): name for number, name in classes.items()}, size)


def declared_classes(videos: Mapping[str, DeclaredVideo]) -> tuple[Category, ...]:
    """The classes of all objects, numbered from 1 in alphabetical order."""
    names = {name for video in videos.values() for name in video.objects.values() if name}
    return tuple(Category(number, name) for number, name in enumerate(sorted(names), start=1))


def declared_tracks(video: DeclaredVideo, categories: Sequence[Category]) -> dict[int, LabelTrack]:
    """Number → object, with its class where it has one."""
    numbers = {category.name: category.id for category in categories}
    return {
        id: LabelTrack(id, None if name is None else numbers[name])
        for id, name in video.objects.items()
    }
