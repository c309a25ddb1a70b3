"""Small JSON files of tracks, and the comparison with recorded figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from vidseg.results import CocoRLE, encode_rle


def rle(columns: npt.NDArray[np.bool_], rows: int = 1) -> CocoRLE:
    """The mask [rows, W] of whole columns."""
    return encode_rle(np.repeat(columns[None], rows, axis=0))


def write(path: Path, content: Any) -> Path:
    """A JSON file; NaN is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def equal(got: Any, want: Any, name: str) -> None:
    """Same keys, same numbers to 1e-9."""
    if isinstance(want, dict):
        assert set(got) == set(want), name
        for key, value in want.items():
            equal(got[key], value, f"{name}/{key}")
    else:
        assert got == pytest.approx(want, rel=1e-9, abs=0), name
