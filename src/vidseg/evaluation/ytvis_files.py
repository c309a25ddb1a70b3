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

Mask = str | list[int] | None
"""COCO's run lengths of one frame; None where the track is absent."""


@dataclass(frozen=True)
class Video:
    """A video of the ground truth: ``size`` is (height, width)."""

    id: int
    name: str
    size: tuple[int, int]
    frames: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TrackRow:
    """A true or predicted track, its frames in order.

    Attributes:
        place: which file and entry, for messages.
        category: its id.
        masks: one per frame.
        score: of a prediction; 0 of a true track.
        area: mean pixels of a true track where it is seen, as the file says.
        crowd: whether a true track may hold several objects.
    """

    place: str
    category: int
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


def json_files(path: Path, side: str) -> list[Path]:
    """The file itself, or the JSON files of a folder, at least one; ``side`` is for messages."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"The {side} {path} does not exist.")
    found = sorted(file for file in path.glob("*.json") if not file.name.startswith("."))
    if not found:
        raise DataError(f"The {side} folder {path} holds no JSON file.")
    return found


def json_file(path: Path, side: str) -> Path:
    """The file itself, or the one JSON file of a folder; ``side`` is for messages."""
    found = json_files(path, side)
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise DataError(f"The {side} folder {path} holds several JSON files ({names}); name one.")
    return found[0]


def read_truth(path: Path) -> Truth:
    """Raises DataError, naming the entry, for whatever is missing or contradictory."""
    content = read_json(path)
    for key in ("videos", "categories", "annotations"):
        if not isinstance(content.get(key), list) or not content[key]:
            raise DataError(f"{path} is no YouTube-VIS ground truth: it has no list {key!r}.")
    videos = _videos(path, content["videos"])
    categories = {
        _whole(row, "id", f"{path}: category {index}"): str(_get(row, "name", f"{path}: category"))
        for index, row in enumerate(content["categories"])
    }
    if len(categories) != len(content["categories"]):
        raise DataError(f"{path} lists a category id twice.")
    tracks: dict[int, list[TrackRow]] = {id: [] for id in videos}
    ids: set[int] = set()
    for index, row in enumerate(content["annotations"]):
        place = f"{path}: annotation {index}"
        id = _whole(row, "id", place)
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
        score = _get(row, "score", place)
        if (
            isinstance(score, bool)
            or not isinstance(score, int | float)
            or not math.isfinite(score)
        ):
            raise DataError(f"{place} has the score {score!r}; a finite number is wanted.")
        masks = _masks(row, video, place)
        tracks[video.id].append(TrackRow(place, category, masks, score=float(score)))
    return tracks


def _videos(path: Path, rows: list[Any]) -> dict[int, Video]:
    videos: dict[int, Video] = {}
    names = _names(path, rows)
    for index, (row, name) in enumerate(zip(rows, names, strict=True)):
        place = f"{path}: video {index}"
        id = _whole(row, "id", place)
        if id in videos:
            raise DataError(f"{place} has the id {id}, which another one has as well.")
        size = (_whole(row, "height", place), _whole(row, "width", place))
        files = _get(row, "file_names", place)
        if not isinstance(files, list) or not files or min(size) < 1:
            raise DataError(f"{place} has no frame or no pixel.")
        if row.get("length", len(files)) != len(files):
            raise DataError(
                f"{place} has the length {row['length']!r}, but {len(files)} file names."
            )
        frames = tuple(PurePosixPath(str(file)).stem for file in files)
        videos[id] = Video(id, name, size, frames)
    return {id: videos[id] for id in sorted(videos)}


def _names(path: Path, rows: list[Any]) -> list[str]:
    """The folders of the frames where these tell all videos apart, else the ids."""
    ids = [str(_whole(row, "id", f"{path}: video {index}")) for index, row in enumerate(rows)]
    files = [row.get("file_names") or [""] for row in rows]
    folders = [str(PurePosixPath(str(each[0])).parent) for each in files]
    counts = Counter(folders)
    return folders if all(counts[name] == 1 and name != "." for name in folders) else ids


def _true_track(
    row: Mapping[str, Any], video: Video, categories: Mapping[int, str], place: str
) -> TrackRow:
    areas = _get(row, "areas", place)
    if not isinstance(areas, list) or len(areas) != len(video.frames):
        raise DataError(f"{place} needs {len(video.frames)} areas, one for each frame.")
    seen = [area for area in areas if area]
    if not all(isinstance(area, int | float) and math.isfinite(area) for area in seen):
        raise DataError(f"{place} has an area that is no number.")
    return TrackRow(
        place,
        _category(row, categories, place),
        _masks(row, video, place),
        area=sum(seen) / len(seen) if seen else 0.0,
        crowd=bool(row.get("iscrowd", 0)),
    )


def _masks(row: Mapping[str, Any], video: Video, place: str) -> list[Mask]:
    entries = _get(row, "segmentations", place)
    if not isinstance(entries, list) or len(entries) != len(video.frames):
        amount = len(entries) if isinstance(entries, list) else "no list of"
        raise DataError(
            f"{place} has {amount} segmentations, but video {video.name} has "
            f"{len(video.frames)} frames; write null where the track is absent."
        )
    size = list(video.size)
    masks: list[Mask] = []
    for frame, entry in enumerate(entries):
        if entry is None:
            masks.append(None)
            continue
        try:
            given, counts = entry["size"], entry["counts"]
        except (TypeError, KeyError):
            raise DataError(
                f'{place}, frame {frame}, is no run-length mask with "size" and "counts".'
            ) from None
        if given != size:
            raise DataError(
                f"{place}, frame {frame}, has the size {given}, but video {video.name} has {size} "
                f"(height, width)."
            )
        if not isinstance(counts, str | list):
            raise DataError(f"{place}, frame {frame}, has counts that are no run lengths.")
        masks.append(counts)
    return masks


def _category(row: Mapping[str, Any], categories: Iterable[int], place: str) -> int:
    category = _whole(row, "category_id", place)
    if category not in categories:
        raise DataError(f"{place} has the category {category}, which the ground truth lacks.")
    return category


def _video_of(row: Any, videos: Mapping[int, Video], place: str, path: Path) -> Video:
    id = _whole(row, "video_id", place)
    if id not in videos:
        raise DataError(f"{place} is of video {id}, which the ground truth {path} lacks.")
    return videos[id]


def _whole(row: Any, key: str, place: str) -> int:
    value = _get(row, key, place)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{place} has the {key} {value!r}; a whole number is wanted.")
    return value


def _get(row: Any, key: str, place: str) -> Any:
    if not isinstance(row, dict) or key not in row:
        raise DataError(f"{place} has no {key!r}.")
    return row[key]
