"""Curves that any benchmark with figures per video can show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .benchmark import Curve, Row


def sorted_curves(rows: Mapping[str, Row], keys: Sequence[str], unit: str) -> tuple[Curve, ...]:
    """How the figures spread over the videos: one line a key, its values in rising order.

    Videos in which a figure is not defined are left out of its line.
    """
    curves = []
    for key in keys:
        values = sorted(row[key] for row in rows.values() if not math.isnan(row[key]))
        if values:
            places = np.arange(1, len(values) + 1, dtype=np.float64)
            axes = "video, worst first", f"share ({unit})"
            curves.append(Curve("Videos", key, places, np.array(values), axes))
    return tuple(curves)
