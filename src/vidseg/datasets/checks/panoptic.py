"""Segments in colour PNG files and a JSON beside them: VIPSeg, COCO panoptic, ADE20K panoptic."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...formats.layouts.problems import listed
from .annotations import check_category
from .label_maps import COLOR, color_ids, read_map
from .survey import Survey


def check_segments(
    png: Path,
    segments: Any,
    size: tuple[int, int] | None,
    categories: Mapping[Any, Any],
    file: Path,
    survey: Survey,
) -> None:
    """Compares one PNG with its ``segments_info``.

    Args:
        size: (height, width) that the JSON or the picture gives; None where neither does.
        file: the JSON.
    """
    where = f"{file}, {png.name}"
    if not isinstance(segments, list):
        survey.findings.error("unreadable files", file, f"{where}: there is no segments_info.")
        return
    rows: dict[int, Mapping[str, Any]] = {}
    for place, row in enumerate(segments):
        id = row.get("id") if isinstance(row, dict) else None
        if type(id) is not int or not 0 < id < 1 << 24:
            survey.findings.error(
                "ids",
                file,
                f"{where}: segment number {place} has the id {id!r}; a whole number "
                "below 2^24 is wanted.",
            )
            continue
        if id in rows:
            survey.findings.error("ids", file, f"{where} lists the segment {id} twice; keep one.")
        rows[id] = row
        check_category(f"{where}: segment {id}", row, categories, file, survey)
        if row.get("iscrowd", 0) not in (0, 1):
            survey.findings.error(
                "values", file, f"{where}: segment {id} has iscrowd {row['iscrowd']!r}."
            )
    if not png.is_file():
        survey.absent(png, f"which {file} names")
        return
    values = read_map(png, COLOR, size, survey)
    if values is not None:
        _compare(png, color_ids(values), rows, file, survey)


def _compare(
    png: Path,
    ids: npt.NDArray[np.int64],
    rows: Mapping[int, Mapping[str, Any]],
    file: Path,
    survey: Survey,
) -> None:
    values, counts = np.unique(ids, return_counts=True)
    pixels = {int(id): int(count) for id, count in zip(values, counts, strict=True) if id}
    unlisted = sorted(set(pixels) - set(rows))
    unseen = sorted(set(rows) - set(pixels))
    if unlisted:
        survey.findings.error(
            "ids",
            png,
            f"{png} holds the ids {listed(unlisted)}, which {file} does not list for it; download "
            "both again.",
        )
    if unseen:
        survey.findings.error(
            "ids",
            png,
            f"{file} lists the ids {listed(unseen)}, which {png} does not hold; download both.",
        )
    if not pixels:
        survey.findings.warning("empty labels", png, f"{png} labels no pixel.")
    for id, row in rows.items():
        area = row.get("area")
        if area is not None and id in pixels and area != pixels[id]:
            survey.findings.error(
                "areas",
                png,
                f"{file} gives segment {id} an area of {area}, {png} has {pixels[id]} pixels of "
                "it; scores are computed from the former.",
            )
