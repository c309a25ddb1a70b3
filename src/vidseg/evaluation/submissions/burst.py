"""The JSON of BURST: sequences with a mask per track and annotated frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...datasets.checks.pictures import in_words
from ...errors import DataError
from ...formats.label_files.run_lengths import mask_area
from ...formats.layouts.burst import (
    FILES,
    ListedSequence,
    json_files,
    read_sequences,
    split_of,
)
from ...formats.layouts.problems import Findings, listed
from ...formats.layouts.rows import json_object
from ...formats.plain_values import finite, shown
from ...formats.reading import read_json
from .archive import Entry
from .archive_layouts import ArchiveLayout
from .results import RESULTS, find_results


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


def burst_entries(
    predicted: Path,
    truth: Mapping[str, ListedSequence] | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """The one file for the archive; each fault goes to ``findings``."""
    file = find_results(predicted)
    content = json_object(file, findings)
    if content is None:
        return []
    split_of(content, file, findings)
    seen: set[str] = set()
    for sequence in read_sequences(content, file, None, findings):
        seen.add(sequence.name)
        _check_sequence(file, sequence, truth, findings)
        progress(sequence.name)
    if not seen:
        findings.error("JSON", file, f"{file} has no sequence that can be read; write one.")
    for name in sorted(set(truth or ()) - seen):
        findings.error("missing files", file, f"{file} lacks the sequence {name}; predict it too.")
    return [Entry(RESULTS, file)]


def _check_sequence(
    file: Path,
    sequence: ListedSequence,
    truth: Mapping[str, ListedSequence] | None,
    findings: Findings,
) -> None:
    name = sequence.name
    if truth is not None:
        known = truth.get(name)
        if known is None:
            findings.error(
                "ids", file, f"{file} has the sequence {name}, which the benchmark lacks."
            )
            return
        if sequence.size != known.size:
            findings.error(
                "sizes",
                file,
                f"{file} says that {name} is {in_words(sequence.size)}, the benchmark "
                f"{in_words(known.size)}.",
            )
        lacking = sorted({*known.files}.difference(sequence.files))
        if lacking:
            findings.error(
                "missing files", file, f"{file}: {name} lacks the frames {listed(lacking)}."
            )
    if sequence.masks is None:
        findings.error("JSON", file, f"{file}: {name} lacks segmentations; write one a frame.")
    for frame, masks in enumerate(sequence.masks or ()):
        for track, mask in masks.items():
            where = f"{file}: track {track} of {name}, frame {frame},"
            _check_mask(file, where, mask, sequence.size, findings)


def _check_mask(
    file: Path, where: str, mask: Any, size: tuple[int, int], findings: Findings
) -> None:
    if not isinstance(mask, dict) or "rle" not in mask:
        findings.error("JSON", file, f"{where} has no rle; leave the track out where it is unseen.")
        return
    if finite(mask.get("score", 1.0)) is None:
        score = shown(mask["score"])
        findings.error("scores", file, f"{where} has the score {score}; a number is wanted.")
    try:
        area = mask_area({"size": list(size), "counts": mask["rle"]})
    except ValueError as error:
        findings.error("masks", file, f"{where} has a fault: its mask {error}; write it again.")
        return
    if area == 0:
        findings.error(
            "masks", file, f"{where} has an empty mask, which lowers the score; leave it out."
        )
