"""PNGs whose colours are numbers, and folders that evaluations refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from vidseg.errors import DataError
from vidseg.formats.panoptic import save_panoptic_png

from .mask_cases import evaluate

Breakage = Callable[[Path, Path], object]
"""Spoils a pair of folders, truth and prediction."""


def save_ids(path: Path, *ids: int) -> None:
    """A RGB PNG of one row whose pixels have the ids R + 256 G + 65536 B."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_panoptic_png(np.array([ids], np.int32), path)


def save_row(path: Path, *labels: int) -> None:
    """A grey PNG of one row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array([labels], np.uint8)).save(path)


def shorten(path: Path) -> None:
    """Cuts the file in half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path: Path) -> None:
    """Changes one byte of the pixels and leaves the PNG readable."""
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 12] ^= 1
    path.write_bytes(bytes(content))


def one_row(values: npt.NDArray[np.int32]) -> list[int]:
    """The pixels of a map of one row."""
    assert len(values) == 1
    return [int(value) for value in values[0]]


def assert_refused(name: str, folder: Path, spoil: Breakage, message: str, file: str) -> None:
    """The spoilt folders end in one sentence that says ``message`` and names ``file``."""
    truth, predicted = folder / "gt", folder / "pred"
    evaluate(name, truth, predicted)  # whole folders pass
    spoil(truth, predicted)
    with pytest.raises(DataError) as caught:
        evaluate(name, truth, predicted)
    text = str(caught.value)
    assert message in text, text
    assert file in text, text
    assert text.count("\n") == 0
