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
Of rows with the same track and masks, one a class, that of the highest score is read.

Cannot hold: void, frames without labels as distinct from frames without objects, a score for each
frame, frames of several sizes in one video.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, VideoInfo
from ...limits import check_size
from ...results import CocoRLE
from ..json_lists import JsonLists
from ..layouts.coco_lists import is_crowd
from ..layouts.problems import STRICT
from ..layouts.rows import entry_list, is_id, name_of, row_size, whole_number
from ..layouts.ytvis import TrackLists, Video
from ..layouts.ytvis_results import PredictedTrack, read_rows
from ..plain_values import shown, typed
from ..reading import read_any_json
from .base import LabelFile, ReadOptions, WriteOptions, only_file
from .capabilities import Holds
from .class_lists import coco_rows
from .object_ids import HIGHEST
from .pictures import frame_size, is_still, picture_name, split_ending
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
    if isinstance(content, list):
        return _predictions(path, content, options)
    if not isinstance(content, dict):
        raise DataError(f"{path} is no {_KIND} file: it holds neither an object nor a list.")
    lists = TrackLists(content, path, STRICT)
    rows = content.get("annotations") or []
    if not isinstance(rows, list):
        raise DataError(f"{path} has annotations that are no list.")
    videos = {id: _video(video) for id, video in lists.videos.items()}
    times = Counter(video.name for video in videos.values())
    for id, video in videos.items():
        if times[video.name] > 1 and len(video.frames) == 1:  # stills of one folder
            name = f"{video.name}/{video.frames[0]}"
            videos[id] = replace(video, name=name)
    return YtvisFile(path, list(lists.categories.values()), videos, rows, options)


def _video(video: Video) -> VideoInfo:
    """Frames of one folder are a video of its name; others keep their folders in their names."""
    endings = [split_ending(file) for file in video.files]
    if video.folder not in (None, PurePosixPath()):
        told = {PurePosixPath(stem).name: ending for stem, ending in endings if ending}
        frames = tuple(PurePosixPath(stem).name for stem, _ in endings)
        return VideoInfo(str(video.folder), frames, video.size, told)
    stems = tuple(stem for stem, _ in endings)
    name = stems[0] if len(stems) == 1 else str(video.id)
    return VideoInfo(name, stems, video.size, {s: ending for s, ending in endings if ending})


def _predictions(path: Path, content: list[Any], options: ReadOptions) -> YtvisFile:
    known = {category.id: category for category in options.categories}
    frames: dict[int, int] = {}
    sizes: dict[int, tuple[int, int]] = {}
    rows = _one_a_track(list(read_rows(content, path, None, STRICT)), options)
    for track in rows:
        frames[track.video] = len(track.segmentations)
        if track.category not in known:
            if "category" not in track.row:
                raise DataError(
                    f"{path} gives class {track.category} without a name; add the list with "
                    "--categories."
                )
            thing = bool(track.row.get("isthing", 1))
            name = name_of(track.row, "category", "a track", path, STRICT) or ""
            known[track.category] = Category(track.category, name, thing)
        size = row_size(track.row, track.place, path, STRICT, needed=False)
        if size is None and track.video not in sizes:
            mask = next((mask for mask in track.segmentations if mask is not None), None)
            size = None if mask is None else _mask_size(mask, track.place)
        if size is not None:
            sizes[track.video] = size
    videos = {
        id: VideoInfo(str(id), tuple(f"{t:05d}" for t in range(length)), sizes.get(id))
        for id, length in frames.items()
    }
    content = [track.row for track in rows]
    return YtvisFile(path, list(known.values()), videos, content, options)


def _one_a_track(rows: Sequence[PredictedTrack], options: ReadOptions) -> list[PredictedTrack]:
    """The row of the best class of each track, where ``track_id`` says which rows are of one."""
    kept: list[PredictedTrack] = []
    places: dict[tuple[int, int], int] = {}
    for row in rows:
        id = row.row.get("track_id")
        place = places.get((row.video, id)) if type(id) is int else None
        if place is None or kept[place].segmentations != row.segmentations:
            if type(id) is int:
                places[row.video, id] = len(kept)
            kept.append(row)
            continue
        options.log.note(
            "Of the rows of one track with several classes, that of the highest score is read.",
            f"video {row.video}, track {id}",
        )
        if row.score > kept[place].score:
            kept[place] = row
    return kept


def _mask_size(mask: Any, where: str) -> tuple[int, int]:
    try:
        size: tuple[int, int] = typed(
            mask.get("size") if isinstance(mask, dict) else None, tuple[int, int], "size"
        )
    except ValueError as error:
        raise DataError(f"{where} has a mask whose {error!s}") from error
    check_size(size[1], size[0], f"{where}, in a mask,")
    return size


class YtvisFile(LabelFile):
    """An opened file; masks are checked when their frame is asked for."""

    def __init__(
        self,
        path: Path,
        categories: Sequence[Category],
        videos: dict[int, VideoInfo],
        rows: list[dict[str, Any]],
        options: ReadOptions,
    ) -> None:
        super().__init__(path, categories, list(videos.values()), options.pictures)
        numbers = {id: position for position, id in enumerate(videos)}
        self._rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for place, row in enumerate(rows):
            if not isinstance(row, dict):
                raise DataError(f"{path}: annotation number {place} is no JSON object.")
            if not is_id(row.get("video_id")) or row["video_id"] not in numbers:
                raise DataError(
                    f"{path} has a track of video {shown(row.get('video_id'))}, which it lacks."
                )
            entry_list(row, "segmentations", f"the annotation number {place}", path, STRICT)
            self._rows[numbers[row["video_id"]]].append(row)
        self._ids = {video: _track_ids(rows) for video, rows in self._rows.items()}

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """One a row."""
        found = []
        for id, row in zip(self._ids.get(video, ()), self._rows[video], strict=True):
            where = f"{self.place}: track {id} of video {self._videos[video].name}"
            category = whole_number(row, "category_id", f"track {id}", self.place, STRICT)
            found.append(LabelTrack(id, category, is_crowd(row, where, self.place, STRICT)))
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
                score = typed(row.get("score"), float | None, "score")
            except ValueError as error:
                raise DataError(
                    f"{self.place}: track {id} of video {info.name}, frame "
                    f"{info.frames[frame]}: {str(error).rstrip('.')}."
                ) from error
            if areas([rle])[0]:
                masks[id] = rle
                if score is not None:
                    scores[id] = score
        size = frame_size(self._pictures, info, info.frames[frame], str(self.place))
        return FrameLabels(size, masks, None, scores)


def _track_ids(rows: Sequence[dict[str, Any]]) -> list[int]:
    """``track_id``, else ``id``; where neither is there or one comes twice, places from 1."""
    for key in ("track_id", "id"):
        told = [row.get(key) for row in rows]
        ids = [id for id in told if isinstance(id, int) and 0 < id <= HIGHEST]
        if len(set(ids)) == len(rows):
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
        return f"{self._video.name}/{frame}{self._video.endings.get(frame, '.jpg')}"

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
