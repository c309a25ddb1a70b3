"""Label files as arrays, and the command line that all plain programs share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Ids = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def read_ids(path: Path) -> Ids:
    """[H, W] the values of a grey or palette PNG."""
    return np.array(Image.open(path)).astype(np.int64)


def read_rgb_ids(path: Path) -> Ids:
    """[H, W] R + 256 G + 65536 B."""
    pixels = np.array(Image.open(path)).astype(np.int64)
    return pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(path.read_text())


def print_figures(compute: Callable[[Path, Path], dict[str, Any]]) -> None:
    """Runs a program: GT and PRED in, JSON out."""
    print(json.dumps(compute(Path(sys.argv[1]), Path(sys.argv[2]))))
