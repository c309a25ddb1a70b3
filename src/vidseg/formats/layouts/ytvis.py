"""YouTube-VIS 2019, 2021 and 2022, and OVIS.

    <split>.json                              or <split>/instances.json, or in annotations/ or here:
                                              <split>.json, instances_<split>.json,
                                              annotations_<split>.json (OVIS)
    <split>/JPEGImages/<video>/<frame>.jpg    OVIS: <split>/<video>/<frame>.jpg

    videos       {id, width, height, length, file_names: ["<video>/<frame>.jpg", ...]}
    categories   {id, name}
    annotations  {id, video_id, category_id, iscrowd, segmentations: [run lengths or null, ...],
                  areas, bboxes: one a frame}

Splits are train, valid (also spelled val) and test; the files of the last two have no annotations.
A folder of one split has instances.json alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...labels import Category
from ..plain_values import shown
from .coco_lists import is_crowd, keyed, read_categories
from .places import subfolders
from .problems import Problems
from .rows import Row, is_name, row_size, rows, whole_number

SPLITS = ("train", "valid", "test")
_SPELLED = {"train": ("train",), "valid": ("valid", "val"), "test": ("test",), "": ()}

FILES = {
    split: tuple(
        place.format(name)
        for name in names
        for place in (
            "{}.json",
            "{}/instances.json",
            "annotations/{}.json",
            "annotations_{}.json",
            "annotations/instances_{}.json",
            "instances_{}.json",
        )
    )
    or ("instances.json",)
    for split, names in _SPELLED.items()
}
"""Split → where its JSON file may lie, the usual place first; "" is a folder of one split."""

_LISTS = ("segmentations", "bboxes", "areas")


def picture_folder(folder: Path, split: str) -> Path | None:
    """What the file names of a split start from; None where no such folder is there."""
    names = _SPELLED[split]
    places = [folder / name / "JPEGImages" for name in names]
    places += [folder / "JPEGImages" / name for name in names]
    places += [folder / name for name in names] + [folder / "JPEGImages"]
    if not names and subfolders(folder):
        places.append(folder)
    return next((place for place in places if place.is_dir()), None)


@dataclass(frozen=True)
class Video:
    """A video of the list: ``size`` is (height, width), ``files`` names its frames."""

    id: int
    size: tuple[int, int]
    files: tuple[str, ...]

    @property
    def folder(self) -> PurePosixPath | None:
        """Where its frames lie; None for several folders."""
        folders = {PurePosixPath(file).parent for file in self.files}
        return folders.pop() if len(folders) == 1 else None

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of the frames, without folder and ending."""
        return tuple(PurePosixPath(file).stem for file in self.files)


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """An object of the list; what its masks hold is not looked at.

    Attributes:
        place: file and annotation, to begin sentences with.
        video, category: their ids.
        row: as the file has it; ``segmentations`` has one entry a frame.
    """

    place: str
    id: int
    video: int
    category: int
    is_crowd: bool
    row: Row

    @property
    def segmentations(self) -> Sequence[Any]:
        """Run lengths, or None where the track is out of sight; one a frame."""
        masks: Sequence[Any] = self.row["segmentations"]
        return masks


class TrackLists:
    """The lists of one file.

    Attributes:
        file: which.
        videos, categories: by id, in the order of the file; without those that have faults.
        labelled: whether the file has annotations.
    """

    videos: Mapping[int, Video]
    categories: Mapping[int, Category]

    def __init__(self, content: Row, file: Path, problems: Problems) -> None:
        self.file, self._content, self._problems = file, content, problems
        self.categories = {c.id: c for c in read_categories(content, file, problems)}
        listed = keyed(content, "videos", "video", file, problems)
        videos = (self._video(id, row) for id, row in listed.items())
        self._listed = frozenset(listed)
        self.videos = {video.id: video for video in videos if video is not None}
        self.labelled = content.get("annotations") is not None

    def _video(self, id: Any, row: Row) -> Video | None:
        file, where = self.file, f"{self.file}: video {id}"
        number = whole_number(row, "id", "a video", file, self._problems)
        size, names = row_size(row, where, file, self._problems), row.get("file_names")
        if not isinstance(names, list) or not all(map(is_name, names)):
            self._problems.error("lengths", file, f"{where} has no list of file_names.")
            return None
        if not names:
            self._problems.error("lengths", file, f"{where} has no frame.")
        length = row.get("length", len(names))
        if type(length) is not int or length != len(names):
            sentence = f"{where} has the length {shown(length)} and {len(names)} file_names."
            self._problems.error("lengths", file, sentence)
        if len(set(names)) < len(names):
            self._problems.error("ids", file, f"{where} names a frame twice.")
        if number is None or size is None:
            return None
        return Video(number, size, tuple(names))

    def names(self) -> dict[int, str]:
        """Video id → its folder, or the id where its frames lie at the top."""
        names: dict[int, str] = {}
        taken: set[str] = set()
        for id, video in self.videos.items():
            if video.folder is None or len(set(video.frames)) < len(video.frames):
                fault = f"the frames of video {id} lie in several folders or come twice."
                self._problems.error("ids", self.file, f"{self.file}: {fault}")
            name = str(id) if video.folder in (None, PurePosixPath()) else str(video.folder)
            if name in taken:
                fault = f"has two videos in the folder {name}."
                self._problems.error("ids", self.file, f"{self.file} {fault}")
            names[id] = name
            taken.add(name)
        return names

    def tracks(self) -> Iterator[Track]:
        """The annotations; those that cannot be used are left out."""
        if not self.labelled:
            return
        seen: set[int] = set()
        for row in rows(self._content, "annotations", self.file, self._problems):
            id = whole_number(row, "id", "an annotation", self.file, self._problems)
            if id is None:
                continue
            if id < 1 or id in seen:  # the official program takes 0 for "no match"
                fault = " twice" if id in seen else "; ids are numbers from 1 on"
                sentence = f"{self.file} has the annotation id {id}{fault}."
                self._problems.error("ids", self.file, sentence)
                continue
            seen.add(id)
            track = self._track(id, row)
            if track is not None:
                yield track

    def _track(self, id: int, row: Row) -> Track | None:
        file, where, problems = self.file, f"{self.file}: annotation {id}", self._problems
        what = f"annotation {id}"
        category = whole_number(row, "category_id", what, file, problems)
        if category is not None and category not in self.categories:
            sentence = f"{where} has the category_id {category}, which the list lacks."
            problems.error("classes", file, sentence)
        crowd = is_crowd(row, where, file, problems)
        number = whole_number(row, "video_id", what, file, problems)
        if number is None or category is None:
            return None
        if number not in self._listed:
            problems.error("ids", file, f"{where} is of video {number}, which the list lacks.")
        video = self.videos.get(number)
        if video is None or not _lengths_fit(row, where, len(video.files), file, problems):
            return None
        return Track(where, id, video.id, category, crowd, row)


def _lengths_fit(row: Row, where: str, frames: int, file: Path, problems: Problems) -> bool:
    """Whether ``segmentations`` is a list; it and those beside it have one entry a frame."""
    for key in _LISTS:
        values = row.get(key)
        if not isinstance(values, list):
            if key == "segmentations" or values is not None:
                problems.error("lengths", file, f"{where} has no list {key}.")
        elif len(values) != frames:
            sentence = f"{where} has {len(values)} {key}, its video {frames} frames."
            problems.error("lengths", file, sentence)
    return isinstance(row.get("segmentations"), list)
