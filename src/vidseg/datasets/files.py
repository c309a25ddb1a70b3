"""Opening the pictures, label maps and JSON files of datasets, with errors that name the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..errors import DataError
from ..types import IdMap, ImageArray
from .schema import MAX_REGIONS, SmallIdMap


def read_picture(path: Path) -> ImageArray:
    """[H, W, 3] RGB. Raises DataError if the file cannot be read."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"Cannot read the picture {path}: {error}") from error


def read_label_map(path: Path) -> IdMap:
    """[H, W] values of a single-channel or palette PNG. Raises DataError for other pictures."""
    try:
        with Image.open(path) as image:
            if image.mode not in ("L", "P", "I", "I;16", "1"):
                raise DataError(
                    f"The label map {path} has mode {image.mode}; single-channel is wanted."
                )
            return np.asarray(image).astype(np.int32)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"Cannot read the label map {path}: {error}") from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises DataError if the file is missing or is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read the annotation file {path}: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"The annotation file {path} holds no JSON object.")
    return cast(dict[str, Any], content)


def renumber(values: IdMap, wanted: list[int], where: str) -> SmallIdMap:
    """Turns arbitrary label values into region numbers.

    Args:
        wanted: the value of region 0, 1, ...; all other values become 0 ("not labelled").
        where: the file or video, for the error.
    """
    if len(wanted) > MAX_REGIONS:
        raise DataError(f"{where} has {len(wanted)} regions; at most {MAX_REGIONS} are supported.")
    table = np.zeros(max([int(values.max()), *wanted]) + 1, np.uint8)
    table[wanted] = np.arange(1, len(wanted) + 1)
    return np.asarray(table[values])
