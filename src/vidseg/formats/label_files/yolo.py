"""YOLO segmentation labels as Ultralytics trains on: one text file a picture.

    data.yaml                     path, train, val: images; names: {0: ..., 1: ...}
    labels/<video>/<frame>.txt    one line an object: class x1 y1 x2 y2 ... as shares of the size

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
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...results import encode_rle
from ..output_places import prepare_folder
from ..reading import inside
from ..texts import read_text
from .base import LabelFile, ReadOptions, WriteOptions
from .capabilities import Holds
from .class_lists import numbered, yolo_names
from .id_maps import label_folders
from .pictures import frame_size, picture_stem, split_stem
from .polygons import Points, fill, joined, trace

HOLDS = Holds(identity=False, unlabelled="left out", holes=False, parts=False)
_DIGITS = 7  # a pixel edge of a picture of a million pixels a side is still met


def read(place: Path, options: ReadOptions) -> YoloFolder:
    """Opens a folder with ``labels/``, or one of text files. Raises DataError."""
    root = place / "labels" if (place / "labels").is_dir() else place
    pictures = options.pictures or (place / "images" if (place / "images").is_dir() else None)
    categories = options.categories
    for name in ("data.yaml", "data.yml", "classes.txt", "labels/classes.txt"):
        if not categories and (place / name).is_file():
            categories = numbered(yolo_names(place / name), place / name, start=0)
    if not categories:
        raise DataError(
            f"{place} has numbers of classes without names (no data.yaml or classes.txt); add the "
            f"list with --categories."
        )
    paths: dict[str, Path] = {}
    for name, folder, stems in label_folders(root, ".txt"):
        above = "" if folder == root else f"{name}/"
        for stem in stems:
            if stem != "classes" and (folder != place or stem not in ("train", "val", "test")):
                paths[above + stem] = folder / f"{stem}.txt"
    return YoloFolder(place, categories, paths, pictures)


class YoloFolder(LabelFile):
    """An opened folder: every picture is a still."""

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        paths: dict[str, Path],
        pictures: Path | None,
    ) -> None:
        videos = [VideoInfo(name, (frame,)) for name, frame in map(split_stem, sorted(paths))]
        super().__init__(place, categories, videos, pictures)
        self._paths = paths
        self._numbers = {category.id for category in categories}

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """One a line, numbered from 1."""
        lines = self._lines(video)
        return tuple(LabelTrack(id, number) for id, (number, _) in enumerate(lines, start=1))

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The polygons of a picture, filled."""
        info = self._videos[video]
        size = frame_size(self._pictures, info, info.frames[frame], str(self.place))
        masks = {}
        for id, (_, shares) in enumerate(self._lines(video), start=1):
            try:
                mask = fill([shares * np.array([size[1], size[0]])], size)
            except ValueError as error:
                path = self._paths[info.name]
                raise DataError(f"{path}, object {id}: {error}.") from error
            if mask.any():
                masks[id] = encode_rle(mask)
        return FrameLabels(size, masks)

    def _lines(self, video: int) -> list[tuple[int, Points]]:
        path = self._paths[self._videos[video].name]
        text = read_text(path, "label file")
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            try:
                values = [float(value) for value in line.split()]
            except ValueError as error:
                raise DataError(f"{path}, line {number}: {error}.") from error
            points = np.array(values[1:], dtype=np.float64)
            if len(points) < 6 or len(points) % 2 or not np.isfinite(points).all():
                raise DataError(f"{path}, line {number} is no polygon of three or more points.")
            if values[0] not in self._numbers:
                raise DataError(f"{path}, line {number}: class {values[0]:g} is not in the list.")
            rows.append((int(values[0]), points.reshape(-1, 2)))
        return rows


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
