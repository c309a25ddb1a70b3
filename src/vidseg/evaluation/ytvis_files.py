"""Ground truth and results of YouTube-VIS as JSON: found, read and checked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import DataError
from ..formats.reading import read_any_json, read_json
from .track_files import entry, finite, whole

Mask = str | list[int]
"""COCO's run lengths of one frame, compressed or not."""


@dataclass(frozen=True)
class Video:
    """A video of the ground truth: ``size`` is (height, width), ``files`` names its frames."""

    id: int
    name: str
    size: tuple[int, int]
    files: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TrackRow:
    """A true or predicted track.

    Attributes:
        place: which file and entry, for messages.
        category: its id.
        frames: ascending numbers of the frames where the track has a mask.
        masks: one for each of ``frames``.
        score: of a prediction; 0 of a true track.
        area: mean pixels of a true track where it is seen, as the file says.
        crowd: whether a true track may hold several objects.
    """

    place: str
    category: int
    frames: Sequence[int]
    masks: Sequence[Mask]
    score: float = 0.0
    area: float = 0.0
    crowd: bool = False


@dataclass(frozen=True, eq=False)
class Truth:
    """One ground truth file; ``tracks`` by video id."""

    path: Path
    videos: Mapping[int, Video]
    categories: Mapping[int, str]
    tracks: Mapping[int, list[TrackRow]]


def read_truth(path: Path) -> Truth:
    """Raises DataError, naming the entry, for whatever is missing or contradictory."""
    content = read_json(path)
    for key in ("videos", "categories", "annotations"):
        if not isinstance(content.get(key), list) or not content[key]:
            raise DataError(f"{path} is no YouTube-VIS ground truth: it has no list {key!r}.")
    videos = _videos(path, content["videos"])
    categories = {
        whole(row, "id", f"{path}: category {index}"): str(entry(row, "name", f"{path}: category"))
        for index, row in enumerate(content["categories"])
    }
    if len(categories) != len(content["categories"]):
        raise DataError(f"{path} lists a category id twice.")
    tracks: dict[int, list[TrackRow]] = {id: [] for id in videos}
    ids: set[int] = set()
    for index, row in enumerate(content["annotations"]):
        place = f"{path}: annotation {index}"
        id = whole(row, "id", place)
        if id < 1:  # the official program takes 0 for "no match"
            raise DataError(f"{place} has the id {id}; ids are numbers from 1 on.")
        if id in ids:
            raise DataError(f"{place} has the id {id}, which another one has as well.")
        ids.add(id)
        video = _video_of(row, videos, place, path)
        tracks[video.id].append(_true_track(row, video, categories, place))
    return Truth(path, videos, categories, tracks)


def read_predictions(path: Path, truth: Truth) -> dict[int, list[TrackRow]]:
    """Rows of a results file by video id, in their order.

    Raises DataError, naming the entry, for an unknown video or category, a missing key, a score
    that is no finite number, another number or size of frames, and an id given twice.
    """
    content = read_any_json(path)
    if not isinstance(content, list):
        raise DataError(f"{path} is no results file: it holds no list of predictions.")
    if not content:
        raise DataError(f"{path} holds no prediction at all.")
    tracks: dict[int, list[TrackRow]] = {id: [] for id in truth.videos}
    seen: set[tuple[str, str, str]] = set()
    for index, row in enumerate(content):
        place = f"{path}: prediction {index}"
        video = _video_of(row, truth.videos, place, truth.path)
        category = _category(row, truth.categories, place)
        # One track may stand in several rows, each with another class.
        for key, within in (("id", ""), ("track_id", f"of video {video.id}, class {category}, ")):
            named = (key, within, repr(row.get(key)))
            if key in row and named in seen:
                raise DataError(f"{place} {within}has the {key} {row[key]!r}, as another one has.")
            seen.add(named)
        score = finite(row, "score", place)
        masks = _masks(row, video, place)
        tracks[video.id].append(TrackRow(place, category, *masks, score=score))
    return tracks


def _videos(path: Path, rows: list[Any]) -> dict[int, Video]:
    videos: dict[int, Video] = {}
    names = _names(path, rows)
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        place = f"{path}: video {index}"
        id = whole(row, "id", place)
        if id in videos:
            raise DataError(f"{place} has the id {id}, which another one has as well.")
        size = (whole(row, "height", place), whole(row, "width", place))
        files = entry(row, "file_names", place)
        if not isinstance(files, list) or not files or min(size) < 1:
            raise DataError(f"{place} has no frame or no pixel.")
        if row.get("length", len(files)) != len(files):
            raise DataError(
                f"{place} has the length {row['length']!r}, but {len(files)} file names."
            )
        videos[id] = Video(id, name, size, tuple(map(str, files)))
    return {id: videos[id] for id in sorted(videos)}


def _names(path: Path, rows: list[Any]) -> list[str]:
    """The folders of the frames where these tell all videos apart, else the ids."""
    ids = [str(whole(row, "id", f"{path}: video {index}")) for index, row in enumerate(rows)]
    files = [row.get("file_names") or [""] for row in rows]
    folders = [str(PurePosixPath(str(each[0])).parent) for each in files]
    counts = Counter(folders)
    return folders if all(counts[name] == 1 and name != "." for name in folders) else ids


def _true_track(
    row: Mapping[str, Any], video: Video, categories: Mapping[int, str], place: str
) -> TrackRow:
    areas = entry(row, "areas", place)
    if not isinstance(areas, list) or len(areas) != len(video.files):
        raise DataError(f"{place} needs {len(video.files)} areas, one for each frame.")
    seen = [area for area in areas if area]
    if not all(isinstance(area, int | float) and math.isfinite(area) for area in seen):
        raise DataError(f"{place} has an area that is no number.")
    return TrackRow(
        place,
        _category(row, categories, place),
        *_masks(row, video, place),
        area=sum(seen) / len(seen) if seen else 0.0,
        crowd=bool(row.get("iscrowd", 0)),
    )


def _masks(row: Mapping[str, Any], video: Video, place: str) -> tuple[Sequence[int], list[Mask]]:
    """Frames with a mask, and the masks; what these hold is checked when they are read."""
    entries = entry(row, "segmentations", place)
    if not isinstance(entries, list) or len(entries) != len(video.files):
        amount = len(entries) if isinstance(entries, list) else "no list of"
        raise DataError(
            f"{place} has {amount} segmentations, but video {video.name} has "
            f"{len(video.files)} frames; write null where the track is absent."
        )
    size = list(video.size)
    frames: Sequence[int] = range(len(entries))
    if None in entries:
        frames = [frame for frame in frames if entries[frame] is not None]
        entries = [entries[frame] for frame in frames]
    try:
        masks = [each["counts"] for each in entries]
        sizes = [each["size"] for each in entries]
    except (TypeError, KeyError):
        raise DataError(
            f'{place} has a segmentation that is no run-length mask with "size" and "counts".'
        ) from None
    if sizes.count(size) < len(sizes):
        at = next(at for at, each in enumerate(sizes) if each != size)
        raise DataError(
            f"{place}, frame {frames[at]}, has the size {sizes[at]}, but video {video.name} has "
            f"{size} (height, width)."
        )
    return frames, masks


def _category(row: Mapping[str, Any], categories: Iterable[int], place: str) -> int:
    category = whole(row, "category_id", place)
    if category not in categories:
        raise DataError(f"{place} has the category {category}, which the ground truth lacks.")
    return category


def _video_of(row: Any, videos: Mapping[int, Video], place: str, path: Path) -> Video:
    id = whole(row, "video_id", place)
    if id not in videos:
        raise DataError(f"{place} is of video {id}, which the ground truth {path} lacks.")
    return videos[id]
