"""CVAT for video 1.1: one XML a video; "CVAT for images", projects and jobs are read too.

    <video>/annotations.xml
      <annotations>
        <version>1.1</version>
        <meta><task> name, size (frames), mode, stop_frame, labels, original_size[, frame_names]
        </task></meta>
        <track id label source group_id>
          <polygon frame keyframe outside occluded points="x,y;..." z_order/>
          <mask frame keyframe outside occluded rle="n, n, ..." left top width height z_order/>
        </track>
      </annotations>

Runs of a mask go along the rows of its box, background first; the box says where it lies.
CVAT tracks polygons but not masks: of a track of masks it imports the first alone, and it exports
each mask as a track of one frame. So an object whose masks all are one ring without a hole is
written as one track of polygons along the pixel edges, exact by the rule of :mod:`.polygons`, and
keeps its id inside CVAT; any other object is written as one track a mask. All carry the object's
id as ``group_id``, and tracks of masks of one group and class that never meet on a frame are read
as one object.

``frame`` counts in the source video, of which a task may start late (``start_frame``) or take every
n-th frame (``frame_filter`` step=n). Boxes between keyframes are interpolated as CVAT does.
``frame_names`` is an addition, which CVAT does not export: names come from the pictures then.

Cannot hold: void, stuff, crowds, scores, objects without a mask, frames without
labels as distinct from frames without objects, frames of several sizes in one video.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...limits import check_size
from ...pictures.listing import is_hidden
from ...results import CocoRLE, encode_rle
from ...types import MaskArray
from ..layouts.rows import is_name
from ..reading import parse_json
from .base import LabelFile, ReadOptions, layout_explained
from .capabilities import Holds
from .class_lists import numbered
from .cvat_xml import NAMES
from .pictures import frame_size, frames_of, split_ending, split_stem
from .polygons import fill
from .run_lengths import from_row_runs
from .shapes import ellipse, rectangle
from .xml_files import xml_root

HOLDS = Holds(unlabelled="emptied", one_size=True)
_KIND = "CVAT"
_REGIONS = ("polygon", "mask", "ellipse")
_STEP = re.compile(r"step\s*=\s*([1-9]\d{0,8})")
_MOST_FRAMES = 2_000_000


@dataclass
class _Shape:
    """A polygon or mask of one frame, as text until it is asked for."""

    tag: str
    fields: dict[str, str] = field(repr=False)


@dataclass
class _Track:
    id: int
    group: int
    label: str
    shapes: dict[int, _Shape]

    @property
    def masks(self) -> bool:
        return all(shape.tag == "mask" for shape in self.shapes.values())


def read(place: Path, options: ReadOptions) -> CvatFile:
    """Opens one XML, a zip of CVAT with one, or all XML of a folder. DataError names the file."""
    paths = (
        [place]
        if place.is_file()
        else sorted(p for p in place.rglob("*.xml") if not is_hidden(p.name))
    )
    if not paths:
        raise DataError(f"{place} holds no CVAT file (*.xml).")
    videos, tracks = [], []
    names: dict[str, None] = {}
    for path in paths:
        root = xml_root(path)
        with layout_explained(path, _KIND):
            for info, found in _opened(root, path, place, options):
                videos.append(info)
                tracks.append(found)
            names |= dict.fromkeys(str(e.findtext("name")) for e in root.findall("meta//label"))
    return CvatFile(place, numbered(list(names), place), videos, tracks, options)


def _opened(
    root: ElementTree.Element, path: Path, place: Path, options: ReadOptions
) -> Iterator[tuple[VideoInfo, list[_Track]]]:
    """The stills or videos of one XML."""
    tasks = [
        e for tag in ("task", "project/tasks/task", "job") for e in root.findall(f"meta/{tag}")
    ]
    if root.tag != "annotations" or not tasks:
        raise DataError(f"{path} is no CVAT file of tasks or of a job.")
    for image in root.findall("image"):
        yield _still(image, path, options)
    if root.find("image") is not None:
        return
    elements = root.findall("track")
    for task in tasks:
        name = task.findtext("name") or path.stem
        if path.parent != place and place.is_dir():
            name = path.parent.relative_to(place).as_posix()
        own = [e for e in elements if e.get("task_id") in (None, task.findtext("id"))]
        if len(tasks) > 1 and any(e.get("task_id") is None for e in own):
            raise DataError(f"{path} has several tasks and tracks without a task_id.")
        yield _video(task, name, own, path, options)


def _video(
    task: ElementTree.Element,
    name: str,
    elements: Sequence[ElementTree.Element],
    path: Path,
    options: ReadOptions,
) -> tuple[VideoInfo, list[_Track]]:
    count = int(task.findtext("size") or 0)
    if not 0 <= count <= _MOST_FRAMES:
        raise DataError(f"{path} claims {count} frames; 0 to {_MOST_FRAMES:,} are read.")
    step = _STEP.search(task.findtext("frame_filter") or "")
    places = _Places(
        int(task.findtext("start_frame") or 0), int(step[1]) if step else 1, count, path
    )
    sides = [task.findtext(f"original_size/{side}") for side in ("height", "width")]
    size = (int(sides[0]), int(sides[1])) if sides[0] and sides[1] else None
    if size is not None:
        check_size(size[1], size[0], f"{path}: the task {name}")
    if task.tag == "job":
        places = places.of_job(elements)
    tracks = [_track(element, places, path, options) for element in elements]
    frames, endings = _frame_names(task, count, path)
    pictures = frames_of(options.pictures, name)
    if len(pictures) == count:
        frames = pictures
    return VideoInfo(name, frames, size, endings), _merged([t for t in tracks if t.shapes])


def _frame_names(
    task: ElementTree.Element, count: int, path: Path
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Names of frames and their endings as our writer adds them, else numbers."""
    text = task.findtext(NAMES)
    if text is None:
        return tuple(f"{t:05d}" for t in range(count)), {}
    names = parse_json(path, lambda _: json.loads(text))
    if not isinstance(names, list) or len(names) != count or not all(map(is_name, names)):
        raise DataError(f"{path}: {NAMES} of the task is no list of {count} names.")
    parts = [split_ending(name) for name in names]
    return tuple(stem for stem, _ in parts), {stem: end for stem, end in parts if end}


@dataclass(frozen=True)
class _Places:
    """Numbers of frames in the source video, of which a task may take every n-th alone."""

    first: int
    step: int
    count: int
    path: Path

    def of_job(self, elements: Sequence[ElementTree.Element]) -> _Places:
        """Jobs tell their first frame among those of the task in some versions of CVAT."""
        other = replace(self, first=self.first * self.step)
        numbers = [int(child.get("frame", 0)) for e in elements for child in e]
        return self if all(self.find(n) is not None for n in numbers) else other

    def find(self, number: int) -> int | None:
        """Its place from 0; None where the task has no such frame."""
        place, left = divmod(number - self.first, self.step or 1)
        return place if not left and 0 <= place < self.count else None

    def of(self, number: int, track: int) -> int:
        """As find; DataError where the task has no such frame."""
        place = self.find(number)
        if place is None:
            every = (
                f" (from {self.first}, every {self.step})" if self.first or self.step > 1 else ""
            )
            raise DataError(
                f"{self.path}: track {track} goes to frame {number}, of {self.count}{every}."
            )
        return place


def _still(
    image: ElementTree.Element, path: Path, options: ReadOptions
) -> tuple[VideoInfo, list[_Track]]:
    """A picture of 'CVAT for images'; every shape is an object."""
    stem, ending = split_ending(str(image.attrib["name"]))
    name, frame = split_stem(stem)
    size = (int(image.attrib["height"]), int(image.attrib["width"]))
    check_size(size[1], size[0], f"{path}: the image {name}")
    shapes = [s for s in image if _is_kept(s, f"{path.name}, image {name} has a", options)]
    tracks = [
        _Track(n, 0, str(shape.attrib["label"]), {0: _Shape(shape.tag, dict(shape.attrib))})
        for n, shape in enumerate(shapes, start=1)
    ]
    return VideoInfo(name, (frame,), size, {frame: ending} if ending else {}), tracks


def _is_kept(shape: ElementTree.Element, where: str, options: ReadOptions) -> bool:
    """Whether a shape is a region; others are counted as left out."""
    if shape.tag in _REGIONS or (shape.tag == "box" and options.boxes_as_regions):
        return True
    if shape.tag != "attribute":
        options.left_out(where, shape.tag)
    return False


def _track(
    element: ElementTree.Element, places: _Places, path: Path, options: ReadOptions
) -> _Track:
    shapes: dict[int, _Shape] = {}
    number = int(element.get("id", 0))
    previous: int | None = None  # last frame listed as in sight
    for child in element:
        if not _is_kept(child, f"{path.name}, track {number} has a", options):
            continue
        frame = places.of(int(child.attrib["frame"]), number)
        shape = _Shape(child.tag, dict(child.attrib))
        if previous is not None and frame > previous + 1:
            last = shapes[previous]
            if child.tag != "box" or last.tag != "box":
                raise DataError(
                    f"{path}: track {number} has no shape between the frames {previous} and "
                    f"{frame}; export it from CVAT, which writes every frame."
                )
            for between in range(previous + 1, frame):
                shapes[between] = _between(last, shape, (between - previous) / (frame - previous))
        if child.get("outside") == "1":
            previous = None
            continue
        previous = frame
        shapes[frame] = shape
    return _Track(number, int(element.get("group_id", 0)), str(element.attrib["label"]), shapes)


def _between(first: _Shape, last: _Shape, share: float) -> _Shape:
    """A box between two keyframes, as CVAT draws it: every side goes in a straight line."""
    sides = ("xtl", "ytl", "xbr", "ybr", "rotation")
    ends = [[float(shape.fields.get(key, 0)) for key in sides] for shape in (first, last)]
    ends[1][4] = ends[0][4] + (ends[1][4] - ends[0][4] + 180) % 360 - 180  # the shorter way
    values = [a + (b - a) * share for a, b in zip(*ends, strict=True)]
    return _Shape("box", {key: str(value) for key, value in zip(sides, values, strict=True)})


def _merged(tracks: Sequence[_Track]) -> list[_Track]:
    """Tracks with ids above 0 that differ; masks of one group that never meet are one object."""
    groups: dict[tuple[int, str], list[_Track]] = defaultdict(list)
    for track in tracks:
        if track.group and track.masks:
            groups[track.group, track.label].append(track)
    single = [track for track in tracks if not (track.group and track.masks)]
    for (group, label), parts in groups.items():
        shapes = {frame: shape for part in parts for frame, shape in part.shapes.items()}
        if len(shapes) == sum(len(part.shapes) for part in parts):
            single.append(_Track(group, group, label, shapes))
        else:
            single += parts
    for ids in ([t.group or t.id for t in single], [t.id for t in single]):
        if ids and min(ids) > 0 and len(set(ids)) == len(ids):
            pairs = zip(ids, single, strict=True)
            return [_Track(id, t.group, t.label, t.shapes) for id, t in pairs]
    return [_Track(n, t.group, t.label, t.shapes) for n, t in enumerate(single, start=1)]


class CvatFile(LabelFile):
    """Opened files; shapes are drawn when their frame is asked for."""

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        tracks: Sequence[Sequence[_Track]],
        options: ReadOptions,
    ) -> None:
        super().__init__(place, categories, videos, options.pictures)
        self._tracks = tracks
        self._numbers = {category.name: category.id for category in categories}

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The objects of a video, by id."""
        for track in self._tracks[video]:
            if track.label not in self._numbers:
                raise DataError(
                    f"{self.place}: video {self._videos[video].name} uses the label "
                    f"{track.label!r}, which its list of labels lacks."
                )
        found = [LabelTrack(t.id, self._numbers[t.label]) for t in self._tracks[video]]
        return tuple(sorted(found, key=lambda track: track.id))

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks of a frame; also where it has none."""
        info = self._videos[video]
        size = frame_size(self._pictures, info, info.frames[frame], str(self.place))
        masks: dict[int, CocoRLE] = {}
        for track in self._tracks[video]:
            shape = track.shapes.get(frame)
            if shape is None:
                continue
            try:
                mask = _draw(shape, size)
            except (ValueError, KeyError) as error:
                raise DataError(
                    f"{self.place}: video {info.name}, track {track.id}, frame {frame}: {error}."
                ) from error
            if mask.any():
                masks[track.id] = encode_rle(mask)
        return FrameLabels(size, masks)


def _draw(shape: _Shape, size: tuple[int, int]) -> MaskArray:
    fields = shape.fields
    turned = float(fields.get("rotation", 0))
    if shape.tag == "polygon":
        points = [[float(v) for v in p.split(",")] for p in fields["points"].split(";")]
        return fill([points], size)
    if shape.tag == "box":
        corners = [float(fields[key]) for key in ("xtl", "ytl", "xbr", "ybr")]
        return rectangle(corners, size, turned=turned)
    if shape.tag == "ellipse":
        x, y, across, down = (float(fields[key]) for key in ("cx", "cy", "rx", "ry"))
        return ellipse((x, y), (across, down), size, turned=turned)
    left, top, width, height = (int(fields[key]) for key in ("left", "top", "width", "height"))
    if min(left, top, width, height) < 0 or top + height > size[0] or left + width > size[1]:
        raise ValueError("the mask leaves the picture")
    mask = np.zeros(size, dtype=bool)
    runs = [int(run) for run in fields["rle"].split(",")]
    mask[top : top + height, left : left + width] = from_row_runs(runs, (height, width))
    return mask
