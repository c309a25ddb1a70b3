"""``pred.json`` beside the PNG files of VIPSeg."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ...datasets.checks.panoptic import compare_map
from ...errors import DataError
from ...formats.layouts.problems import Findings
from ...formats.layouts.rows import json_object
from ...formats.layouts.segments import Segments
from ...formats.layouts.vipseg import PREDICTED_JSON
from ...formats.layouts.vipseg_lists import read_annotations
from ...pictures.label_maps import read_rgb_ids
from .archive import Entry
from .archive_layouts import ArchiveLayout
from .masks import mask_entries
from .sequences import Sequence


def panoptic_entries(
    layout: ArchiveLayout,
    predicted: Path,
    expected: Mapping[str, Sequence] | None,
    findings: Findings,
    progress: Callable[[str], None],
) -> list[Entry]:
    """The JSON and the PNG files for the archive; each fault goes to ``findings``.

    The evaluation program stops at an id that is in the PNG alone or in the JSON alone.
    """
    entries = mask_entries(layout, predicted, expected, findings, progress)
    records = predicted / PREDICTED_JSON
    content = json_object(records, findings)
    if content is None:
        return entries
    listing: dict[str, Segments] = {
        f"{video}/{frame.name}": frame.segments
        for video, frames in read_annotations(
            content, records, findings, known=None, areas="stated"
        ).items()
        for frame in frames.values()
    }
    if not isinstance(content.get("annotations"), list):
        return entries  # as was reported
    for entry in entries:
        key = entry.name.removeprefix(f"{layout.folder}/").removesuffix(".png")
        if key not in listing:
            findings.error(
                "JSON", entry.path, f"{entry.path} is not named in {records}; add its segments."
            )
            continue
        segments = listing.pop(key)
        try:
            ids = read_rgb_ids(entry.path)
        except DataError:
            continue  # unreadable files are reported where they are opened
        compare_map(ids, segments, entry.path, records, findings)
    for key in listing:
        png = predicted / layout.folder / f"{key}.png"
        findings.error("missing files", png, f"{records} names {png}, which is not there.")
    return [*entries, Entry(PREDICTED_JSON, records)]
