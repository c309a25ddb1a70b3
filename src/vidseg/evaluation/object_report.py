"""Figures, breakdowns and curves of J and F by object, for every benchmark that counts objects."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import cast

import numpy as np

from ..metrics.jf import JFMeter, JFScores
from .benchmark import Curve, Row

ObjectKey = tuple[str, str]
"""Video and object."""

Values = Mapping[Hashable, Sequence[float]]

HEADLINE = ("J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay")
"""The main numbers of DAVIS."""


def davis_figures(scores: JFScores) -> dict[str, float]:
    """The seven numbers of DAVIS by their names."""
    figures = {"J&F-Mean": scores.mean}
    for letter, row in (("J", scores.region), ("F", scores.contour)):
        figures |= {
            f"{letter}-Mean": row.mean,
            f"{letter}-Recall": row.recall,
            f"{letter}-Decay": row.decay,
        }
    return figures


def per_object(meter: JFMeter) -> dict[str, dict[str, float]]:
    """Means by object as the public program of DAVIS 2017 names them."""
    rows = object_rows(object_means(meter))
    return {f"{m}_per_object": {name: row[m] for name, row in rows.items()} for m in ("J", "F")}


def object_means(meter: JFMeter, scale: float = 1.0) -> dict[ObjectKey, Row]:
    """J, F and J&F of each (video, object), times ``scale``."""
    return {
        cast(ObjectKey, key): _row(
            scale * float(np.mean(region)), scale * float(np.mean(meter.contour[key]))
        )
        for key, region in meter.region.items()
    }


def object_rows(means: Mapping[ObjectKey, Row]) -> dict[str, Row]:
    """Rows by the name that the public programs use: ``<video>_<object>``."""
    return {"_".join(key): row for key, row in means.items()}


def video_rows(means: Mapping[ObjectKey, Row], videos: Sequence[str]) -> dict[str, Row]:
    """Means over the objects of each video; NaN for a video without any."""
    by_video: dict[str, list[Row]] = {video: [] for video in videos}
    for (video, _), row in means.items():
        by_video[video].append(row)
    return {video: mean_row(rows) for video, rows in by_video.items()}


def mean_row(rows: Sequence[Row]) -> Row:
    """J, F and J&F, each the mean over the rows; NaN without any."""
    if not rows:
        return _row(math.nan, math.nan)
    return _row(*(float(np.mean([row[name] for row in rows])) for name in ("J", "F")))


def _row(region: float, contour: float) -> Row:
    return {"J": region, "F": contour, "J&F": (region + contour) / 2}


def object_curves(
    region: Values, contour: Values, last: Mapping[str, int], noun: str = "object"
) -> tuple[Curve, ...]:
    """J&F over the frames of each (video, object), 0..1; one plot a video.

    Args:
        region, contour: values of the consecutive frames of each object.
        last: position of the last measured frame of each video, counted from 0.
        noun: what a line stands for.
    """
    curves = []
    for key, values in region.items():
        video, number = cast(ObjectKey, key)
        end = last[video] + 1
        y = (np.asarray(values, np.float64) + np.asarray(contour[key], np.float64)) / 2
        x = np.arange(end - len(y), end, dtype=np.float64)
        curves.append(Curve(f"J&F of {video}", f"{noun} {number}", x, y, ("frame", "J&F"), video))
    return tuple(curves)
