"""YouTube-VIS 2019, 2021 and 2022, and OVIS.

    <split>.json                              or <split>/instances.json, annotations/<split>.json,
                                              annotations_<split>.json (OVIS), instances.json
    <split>/JPEGImages/<video>/<frame>.jpg    OVIS: <split>/<video>/<frame>.jpg

    videos       {id, width, height, length, file_names: ["<video>/<frame>.jpg", ...]}
    categories   {id, name}
    annotations  {id, video_id, category_id, iscrowd, segmentations: [run lengths or null, ...]}

Splits are train, valid and test; the files of the last two have no annotations, so that none of
their frames is labelled. Frames are those of ``file_names``: every fifth one in YouTube-VIS. The
track id is the annotation's.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ...errors import DataError
from ...formats.label_files.run_lengths import areas, from_segmentation
from ...formats.reading import inside, read_json, read_picture
from ...labels import FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from ...results import CocoRLE
from ...types import ImageArray
from .annotated_images import (
    Record,
    first_folder,
    is_crowd,
    parse_categories,
    picture_size,
    value_of,
)
from .listed_videos import ListedVideos
from .packed_records import PackedGroups
from .split_files import find_split

SPLITS = ("train", "valid", "test")


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
    source = folder / "instances.json"  # a folder of one split, or of ground truth alone
    root = folder
    if split is not None or not source.is_file():
        places = {
            s: (
                f"{s}.json",
                f"{s}/instances.json",
                f"annotations/{s}.json",
                f"annotations_{s}.json",
            )
            for s in SPLITS
        }
        split, source = find_split(folder, split, places, name)
        root = folder / split
    return TrackedVideos(name, source, first_folder((root / "JPEGImages", root)))


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
        content = read_json(source)
        self._name = name
        self._source = source
        self._categories = parse_categories(content, source)
        self._videos: list[VideoInfo] = []
        self._sizes: list[tuple[int, int]] = []
        self._pictures: list[list[Path]] = []
        numbers: dict[int, int] = {}
        for row in value_of(content, "videos", list, source):
            number = value_of(row, "id", int, source)
            if number in numbers:
                raise DataError(f"{source} lists the video {number} twice.")
            numbers[number] = len(self._videos)
            self._add_video(row, pictures)
        if len({video.name for video in self._videos}) < len(self._videos):
            raise DataError(f"{source} has two videos in one folder.")
        annotations = content.get("annotations") or []
        self._packed: PackedGroups | None = None
        if annotations:
            rows: list[dict[int, Record]] = [{} for _ in self._videos]
            for row in annotations:
                self._add_annotation(row, numbers, rows)
            self._packed = PackedGroups([own[id] for id in sorted(own)] for own in rows)
        self._unpacked: tuple[int, dict[int, Record]] | None = None  # of the video asked last

    def _add_video(self, row: Record, pictures: Path) -> None:
        files = value_of(row, "file_names", list, self._source)
        paths = [PurePosixPath(str(name)) for name in files]
        folders = {path.parent for path in paths}
        if len(folders) != 1 or len({path.stem for path in paths}) < len(paths):
            raise DataError(
                f"{self._source}: the frames of video {row['id']} are none, lie in several folders "
                f"or come twice."
            )
        folder = folders.pop()
        name = str(row["id"]) if folder == PurePosixPath() else str(folder)
        self._sizes.append(picture_size(row, self._source))
        self._pictures.append([inside(pictures, str(path), self._source) for path in paths])
        self._videos.append(VideoInfo(name, tuple(path.stem for path in paths), self._sizes[-1]))

    def _add_annotation(
        self, row: Record, numbers: dict[int, int], rows: list[dict[int, Record]]
    ) -> None:
        source = self._source
        id = value_of(row, "id", int, source)
        video = numbers.get(value_of(row, "video_id", int, source))
        if video is None:
            raise DataError(
                f"{source}: annotation {id} belongs to video {row['video_id']}, which the file "
                f"does not list."
            )
        if id < 1 or id in rows[video]:
            raise DataError(f"{source}: the annotation id {id} is below 1 or comes twice.")
        category = value_of(row, "category_id", int, source)
        if category not in {known.id for known in self._categories}:
            raise DataError(
                f"{source}: annotation {id} has the class {category}, which the file does not list."
            )
        given = len(value_of(row, "segmentations", list, source))
        wanted = len(self._videos[video].frames)
        if given != wanted:
            raise DataError(
                f"{source}: annotation {id} has {given} masks, its video "
                f"{self._videos[video].name} {wanted} frames."
            )
        rows[video][id] = row

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
            LabelTrack(id, row["category_id"], is_crowd(row, self._source))
            for id, row in self._rows(video).items()
        )

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None."""
        return ()

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


def without_empty(masks: dict[int, CocoRLE]) -> dict[int, CocoRLE]:
    """The masks that have a pixel."""
    pixels = areas(list(masks.values())) if masks else ()
    return {id: mask for (id, mask), area in zip(masks.items(), pixels, strict=True) if area}
