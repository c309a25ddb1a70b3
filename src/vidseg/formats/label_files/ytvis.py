"""YouTube-VIS json (also OVIS): one row a track with one mask a frame.

    <name>.json
      videos       {id, file_names: ["<video>/<frame>.jpg", ...], width, height, length}
      categories   {id, name, isthing}            isthing is an addition that the tools ignore
      annotations  {id, video_id, category_id, iscrowd, width, height, length,
                    segmentations, bboxes, areas, track_id[, score]}

The three lists have one entry a frame; null where the track is out of sight. Masks are COCO run
lengths, written as lists as in the official files and read in all of COCO's forms. ``id`` counts
over all videos, as the official API needs it; ``track_id`` (an addition) is the id in its video.
Also read: predictions, a list of {video_id, category_id, score, segmentations}, which have no
names of frames and classes; ``category``, ``track_id``, ``width`` and ``height`` are used if there.

Cannot hold: void, frames without labels as distinct from frames without objects, a score for each
frame, frames of several sizes in one video.
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
from ..reading import read_any_json
from .base import LabelFile, ReadOptions, WriteOptions, layout_explained, only_file
from .capabilities import Holds
from .class_lists import coco_categories, coco_rows
from .pictures import frame_size, is_still, picture_name
from .run_lengths import areas, box, counts_of, from_segmentation

HOLDS = Holds(
    stuff=True, crowd="all", empty_tracks=True, scores="track", unlabelled="left out", one_size=True
)
FILE = "instances.json"
_KIND = "YouTube-VIS"


def read(place: Path, options: ReadOptions) -> YtvisFile:
    """Opens annotations or predictions. Raises DataError, naming the file."""
    path = only_file(place, "*.json", _KIND)
    content = read_any_json(path)
    with layout_explained(path, _KIND):
        if isinstance(content, list):
            return _predictions(path, content, options)
        rows = content["videos"]
        videos = [_video(row) for row in rows]
        numbers = {int(row["id"]): position for position, row in enumerate(rows)}
        if len(numbers) < len(rows):
            raise DataError(f"{path} has two videos of one id.")
        categories = coco_categories(content["categories"], path)
        return YtvisFile(path, categories, videos, numbers, content["annotations"] or [], options)


def _video(row: dict[str, Any]) -> VideoInfo:
    """Frames of one folder are a video of its name; others keep their folders in their names."""
    paths = [PurePosixPath(name) for name in row["file_names"]]
    folders = {path.parent for path in paths}
    size = (int(row["height"]), int(row["width"]))
    folder = folders.pop() if len(folders) == 1 else PurePosixPath()
    if folder != PurePosixPath():
        return VideoInfo(str(folder), tuple(path.stem for path in paths), size)
    stems = tuple(str(path.with_suffix("")) for path in paths)
    return VideoInfo(stems[0] if len(stems) == 1 else str(row["id"]), stems, size)


def _predictions(path: Path, rows: list[dict[str, Any]], options: ReadOptions) -> YtvisFile:
    if not rows:
        raise DataError(f"{path} holds no prediction.")
    known = {category.id: category for category in options.categories}
    lengths: dict[int, int] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for row in rows:
        video, masks = int(row["video_id"]), row["segmentations"]
        lengths[video] = max(lengths.get(video, 0), len(masks))
        number = int(row["category_id"])
        if number not in known:
            if "category" not in row:
                raise DataError(
                    f"{path} gives class {number} without a name; add the list with --categories."
                )
            known[number] = Category(number, str(row["category"]), bool(row.get("isthing", 1)))
        for mask in masks:
            if isinstance(mask, dict):
                sizes.setdefault(video, (int(mask["size"][0]), int(mask["size"][1])))
        if "height" in row:
            sizes[video] = (int(row["height"]), int(row["width"]))
    videos = [
        VideoInfo(str(video), tuple(f"{t:05d}" for t in range(length)), sizes.get(video))
        for video, length in lengths.items()
    ]
    numbers = {video: position for position, video in enumerate(lengths)}
    return YtvisFile(path, list(known.values()), videos, numbers, rows, options)


class YtvisFile(LabelFile):
    """An opened file; masks are checked when their frame is asked for."""

    def __init__(
        self,
        path: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        numbers: dict[int, int],
        rows: list[dict[str, Any]],
        options: ReadOptions,
    ) -> None:
        super().__init__(path, categories, videos, options.pictures)
        self._rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            if int(row["video_id"]) not in numbers:
                raise DataError(f"{path} has a track of video {row['video_id']}, which it lacks.")
            self._rows[numbers[int(row["video_id"])]].append(row)
        self._ids = {video: _track_ids(rows) for video, rows in self._rows.items()}

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """One a row."""
        with layout_explained(self.place, _KIND):
            found = [
                LabelTrack(id, int(row["category_id"]), bool(row.get("iscrowd", 0)))
                for id, row in zip(self._ids.get(video, ()), self._rows[video], strict=True)
            ]
        return tuple(sorted(found, key=lambda track: track.id))

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks of a frame; also where it has none."""
        info = self._videos[video]
        masks: dict[int, CocoRLE] = {}
        scores: dict[int, float] = {}
        for id, row in zip(self._ids.get(video, ()), self._rows[video], strict=True):
            segmentations = row["segmentations"]
            mask = segmentations[frame] if frame < len(segmentations) else None
            if mask is None or info.size is None:
                continue
            try:
                rle = from_segmentation(mask, info.size)
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(
                    f"{self.place}: track {id} of video {info.name}, frame "
                    f"{info.frames[frame]}: {error}."
                ) from error
            if areas([rle])[0]:
                masks[id] = rle
                if "score" in row:
                    scores[id] = float(row["score"])
        size = frame_size(self._pictures, info, info.frames[frame], str(self.place))
        return FrameLabels(size, masks, None, scores)


def _track_ids(rows: Sequence[dict[str, Any]]) -> list[int]:
    """``track_id``, else ``id``; where neither is there or one comes twice, places from 1."""
    for key in ("track_id", "id"):
        ids = [int(row.get(key) or 0) for row in rows]
        if min(ids) > 0 and len(set(ids)) == len(ids):
            return ids
    return list(range(1, len(rows) + 1))


class YtvisWriter:
    """Writes ``instances.json``; memory holds the run lengths of one video."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._options = options
        self._file = JsonLists(folder / FILE, ("videos", "annotations"))
        self._videos = 0
        self._rows = 0

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        self._video = video
        self._tracks = tracks
        self._frames: list[str] = []
        self._size = video.size
        self._masks: dict[int, dict[int, CocoRLE]] = {track.id: {} for track in tracks}
        self._scores: dict[int, list[float]] = {track.id: [] for track in tracks}

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Adds a frame; one without labels is left out of the video."""
        if labels is None:
            return
        self._size = labels.size
        for id, mask in labels.masks.items():
            self._masks[id][len(self._frames)] = mask
            if id in labels.scores:
                self._scores[id].append(labels.scores[id])
        self._frames.append(frame)

    def end(self) -> None:
        """Writes the rows of the video."""
        video, length = self._video, len(self._frames)
        if not length:
            self._options.log.note("A video without a labelled frame is left out.", video.name)
            return
        height, width = self._size or (0, 0)
        shape = {"width": width, "height": height, "length": length}
        self._videos += 1
        names = [self._name(frame) for frame in self._frames]
        self._file.append("videos", {"id": self._videos, "file_names": names, **shape})
        for track in self._tracks:
            masks = [self._masks[track.id].get(t) for t in range(length)]
            self._rows += 1
            row: dict[str, Any] = {
                "id": self._rows,
                "video_id": self._videos,
                "track_id": track.id,
                "category_id": track.category_id,
                "iscrowd": int(track.is_crowd),
                **shape,
                **_lists(masks),
            }
            if scores := self._scores[track.id]:
                same = len(set(scores)) == 1
                row["score"] = scores[0] if same else sum(scores) / len(scores)
            self._file.append("annotations", row)

    def _name(self, frame: str) -> str:
        if is_still(self._video) or self._options.pictures is not None:
            return picture_name(self._options.pictures, self._video, frame)
        return f"{self._video.name}/{frame}.jpg"

    def close(self) -> None:
        """Writes the file."""
        self._file.close({"categories": coco_rows(self._options.categories)})


def _lists(masks: Sequence[CocoRLE | None]) -> dict[str, list[Any]]:
    return {
        "segmentations": [
            mask and {"size": list(mask["size"]), "counts": counts_of(mask).tolist()}
            for mask in masks
        ],
        "bboxes": [mask and list(box(mask)) for mask in masks],
        "areas": [mask and int(areas([mask])[0]) for mask in masks],
    }
