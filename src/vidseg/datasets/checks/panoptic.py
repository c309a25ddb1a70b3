"""Segments in colour PNG files and a JSON beside them: VIPSeg, COCO panoptic, ADE20K panoptic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...formats.layouts.problems import Problems
from ...formats.layouts.segments import Segments, compare_ids
from ...types import IdMap
from .label_maps import COLOR, color_ids, read_map
from .survey import Survey


def check_segments(
    png: Path, segments: Segments, size: tuple[int, int] | None, file: Path, survey: Survey
) -> None:
    """Compares one PNG with what a JSON lists for it.

    Args:
        size: (height, width) that the JSON or the picture gives; None where neither does.
        file: the JSON.
    """
    if not png.is_file():
        survey.absent(png, f"which {file} names")
        return
    values = read_map(png, COLOR, size, survey)
    if values is None:
        return
    ids = color_ids(values)
    compare_map(ids, segments, png, file, survey.findings)
    if not ids.any():
        survey.findings.warning("empty labels", png, f"{png} labels no pixel.")


def compare_map(
    ids: IdMap, segments: Segments, png: Path, source: Path, problems: Problems
) -> None:
    """Reports ids that are in the map or in its JSON alone, and stated areas that are wrong.

    Args:
        ids: [H, W] of the map.
    """
    values, counts = np.unique(ids, return_counts=True)
    pixels = dict(zip(values.tolist(), counts.tolist(), strict=True))
    compare_ids(pixels, segments, png, source, problems)
    for id, area in segments.areas.items():
        if id in pixels and area != pixels[id]:
            problems.error(
                "areas",
                png,
                f"{source} gives the segment {id} an area of {area}, {png} has {pixels[id]} pixels "
                "of it; write the number of pixels.",
            )
