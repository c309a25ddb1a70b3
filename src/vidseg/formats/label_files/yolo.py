"""YOLO segmentation labels as Ultralytics trains on: one text file a picture.

    data.yaml                     path, train, val: images; names: {0: ..., 1: ...}
    labels/<video>/<frame>.txt    one line an object: class x1 y1 x2 y2 ... as shares of the size

Read are also boxes (class x y width height, of the centre) and a score behind either, as in
predictions; :mod:`.yolo_files` says where files may lie.
Pictures belong in ``images/`` with the same names. The tool reads one polygon a line, knows no
ids, and numbers classes from 0 without gaps. Polygons run along pixel edges and give the mask back
by the rule of :mod:`.polygons`; a mask with holes or of several parts is joined by lines of no
width, where that is allowed, which the tool draws one pixel wide. An empty file says that nothing
is there; the tool takes a picture without a file for the same.
Reading needs the sizes: the pictures in ``images/``, or a folder that is named.

Cannot hold: videos and ids, holes, several parts, frames without labels, void, stuff, crowds,
scores, objects without a mask.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...pictures.reading import picture_size, read_picture
from ...results import encode_rle
from ...types import ImageArray
from ..output_places import prepare_folder
from ..reading import inside
from ..texts import read_text
from .base import LabelFile, ReadOptions, WriteOptions
from .capabilities import Holds
from .class_lists import numbered
from .pictures import find_picture, picture_stem, split_ending, split_stem
from .polygons import Points, fill, joined, trace
from .yolo_files import pictures_of, yolo_names, yolo_set

HOLDS = Holds(identity=False, unlabelled="left out", holes=False, parts=False)
_SLIGHTLY = 0.01  # of a side; the tool moves such points, too
_DIGITS = 7  # a pixel edge of a picture of a million pixels a side is still met


def read(place: Path, options: ReadOptions) -> YoloFolder:
    """Opens a data set, as :mod:`.yolo_files` finds it. Raises DataError."""
    files = yolo_set(place, options.log)
    categories = options.categories
    if not categories and files.names is not None:
        categories = numbered(yolo_names(files.names), files.names, start=0)
    if not categories:
        raise DataError(
            f"{place} has numbers of classes without names (no data.yaml, obj.names or "
            "classes.txt); add the list with --categories."
        )
    return YoloFolder(place, categories, files.labels, options)


class YoloFolder(LabelFile):
    """An opened folder: every picture is a still."""

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        labels: dict[str, Path],
        options: ReadOptions,
    ) -> None:
        self._found = {} if options.pictures else pictures_of(labels, options.log)
        videos = []
        for name, frame in map(split_stem, labels):
            picture = self._found.get(name)
            told = {} if picture is None else {frame: split_ending(picture.name)[1]}
            videos.append(VideoInfo(name, (frame,), endings=told))
        super().__init__(place, categories, videos, options.pictures)
        self._labels = list(labels.values())
        self._numbers = {category.id for category in categories}
        self._options = options

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """One a line, numbered from 1."""
        rows = self._rows(video, self._options)
        return tuple(LabelTrack(id, row.number) for id, row in enumerate(rows, start=1))

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The regions of a picture, filled."""
        size = picture_size(self._picture(video))
        masks, scores = {}, {}
        for id, row in enumerate(self._rows(video, None), start=1):
            try:
                mask = fill([row.ring * np.array([size[1], size[0]])], size)
            except ValueError as error:
                raise DataError(f"{self._labels[video]}, object {id}: {error}.") from error
            if mask.any():
                masks[id] = encode_rle(mask)
                if row.score is not None:
                    scores[id] = row.score
        return FrameLabels(size, masks, None, scores)

    def picture(self, video: int, frame: int) -> ImageArray:
        """The picture, of ``images/`` or of the folder that was named."""
        return read_picture(self._picture(video))

    def _picture(self, video: int) -> Path:
        info = self._videos[video]
        if self._pictures is not None:
            return find_picture(self._pictures, info, info.frames[0])
        if info.name not in self._found:
            raise DataError(
                f"{self.place} has no picture {info.name}, whose size {self._labels[video]} needs; "
                "name the folder of the pictures with --pictures."
            )
        return self._found[info.name]

    def _rows(self, video: int, options: ReadOptions | None) -> list[_Row]:
        """The regions of a file; what is not kept is counted where options are given."""
        path, found = self._labels[video], []
        for number, line in enumerate(read_text(path, "label file").splitlines(), start=1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = _row([float(value) for value in line.split()])
            except ValueError as error:
                raise DataError(f"{where}: {error}.") from error
            if row.number not in self._numbers:
                raise DataError(
                    f"{where}: class {row.number} is not in the list of {len(self._numbers)}."
                )
            if row.is_box and not self._options.boxes_as_regions:
                if options is not None:
                    options.left_out(f"{where} is a", "box")
                continue
            if row.moved and options is not None:
                options.log.note(
                    "Points slightly outside of their picture are moved to its edge.", where
                )
            found.append(row)
        return found


@dataclass(frozen=True, eq=False)
class _Row:
    """A line of a label file.

    Attributes:
        number: of its class.
        ring: vertices as shares of (width, height).
        score: of a prediction.
        is_box: whether it is a box without a mask.
        moved: whether a vertex lay slightly outside.
    """

    number: int
    ring: Points
    score: float | None
    is_box: bool
    moved: bool


def _row(values: Sequence[float]) -> _Row:
    """A polygon, or a box of centre and sides, each also with a score behind.

    Raises ValueError in words that follow the place.
    """
    number, shares = values[0], np.array(values[1:])
    is_box = len(shares) in (4, 5)
    if not is_box and len(shares) < 6:
        raise ValueError("it is no polygon of three or more points, nor a box x y width height")
    if not np.isfinite(values).all() or number % 1:
        raise ValueError("it holds a value that is no finite number, or no whole one for the class")
    score = float(shares[-1]) if len(shares) % 2 else None
    if score is not None and not 0 <= score <= 1:
        raise ValueError(f"its last value {score:g} is neither a score nor a coordinate")
    shares = shares[: len(shares) // 2 * 2]
    far = shares[np.abs(shares - 0.5) > 0.5 + _SLIGHTLY]
    if far.size:
        raise ValueError(f"it holds {far[0]:g} where a share of the picture, 0 to 1, is wanted")
    inside = shares.clip(0, 1)
    ring = inside.reshape(-1, 2)
    if is_box:
        half = ring[1] / 2 * [[-1, -1], [1, -1], [1, 1], [-1, 1]]
        ring = ring[0] + half
    return _Row(int(number), ring, score, is_box, bool((inside != shares).any()))


class YoloWriter:
    """Writes ``labels/`` and ``data.yaml``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._log = options.log
        self._categories = options.categories
        self._numbers = {c.id: position for position, c in enumerate(options.categories)}
        if any(old != new for old, new in self._numbers.items()):
            self._log.note("Classes are numbered from 0 in the order of the list in data.yaml.")
        prepare_folder(folder / "labels")

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._classes = {
            t.id: self._numbers[-1 if t.category_id is None else t.category_id] for t in tracks
        }
        if [t.id for t in tracks] != list(range(1, len(tracks) + 1)):
            self._log.note(
                "Ids are not kept; objects are lines of the files.", f"video {video.name}"
            )

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Writes a file; none for a frame without labels."""
        if labels is None:
            return
        lines = []
        sides = np.array([labels.size[1], labels.size[0]])
        for id, mask in sorted(labels.masks.items()):
            shares = joined(trace(decode_rle(mask)).rings) / sides
            numbers = " ".join(_short(value) for value in shares.ravel().tolist())
            lines.append(f"{self._classes[id]} {numbers}\n")
        root = self._folder / "labels"
        path = inside(root, picture_stem(self._video, frame), root)
        if not path.parent.is_dir():
            prepare_folder(path.parent)
        path.with_name(path.name + ".txt").write_text("".join(lines), encoding="utf-8")

    def end(self) -> None:
        """Nothing is left to do for a video."""

    def close(self) -> None:
        """Writes the class list."""
        lines = ["path: .\ntrain: images\nval: images\nnames:\n"]
        lines += [f"  {self._numbers[c.id]}: {json.dumps(c.name)}\n" for c in self._categories]
        (self._folder / "data.yaml").write_text("".join(lines), encoding="utf-8")


def _short(value: float) -> str:
    return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
