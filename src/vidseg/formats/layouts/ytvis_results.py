"""Results of YouTube-VIS and OVIS: one row a predicted track, as their servers take them.

results.json   [{video_id, category_id, score, segmentations: [run lengths or null, ...]}, ...]
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..plain_values import finite, shown
from ..reading import read_any_json
from .problems import Problems, listed
from .rows import Row

_KEYS = ("video_id", "category_id", "score", "segmentations")


@dataclass(frozen=True, eq=False, slots=True)
class PredictedTrack:
    """A row of results; what its masks hold is not looked at.

    Attributes:
        place: file and number of the row, to begin sentences with.
        video, category: their ids.
        segmentations: run lengths, or None where the track is out of sight; one a frame.
        row: as the file has it.
    """

    place: str
    video: int
    category: int
    score: float
    segmentations: Sequence[Any]
    row: Row


@dataclass(frozen=True)
class Release:
    """What rows are held against.

    Attributes:
        file: where it is from, for messages.
        frames: id of a video → how many it has.
        categories: ids; empty where the release lists none.
    """

    file: Path
    frames: Mapping[int, int]
    categories: Collection[int]


def read_results(
    file: Path, release: Release | None, problems: Problems
) -> Iterator[PredictedTrack]:
    """The rows of a file; those that cannot be used are left out.

    Args:
        release: None where only the rows themselves can be looked at.

    Raises DataError where the file is missing or no JSON.
    """
    return read_rows(read_any_json(file), file, release, problems)


def read_rows(
    content: Any, file: Path, release: Release | None, problems: Problems
) -> Iterator[PredictedTrack]:
    """The rows of a file that was parsed before."""
    if not isinstance(content, list):
        problems.error("JSON", file, f"{file} is no results file: it holds no list of predictions.")
        return
    if not content:
        problems.error("JSON", file, f"{file} holds no prediction at all.")
    lengths: dict[int, int] = {}
    for number, row in enumerate(content):
        place = f"{file}: prediction {number}"
        lacking = [key for key in _KEYS if not isinstance(row, dict) or key not in row]
        if lacking:
            problems.error("JSON", file, f"{place} lacks {listed(lacking)}; add it.")
            continue
        track = _track(row, place, file, problems)
        if track is not None and _fits(track, release, lengths, file, problems):
            yield track


def _track(row: Row, place: str, file: Path, problems: Problems) -> PredictedTrack | None:
    video, category, score, masks = (row[key] for key in _KEYS)
    usable = True
    number = finite(score)
    if number is None:
        problems.error(
            "scores", file, f"{place} has the score {shown(score)}; a finite number is wanted."
        )
        usable = False
    if type(video) is not int or type(category) is not int:
        problems.error(
            "JSON", file, f"{place} has a video_id or category_id that is no whole number."
        )
        usable = False
    if not isinstance(masks, list):
        problems.error(
            "JSON", file, f"{place} has segmentations that are no list; write one entry a frame."
        )
        usable = False
    if number is None or not usable:
        return None
    return PredictedTrack(place, video, category, number, masks, row)


def _fits(
    track: PredictedTrack,
    release: Release | None,
    lengths: dict[int, int],
    file: Path,
    problems: Problems,
) -> bool:
    """Whether ids and number of frames are those of the release, or of rows before."""
    masks = len(track.segmentations)
    if release is None:
        frames = lengths.setdefault(track.video, masks)
    else:
        if release.categories and track.category not in release.categories:
            problems.error(
                "ids",
                file,
                f"{track.place} has the category_id {track.category}, which the ground truth "
                f"{release.file} lacks; use the numbers of that file.",
            )
        if track.video not in release.frames:
            problems.error(
                "ids",
                file,
                f"{track.place} is of video {track.video}, which the ground truth {release.file} "
                "lacks; use the numbers of that file.",
            )
            return False
        frames = release.frames[track.video]
    if masks != frames:
        problems.error(
            "lengths",
            file,
            f"{track.place} has {masks} segmentations, its video {frames} frames; write null "
            "where the track is out of sight.",
        )
    return masks == frames
