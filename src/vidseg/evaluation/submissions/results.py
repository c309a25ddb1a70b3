"""``results.json`` of tracks, as the servers of YouTube-VIS and OVIS take it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.checks.run_lengths import mask_area
from ...errors import DataError
from ...formats.layouts.problems import Findings, listed
from ...formats.reading import read_any_json, read_json
from .archive import Entry
from .archive_layouts import ArchiveLayout

RESULTS = "results.json"


@dataclass(frozen=True)
class Video:
    """What the dataset says of one video: T frames of (height, width) pixels."""

    length: int
    size: tuple[int, int]


@dataclass(frozen=True)
class VisTruth:
    """Videos and classes of a YouTube-VIS file, with or without annotations.

    Attributes:
        file: where they are from.
        videos: by id.
        categories: ids; empty where the file lists none.
    """

    file: Path
    videos: Mapping[int, Video]
    categories: frozenset[int]


def find_results(predicted: Path) -> Path:
    """The JSON file of the tracks. DataError where the folder has no ``results.json``."""
    if predicted.is_file():
        return predicted
    file = predicted / RESULTS
    if not file.is_file():
        raise DataError(f"There is no {RESULTS} in {predicted}; name the file of the predictions.")
    return file


def vis_truth(truth: Path, layout: ArchiveLayout, split: str | None) -> VisTruth:
    """Videos and classes. DataError where no such JSON is found or it is damaged."""
    file = truth if truth.is_file() else _vis_file(truth, layout, split)
    content = read_json(file)
    try:
        videos = {
            int(video["id"]): Video(
                len(video["file_names"]), (int(video["height"]), int(video["width"]))
            )
            for video in content["videos"]
        }
        categories = frozenset(int(each["id"]) for each in content.get("categories") or ())
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{file} has no videos with id, height, width and file_names; take the one of the "
            "release."
        ) from error
    if not videos:
        raise DataError(f"{file} has no videos; take the one of the release.")
    return VisTruth(file, videos, categories)


def _vis_file(truth: Path, layout: ArchiveLayout, split: str | None) -> Path:
    wanted = layout.splits if split is None else (split,)
    for name in wanted:
        for place in (
            truth / f"{name}.json",
            truth / "annotations" / f"{name}.json",
            truth / f"annotations_{name}.json",
            truth / name / "instances.json",
            truth / "annotations" / f"instances_{name}.json",
        ):
            if place.is_file():
                return place
    if split is None and (truth / "instances.json").is_file():
        return truth / "instances.json"
    raise DataError(f"{truth} has no {wanted[0]}.json; name that file or its folder.")


def result_entries(
    predicted: Path,
    truth: VisTruth | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """The one file for the archive; each fault goes to ``findings``."""
    file = find_results(predicted)
    try:
        rows = read_any_json(file)
    except DataError as error:
        findings.error("unreadable files", file, f"{error}; write it again.")
        return []
    if not isinstance(rows, list):
        findings.error("JSON", file, f"{file} holds no list of predictions; write one.")
        return []
    if not rows:
        findings.error("JSON", file, f"{file} is an empty list, which the server cannot read.")
        return []
    check = _RowCheck(file, truth, findings)
    for place, row in enumerate(rows):
        check.look(place, row)
        progress(f"prediction {place}")
    check.close()
    return [Entry(RESULTS, file)]


class _RowCheck:
    """Looks at one prediction after the other."""

    def __init__(self, file: Path, truth: VisTruth | None, findings: Findings) -> None:
        self._file = file
        self._truth = truth
        self._findings = findings
        self._predicted: set[int] = set()
        self._lengths: dict[int, int] = {}

    def look(self, place: int, row: Any) -> None:
        where = f"Prediction {place} of {self._file}"
        if not isinstance(row, dict):
            self._error(f"{where} is no object with video_id, category_id, score, segmentations.")
            return
        lacking = [k for k in ("video_id", "category_id", "score", "segmentations") if k not in row]
        if lacking:
            self._error(f"{where} lacks {listed(lacking)}; add it.")
            return
        self._check_score(where, row["score"])
        video = self._check_ids(where, row)
        self._check_masks(where, row, video)

    def _error(self, sentence: str, group: str = "JSON") -> None:
        self._findings.error(group, self._file, sentence)

    def _check_score(self, where: str, score: Any) -> None:
        number = isinstance(score, (int, float)) and not isinstance(score, bool)
        if not number or not math.isfinite(score):
            self._error(f"{where} has the score {score!r}; a finite number is wanted.", "scores")

    def _check_ids(self, where: str, row: dict[str, Any]) -> Video | None:
        video_id, category_id = row["video_id"], row["category_id"]
        if type(video_id) is not int or type(category_id) is not int:
            self._error(f"{where} has a video_id or category_id that is no whole number.")
            return None
        self._predicted.add(video_id)
        if self._truth is None:
            return None
        if self._truth.categories and category_id not in self._truth.categories:
            self._error(
                f"{where} has the category_id {category_id}, which {self._truth.file} lacks; use "
                "the numbers of that file.",
                "ids",
            )
        if video_id not in self._truth.videos:
            self._error(
                f"{where} has the video_id {video_id}, which {self._truth.file} lacks; use the "
                "numbers of that file.",
                "ids",
            )
            return None
        return self._truth.videos[video_id]

    def _check_masks(self, where: str, row: dict[str, Any], video: Video | None) -> None:
        masks = row["segmentations"]
        if not isinstance(masks, list):
            self._error(f"{where} has segmentations that are no list; one entry a frame is wanted.")
            return
        length = video.length if video else self._lengths.setdefault(row["video_id"], len(masks))
        if len(masks) != length:
            self._error(
                f"{where} has {len(masks)} segmentations, its video {length} frames; write null "
                "where the object is out of sight.",
                "lengths",
            )
        for frame, mask in enumerate(masks):
            if mask is None:
                continue
            fault = _fault(mask, video.size if video else None)
            if fault:
                self._error(f"{where}, frame {frame}: its mask {fault}; write it again.", "masks")

    def close(self) -> None:
        """Says which videos have no prediction at all."""
        if self._truth is None:
            return
        without = sorted(set(self._truth.videos) - self._predicted)
        if without:
            self._findings.warning(
                "missing predictions",
                self._file,
                f"{self._file} has no prediction for {len(without)} of "
                f"{len(self._truth.videos)} videos: {listed(without)}; that is allowed, but check "
                "that none was forgotten.",
            )


def _fault(mask: Any, size: tuple[int, int] | None) -> str:
    """What is wrong with a mask; empty where nothing is."""
    try:
        mask_area(mask, size)
    except ValueError as error:
        return str(error)
    return ""
