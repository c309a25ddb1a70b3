"""``results.json`` of tracks, as the servers of YouTube-VIS and OVIS take it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import DataError
from ...formats.label_files.run_lengths import mask_area
from ...formats.layouts import ytvis
from ...formats.layouts.places import split_files
from ...formats.layouts.problems import STRICT, Findings, listed
from ...formats.layouts.ytvis import TrackLists
from ...formats.layouts.ytvis_results import PredictedTrack, Release, read_results
from ...formats.reading import read_json
from .archive import Entry
from .archive_layouts import ArchiveLayout

RESULTS = "results.json"


def find_results(predicted: Path) -> Path:
    """The JSON file of the tracks. DataError where the folder has no ``results.json``."""
    if predicted.is_file():
        return predicted
    file = predicted / RESULTS
    if not file.is_file():
        raise DataError(f"There is no {RESULTS} in {predicted}; name the file of the predictions.")
    return file


def vis_truth(truth: Path, layout: ArchiveLayout, split: str | None) -> TrackLists:
    """Videos and classes. DataError where no such JSON is found or it is damaged."""
    file = truth
    if not truth.is_file():
        found = split_files(truth, ytvis.FILES, split)
        part = next((name for name in (*layout.splits, "") if name in found), split)
        if part not in found:
            usual = split or layout.splits[0]
            raise DataError(f"{truth} has no {usual}.json; name that file or its folder.")
        file = found[part]
    lists = TrackLists(read_json(file), file, STRICT)
    if not lists.videos:
        raise DataError(f"{file} has no videos; take the one of the release.")
    return lists


def result_entries(
    predicted: Path,
    truth: TrackLists | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """The one file for the archive; each fault goes to ``findings``."""
    file = find_results(predicted)
    release = None
    if truth is not None:
        frames = {id: len(video.files) for id, video in truth.videos.items()}
        release = Release(truth.file, frames, truth.categories.keys())
    predicted_videos: set[int] = set()
    try:
        for number, track in enumerate(read_results(file, release, findings)):
            predicted_videos.add(track.video)
            size = None if truth is None else truth.videos[track.video].size
            _check_masks(track, size, file, findings)
            progress(f"prediction {number}")
    except DataError as error:
        findings.error("unreadable files", file, f"{error}; write it again.")
    if findings.errors:
        return []
    if truth is not None:
        _tell_missing(sorted(truth.videos.keys() - predicted_videos), truth, file, findings)
    return [Entry(RESULTS, file)]


def _check_masks(
    track: PredictedTrack, size: tuple[int, int] | None, file: Path, findings: Findings
) -> None:
    for frame, mask in enumerate(track.segmentations):
        if mask is None:
            continue
        try:
            mask_area(mask, size)
        except ValueError as fault:
            findings.error(
                "masks", file, f"{track.place}, frame {frame}: its mask {fault}; write it again."
            )


def _tell_missing(without: list[int], truth: TrackLists, file: Path, findings: Findings) -> None:
    """Which videos have no prediction at all."""
    if without:
        findings.warning(
            "missing predictions",
            file,
            f"{file} has no prediction for {len(without)} of {len(truth.videos)} videos: "
            f"{listed(without)}; that is allowed, but check that none was forgotten.",
        )
