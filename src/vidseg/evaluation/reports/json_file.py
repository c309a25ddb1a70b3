"""A report as JSON: every digit, and what made it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

from ... import __version__
from ...formats.atomic import replacing
from ..benchmark import Report


def to_json(report: Report) -> str:
    """The report as text: what it is of, ``figures`` under the official keys, the breakdowns.

    Numbers have all digits that a float has. NaN and infinity, which JSON lacks, are null: the
    figure is not defined.
    """
    content = {
        "benchmark": report.benchmark,
        "protocol": report.protocol,
        "authority": report.authority,
        "unit": report.unit,
        "figures": report.figures,
        "videos": report.videos,
        "classes": report.classes,
        "objects": report.objects,
        "notes": report.notes,
        "versions": {
            "vidseg": __version__,
            "numpy": np.__version__,
            "python": python_version(),
        },
    }
    return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(report: Report, path: Path) -> None:
    """Writes the report whole or not at all. Raises OutputError where that cannot be done."""
    text = to_json(report)
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    """The value in what JSON has: dict, list, str, bool, int, finite float, None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
