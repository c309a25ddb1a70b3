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
A task without an annotation is not labelled; of several the last that is not cancelled counts.
Polygons, by the rule of :mod:`.polygons`, ellipses and, where that is asked, rectangles are read
too (:mod:`.label_studio_tasks`); regions of one id are one object.

Cannot hold: void, stuff, crowds, objects without a mask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...results import CocoRLE, encode_rle
from ..json_lists import JsonRows
from ..reading import read_any_json
from .base import LabelFile, ReadOptions, WriteOptions, only_file
from .brush_rle import encode_brush
from .capabilities import Holds
from .class_lists import numbered
from .label_studio_tasks import Task, draw, label_of, read_task
from .object_ids import HIGHEST
from .pictures import frame_size, is_still, picture_name
from .run_lengths import areas
from .xml_files import xml_root

HOLDS = Holds(scores="mask")
_KIND = "Label Studio"
_REGION = re.compile(r"track_([1-9]\d{0,9})", re.ASCII)


def read(place: Path, options: ReadOptions) -> LabelStudioFile:
    """Opens an export. Raises DataError, naming the file."""
    path = only_file(place, "*.json", _KIND)
    tasks = read_any_json(path)
    if not isinstance(tasks, list):
        raise DataError(f"{path} is no list of tasks; export from Label Studio as JSON.")
    groups: dict[str, list[Task]] = {}
    for position, row in enumerate(tasks, start=1):
        task = read_task(row, position, path, options)
        if task.video in groups and task.number is None:
            raise DataError(f"{path} has two tasks of the picture {task.video}.")
        groups.setdefault(task.video, []).append(task)
    _check_predictions([task for group in groups.values() for task in group], path, options)
    names = _interface_labels(path.with_name("config.xml"))
    for group in groups.values():
        group.sort(key=lambda task: task.number or 0)
        names += [name for task in group for name in task.labels()]
    return LabelStudioFile(path, numbered(list(dict.fromkeys(names)), path), groups, options)


def _check_predictions(tasks: Sequence[Task], path: Path, options: ReadOptions) -> None:
    predicted = [task for task in tasks if task.predicted]
    if predicted and not any(task.labelled for task in tasks):
        raise DataError(
            f"{path} has predictions alone and no annotation; make them annotations in Label "
            "Studio (Data Manager, 'Create Annotations From Predictions') and export again."
        )
    for task in predicted:
        options.log.note("Predictions are left out; such tasks are not labelled.", task.video)


def _interface_labels(path: Path) -> list[str]:
    if not path.is_file():
        return []
    return [name for label in xml_root(path).iter("Label") if (name := label.get("value"))]


class LabelStudioFile(LabelFile):
    """An opened export; regions are drawn when their frame is asked for."""

    def __init__(
        self,
        path: Path,
        categories: Sequence[Category],
        groups: dict[str, list[Task]],
        options: ReadOptions,
    ) -> None:
        videos = []
        for name, tasks in groups.items():
            sizes = {task.size for task in tasks if task.size is not None}
            size = sizes.pop() if len(sizes) == 1 else None
            endings = {task.frame: task.ending for task in tasks if task.ending}
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
                id, label = self._ids[video][region], label_of(parts)
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
                mask = encode_rle(draw(parts, size))
            except ValueError as error:
                where = f"{self.place}: {task.video}, {task.frame}, region {region}"
                raise DataError(f"{where}: {str(error).rstrip('.')}.") from error
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
        match = _REGION.fullmatch(region)
        if match and int(match.group(1)) <= HIGHEST:
            ids[region] = int(match.group(1))
    taken, following = set(ids.values()), 1
    for region in regions:
        if region not in ids:
            while following in taken:
                following += 1
            taken.add(following)
            ids[region] = following
    return ids


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
