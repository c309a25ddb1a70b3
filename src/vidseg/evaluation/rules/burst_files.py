"""Ground truth and predictions of BURST as JSON: read and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts import burst
from ...formats.layouts.coco_lists import read_categories
from ...formats.layouts.problems import STRICT
from ...formats.layouts.rows import Row, numbered, rows
from ...formats.plain_values import finite, shown
from ..track_files import entry, read_unique_json

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
    categories = {one.id: one.name for one in read_categories(content, path, STRICT)}
    split = burst.split_of(content, path, STRICT)
    if split is None:
        raise DataError(f"{path} has no 'split'.")
    videos = {
        sequence.name: _video(sequence, path)
        for sequence in burst.read_sequences(content, path, categories)
    }
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
    split = burst.split_of(content, path, STRICT)
    if split not in (None, truth.split):
        raise DataError(f"{path} is of the split {split!r}, not of {truth.split!r}.")
    listed = _sequences(content, path)
    if classes_of_truth is None:
        classes_of_truth = _tells_no_class(listed, truth, path)
    masks: dict[str, Sequence[FrameMask]] = {}
    spare, missing, ignored = 0, 0, 0
    for name, row in listed:
        if name not in truth.videos:
            raise DataError(
                f"{path} has the sequence {name}, which is not in the ground truth {truth.path}."
            )
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


def _tells_no_class(sequences: Sequence[tuple[str, Row]], truth: BurstTruth, path: Path) -> bool:
    classes: set[str] = set()
    for name, row in sequences:
        video = truth.videos.get(name)
        listed = dict(_items(row.get("track_category_ids", {}), f"{path}: {name}"))
        if video is None or not set(listed) <= {str(id) for id in video.tracks}:
            return False
        classes |= {shown(raw) for raw in listed.values()}
    of_truth = {raw for video in truth.videos.values() for raw in video.tracks.values()}
    return len(classes) <= 1 < len(of_truth)


def _video(sequence: burst.ListedSequence, path: Path) -> BurstVideo:
    place = f"{path}: sequence {sequence.name}"
    if sequence.masks is None:
        raise DataError(f"{place} has no 'segmentations'.")
    named = sequence.named_classes
    for key in burst.NAMED:
        if key not in named:
            raise DataError(f"{place} has no {key!r}.")
    masks = []
    for frame, found in enumerate(sequence.masks):
        for key, mask in found.items():
            category = sequence.tracks[key]
            if category not in DISTRACTORS:
                counts = _counts(mask, f"{place}, {sequence.files[frame]}, track {key}")
                category = MERGED_INTO.get(category, category)
                masks.append(FrameMask(frame, int(key), category, counts))
    return BurstVideo(
        sequence.name,
        sequence.size,
        sequence.files,
        masks,
        {int(key): category for key, category in sequence.tracks.items()},
        *(frozenset(named[key]) for key in burst.NAMED),
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
            score = finite(mask.get("score", 1.0))
            if score is None:
                raise DataError(
                    f"{where}, has the score {shown(mask['score'])}; a finite number is wanted."
                )
            id = _track(key, place)
            of_frame.append(FrameMask(known[file], id, category(key, mask), counts, score))
        if len(of_frame) > MOST_MASKS:
            of_frame = sorted(of_frame, key=lambda mask: -mask.score)[:MOST_MASKS]
        masks += of_frame
    return masks


def _sequences(content: Row, path: Path) -> list[tuple[str, Row]]:
    """(name, row) of the sequences of a file, at least one."""
    found = []
    for place, row in enumerate(rows(content, "sequences", path, STRICT)):
        name = burst.sequence_name(row, f"sequence number {place}", path, STRICT)
        if name is not None:  # always: a strict reader raises
            found.append((name, row))
    if not found:
        raise DataError(f"{path} is no file of BURST: its list 'sequences' is empty.")
    return found


def _items(value: Any, place: str) -> list[tuple[str, Any]]:
    """Entries of a JSON object that is keyed by track."""
    if not isinstance(value, dict):
        raise DataError(f"{place} needs a JSON object with track ids as keys.")
    return list(value.items())


def _class(raw: Any, categories: Mapping[int, str], place: str) -> int:
    if type(raw) is not int or raw not in categories:
        raise DataError(
            f"{place} has the class {shown(raw)}, which the ground truth does not list."
        )
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
    id = numbered(key)
    if not id:  # the official program takes 0 for "no match"
        raise DataError(f"{place} has the track id {shown(key)}; ids are numbers from 1 on.")
    return id


def _counts(mask: Any, place: str) -> str:
    counts = entry(mask, "rle", place)
    if not isinstance(counts, str):
        raise DataError(f"{place}, has no compressed run lengths.")
    return counts
