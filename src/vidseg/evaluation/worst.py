"""Which rows of a breakdown went worst."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .benchmark import Report, Row


def worst_first(rows: Mapping[str, Row], key: str) -> list[str]:
    """Names of the rows, the lowest value of ``key`` first; rows without a value come last.

    Equal values keep their order, and so do all rows where none has ``key``.
    """

    def rank(name: str) -> float:
        value = rows[name].get(key, math.nan)
        return math.inf if math.isnan(value) else value

    return sorted(rows, key=rank)


def worst_videos(report: Report) -> list[str]:
    """Videos of a report, worst first; in their own order where nothing ranks them."""
    return worst_first(report.videos, report.ranking)
