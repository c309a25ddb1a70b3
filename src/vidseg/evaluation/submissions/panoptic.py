"""``pred.json`` beside the PNG files of VIPSeg."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...formats.layouts.problems import Findings, listed
from ...formats.reading import read_json, read_rgb_ids
from .archive import Entry
from .layouts import Layout
from .masks import mask_entries
from .sequences import Sequence

RECORDS = "pred.json"


def panoptic_entries(
    layout: Layout,
    predicted: Path,
    expected: Mapping[str, Sequence] | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """The JSON and the PNG files for the archive; each fault goes to ``findings``.

    The evaluation program stops at an id that is in the PNG alone or in the JSON alone.
    """
    entries = mask_entries(layout, predicted, expected, findings, progress)
    records = predicted / RECORDS
    try:
        listing = _segments(records)
    except DataError as error:
        findings.error("JSON", records, str(error))
        return entries
    for entry in entries:
        key = entry.name.removeprefix(f"{layout.folder}/").removesuffix(".png")
        if key not in listing:
            findings.error(
                "JSON", entry.path, f"{entry.path} is not named in {records}; add its segments."
            )
            continue
        _compare(entry.path, records, listing.pop(key), findings)
    for key in listing:
        findings.error(
            "missing files",
            predicted / layout.folder / f"{key}.png",
            f"{records} names {predicted / layout.folder / key}.png, which is not there.",
        )
    return [*entries, Entry(RECORDS, records)]


def _segments(records: Path) -> dict[str, list[Any]]:
    """``<video>/<frame>`` → its segments_info. DataError where the file is not of that form."""
    found: dict[str, list[Any]] = {}
    try:
        for video in read_json(records)["annotations"]:
            for frame in video["annotations"]:
                stem = Path(frame["file_name"]).stem
                found[f"{video['video_id']}/{stem}"] = list(frame["segments_info"])
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{records} is not of the form annotations > annotations > segments_info; write it as "
            "the ground truth is written."
        ) from error
    return found


def _compare(file: Path, records: Path, segments: list[Any], findings: Findings) -> None:
    try:
        ids, counts = np.unique(read_rgb_ids(file), return_counts=True)
        areas = {int(segment["id"]): segment.get("area") for segment in segments}
        for segment in segments:
            int(segment["category_id"])
    except DataError:
        return  # unreadable files are reported where they are opened
    except (KeyError, TypeError, ValueError, AttributeError):
        findings.error(
            "JSON", records, f"{records} has a segment of {file} without id or category_id."
        )
        return
    if len(areas) < len(segments):
        findings.error("ids", records, f"{records} lists an id of {file} twice; list it once.")
    pixels = {int(id): int(count) for id, count in zip(ids, counts, strict=True) if id}
    unlisted, unseen = sorted(set(pixels) - set(areas)), sorted(set(areas) - set(pixels))
    if unlisted:
        findings.error(
            "ids",
            file,
            f"{file} holds the ids {listed(unlisted)}, which {records} lacks; add them.",
        )
    if unseen:
        findings.error(
            "ids", file, f"{records} lists the ids {listed(unseen)}, which {file} lacks; drop them."
        )
    for id, area in areas.items():
        if area is not None and id in pixels and area != pixels[id]:
            findings.error(
                "areas",
                file,
                f"{records} gives id {id} of {file} an area of {area}, it has {pixels[id]} pixels.",
            )
