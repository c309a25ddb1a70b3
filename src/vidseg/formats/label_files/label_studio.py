"""Label Studio JSON: a list of tasks, one a picture, with brush strokes that keep every pixel.

    tasks.json   [{data: {image: "<video>/<frame>.jpg", video: "<video>", frame: 0},
                   annotations: [{result: [region, ...]}]}]
    config.xml   the labelling interface, which lists all classes
    region       {id: "track_7", type: "brushlabels", from_name, to_name, original_width,
                  original_height, image_rotation: 0, value: {format: "rle", rle: [...],
                  brushlabels: ["cat"]}[, score]}

Label Studio tracks rectangles alone in videos, so a video is a row of pictures: ``video`` and
``frame`` of ``data`` say which, and the id of a region says which object; both are free for such
use and come back in exports. A task without them is a still, and its regions are its objects.
A task without an annotation is not labelled. Polygons ({points in percent, polygonlabels}) are
read too, by the rule of :mod:`.polygons`; regions of one id are one object. Predictions are read
where a task has no annotation.

Cannot hold: void, stuff, crowds, objects without a mask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

import numpy as np

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...geometry.rings import ring_points
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...limits import check_size
from ...results import CocoRLE, encode_rle
from ...types import MaskArray
from ..json_lists import JsonRows
from ..layouts.problems import STRICT
from ..layouts.rows import is_name, row_size
from ..reading import read_any_json
from .base import LabelFile, ReadOptions, WriteOptions, layout_explained, only_file
from .brush_rle import decode_brush, encode_brush
from .capabilities import Holds
from .class_lists import numbered
from .pictures import frame_size, is_still, picture_name, split_ending, split_stem
from .polygons import fill
from .run_lengths import areas

HOLDS = Holds(scores="mask")
_KIND = "Label Studio"
_REGION = re.compile(r"track_([1-9]\d*)")
_TYPES = {"brushlabels", "brush", "polygonlabels", "polygon", "labels"}


def read(place: Path, options: ReadOptions) -> LabelStudioFile:
    """Opens an export. Raises DataError, naming the file."""
    path = only_file(place, "*.json", _KIND)
    tasks = read_any_json(path)
    with layout_explained(path, _KIND):
        if not isinstance(tasks, list):
            raise ValueError("it is no list of tasks; export as JSON")
        groups: dict[str, list[_Task]] = {}
        for position, row in enumerate(tasks, start=1):
            task = _Task(row, position, path, options)
            if task.video in groups and task.frame_number is None:
                raise DataError(f"{path} has two tasks of the picture {task.video}.")
            groups.setdefault(task.video, []).append(task)
        names = _interface_labels(path.with_name("config.xml"))
        for group in groups.values():
            group.sort(key=lambda task: task.frame_number or 0)
            names += [name for task in group for name in task.labels()]
    return LabelStudioFile(path, numbered(list(dict.fromkeys(names)), path), groups, options)


def _interface_labels(path: Path) -> list[str]:
    if not path.is_file():
        return []
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise DataError(f"Cannot read the labelling interface {path}: {error}.") from error
    return [str(label.get("value")) for label in root.iter("Label")]


class _Task:
    """One picture and its regions."""

    def __init__(
        self, row: dict[str, Any], position: int, path: Path, options: ReadOptions
    ) -> None:
        data = row["data"]
        where = f"{path}: task {row.get('id', position)}"
        stem, ending = split_ending(_path(_picture(data, where)))
        stem = stem.lstrip("/")
        self.frame_number = None if data.get("frame") is None else int(data["frame"])
        if data.get("video") is None or self.frame_number is None:
            self.frame_number = None
            self.video, self.frame = split_stem(stem)
        else:
            self.video, self.frame = str(data["video"]), _below(stem, str(data["video"]))
        self.endings = {self.frame: ending} if ending else {}
        self.size = row_size(data, where, path, STRICT, needed=False)
        done = [a for a in row.get("annotations") or [] if not a.get("was_cancelled")]
        done = done or list(row.get("predictions") or [])
        if len(done) > 1:
            raise DataError(
                f"{path}: task {row.get('id', position)} has {len(done)} annotations; keep one."
            )
        self.labelled = bool(done)
        self.regions: dict[str, list[dict[str, Any]]] = {}
        for region in done[0]["result"] if done else ():
            kind = str(region.get("type"))
            if kind not in _TYPES:
                told = f"{path.name}, task {row.get('id', position)}"
                if "original_width" in region or kind.startswith("video"):
                    options.log.add("shapes", f"{told}: {kind}")
                else:
                    options.log.note(
                        "Relations, choices and texts of Label Studio are left out.",
                        f"{told}: {kind}",
                    )
                continue
            if region.get("image_rotation"):
                raise DataError(f"{path}: the picture of task {position} is rotated.")
            self.size = (int(region["original_height"]), int(region["original_width"]))
            check_size(self.size[1], self.size[0], where)
            self.regions.setdefault(str(region["id"]), []).append(region)

    def labels(self) -> list[str]:
        """Names of classes in use, by order."""
        found = [_label(parts) for parts in self.regions.values()]
        return [label for label in found if label is not None]


def _picture(data: dict[str, Any], where: str) -> str:
    """The picture of a task: ``image``, else the only text that names one, whatever its key."""
    if is_name(data.get("image")):
        return str(data["image"])
    named = [v for v in data.values() if is_name(v) and split_ending(_path(v))[1]]
    if len(named) != 1:
        raise DataError(f"{where} names {len(named)} pictures; the data key 'image' is wanted.")
    return str(named[0])


def _path(image: str) -> str:
    """Path of a picture, also of Label Studio's local files."""
    if re.match(r"[A-Za-z]:[\\/]", image):
        return image[2:]  # of a disk of Windows
    parts = urlsplit(image)
    local = re.search(r"(?:^|&)d=([^&]+)", parts.query)
    return unquote(local.group(1)) if local else image if not parts.scheme else unquote(parts.path)


def _below(stem: str, video: str) -> str:
    path = PurePosixPath(stem)
    return str(path.relative_to(video)) if path.is_relative_to(video) else path.name


def _label(parts: Sequence[dict[str, Any]]) -> str | None:
    for region in parts:
        for key in ("brushlabels", "polygonlabels", "labels"):
            if region["value"].get(key):
                return str(region["value"][key][0])
    return None


class LabelStudioFile(LabelFile):
    """An opened export; regions are drawn when their frame is asked for."""

    def __init__(
        self,
        path: Path,
        categories: Sequence[Category],
        groups: dict[str, list[_Task]],
        options: ReadOptions,
    ) -> None:
        videos = []
        for name, tasks in groups.items():
            sizes = {task.size for task in tasks if task.size is not None}
            size = sizes.pop() if len(sizes) == 1 else None
            endings = {frame: end for task in tasks for frame, end in task.endings.items()}
            videos.append(VideoInfo(name, tuple(task.frame for task in tasks), size, endings))
        super().__init__(path, categories, videos, options.pictures)
        self._tasks = list(groups.values())
        self._log = options.log
        self._numbers = {category.name: category.id for category in categories}
        self._ids = [_numbers([r for t in tasks for r in t.regions]) for tasks in self._tasks]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All objects, by id."""
        found: dict[int, LabelTrack] = {}
        for task in self._tasks[video]:
            for region, parts in task.regions.items():
                id, label = self._ids[video][region], _label(parts)
                track = LabelTrack(id, None if label is None else self._numbers[label])
                if found.setdefault(id, track) != track:
                    self._log.add("class_changes", f"video {task.video}, region {region}")
        return tuple(found[id] for id in sorted(found))

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The regions of a task; None for a task without an annotation."""
        task, info = self._tasks[video][frame], self._videos[video]
        if not task.labelled:
            return None
        size = task.size or frame_size(self._pictures, info, task.frame, str(self.place))
        masks: dict[int, CocoRLE] = {}
        scores: dict[int, float] = {}
        for region, parts in task.regions.items():
            id = self._ids[video][region]
            try:
                mask = encode_rle(_draw(parts, size))
            except (KeyError, TypeError, ValueError) as error:
                where = f"{self.place}: {task.video}, {task.frame}, region {region}"
                raise DataError(f"{where}: {error}.") from error
            if areas([mask])[0]:
                masks[id] = mask
                told = [part["score"] for part in parts if part.get("score") is not None]
                if told:
                    scores[id] = float(told[0])
        return FrameLabels(size, masks, None, scores)


def _numbers(regions: Sequence[str]) -> dict[str, int]:
    """Region id → N of "track_N"; others get free numbers by order."""
    ids = {}
    for region in regions:
        if match := _REGION.fullmatch(region):
            ids[region] = int(match.group(1))
    taken, following = set(ids.values()), 1
    for region in regions:
        if region not in ids:
            while following in taken:
                following += 1
            taken.add(following)
            ids[region] = following
    return ids


def _draw(parts: Sequence[dict[str, Any]], size: tuple[int, int]) -> MaskArray:
    mask = np.zeros(size, dtype=bool)
    for region in parts:
        value = region["value"]
        if "rle" in value:
            mask |= decode_brush(value["rle"], size)
        elif "points" in value:
            points = ring_points(value["points"], (100, 100))
            mask |= fill([points * np.array([size[1], size[0]]) / 100], size)
        else:
            raise ValueError("the region has neither brush strokes nor points")
    return mask


class LabelStudioWriter:
    """Writes ``tasks.json`` picture by picture, and ``config.xml``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._options = options
        self._names = {category.id: category.name for category in options.categories}
        self._file = JsonRows(folder / "tasks.json")

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._count = 0
        self._labels = {
            t.id: self._names[-1 if t.category_id is None else t.category_id] for t in tracks
        }

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Adds a task; without an annotation for a frame without labels."""
        data: dict[str, Any] = {"image": picture_name(self._options.pictures, self._video, frame)}
        if not is_still(self._video):
            data |= {"video": self._video.name, "frame": self._count}
        self._count += 1
        if labels is None:
            self._file.append({"data": data})
            return
        data |= {"width": labels.size[1], "height": labels.size[0]}
        regions = []
        for id, mask in labels.masks.items():
            region: dict[str, Any] = {
                "id": f"track_{id}",
                "type": "brushlabels",
                "from_name": "label",
                "to_name": "image",
                "original_width": labels.size[1],
                "original_height": labels.size[0],
                "image_rotation": 0,
                "value": {
                    "format": "rle",
                    "rle": encode_brush(decode_rle(mask)),
                    "brushlabels": [self._labels[id]],
                },
            }
            if id in labels.scores:
                region["score"] = labels.scores[id]
            regions.append(region)
        self._file.append({"data": data, "annotations": [{"result": regions}]})

    def end(self) -> None:
        """Nothing is left to do for a video."""

    def close(self) -> None:
        """Finishes the file and writes the labelling interface."""
        self._file.close()
        labels = "".join(f"    <Label value={quoteattr(n)}/>\n" for n in self._names.values())
        (self._folder / "config.xml").write_text(
            '<View>\n  <Image name="image" value="$image"/>\n'
            f'  <BrushLabels name="label" toName="image">\n{labels}  </BrushLabels>\n</View>\n',
            encoding="utf-8",
        )
