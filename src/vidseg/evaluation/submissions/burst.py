"""The JSON of BURST: sequences with a mask per track and annotated frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.label_files.run_lengths import mask_area
from ...formats.layouts.burst import FILES, ListedSequence, json_files, read_sequences
from ...formats.layouts.problems import Findings, listed
from ...formats.reading import read_json
from .archive import Entry
from .archive_layouts import ArchiveLayout
from .results import RESULTS, find_results

_KEYS = ("seq_name", "dataset", "width", "height", "segmentations", "track_category_ids")


def burst_truth(truth: Path, layout: ArchiveLayout, split: str | None) -> dict[str, ListedSequence]:
    """Name → sequence in the file of the release.

    Raises DataError where no such file is found or it is damaged.
    """
    there = {"": truth} if truth.is_file() else json_files(truth, layout.splits, split)
    if not there:
        wanted = FILES[split or layout.splits[0]][-1]
        raise DataError(f"{truth} has no {wanted}; name the annotations.")
    file = next(iter(there.values()))
    return {one.name: one for one in read_sequences(read_json(file), file, None)}


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['dataset']}/{row['seq_name']}"


def burst_entries(
    predicted: Path,
    truth: Mapping[str, ListedSequence] | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """The one file for the archive; each fault goes to ``findings``."""
    file = find_results(predicted)
    try:
        rows = read_json(file).get("sequences")
    except DataError as error:
        findings.error("unreadable files", file, f"{error}; write it again.")
        return []
    if not isinstance(rows, list) or not rows:
        findings.error("JSON", file, f"{file} has no list of sequences; write one.")
        return []
    seen: set[str] = set()
    for place, row in enumerate(rows):
        lacking = [k for k in _KEYS if not isinstance(row, dict) or k not in row]
        if lacking:
            findings.error("JSON", file, f"Sequence {place} of {file} lacks {listed(lacking)}.")
            continue
        name = _name(row)
        if name in seen:
            findings.error("ids", file, f"{file} has the sequence {name} twice; keep one.")
        seen.add(name)
        _check_sequence(file, name, row, truth, findings)
        progress(name)
    for name in sorted(set(truth or ()) - seen):
        findings.error("missing files", file, f"{file} lacks the sequence {name}; predict it too.")
    return [Entry(RESULTS, file)]


def _check_sequence(
    file: Path,
    name: str,
    row: Mapping[str, Any],
    truth: Mapping[str, ListedSequence] | None,
    findings: Findings,
) -> None:
    size: tuple[int, int] = (row["height"], row["width"])
    if truth is not None:
        known = truth.get(name)
        if known is None:
            findings.error(
                "ids", file, f"{file} has the sequence {name}, which the benchmark lacks."
            )
            return
        size = known.size
        frames = row.get("annotated_image_paths", known.files)
        lacking = [frame for frame in known.files if frame not in frames]
        if lacking:
            findings.error(
                "missing files", file, f"{file}: {name} lacks the frames {listed(lacking)}."
            )
    frames = row.get("annotated_image_paths")
    if frames is not None and len(frames) != len(row["segmentations"]):
        findings.error(
            "lengths",
            file,
            f"{file}: {name} has {len(frames)} annotated_image_paths and "
            f"{len(row['segmentations'])} segmentations; one entry a frame is wanted.",
        )
    for frame, masks in enumerate(row["segmentations"]):
        for track, mask in masks.items():
            where = f"{file}: track {track} of {name}, frame {frame},"
            if track not in row["track_category_ids"]:
                findings.error("ids", file, f"{where} has no entry in track_category_ids; add it.")
            _check_mask(file, where, mask, size, findings)


def _check_mask(
    file: Path, where: str, mask: Any, size: tuple[int, int], findings: Findings
) -> None:
    if not isinstance(mask, dict) or "rle" not in mask:
        findings.error("JSON", file, f"{where} has no rle; leave the track out where it is unseen.")
        return
    score = mask.get("score", 1.0)
    if not isinstance(score, (int, float)) or not math.isfinite(score):
        findings.error("scores", file, f"{where} has the score {score!r}; a number is wanted.")
    try:
        area = mask_area({"size": list(size), "counts": mask["rle"]})
    except ValueError as error:
        findings.error("masks", file, f"{where} has a fault: its mask {error}; write it again.")
        return
    if area == 0:
        findings.error(
            "masks", file, f"{where} has an empty mask, which lowers the score; leave it out."
        )
