"""COCO instances, of stills or of videos with track ids (the keys of TAO and CocoVID).

    <name>.json
      videos       {id, name}                                    absent for stills alone
      images       {id, file_name, width, height[, video_id, frame_index]}
      categories   {id, name, isthing}                           isthing is an addition
      annotations  {id, image_id, category_id, segmentation, area, bbox, iscrowd, track_id
                    [, video_id][, score]}

Masks are written as compressed run lengths, which keep every pixel and which COCO's own tools
take; read are polygons (filled by pycocotools), run lengths as lists, and compressed ones.
``track_id`` is the id in the video; ``instance_id`` and ``frame_id`` of CocoVID are read as well.
An image without ``video_id`` is a still, its objects are numbered by ``track_id`` or ``id``.

Cannot hold: void, frames without labels as distinct from frames without objects, objects without
a mask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...results import CocoRLE, encode_rle
from ..json_lists import JsonLists
from ..layouts.coco_lists import is_crowd
from ..layouts.problems import STRICT
from ..layouts.rows import Row, name_of, row_size, rows, whole_number
from ..plain_values import shown, typed
from ..reading import read_json
from .base import LabelFile, ReadOptions, WriteOptions, only_file
from .capabilities import Holds
from .class_lists import coco_categories, coco_rows
from .losses import LossLog
from .object_ids import HIGHEST, object_numbers, plain_id
from .pictures import frame_size, is_still, picture_name, split_ending
from .run_lengths import areas, box, from_segmentation
from .shapes import rectangle

HOLDS = Holds(stuff=True, crowd="all", scores="mask", unlabelled="left out")
FILE = "instances.json"
_KIND = "COCO"


def read(place: Path, options: ReadOptions) -> CocoFile:
    """Opens a file. Raises DataError, naming it."""
    path = only_file(place, "*.json", _KIND)
    content = read_json(path)
    categories, numbers = numbered_categories(content, path, options.log)
    videos, images = grouped_images(content, path, sized=options.pictures is None)
    return CocoFile(path, categories, numbers, videos, images, content, options)


def numbered_categories(
    content: Row, path: Path, log: LossLog
) -> tuple[tuple[Category, ...], dict[int | str, int]]:
    """Classes, and id in the file → number; other ids than whole numbers from 0 on are replaced.

    Raises DataError where the list is damaged, or a number or name comes twice.
    """
    listed = rows_by_id(content, "categories", "category", path)
    fit = all(type(id) is int and 0 <= id <= HIGHEST for id in listed)
    numbers = {id: id if fit else place for place, id in enumerate(listed, start=1)}
    if not fit:
        log.note("Classes are numbered from 1 in the order of the list.", str(path))
    rows = [{**row, "id": numbers[id]} for id, row in listed.items()]
    return coco_categories(rows, path), numbers  # type: ignore[return-value]


def rows_by_id(content: Row, key: str, noun: str, path: Path) -> dict[int | str, Row]:
    """Id → row of the list ``content[key]``. DataError where one has no id, or two have one."""
    found: dict[int | str, Row] = {}
    for place, row in enumerate(rows(content, key, path, STRICT)):
        id = plain_id(row.get("id"))
        if id is None:
            raise DataError(f"{path}: {noun} number {place} of {key!r} has no id.")
        if id in found:
            raise DataError(f"{path} has the {noun} id {id} twice.")
        found[id] = row
    return found


@dataclass(frozen=True, eq=False)
class Image:
    """A row of ``images``.

    Attributes:
        id: as :func:`.object_ids.plain_id` gives it.
        file: its path as the file has it.
        size: (height, width); None where only the picture tells.
    """

    id: int | str
    file: str
    size: tuple[int, int] | None
    row: Row = field(repr=False)


def grouped_images(
    content: Row, path: Path, *, sized: bool = True
) -> tuple[list[VideoInfo], list[list[Image]]]:
    """Videos of a COCO file and their images in the order of frames.

    Args:
        sized: whether every image must tell its size.

    Raises DataError for damaged rows and for ids or names that come twice.
    """
    names = {}
    if content.get("videos"):
        for id, row in rows_by_id(content, "videos", "video", path).items():
            names[id] = name_of(row, "name", f"the video {id}", path, STRICT) or str(id)
    groups: dict[str, list[Image]] = {}
    stills = set()
    for id, row in rows_by_id(content, "images", "image", path).items():
        file = name_of(row, "file_name", f"the image {id}", path, STRICT) or ""
        size = row_size(row, f"{path}: image {id}", path, STRICT, needed=sized)
        key, _ = split_ending(file)
        if row.get("video_id") is None:
            if key in groups:
                raise DataError(f"{path} has two images of the name {key}.")
            stills.add(key)
        else:
            number = plain_id(row["video_id"])
            key = names.get(number, str(number))  # type: ignore[arg-type]
            if key in stills:
                raise DataError(f"{path} has two images of the name {key}.")
        groups.setdefault(key, []).append(Image(id, file, size, row))
    videos, images = [], []
    for key, listed in groups.items():
        order = "frame_index" if "frame_index" in listed[0].row else "frame_id"
        if key not in stills and order in listed[0].row:
            places = {i.id: _place(i, order, path) for i in listed}
            listed = sorted(listed, key=lambda image: places[image.id])
        sizes = {image.size for image in listed}
        frames = [_frame_name(image.file, key) for image in listed]
        endings = {frame: ending for frame, ending in frames if ending}
        size = sizes.pop() if len(sizes) == 1 else None
        videos.append(VideoInfo(key, tuple(frame for frame, _ in frames), size, endings))
        images.append(listed)
    return videos, images


def _place(image: Image, key: str, path: Path) -> int:
    return whole_number(image.row, key, f"the image {image.id}", path, STRICT) or 0


def _frame_name(file_name: str, video: str) -> tuple[str, str]:
    """(name below the folder of the video, whatever is above that, ending)."""
    stem, ending = split_ending(file_name)
    path = PurePosixPath(stem)
    if path.is_relative_to(video) and path != PurePosixPath(video):
        return str(path.relative_to(video)), ending
    return path.name, ending


@dataclass(frozen=True, eq=False, slots=True)
class _Object:
    """An annotation: which object it shows."""

    track: LabelTrack
    row: Row


class CocoFile(LabelFile):
    """An opened file; masks are checked when their frame is asked for."""

    def __init__(
        self,
        path: Path,
        categories: Sequence[Category],
        numbers: Mapping[int | str, int],
        videos: Sequence[VideoInfo],
        images: Sequence[Sequence[Image]],
        content: Row,
        options: ReadOptions,
    ) -> None:
        super().__init__(path, categories, videos, options.pictures)
        self._images = images
        self._log = options.log
        self._numbers = numbers
        known = {image.id for images_of_video in images for image in images_of_video}
        listed: dict[int | str, list[Row]] = defaultdict(list)
        for place, row in enumerate(rows(content, "annotations", path, STRICT)):
            image = plain_id(row.get("image_id"))
            if image is None or image not in known:
                raise DataError(
                    f"{path} has an object on image {shown(row.get('image_id'))}, which it lacks."
                )
            if row.get("segmentation") or (options.boxes_as_regions and row.get("bbox")):
                listed[image].append(row)
            else:
                where = f"{path.name}, annotation {shown(row.get('id', place))} is a"
                options.left_out(where, "box")
        self._objects: dict[int | str, list[_Object]] = {}
        for video, of_video in zip(videos, images, strict=True):
            keys = [(image.id, _ids(listed[image.id])) for image in of_video if image.id in listed]
            numbered = object_numbers(id for _, ids in keys for id in ids)
            for id, number in numbered.items():
                if id != number:
                    self._log.note(
                        "Objects whose ids are no whole numbers from 1 on, or come twice, are "
                        "renumbered.",
                        f"video {video.name}, {_shown_id(id)} becomes {number}",
                    )
            for image, ids in keys:
                self._objects[image] = [
                    _Object(self._track(numbered[id], row), row)
                    for id, row in zip(ids, listed[image], strict=True)
                ]

    def _track(self, number: int, row: Row) -> LabelTrack:
        where = f"{self.place}: annotation {shown(row.get('id'))}"
        category = self._numbers.get(plain_id(row.get("category_id")))  # type: ignore[arg-type]
        if category is None:
            raise DataError(
                f"{where} has the category_id {shown(row.get('category_id'))}, which the list "
                "'categories' lacks."
            )
        return LabelTrack(number, category, is_crowd(row, where, self.place, STRICT))

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All objects with a mask, by id."""
        found: dict[int, LabelTrack] = {}
        for image in self._images[video]:
            for shown_there in self._objects.get(image.id, ()):
                track = shown_there.track
                if found.setdefault(track.id, track) != track:
                    where = f"video {self._videos[video].name}, track {track.id}"
                    self._log.add("class_changes", where)
        return tuple(found[id] for id in sorted(found))

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks of a frame; also where it has none."""
        image, info = self._images[video][frame], self._videos[video]
        size = image.size or frame_size(self._pictures, info, info.frames[frame], str(self.place))
        masks: dict[int, CocoRLE] = {}
        scores: dict[int, float] = {}
        for there in self._objects.get(image.id, ()):
            id, row = there.track.id, there.row
            if id in masks:
                raise DataError(f"{self.place} has track {id} twice on {image.file}.")
            try:
                rle = _mask(row, size)
                score = typed(row.get("score"), float | None, "score")
            except ValueError as error:
                what = f"{self.place}: annotation {shown(row.get('id'))}"
                raise DataError(f"{what}: {str(error).rstrip('.')}.") from error
            if areas([rle])[0]:
                masks[id] = rle
                if score is not None:
                    scores[id] = score
        return FrameLabels(size, masks, None, scores)


def _mask(row: Row, size: tuple[int, int]) -> CocoRLE:
    if row.get("segmentation"):
        return from_segmentation(row["segmentation"], size)
    x, y, width, height = typed(row["bbox"], tuple[float, float, float, float], "bbox")
    return encode_rle(rectangle((x, y, x + width, y + height), size))


def _ids(listed: Sequence[Row]) -> list[Hashable]:
    """What tells the objects of one image apart; a place where an id is missing or comes twice."""
    found: list[Hashable] = []
    seen: set[Hashable] = set()
    for place, row in enumerate(listed):
        key = next((key for key in ("track_id", "instance_id") if row.get(key) is not None), "id")
        id = plain_id(row.get(key))
        twice = key == "id" and id in seen
        seen.add(id)
        found.append((id, place) if id is None or twice else id)
    return found


def _shown_id(id: Hashable) -> str:
    return str(id[0] if isinstance(id, tuple) else id)


class CocoWriter:
    """Writes ``instances.json`` frame by frame."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._options = options
        self._file = JsonLists(folder / FILE, ("videos", "images", "annotations"))
        self._videos = 0
        self._images = 0
        self._rows = 0

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._tracks = {track.id: track for track in tracks}
        self._place: dict[str, int] = {}
        if not is_still(video):
            self._videos += 1
            self._place = {"video_id": self._videos, "frame_index": -1}
            self._file.append("videos", {"id": self._videos, "name": video.name})

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Adds a frame; one without labels is left out."""
        if labels is None:
            return
        self._images += 1
        if self._place:
            self._place["frame_index"] += 1
        height, width = labels.size
        image = {
            "id": self._images,
            "file_name": picture_name(self._options.pictures, self._video, frame),
            "width": width,
            "height": height,
            **self._place,
        }
        self._file.append("images", image)
        for id, mask in labels.masks.items():
            track = self._tracks[id]
            self._rows += 1
            row: dict[str, Any] = {
                "id": self._rows,
                "image_id": self._images,
                "track_id": id,
                "category_id": track.category_id,
                "segmentation": mask,
                "area": int(areas([mask])[0]),
                "bbox": list(box(mask)),
                "iscrowd": int(track.is_crowd),
            }
            if self._place:
                row["video_id"] = self._videos
            if id in labels.scores:
                row["score"] = labels.scores[id]
            self._file.append("annotations", row)

    def end(self) -> None:
        """Nothing is left to do for a video."""

    def close(self) -> None:
        """Writes the file."""
        self._file.close({"categories": coco_rows(self._options.categories)})
