"""YouTube-VIS 2019, 2021 and 2022, and OVIS, as :mod:`vidseg.formats.layouts.ytvis` draws them.

The files of valid and test have no annotations, so that none of their frames is labelled. Frames
are those of ``file_names``: every fifth one in YouTube-VIS. The track id is the annotation's.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.label_files.run_lengths import from_segmentation, without_empty
from ...formats.layouts.places import find_split
from ...formats.layouts.problems import STRICT
from ...formats.layouts.ytvis import FILES, TrackLists, picture_folder
from ...formats.reading import inside, read_json
from ...labels import FrameLabels, LabelSource, LabelTrack, VideoInfo
from ...pictures.reading import read_picture
from ...results import CocoRLE
from ...types import ImageArray
from .listed_videos import ListedVideos
from .packed_records import PackedGroups, Record


def open_ytvis2019(folder: Path, split: str | None) -> LabelSource:
    """YouTube-VIS 2019."""
    return _open(folder, split, "ytvis2019")


def open_ytvis2021(folder: Path, split: str | None) -> LabelSource:
    """YouTube-VIS 2021."""
    return _open(folder, split, "ytvis2021")


def open_ytvis2022(folder: Path, split: str | None) -> LabelSource:
    """YouTube-VIS 2022."""
    return _open(folder, split, "ytvis2022")


def open_ovis(folder: Path, split: str | None) -> LabelSource:
    """OVIS."""
    return _open(folder, split, "ovis")


def _open(folder: Path, split: str | None, name: str) -> LabelSource:
    part, file = find_split(folder, split, FILES, name)
    return TrackedVideos(name, file, picture_folder(folder, part) or folder / part)


class TrackedVideos(ListedVideos):
    """The videos of a JSON file; masks are checked and pictures decoded on request.

    Args:
        name: short name for messages.
        source: the JSON file.
        pictures: folder that its file names start from.

    Raises DataError for a file of another form, and an annotation of a video or class that it does
    not list, or of more frames than its video has.
    """

    def __init__(self, name: str, source: Path, pictures: Path) -> None:
        lists = TrackLists(read_json(source), source, STRICT)
        self._name = name
        self._source = source
        self._categories = tuple(lists.categories.values())
        names = lists.names()
        self._videos = [
            VideoInfo(names[id], video.frames, video.size) for id, video in lists.videos.items()
        ]
        self._numbers = tuple(lists.videos)
        self._sizes = [video.size for video in lists.videos.values()]
        self._pictures = [
            [inside(pictures, file, source) for file in video.files]
            for video in lists.videos.values()
        ]
        rows: dict[int, dict[int, Record]] = {video: {} for video in lists.videos}
        for track in lists.tracks():
            rows[track.video][track.id] = track.row
        self._packed: PackedGroups | None = None
        if any(rows.values()):
            self._packed = PackedGroups([own[id] for id in sorted(own)] for own in rows.values())
        self._unpacked: tuple[int, dict[int, Record]] | None = None  # of the video asked last

    def number(self, video: int) -> int:
        """The id that the file gives a video."""
        return self._numbers[video]

    def _rows(self, video: int) -> dict[int, Record]:
        """Annotation id → annotation, ascending."""
        if self._packed is None:
            return {}
        if self._unpacked is None or self._unpacked[0] != video:
            self._unpacked = video, {row["id"]: row for row in self._packed[video]}
        return self._unpacked[1]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The annotations of a video, by id."""
        return tuple(
            LabelTrack(id, row["category_id"], bool(row.get("iscrowd", 0)))
            for id, row in self._rows(video).items()
        )

    def labelled(self, video: int) -> tuple[bool, ...]:
        """All frames, or none where the file has no annotations."""
        return (self._packed is not None,) * len(self._videos[video].frames)

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks, which may overlap. Raises DataError for one that cannot be read."""
        if self._packed is None:
            return None
        info, size = self._videos[video], self._sizes[video]
        masks: dict[int, CocoRLE] = {}
        for id, row in self._rows(video).items():
            mask = row["segmentations"][frame]
            if mask is None:
                continue
            try:
                masks[id] = from_segmentation(mask, size)
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"{self._source}: the mask of annotation {id} in frame {info.frames[frame]} "
                    f"of {info.name} is wrong: {error}."
                ) from error
        return FrameLabels(size, without_empty(masks))

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._pictures[video][frame])
