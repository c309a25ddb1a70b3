"""Masks as a map of ids and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import DataError
from ...geometry.masks import decode_rle
from ...labels import FrameLabels
from ...pictures.listing import is_hidden, natural_order
from ...results import CocoRLE, encode_rle
from ...types import IdMap


def id_map(labels: FrameLabels, *, nothing: int = 0, void: int = 0) -> IdMap:
    """[H, W] int32 ids of masks that do not overlap.

    Args:
        labels: of one frame.
        nothing: value of pixels of no object.
        void: value of void pixels.
    """
    ids = np.full(labels.size, nothing, dtype=np.int32)
    if labels.void is not None:
        ids[decode_rle(labels.void)] = void
    for id, mask in labels.masks.items():
        ids[decode_rle(mask)] = id
    return ids


def masks_of(ids: npt.NDArray[np.integer[Any]], left_out: int) -> dict[int, CocoRLE]:
    """A mask of every value of an [H, W] map but ``left_out``."""
    return {int(id): encode_rle(ids == id) for id in np.unique(ids) if id != left_out}


def where_value(ids: npt.NDArray[np.integer[Any]], value: int) -> CocoRLE | None:
    """The pixels of one value; None where there is none."""
    mask = ids == value
    return encode_rle(mask) if mask.any() else None


def label_folders(root: Path, ending: str) -> list[tuple[str, Path, tuple[str, ...]]]:
    """(name, folder, stems of files in order) of every folder with files of an ending.

    The root itself, where it has such files, is a video of its own name; other folders are named
    by their path below it. Raises DataError where nothing is found.
    """
    if not root.is_dir():
        raise DataError(f"{root} is no folder.")
    found = []
    for folder in [root, *sorted(path for path in root.rglob("*") if path.is_dir())]:
        if any(is_hidden(part) for part in folder.relative_to(root).parts):
            continue
        found_stems = (
            path.name.removesuffix(ending)
            for path in folder.iterdir()
            if path.name.endswith(ending) and not is_hidden(path.name)
        )
        stems = tuple(sorted(found_stems, key=natural_order))
        if stems:
            name = root.resolve().name if folder == root else folder.relative_to(root).as_posix()
            found.append((name, folder, stems))
    if not found:
        raise DataError(f"{root} holds no *{ending} file.")
    return found


def with_unlabelled(stems: tuple[str, ...], pictures: tuple[str, ...]) -> tuple[str, ...]:
    """Names of frames: all pictures, and labels that have no picture there."""
    return tuple(sorted({*stems, *pictures}, key=natural_order))
