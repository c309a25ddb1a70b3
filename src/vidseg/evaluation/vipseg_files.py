"""The JSON files and PNG folders of VIPSeg: both sides read, checked and paired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError
from ..formats.reading import inside, read_json
from .mask_folders import check_frames, check_names, frame_names, predicted_folders

TRUTH_JSON = "panoptic_gt_VIPSeg_val.json"
TRUTH_PNGS = "panomasksRGB"
PREDICTED_JSON = "pred.json"
PREDICTED_PNGS = "pan_pred"

_MOST_ID = 1 << 24


@dataclass(frozen=True)
class ListedSegments:
    """What a JSON file lists for one frame.

    Attributes:
        classes: segment id → class index, in the order of the file.
        crowds: ids of crowds.
        areas: id → pixels as stated; empty where areas are not wanted.
    """

    classes: Mapping[int, int]
    crowds: frozenset[int] = frozenset()
    areas: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PanopticVideo:
    """One video of both sides.

    Attributes:
        name: of the video.
        frames: names of its PNGs in order, without ending.
        truth, predicted: what the JSON files list for each frame, in the order of ``frames``.
        truth_folder, predicted_folder: where the PNGs are.
        truth_order: ids of the video in the order in which the annotations list them.
    """

    name: str
    frames: tuple[str, ...]
    truth: tuple[ListedSegments, ...] = field(repr=False)
    predicted: tuple[ListedSegments, ...] = field(repr=False)
    truth_folder: Path
    predicted_folder: Path
    truth_order: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True)
class PanopticClasses:
    """The classes of the JSON file by index.

    Attributes:
        rows: category id → index.
        names, is_thing: by index.
    """

    rows: Mapping[int, int]
    names: tuple[str, ...]
    is_thing: tuple[bool, ...]


def read_vipseg(truth: Path, predicted: Path) -> tuple[PanopticClasses, tuple[PanopticVideo, ...]]:
    """Classes and videos, every file known to be there.

    Raises DataError, naming the file, where something is missing, damaged, repeated or unknown.
    """
    source, answer = truth / TRUTH_JSON, predicted / PREDICTED_JSON
    content = read_json(source)
    classes = _classes(content, source)
    frames = _frames(content, source)
    right = _annotations(content, source, classes, with_areas=True)
    said = _annotations(read_json(answer), answer, classes, with_areas=False)
    _check_videos(frames, right, source, source)
    _check_videos(frames, said, answer, source)
    root = truth / TRUTH_PNGS
    true_folders = {name: inside(root, name, source) for name in frames}
    if not (predicted / PREDICTED_PNGS).is_dir():
        raise DataError(f"There is no folder {predicted / PREDICTED_PNGS} with predicted PNGs.")
    said_folders = predicted_folders(predicted, (PREDICTED_PNGS,))
    check_names(true_folders, said_folders, [*frames])
    videos = []
    for name, stems in frames.items():
        listed = (
            _in_order(right[name], [*stems], source, name),
            _in_order(said[name], [*stems], answer, name),
        )
        _check_truth_files(true_folders[name], stems.values())
        check_frames(said_folders[name], [*stems.values()], [*stems.values()])
        order = dict.fromkeys(id for frame in right[name].values() for id in frame.classes)
        names = tuple(stems.values())
        folders = true_folders[name], said_folders[name]
        videos.append(PanopticVideo(name, names, *listed, *folders, tuple(order)))
    return classes, tuple(videos)


def _check_videos(
    frames: Mapping[str, Any], found: Mapping[str, Any], file: Path, source: Path
) -> None:
    for name in frames:
        if name not in found:
            raise DataError(f"{file} has no annotations of the video {name}.")
    for name in found:
        if name not in frames:
            raise DataError(f"{file} annotates the video {name}, which {source} does not list.")


def _check_truth_files(folder: Path, stems: Iterable[str]) -> None:
    there = set(frame_names(folder))
    for stem in stems:
        if stem not in there:
            raise DataError(f"The ground truth lacks the listed PNG {folder / f'{stem}.png'}.")


def _classes(content: Mapping[str, Any], source: Path) -> PanopticClasses:
    entries = list(_entries(content, "categories", source))
    by_id: dict[int, tuple[str, bool]] = {}
    for entry in entries:
        id = _whole(entry, "id", source, "a category")
        if id in by_id:
            raise DataError(f"{source} lists the category {id} more than once.")
        if entry.get("isthing") not in (0, 1):
            raise DataError(f"{source} does not say with 0 or 1 whether category {id} is a thing.")
        by_id[id] = str(entry.get("name", id)), bool(entry["isthing"])
    if not by_id:
        raise DataError(f"{source} lists no category.")
    ids = sorted(by_id)
    names, kinds = zip(*(by_id[id] for id in ids), strict=True)
    return PanopticClasses({id: row for row, id in enumerate(ids)}, names, kinds)


def _frames(content: Mapping[str, Any], source: Path) -> dict[str, dict[str, str]]:
    """Video → image id → name of the PNG without ending, in the order of the list."""
    videos: dict[str, dict[str, str]] = {}
    for entry in _entries(content, "videos", source):
        name = _text(entry, "video_id", source, "a video")
        if name in videos:
            raise DataError(f"{source} lists the video {name} more than once.")
        videos[name] = {}
        for image in _entries(entry, "images", source):
            id = _text(image, "id", source, f"an image of the video {name}")
            if id in videos[name]:
                raise DataError(f"{source} lists the image {id} of {name} more than once.")
            file = _text(image, "file_name", source, f"the image {id} of {name}")
            videos[name][id] = inside(Path(), file, source).stem
        if not videos[name]:
            raise DataError(f"{source} lists no image of the video {name}.")
    if not videos:
        raise DataError(f"{source} lists no video.")
    return videos


def _annotations(
    content: Mapping[str, Any], source: Path, classes: PanopticClasses, *, with_areas: bool
) -> dict[str, dict[str, ListedSegments]]:
    """Video → image id → segments, in the order of the file."""
    videos: dict[str, dict[str, ListedSegments]] = {}
    for entry in _entries(content, "annotations", source):
        name = _text(entry, "video_id", source, "an entry of the annotations")
        if name in videos:
            raise DataError(f"{source} annotates the video {name} more than once.")
        frames = videos[name] = {}
        for image in _entries(entry, "annotations", source):
            id = _text(image, "image_id", source, f"an annotation of the video {name}")
            if id in frames:
                raise DataError(f"{source} annotates the image {id} of {name} more than once.")
            place = f"{name}, image {id}"
            rows = _entries(image, "segments_info", source)
            frames[id] = _segments(rows, source, place, classes, with_areas)
    return videos


def _segments(
    rows: Iterable[Mapping[str, Any]],
    source: Path,
    place: str,
    classes: PanopticClasses,
    with_areas: bool,
) -> ListedSegments:
    found: dict[int, int] = {}
    crowds, areas = set(), {}
    for row in rows:
        id = _whole(row, "id", source, f"a segment of {place}")
        category = _whole(row, "category_id", source, f"the segment {id} of {place}")
        if id in found:
            raise DataError(f"{source} lists the segment {id} of {place} more than once.")
        if not 0 < id < _MOST_ID:
            raise DataError(
                f"{source} lists the segment {id} of {place}; ids are 1..{_MOST_ID - 1}."
            )
        if category not in classes.rows:
            raise DataError(
                f"{source} gives the segment {id} of {place} the unknown category {category}."
            )
        found[id] = classes.rows[category]
        if with_areas:
            areas[id] = _whole(row, "area", source, f"the segment {id} of {place}")
            if row.get("iscrowd"):
                crowds.add(id)
    return ListedSegments(found, frozenset(crowds), areas)


def _in_order(
    found: Mapping[str, ListedSegments], images: Sequence[str], source: Path, video: str
) -> tuple[ListedSegments, ...]:
    """The frames in the order of the images; the same images must be on both sides."""
    for id in images:
        if id not in found:
            raise DataError(f"{source} has no annotation of the image {id} of the video {video}.")
    for id in found:
        if id not in images:
            raise DataError(f"{source} annotates the image {id} of {video}, which is not listed.")
    return tuple(found[id] for id in images)


def _entries(content: Mapping[str, Any], key: str, source: Path) -> Iterator[Mapping[str, Any]]:
    rows = content.get(key)
    if not isinstance(rows, list):
        raise DataError(f"{source} lacks the list {key!r}.")
    for row in rows:
        if not isinstance(row, dict):
            raise DataError(f"{source}: an entry of {key!r} is no JSON object.")
        yield row


def _whole(row: Mapping[str, Any], key: str, source: Path, what: str) -> int:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{source}: {key!r} of {what} is {value!r} where a whole number is wanted.")
    return value


def _text(row: Mapping[str, Any], key: str, source: Path, what: str) -> str:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise DataError(f"{source}: {key!r} of {what} is {value!r} where a name is wanted.")
    return str(value)
