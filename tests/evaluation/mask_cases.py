"""Small benchmark folders drawn by tests, and the comparison with numbers of official programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vidseg.evaluation.benchmark import Report
from vidseg.evaluation.registry import get_benchmark
from vidseg.evaluation.runner import run

Map = npt.NDArray[np.uint8]


def strip(*labels: int) -> Map:
    """[2, 100 N] map of columns of 100 pixels: too far apart for contours to meet."""
    return np.repeat(np.array([labels, labels], np.uint8), 100, axis=1)


def save(path: Path, labels: Map, palette: bool = True) -> None:
    """A PNG of labels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels)
    if palette:
        image.putpalette(bytes(range(256)) * 3)
    image.save(path)


def save_video(folder: Path, frames: Sequence[Map], step: int = 1) -> None:
    """``00000.png`` and so on."""
    for k, labels in enumerate(frames):
        save(folder / f"{k * step:05d}.png", labels)


def evaluate(name: str, truth: Path, predicted: Path, protocol: str = "") -> Report:
    """The report by the default or the named protocol."""
    benchmark = get_benchmark(name)
    protocol = protocol or next(iter(benchmark.protocols))
    report = run(benchmark.open(truth, predicted, protocol))
    assert (report.benchmark, report.protocol) == (name, protocol)
    assert all(key_of(report.figures, key) is not None for key in report.headline)
    return report


def key_of(figures: Mapping[str, Any], key: str) -> Any:
    """The figure under a key such as "VPQ/All"."""
    value: Any = figures
    for part in key.split("/"):
        value = value[part]
    return value


def official(eval_cases: Path, name: str) -> tuple[Path, dict[str, Any]]:
    """(folder of a benchmark, its expected.json)."""
    folder = eval_cases / name
    content: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    return folder, content


def assert_equal(got: Any, want: Any, where: str = "") -> None:
    """Every number of ``want`` is in ``got``, 1e-9 relative; null stands for NaN."""
    if isinstance(want, dict):
        for key, value in want.items():
            assert_equal(got[key], value, f"{where}/{key}")
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for k, (a, b) in enumerate(zip(got, want, strict=True)):
            assert_equal(a, b, f"{where}[{k}]")
    elif want is None:
        assert math.isnan(got), where
    else:
        assert got == pytest.approx(want, rel=1e-9, abs=1e-12), where
