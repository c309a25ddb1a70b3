"""Predictions checked and packed for an evaluation server."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, OutputError
from ..formats.layouts.problems import Findings
from .submissions.archive import Entry, write_archive
from .submissions.archive_layouts import ArchiveLayout, find_layout
from .submissions.burst import burst_entries, burst_truth
from .submissions.expected import expected_sequences
from .submissions.masks import mask_entries
from .submissions.panoptic import panoptic_entries
from .submissions.results import result_entries, vis_truth


@dataclass(frozen=True)
class Submission:
    """What came of it.

    Attributes:
        findings: everything that is wrong; with an error among it no archive was written.
        files: in the archive.
        size: of the archive in bytes.
        notes: what a user must know, one sentence each.
    """

    findings: Findings
    files: int
    size: int
    notes: tuple[str, ...]


def submit(
    benchmark: str,
    predicted: str | os.PathLike[str],
    archive: str | os.PathLike[str],
    *,
    truth: str | os.PathLike[str] | None = None,
    split: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> Submission:
    """Checks predictions and writes the zip file that the server of the benchmark takes.

    The same predictions give the same bytes: entries are sorted and carry no date. Layouts and
    where they are from: :data:`vidseg.evaluation.submissions.archive_layouts.LAYOUTS`. Where no
    page of a server is known, the layout is that of the public evaluation program, and a note
    says so.

    Args:
        benchmark: its name, for example ``mose``.
        predicted: folder of the predictions, or the JSON file.
        archive: the zip file; replaced whole, or left alone where anything is wrong.
        truth: the dataset as released (annotations are not needed). Without it nothing can tell
            whether frames are missing, and a note says so.
        split: part of the dataset, by default the one that the server asks for.
        progress: told what is done.

    Raises:
        DataError: an unknown benchmark, or a dataset or folder that is not there.
        OutputError: the archive cannot be written, or lies among the predictions.
    """
    name, layout = find_layout(benchmark)
    source, target = Path(predicted), Path(archive)
    if not source.exists():
        raise DataError(f"There are no predictions at {source}.")
    if source.is_dir() and target.resolve().is_relative_to(source.resolve()):
        raise OutputError(f"{target} would lie among the predictions; name another place.")
    if target.is_dir():
        raise OutputError(f"{target} is a folder; name a zip file.")
    if source.is_file() and layout.shape in ("masks", "panoptic"):
        raise DataError(f"{source} is a file; {name} takes a folder of masks.")
    findings = Findings()
    asked = None if truth is None else Path(truth)
    told = progress or (lambda _: None)
    entries = _entries(name, layout, source, asked, split, findings, told)
    if findings.errors:
        return Submission(findings, 0, 0, ())
    write_archive(target, entries)
    notes = [f"The layout is that of {layout.source}."]
    if truth is None:
        notes.append("Without --gt, whether files are missing could not be checked.")
    return Submission(findings, len(entries), target.stat().st_size, tuple(notes))


def _entries(
    name: str,
    layout: ArchiveLayout,
    source: Path,
    truth: Path | None,
    split: str | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    if layout.shape == "results":
        known = None if truth is None else vis_truth(truth, layout, split)
        return result_entries(source, known, findings, progress)
    if layout.shape == "burst":
        sequences = None if truth is None else burst_truth(truth, layout, split)
        return burst_entries(source, sequences, findings, progress)
    expected = None if truth is None else expected_sequences(name, layout, truth, split)
    if layout.shape == "panoptic":
        return panoptic_entries(layout, source, expected, findings, progress)
    return mask_entries(layout, source, expected, findings, progress)
