"""The JSON file of VIPSeg: frames, and the segments of their RGB maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...formats.reading import inside, read_json, read_rgb_ids
from ...labels import Category, FrameLabels, LabelSource, LabelTrack, VideoInfo
from ...types import IdMap
from .annotated_images import Record, is_crowd, parse_categories, picture_size, value_of
from .base import VOID, Ids, MapVideos
from .listing import VideoFiles

Segments = Mapping[str, Mapping[int, LabelTrack]]
"""Frame → segment id → what the file says of it."""


def open_json(source: Path, maps: Path, pictures: Path, names: Sequence[str] | None) -> LabelSource:
    """Opens the videos of a JSON file.

    Args:
        source: the file.
        maps: folder of the RGB maps of all videos.
        pictures: folder of the pictures of all videos.
        names: videos to read; all of them by default.

    Raises DataError for a file of another form, a video of ``names`` that it lacks, a class or
    frame that it does not list, and a segment whose class changes.
    """
    content = read_json(source)
    categories = parse_categories(content, source)
    videos = {
        value_of(row, "video_id", str, source): row
        for row in value_of(content, "videos", list, source)
    }
    rows = {
        value_of(row, "video_id", str, source): value_of(row, "annotations", list, source)
        for row in value_of(content, "annotations", list, source)
    }
    for name in rows:
        if name not in videos:
            raise DataError(f"{source} has labels of the video {name}, which it does not list.")
    files, segments = [], []
    for name in videos if names is None else names:
        if name not in videos:
            raise DataError(f"{source} does not list the video {name} of this split.")
        info, stems = _video(name, videos[name], maps, source)
        known = {category.id for category in categories}
        listed = _segments(name, rows.get(name, []), stems, known, source)
        segments.append(listed)
        labelled = frozenset(listed)
        files.append(VideoFiles(info, inside(maps, name, source), labelled, pictures / name))
    return SegmentedVideos("vipseg", categories, files, segments, source)


def _video(
    name: str, row: Record, maps: Path, source: Path
) -> tuple[VideoInfo, dict[str | int, str]]:
    """The video, and the frame of each image id."""
    images = value_of(row, "images", list, source)
    stems: dict[str | int, str] = {}
    sizes = set()
    for image in images:
        file_name = value_of(image, "file_name", str, source)
        inside(maps, file_name, source)
        key: str | int = value_of(image, "id", (str, int), source)
        if key in stems:
            raise DataError(f"{source} lists the image {key!r} of {name} twice.")
        stems[key] = PurePosixPath(file_name).stem
        sizes.add(picture_size(image, source))
    if len(sizes) != 1:
        raise DataError(f"{source}: the images of {name} are not all of one size.")
    return VideoInfo(name, tuple(stems.values()), sizes.pop()), stems


def _segments(
    name: str,
    rows: Sequence[Record],
    stems: Mapping[str | int, str],
    known: set[int],
    source: Path,
) -> Segments:
    found: dict[str, dict[int, LabelTrack]] = {}
    classes: dict[int, int] = {}
    shared: dict[LabelTrack, LabelTrack] = {}  # one object for a segment of many frames
    for row in rows:
        key: str | int = value_of(row, "image_id", (str, int), source)
        if key not in stems:
            raise DataError(f"{source} has labels of frame {key!r} of {name}, which is not listed.")
        own = found.setdefault(stems[key], {})
        for segment in value_of(row, "segments_info", list, source):
            track = _track(segment, source)
            if track.category_id not in known:
                raise DataError(
                    f"{source}: segment {track.id} of {name} has the class {track.category_id}, "
                    f"which the file does not list."
                )
            if classes.setdefault(track.id, track.category_id) != track.category_id:
                raise DataError(f"{source}: the class of segment {track.id} of {name} changes.")
            own[track.id] = shared.setdefault(track, track)
    return found


def _track(segment: Any, source: Path) -> LabelTrack:
    id = value_of(segment, "id", int, source)
    if id < 1:
        raise DataError(f"{source} has a segment {id}; ids from 1 are wanted, for 0 is void.")
    return LabelTrack(id, value_of(segment, "category_id", int, source), is_crowd(segment, source))


class SegmentedVideos(MapVideos):
    """The track id is the segment id.

    Args:
        segments: of each video.
        source: the JSON file, for messages.
    """

    def __init__(
        self,
        name: str,
        categories: Sequence[Category],
        files: Sequence[VideoFiles],
        segments: Sequence[Segments],
        source: Path,
    ) -> None:
        super().__init__(name, categories, files)
        self._segments = segments
        self._source = source
        self._known: tuple[int, dict[int, LabelTrack]] | None = None

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All segments that the file lists, by id; a crowd where it is one in any frame."""
        return tuple(track for _, track in sorted(self._tracks(video).items()))

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The segments and void; None for a frame that the file does not list.

        Raises DataError where map and file name different segments.
        """
        labels = super().labels(video, frame)
        if labels is not None:
            name = self._videos[video].frames[frame]
            for id in sorted(set(self._segments[video][name]) ^ set(labels.masks)):
                verb = "does not list" if id in labels.masks else "lists"
                other = "shows it" if id in labels.masks else "does not show it"
                raise DataError(
                    f"{self._source} {verb} the segment {id} in frame {name} of "
                    f"{self._videos[video].name}; the map in {self._files[video].maps} {other}."
                )
        return labels

    def _tracks(self, video: int) -> dict[int, LabelTrack]:
        if self._known is None or self._known[0] != video:
            found: dict[int, LabelTrack] = {}
            for segments in self._segments[video].values():
                for id, track in segments.items():
                    if id not in found or track.is_crowd:
                        found[id] = track
            self._known = video, found
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
