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
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...results import CocoRLE
from ..json_lists import JsonLists
from ..reading import read_json
from .base import LabelFile, ReadOptions, WriteOptions, layout_explained, only_file
from .capabilities import Holds
from .class_lists import coco_categories, coco_rows
from .pictures import is_still, picture_name
from .run_lengths import areas, box, from_segmentation

HOLDS = Holds(stuff=True, crowd="all", scores="mask", unlabelled="left out")
FILE = "instances.json"
_KIND = "COCO"


def read(place: Path, options: ReadOptions) -> CocoFile:
    """Opens a file. Raises DataError, naming it."""
    path = only_file(place, "*.json", _KIND)
    content = read_json(path)
    with layout_explained(path, _KIND):
        categories = coco_categories(content["categories"], path)
        videos, images = grouped_images(content, path)
        return CocoFile(path, categories, videos, images, content["annotations"], options)


def grouped_images(
    content: dict[str, Any], path: Path
) -> tuple[list[VideoInfo], list[list[dict[str, Any]]]]:
    """Videos of a COCO file and their rows of ``images`` in the order of frames.

    Raises KeyError, TypeError or ValueError where fields are missing, DataError for ids that come
    twice.
    """
    names = {int(row["id"]): str(row["name"]) for row in content.get("videos") or []}
    groups: dict[str, list[dict[str, Any]]] = {}
    stills = set()
    seen = set()
    for row in content["images"]:
        if row["id"] in seen:
            raise DataError(f"{path} has two images of the id {row['id']}.")
        seen.add(row["id"])
        stem = str(PurePosixPath(row["file_name"]).with_suffix(""))
        if row.get("video_id") is None:
            stills.add(stem)
            key = stem
        else:
            number = int(row["video_id"])
            key = names.get(number, str(number))
        if key in groups and (key in stills):
            raise DataError(f"{path} has two images of the name {key}.")
        groups.setdefault(key, []).append(row)
    videos, images = [], []
    for key, rows in groups.items():
        order = "frame_index" if "frame_index" in rows[0] else "frame_id"
        if key not in stills and order in rows[0]:
            rows = sorted(rows, key=lambda row: int(row[order]))
        sizes = {(int(row["height"]), int(row["width"])) for row in rows}
        frames = tuple(_frame_name(str(row["file_name"]), key) for row in rows)
        videos.append(VideoInfo(key, frames, sizes.pop() if len(sizes) == 1 else None))
        images.append(rows)
    return videos, images


def _frame_name(file_name: str, video: str) -> str:
    """Below the folder of the video, whatever is above that."""
    path = PurePosixPath(file_name).with_suffix("")
    if path.is_relative_to(video) and path != PurePosixPath(video):
        return str(path.relative_to(video))
    return path.name


class CocoFile(LabelFile):
    """An opened file; masks are checked when their frame is asked for."""

    def __init__(
        self,
        path: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        images: Sequence[Sequence[dict[str, Any]]],
        rows: Sequence[dict[str, Any]],
        options: ReadOptions,
    ) -> None:
        super().__init__(path, categories, videos, options.pictures)
        self._images = images
        self._log = options.log
        known = {row["id"] for images_of_video in images for row in images_of_video}
        self._rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            if row["image_id"] not in known:
                raise DataError(f"{path} has an object on image {row['image_id']}, which it lacks.")
            if row.get("segmentation"):
                self._rows[row["image_id"]].append(row)
            else:
                options.log.add("shapes", f"{path.name}, annotation {row['id']} is a box")

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """All objects with a mask, by id."""
        found: dict[int, LabelTrack] = {}
        with layout_explained(self.place, _KIND):
            for image in self._images[video]:
                for row in self._rows[image["id"]]:
                    id = _track_id(row)
                    track = LabelTrack(id, int(row["category_id"]), bool(row.get("iscrowd", 0)))
                    if found.setdefault(id, track) != track:
                        where = f"video {self._videos[video].name}, track {id}"
                        self._log.add("class_changes", where)
        return tuple(found[id] for id in sorted(found))

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks of a frame; also where it has none."""
        image = self._images[video][frame]
        size = (int(image["height"]), int(image["width"]))
        masks: dict[int, CocoRLE] = {}
        scores: dict[int, float] = {}
        for row in self._rows[image["id"]]:
            with layout_explained(self.place, _KIND):
                id = _track_id(row)
            if id in masks:
                raise DataError(f"{self.place} has track {id} twice on {image['file_name']}.")
            try:
                rle = from_segmentation(row["segmentation"], size)
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{self.place}: annotation {row.get('id')}: {error}.") from error
            if areas([rle])[0]:
                masks[id] = rle
                if "score" in row:
                    scores[id] = float(row["score"])
        return FrameLabels(size, masks, None, scores)


def _track_id(row: dict[str, Any]) -> int:
    for key in ("track_id", "instance_id", "id"):
        if row.get(key) is not None:
            id = int(row[key])
            if id < 1:
                raise ValueError(f"{key} {id} is not above 0")
            return id
    raise KeyError("id")


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
