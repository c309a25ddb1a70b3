"""Videos that are labelled by one PNG a frame: what their readers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ...errors import DataError
from ...formats.label_files.id_maps import masks_of, where_value
from ...formats.layouts.frames import find_picture
from ...labels import Category, FrameLabels, LabelTrack
from ...pictures.listing import PICTURE_ENDINGS
from ...pictures.reading import read_picture
from ...types import ImageArray
from .listed_videos import ListedVideos
from .listing import VideoFiles, check_size

Ids = npt.NDArray[np.integer[Any]]
"""[H, W] track ids of a label map; 0 = nothing, :data:`VOID` = not labelled."""

VOID = -1


@runtime_checkable
class SparseSource(Protocol):
    """A LabelSource that knows, without decoding, which frames are labelled."""

    def labelled(self, video: int) -> Sequence[bool]:
        """One flag a frame; False where ``labels`` is None."""
        ...


@runtime_checkable
class TrackLookup(Protocol):
    """A LabelSource that can tell of one track without reading the whole video for it."""

    def track(self, video: int, id: int) -> LabelTrack:
        """What is known of a track. Raises DataError for an id that may not be."""
        ...


class MapVideos(ListedVideos, ABC):
    """Videos whose labelled frames have a PNG of numbers each; a part of a LabelSource.

    A reader says what the numbers of a PNG mean.
    """

    def __init__(
        self, name: str, categories: Sequence[Category], files: Sequence[VideoFiles]
    ) -> None:
        self._name = name
        self._categories = tuple(categories)
        self._files = tuple(files)
        self._videos = tuple(video.info for video in files)
        self._scanned: tuple[int, tuple[LabelTrack, ...]] | None = None  # of the video asked last

    @abstractmethod
    def _read(self, video: int, path: Path) -> Ids:
        """Decodes a label map into track ids and VOID."""

    @abstractmethod
    def _track(self, video: int, id: int) -> LabelTrack:
        """What is known of an id that was met in a label map. Raises DataError if it may not be."""

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """Every object of the video's label maps, by id; all of them are read for it."""
        if self._scanned is None or self._scanned[0] != video:
            ids: set[int] = set()
            files = self._files[video]
            for frame in files.info.frames:
                if frame in files.labelled:
                    ids.update(np.unique(self._read(video, _map(files, frame))).tolist())
            found = tuple(self._track(video, id) for id in sorted(ids - {0, VOID}))
            if VOID in ids and not found:
                self._check_void(video)
            self._scanned = video, found
        return self._scanned[1]

    def _check_void(self, video: int) -> None:
        """Raises DataError where a video may not be without an object and unlabelled in part."""

    def track(self, video: int, id: int) -> LabelTrack:
        """What is known of an id that was met in a label map."""
        return self._track(video, id)

    def labelled(self, video: int) -> tuple[bool, ...]:
        """Which frames have a label map."""
        files = self._files[video]
        return tuple(frame in files.labelled for frame in files.info.frames)

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks, which never overlap; None where there is no label map.

        Raises DataError for a label map of another size than the picture.
        """
        files = self._files[video]
        name = files.info.frames[frame]
        if name not in files.labelled:
            return None
        path = _map(files, name)
        ids = self._read(video, path)
        size = (int(ids.shape[0]), int(ids.shape[1]))
        check_size(path, size, files, name)
        void = where_value(ids, VOID)
        masks = masks_of(np.where(ids == VOID, 0, ids), 0)
        for id in masks:
            self._track(video, id)
        return FrameLabels(size, masks, void)

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        files = self._files[video]
        found = find_picture(files.pictures, files.info.frames[frame])
        if found is None:
            raise DataError(
                f"{files.pictures} has no picture of frame {files.info.frames[frame]} "
                f"({', '.join(PICTURE_ENDINGS)})."
            )
        return read_picture(found)


def _map(files: VideoFiles, frame: str) -> Path:
    return files.maps / f"{frame}.png"
