"""Masks in the manner of COCO: polygons, run lengths and the areas beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...formats.label_files.run_lengths import mask_area
from ...formats.plain_values import finite, shown
from ...geometry.rings import ring_points
from .survey import Survey

_LOOSE = 0.25  # polygons are drawn on a grid; their area is near the true one, not equal to it
_FEW_PIXELS = 25


def check_mask(
    where: str,
    mask: Any,
    size: tuple[int, int] | None,
    area: Any,
    file: Path,
    survey: Survey,
    *,
    area_counts: bool = True,
) -> None:
    """A mask in run lengths or polygons, its size, and the area that is written beside it.

    Args:
        where: what it is of, to begin the sentence with.
        size: (height, width) of the picture; None where it is not known.
        area: as written; None where none is.
        area_counts: whether figures are made of it; else one that is wrong is a warning.
    """
    stated = finite(area)
    if area is not None and stated is None:
        survey.findings.error(
            "areas", file, f"{where} has the area {shown(area)}; a number of pixels is wanted."
        )
    found: float | None
    if isinstance(mask, list):
        if size is None:
            return  # what the picture lacks is told already
        found = _check_polygons(where, mask, size, file, survey)
        allowed = _FEW_PIXELS + _LOOSE * (found or 0)
    else:
        try:
            found = mask_area(mask, size)
        except ValueError as error:
            survey.findings.error("masks", file, f"{where}: its mask {error}; download the file.")
            return
        allowed = 1.0
    if found is None:
        return
    if found == 0:
        survey.findings.error("empty labels", file, f"{where} has a mask without a pixel.")
    elif stated is not None and abs(stated - found) > allowed:
        told = survey.findings.error if area_counts else survey.findings.warning
        told(
            "areas",
            file,
            f"{where} has an area of {stated:g} written beside it, its mask {found:.0f} pixels.",
        )


def _check_polygons(
    where: str, polygons: list[Any], size: tuple[int, int], file: Path, survey: Survey
) -> float | None:
    """Area by the corners, or None after a finding."""
    if not polygons:
        survey.findings.error("empty labels", file, f"{where} has an empty list of polygons.")
        return None
    area = 0.0
    for polygon in polygons:
        try:
            corners = ring_points(polygon, size)
        except ValueError as error:
            survey.findings.error("masks", file, f"{where}: {error}; download the file.")
            return None
        if corners.min() < -1 or (corners > np.array([size[1] + 1, size[0] + 1])).any():
            survey.findings.error("masks", file, f"{where} has a polygon outside of its picture.")
            return None
        following = np.roll(corners, -1, axis=0)
        doubled = corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]
        area += abs(float(doubled.sum())) / 2
    return max(area, 1.0)  # thinner than a pixel, but not nothing
