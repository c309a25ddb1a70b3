"""The pictures of a report: a chart for each set of curves, a strip of each of the worst videos."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from ...formats.atomic import replacing
from ...types import ImageArray
from ..benchmark import Curve, Evaluation, Report, worst_first
from .chart import draw_chart
from .pictures import find_picture
from .strips import draw_strip
from .tables import number

WORST = 4
"""Videos of which there is a strip and, where they have curves of their own, a chart."""


def write_plots(
    report: Report, evaluation: Evaluation[Any], truth: Path, folder: Path
) -> list[Path]:
    """Writes PNG files into a folder that exists, and returns their paths.

    Args:
        report: numbers and curves.
        evaluation: where the masks come from.
        truth: the folder of the ground truth, in or beside which pictures may lie.
        folder: receives the files.

    Raises:
        DataError: a mask that can no longer be read.
        OutputError: a file cannot be written.
    """
    worst = [
        video for video in worst_first(report.videos, report.ranking) if video in evaluation.videos
    ]
    chosen = (worst or list(evaluation.videos))[:WORST]
    pages: dict[str, ImageArray] = {}
    for title, curves in _charts(report.curves, chosen).items():
        pages[_free_name(title, pages)] = draw_chart(title, curves)
    for rank, video in enumerate(chosen, start=1):
        strip = _strip(report, evaluation, truth, video)
        if strip is not None:
            pages[_free_name(f"worst-{rank}-{video}" if worst else video, pages)] = strip
    paths = []
    for name, page in pages.items():
        path = folder / f"{name}.png"
        with replacing(path) as partial:
            Image.fromarray(page).save(partial, format="PNG")
        paths.append(path)
    return paths


def _charts(curves: tuple[Curve, ...], chosen: list[str]) -> dict[str, list[Curve]]:
    """Curves by title: those of the whole set, then those of the chosen videos."""
    order = {video: rank for rank, video in enumerate(["", *chosen])}
    drawn = [curve for curve in curves if curve.video in order and len(curve.x)]
    charts: dict[str, list[Curve]] = {}
    for curve in sorted(drawn, key=lambda curve: order[curve.video]):
        charts.setdefault(curve.title, []).append(curve)
    return charts


def _strip(
    report: Report, evaluation: Evaluation[Any], truth: Path, video: str
) -> ImageArray | None:
    """The strip of a video; None where no frame of it is measured."""
    count = sum(1 for _ in evaluation.compare(video))
    if not count:
        return None
    row: Mapping[str, float] = report.videos.get(video, {})
    title = video
    if report.ranking in row:
        title += f"   {report.ranking} {number(row[report.ranking], report.unit)}"
    return draw_strip(
        title, evaluation.compare(video), count, lambda frame: find_picture(truth, video, frame)
    )


def _free_name(title: str, taken: Mapping[str, Any]) -> str:
    """A file name made of a title, unlike all that are taken."""
    plain = re.sub(r"[^\w.-]+", "_", title).strip("_.") or "plot"
    name, count = plain, 1
    while name in taken:
        count += 1
        name = f"{plain}-{count}"
    return name
