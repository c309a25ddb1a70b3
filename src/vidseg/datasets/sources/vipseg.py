"""VIPSeg, laid out as :mod:`vidseg.formats.layouts.vipseg` draws it.

Where a JSON file is there, it and panomasksRGB are read, else panomasks.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError
from ...formats.label_files.class_lists import published_classes
from ...formats.layouts import vipseg as layout
from ...formats.layouts.lists import read_videos
from ...formats.layouts.problems import STRICT
from ...formats.layouts.segments import compare_ids
from ...formats.layouts.vipseg_lists import Listing, read_listing, video_tracks
from ...formats.reading import inside
from ...labels import FrameLabels, LabelSource, LabelTrack, VideoInfo
from ...pictures.label_maps import read_label_map, read_rgb_ids
from ...types import IdMap
from .base import VOID, Ids, MapVideos
from .listing import VideoFiles, all_videos, list_video


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split; by default all videos, or those of the only JSON file."""
    pictures = layout.picture_folder(folder)
    source = layout.json_of(folder, split)
    if source is not None:
        names = layout.names_in(source, folder, split)
        listing = read_listing(source, names=names)
        assert listing is not None  # a strict reader raises
        return SegmentedVideos(listing, folder / layout.MAPS, pictures)
    maps = folder / layout.RELEASED_MAPS
    if not maps.is_dir() and not pictures.is_dir():
        raise DataError(
            f"{folder} has neither panoptic_gt_VIPSeg*.json nor panomasks nor imgs; give the "
            "folder that holds them."
        )
    if split is None:
        chosen = all_videos(pictures, maps)
    else:
        chosen = read_videos(layout.split_list(folder, split), pictures, maps)
    videos = [list_video(name, maps / name, pictures / name) for name in chosen]
    return VipsegMaps("vipseg", published_classes("vipseg"), videos)


class VipsegMaps(MapVideos):
    """The masks of the release; the track id is their value."""

    def _read(self, video: int, path: Path) -> Ids:
        values = read_label_map(path)
        return np.where(values == 0, VOID, values)

    def _track(self, video: int, id: int) -> LabelTrack:
        number = layout.released_class(id)
        if number is None:
            raise DataError(
                f"A label map of {self._files[video].maps} has the value {id}, which is of no "
                f"class of VIPSeg."
            )
        return LabelTrack(id, number)


class SegmentedVideos(MapVideos):
    """The videos of a JSON file; the track id is the segment id.

    Args:
        listing: the file.
        maps: folder of the RGB maps of all videos.
        pictures: folder of the pictures of all videos.

    Raises DataError for a segment whose class changes.
    """

    def __init__(self, listing: Listing, maps: Path, pictures: Path) -> None:
        self._source = listing.source
        self._listed = tuple(listing.videos.values())
        files = [
            VideoFiles(
                VideoInfo(video.name, video.frames, video.size),
                inside(maps, video.name, listing.source),
                frozenset(video.segments),
                pictures / video.name,
            )
            for video in self._listed
        ]
        super().__init__("vipseg", listing.categories, files)
        for video in self._listed:
            video_tracks(video, self._source, STRICT)
        self._known: tuple[int, dict[int, LabelTrack]] | None = None

    def images(self, video: int) -> tuple[str, ...]:
        """The ids that the file gives the frames of a video."""
        return tuple(self._listed[video].images)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All segments that the file lists, by id; a crowd where it is one in any frame."""
        return tuple(self._tracks(video).values())

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The segments and void; None for a frame that the file does not list.

        Raises DataError where map and file name different segments.
        """
        labels = super().labels(video, frame)
        if labels is not None:
            name = self._videos[video].frames[frame]
            png = self._files[video].maps / f"{name}.png"
            segments = self._listed[video].segments[name]
            compare_ids(labels.masks, segments, png, self._source, STRICT)
        return labels

    def _tracks(self, video: int) -> dict[int, LabelTrack]:
        if self._known is None or self._known[0] != video:
            self._known = video, video_tracks(self._listed[video], self._source, STRICT)
        return self._known[1]

    def _read(self, video: int, path: Path) -> Ids:
        ids: IdMap = read_rgb_ids(path)
        ids[ids == 0] = VOID
        return ids

    def _track(self, video: int, id: int) -> LabelTrack:
        if id not in self._tracks(video):
            raise DataError(
                f"A label map of {self._files[video].maps} holds the segment {id}, which "
                f"{self._source} does not list."
            )
        return self._tracks(video)[id]
