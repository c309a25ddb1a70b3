"""Ground truth and results of YouTube-VIS as the evaluation compares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts import ytvis
from ...formats.layouts.problems import STRICT
from ...formats.layouts.ytvis_results import Release, read_results
from ...formats.plain_values import finite, shown
from ...formats.reading import read_json

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
    lists = ytvis.TrackLists(read_json(path), path, STRICT)
    names = _names(lists.videos)
    videos = {
        id: Video(id, names[id], video.size, video.files)
        for id, video in sorted(lists.videos.items())
    }
    tracks: dict[int, list[TrackRow]] = {id: [] for id in videos}
    for track in lists.tracks():
        masks = _masks(track.segmentations, videos[track.video], track.place)
        area = _mean_area(track.row.get("areas"), track.place)
        row = TrackRow(track.place, track.category, *masks, area=area, crowd=track.is_crowd)
        tracks[track.video].append(row)
    if not any(tracks.values()):
        raise DataError(f"{path} is no YouTube-VIS ground truth: it has no videos or annotations.")
    categories = {id: category.name for id, category in lists.categories.items()}
    return Truth(path, videos, categories, tracks)


def read_predictions(path: Path, truth: Truth) -> dict[int, list[TrackRow]]:
    """Rows of a results file by video id, in their order.

    Raises DataError, naming the entry, for an unknown video or category, a missing key, a score
    that is no finite number, another number or size of frames, and an id given twice.
    """
    tracks: dict[int, list[TrackRow]] = {id: [] for id in truth.videos}
    seen: set[tuple[str, str, str]] = set()
    release = Release(
        truth.path,
        {id: len(video.files) for id, video in truth.videos.items()},
        truth.categories.keys(),
    )
    for track in read_results(path, release, STRICT):
        # One track may stand in several rows, each with another class.
        within = f"of video {track.video}, class {track.category}, "
        for key, among in (("id", ""), ("track_id", within)):
            named = (key, among, repr(track.row.get(key)))
            if key in track.row and named in seen:
                raise DataError(
                    f"{track.place} {among}has the {key} {shown(track.row[key])}, as another one "
                    "has."
                )
            seen.add(named)
        masks = _masks(track.segmentations, truth.videos[track.video], track.place)
        row = TrackRow(track.place, track.category, *masks, score=track.score)
        tracks[track.video].append(row)
    return tracks


def _names(videos: Mapping[int, ytvis.Video]) -> Mapping[int, str]:
    """The folders of the frames where these tell all videos apart, else the ids."""
    folders = {id: str(video.folder or ".") for id, video in videos.items()}
    counts = Counter(folders.values())
    if all(counts[name] == 1 and name != "." for name in folders.values()):
        return folders
    return {id: str(id) for id in videos}


def _mean_area(areas: Any, place: str) -> float:
    if not isinstance(areas, list):
        raise DataError(f"{place} has no list areas, which the evaluation sorts by.")
    seen = []
    for area in areas:
        number = 0.0 if area is None else finite(area)
        if number is None:
            raise DataError(f"{place} has the area {shown(area)}, which is no number.")
        if number:
            seen.append(number)
    return sum(seen) / len(seen) if seen else 0.0


def _masks(entries: Sequence[Any], video: Video, place: str) -> tuple[Sequence[int], list[Mask]]:
    """Frames with a mask, and the masks; what these hold is checked when they are read."""
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
            f"{place}, frame {frames[at]}, has the size {shown(sizes[at])}, but video "
            f"{video.name} has {size} (height, width)."
        )
    return frames, masks
