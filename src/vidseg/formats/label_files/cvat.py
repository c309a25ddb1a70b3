"""CVAT for video 1.1: one XML a video.

    <video>/annotations.xml
      <annotations>
        <version>1.1</version>
        <meta><task> name, size (frames), mode, stop_frame, labels, original_size </task></meta>
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

Cannot hold: names of frames, void, stuff, crowds, scores, objects without a mask, frames without
labels as distinct from frames without objects, frames of several sizes in one video.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...pictures.listing import is_hidden
from ...results import CocoRLE, encode_rle
from ...types import MaskArray
from .base import LabelFile, ReadOptions, layout_explained
from .capabilities import Holds
from .class_lists import numbered
from .pictures import frame_size, frames_of
from .polygons import fill
from .run_lengths import from_row_runs

HOLDS = Holds(unlabelled="emptied", frame_names=False, one_size=True)
_KIND = "CVAT"


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
    """Opens one XML, or all of a folder. Raises DataError, naming the file."""
    paths = (
        [place]
        if place.is_file()
        else sorted(p for p in place.rglob("*.xml") if not is_hidden(p.name))
    )
    if not paths:
        raise DataError(f"{place} holds no CVAT file (*.xml).")
    videos, tracks, names = [], [], []
    for path in paths:
        info, labels, found = _open(path, place, options)
        videos.append(info)
        tracks.append(found)
        names += [label for label in labels if label not in names]
    return CvatFile(place, numbered(names, place), videos, tracks, options)


def _open(
    path: Path, place: Path, options: ReadOptions
) -> tuple[VideoInfo, list[str], list[_Track]]:
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise DataError(f"Cannot read the annotation file {path}: {error}.") from error
    task = root.find("meta/task")
    if task is None:
        task = root.find("meta/job")
    if root.tag != "annotations" or task is None:
        raise DataError(f"{path} is no CVAT file of one task; export the task alone.")
    if root.find("image") is not None:
        raise DataError(f"{path} is of 'CVAT for images'; export it as 'CVAT for video 1.1'.")
    with layout_explained(path, _KIND):
        count = int(task.findtext("size") or 0)
        sides = [task.findtext(f"original_size/{side}") for side in ("height", "width")]
        size = (int(sides[0]), int(sides[1])) if sides[0] and sides[1] else None
        labels = [str(label.findtext("name")) for label in task.findall("labels/label")]
        tracks = [_track(element, path, options) for element in root.findall("track")]
        name = task.findtext("name") or path.stem
        if path.parent != place and place.is_dir():
            name = path.parent.relative_to(place).as_posix()
        for track in tracks:
            if track.shapes and not 0 <= min(track.shapes) <= max(track.shapes) < count:
                raise DataError(
                    f"{path}: track {track.id} goes to frame {max(track.shapes)}, of {count}."
                )
    frames = frames_of(options.pictures, name)
    if len(frames) != count:
        frames = tuple(f"{t:05d}" for t in range(count))
    return VideoInfo(name, frames, size), labels, _merged([t for t in tracks if t.shapes])


def _track(element: ElementTree.Element, path: Path, options: ReadOptions) -> _Track:
    shapes: dict[int, _Shape] = {}
    number = int(element.get("id", 0))
    previous: int | None = None  # last frame listed as in sight
    for child in element:
        if child.tag not in ("polygon", "mask"):
            if child.tag != "attribute":
                where = f"{path.name}, track {number} has a {child.tag}"
                options.log.add("shapes", where)
            continue
        frame = int(child.attrib["frame"])
        if child.get("outside") == "1":
            previous = None
            continue
        if previous is not None and frame != previous + 1:
            raise DataError(
                f"{path}: track {number} has no shape between the frames {previous} and {frame}; "
                f"export it from CVAT, which writes every frame."
            )
        previous = frame
        shapes[frame] = _Shape(child.tag, dict(child.attrib))
    return _Track(number, int(element.get("group_id", 0)), str(element.attrib["label"]), shapes)


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
    if shape.tag == "polygon":
        points = [[float(v) for v in p.split(",")] for p in shape.fields["points"].split(";")]
        return fill([points], size)
    left, top, width, height = (
        int(shape.fields[key]) for key in ("left", "top", "width", "height")
    )
    if left < 0 or top < 0 or top + height > size[0] or left + width > size[1]:
        raise ValueError("the mask leaves the picture")
    mask = np.zeros(size, dtype=bool)
    runs = [int(run) for run in shape.fields["rle"].split(",")]
    mask[top : top + height, left : left + width] = from_row_runs(runs, (height, width))
    return mask
