"""Ground truth and predictions of BURST as JSON: read and checked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ..track_files import entry, read_unique_json, whole

_LISTS = json.loads(Path(__file__).with_name("burst_classes.json").read_text(encoding="utf-8"))

COMMON = frozenset(_LISTS["common"])
"""Ids of the classes that COCO knows as well; all others are uncommon."""

DISTRACTORS = frozenset(_LISTS["distractors"])
"""Ids of classes whose true objects are taken away."""

MERGED_INTO: dict[int, int] = {int(id): to for id, to in _LISTS["merged_into"].items()}
"""Ids of classes that count as another one."""

MOST_MASKS = 300
"""Predicted masks of one frame that count, the best-scored ones."""


@dataclass(frozen=True)
class FrameMask:
    """A mask: ``frame`` numbers the annotated frames, ``counts`` are its run lengths."""

    frame: int
    track: int
    category: int
    counts: str
    score: float = 1.0


@dataclass(frozen=True, eq=False)
class BurstVideo:
    """A video of the ground truth.

    Attributes:
        name: data set and sequence.
        size: (height, width).
        frames: file names of the annotated frames.
        masks: frame by frame, without distractors, classes merged.
        tracks: class of every track listed, merged ones and distractors included.
        negative: classes of which the video is known to show nothing.
        partial: classes of which not every object is labelled.
    """

    name: str
    size: tuple[int, int]
    frames: tuple[str, ...]
    masks: Sequence[FrameMask]
    tracks: Mapping[int, int]
    negative: frozenset[int]
    partial: frozenset[int]


@dataclass(frozen=True, eq=False)
class BurstTruth:
    """A ground truth file; videos by name, in the order of the official program."""

    path: Path
    split: str
    categories: Mapping[int, str]
    videos: Mapping[str, BurstVideo]


@dataclass(frozen=True, eq=False)
class BurstPredictions:
    """Masks by video name, frame by frame; all frames of the ground truth may lack masks.

    Attributes:
        path: of the file.
        classes_of_truth: whether a track is the true one of its id and has the class of it.
        masks: of the videos that the file lists.
        spare_frames: listed frames that the ground truth does not annotate.
        missing_frames: annotated frames that the listed videos leave out.
        spare_tracks: tracks of objects that do not count.
    """

    path: Path
    classes_of_truth: bool
    masks: Mapping[str, Sequence[FrameMask]]
    spare_frames: int
    missing_frames: int
    spare_tracks: int


def read_truth(path: Path) -> BurstTruth:
    """Raises DataError, naming the entry, for whatever is missing or contradictory."""
    content = read_unique_json(path)
    rows = entry(content, "categories", str(path))
    categories = {
        whole(row, "id", f"{path}: category {index}"): str(entry(row, "name", f"{path}: category"))
        for index, row in enumerate(rows)
    }
    split = str(entry(content, "split", str(path)))
    videos: dict[str, BurstVideo] = {}
    for index, row in enumerate(_sequences(content, path)):
        video = _video(row, f"{path}: sequence {index}", categories)
        if video.name in videos:
            raise DataError(f"{path} holds the sequence {video.name} twice.")
        videos[video.name] = video
    ordered = sorted(videos, key=lambda name: f"{split}-{name}".replace("/", "-"))
    return BurstTruth(path, split, categories, {name: videos[name] for name in ordered})


def read_predictions(
    path: Path, truth: BurstTruth, classes_of_truth: bool | None
) -> BurstPredictions:
    """Masks of the annotated frames; others may be there and are counted.

    Args:
        classes_of_truth: whether a track is the true one of its id and has the class of it; None
            where the file shall tell: its tracks all have ids of the ground truth and not more
            than one class between them, although the ground truth has several.

    Raises:
        DataError: naming the entry, for an unknown sequence, track or class, an id given twice, a
            missing key, a wrong number of frames, or a score that is no finite number.
    """
    content = read_unique_json(path)
    if content.get("split", truth.split) != truth.split:
        raise DataError(f"{path} is of the split {content['split']!r}, not of {truth.split!r}.")
    if classes_of_truth is None:
        classes_of_truth = _tells_no_class(_sequences(content, path), truth, path)
    masks: dict[str, Sequence[FrameMask]] = {}
    spare, missing, ignored = 0, 0, 0
    for index, row in enumerate(_sequences(content, path)):
        place = f"{path}: sequence {index}"
        name = _name(row, place)
        if name not in truth.videos:
            raise DataError(f"{place}, {name}, is not in the ground truth {truth.path}.")
        if name in masks:
            raise DataError(f"{path} holds the sequence {name} twice.")
        video, place = truth.videos[name], f"{path}: sequence {name}"
        if any(row.get(key, side) != side for key, side in zip(_SIZE, video.size, strict=True)):
            raise DataError(f"{place} is not of the size {list(video.size)} (height, width).")
        files = _files(row, place)
        known = {file: frame for frame, file in enumerate(video.frames)}
        spare += sum(file not in known for file in files)
        missing += len(known.keys() - set(files))
        category = _class_rule(row, video, truth, classes_of_truth, place)
        found = _predicted_masks(row, files, known, category, place)
        masks[name] = [mask for mask in found if mask.category != _UNWANTED]
        ignored += len({mask.track for mask in found if mask.category == _UNWANTED})
    return BurstPredictions(path, classes_of_truth, masks, spare, missing, ignored)


_SIZE = ("height", "width")
_UNWANTED = -1  # class of a track that does not count


def _tells_no_class(rows: list[Any], truth: BurstTruth, path: Path) -> bool:
    classes: set[str] = set()
    for row in rows:
        video = truth.videos.get(_name(row, str(path)))
        listed = row.get("track_category_ids", {})
        if video is None or not set(listed) <= {str(id) for id in video.tracks}:
            return False
        classes |= {repr(raw) for _, raw in _items(listed, f"{path}: {video.name}")}
    of_truth = {raw for video in truth.videos.values() for raw in video.tracks.values()}
    return len(classes) <= 1 < len(of_truth)


def _video(row: Any, place: str, categories: Mapping[int, str]) -> BurstVideo:
    name = _name(row, place)
    files = _files(row, place)
    tracks = {
        _track(key, place): _class(raw, categories, f"{place}, track {key},")
        for key, raw in _items(entry(row, "track_category_ids", place), place)
    }
    masks = []
    for frame, found in enumerate(row["segmentations"]):
        for key, mask in _items(found, f"{place}, {files[frame]},"):
            id = _track(key, place)
            if id not in tracks:
                raise DataError(f"{place}, {files[frame]}: track {id} has no class.")
            if tracks[id] not in DISTRACTORS:
                category = MERGED_INTO.get(tracks[id], tracks[id])
                counts = _counts(mask, f"{place}, {files[frame]}, track {id}")
                masks.append(FrameMask(frame, id, category, counts))
    return BurstVideo(
        name,
        (whole(row, "height", place), whole(row, "width", place)),
        tuple(files),
        masks,
        tracks,
        frozenset(entry(row, "neg_category_ids", place)),
        frozenset(entry(row, "not_exhaustive_category_ids", place)),
    )


def _class_rule(
    row: Any, video: BurstVideo, truth: BurstTruth, classes_of_truth: bool, place: str
) -> Callable[[str, Any], int]:
    """What says the class of a predicted mask of a track."""
    if classes_of_truth:
        seen = {mask.track: mask.category for mask in video.masks}

        def of_truth(key: str, _: Any) -> int:
            id = _track(key, place)
            if id not in video.tracks:
                raise DataError(f"{place} has the track {id}, which the ground truth lacks.")
            return seen.get(id, _UNWANTED)

        return of_truth
    listed = dict(_items(entry(row, "track_category_ids", place), place))

    def of_file(key: str, mask: Any) -> int:
        raw = mask.get("category_id", listed.get(key))
        id = _class(raw, truth.categories, f"{place}, track {key},")
        return MERGED_INTO.get(id, id)

    return of_file


def _predicted_masks(
    row: Any,
    files: Sequence[str],
    known: Mapping[str, int],
    category: Callable[[str, Any], int],
    place: str,
) -> list[FrameMask]:
    masks: list[FrameMask] = []
    for file, found in zip(files, entry(row, "segmentations", place), strict=True):
        if file not in known:
            continue
        of_frame = []
        for key, mask in _items(found, f"{place}, {file},"):
            where = f"{place}, {file}, track {key}"
            counts = _counts(mask, where)
            score = mask.get("score", 1.0)
            if not _is_number(score):
                raise DataError(f"{where}, has the score {score!r}; a finite number is wanted.")
            id = _track(key, place)
            of_frame.append(FrameMask(known[file], id, category(key, mask), counts, float(score)))
        if len(of_frame) > MOST_MASKS:
            of_frame = sorted(of_frame, key=lambda mask: -mask.score)[:MOST_MASKS]
        masks += of_frame
    return masks


def _sequences(content: dict[str, Any], path: Path) -> list[Any]:
    rows = content.get("sequences")
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{path} is no file of BURST: it has no list 'sequences'.")
    return rows


def _name(row: Any, place: str) -> str:
    return f"{entry(row, 'dataset', place)}/{entry(row, 'seq_name', place)}"


def _items(value: Any, place: str) -> list[tuple[str, Any]]:
    """Entries of a JSON object that is keyed by track."""
    if not isinstance(value, dict):
        raise DataError(f"{place} needs a JSON object with track ids as keys.")
    return list(value.items())


def _class(raw: Any, categories: Mapping[int, str], place: str) -> int:
    if not isinstance(raw, int) or raw not in categories:
        raise DataError(f"{place} has the class {raw!r}, which the ground truth does not list.")
    return raw


def _files(row: Any, place: str) -> list[str]:
    """Names of the frames, as many as there are entries of masks, none twice."""
    files, masks = entry(row, "annotated_image_paths", place), entry(row, "segmentations", place)
    if not isinstance(files, list) or not isinstance(masks, list):
        raise DataError(f"{place} needs lists of images and of masks.")
    if len(files) != len(masks):
        raise DataError(f"{place} has {len(files)} annotated images, but masks of {len(masks)}.")
    if not all(isinstance(file, str) for file in files):
        raise DataError(f"{place} names an image by something else than text.")
    if len(set(files)) < len(files):
        raise DataError(f"{place} names an image twice.")
    return list(files)


def _track(key: str, place: str) -> int:
    if not key.isdecimal() or int(key) < 1:  # the official program takes 0 for "no match"
        raise DataError(f"{place} has the track id {key!r}; ids are numbers from 1 on.")
    return int(key)


def _counts(mask: Any, place: str) -> str:
    counts = entry(mask, "rle", place)
    if not isinstance(counts, str):
        raise DataError(f"{place}, has no compressed run lengths.")
    return counts


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
