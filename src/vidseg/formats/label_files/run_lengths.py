"""COCO's run lengths as lists and strings, checked before anything decodes them.

Runs go down the columns and start with background.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...geometry.rings import ring_points
from ...geometry.run_lengths import RunLengthError, Runs, read_runs
from ...results import CocoRLE
from ...types import MaskArray
from ..plain_values import shown

Counts = npt.NDArray[np.int64]
"""[N] lengths of runs, background first."""


def counts_of(rle: CocoRLE) -> Counts:
    """The runs of a compressed mask, none but the first of them empty.

    Raises ValueError where the string is damaged.
    """
    runs = _read(rle["counts"], rle["size"])
    borders = np.stack([runs.starts, runs.ends], axis=1).ravel()
    counts = np.diff(borders, prepend=0, append=runs.pixels)
    return counts if counts[-1] or len(counts) == 1 else counts[:-1]


def from_counts(counts: Sequence[int] | Counts, size: tuple[int, int]) -> CocoRLE:
    """A compressed mask of (height, width). Raises ValueError where runs do not fill it."""
    from pycocotools import mask as coco

    lengths = list(counts)
    _read(lengths, size)
    rle = coco.frPyObjects({"size": list(size), "counts": lengths}, *size)
    return {"size": [int(side) for side in size], "counts": rle["counts"].decode("ascii")}


def from_segmentation(segmentation: Any, size: tuple[int, int]) -> CocoRLE:
    """A mask in any of COCO's three forms: polygons, run lengths as a list, or as a string.

    Polygons are filled by pycocotools, so that results equal COCO's own. Raises ValueError for
    anything else, for another size and for damaged run lengths.
    """
    from pycocotools import mask as coco

    if isinstance(segmentation, list) and segmentation:
        rings = [ring_points(ring, size).ravel().tolist() for ring in segmentation]
        merged = coco.merge(coco.frPyObjects(rings, *size))
        return {"size": list(size), "counts": merged["counts"].decode("ascii")}
    if not isinstance(segmentation, dict):
        raise ValueError("the segmentation is neither polygons nor run lengths")
    given, counts = segmentation.get("size"), segmentation.get("counts")
    if not isinstance(given, (list, tuple)) or list(given) != list(size):
        sides = given if isinstance(given, (list, tuple)) else ()
        is_size = len(sides) == 2 and all(type(side) is int for side in sides)
        told = f"{sides[0]} × {sides[1]}" if is_size else f"of the size {shown(given)}"
        raise ValueError(f"the mask is {told}, its picture {size[0]} × {size[1]} (height × width)")
    if isinstance(counts, str):
        _read(counts, size)
        return {"size": list(size), "counts": counts}
    if not isinstance(counts, list):
        raise ValueError("the run lengths are neither a text nor a list")
    return from_counts(counts, size)


def mask_area(rle: Any, size: tuple[int, int] | None = None) -> int:
    """Pixels of a mask of a JSON file.

    Args:
        rle: ``{"size": [height, width], "counts": str or list}``, or anything else.
        size: (height, width) that it must have; None for any.

    Raises:
        ValueError: what is wrong, in words that follow "its mask".
    """
    if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
        raise ValueError("has no run lengths with size and counts")
    given, counts = rle["size"], rle["counts"]
    if (
        not isinstance(given, list)
        or len(given) != 2
        or not all(type(side) is int and side > 0 for side in given)
    ):
        raise ValueError(f"has the size {given!r} instead of [height, width]")
    height, width = given
    if size is not None and (height, width) != size:
        raise ValueError(
            f"has the size {height} x {width} (height x width) instead of {size[0]} x {size[1]}"
        )
    if not isinstance(counts, (str, list)):
        raise ValueError("has counts that are neither a string nor a list")
    try:
        return int(read_runs([counts], height * width).areas[0])
    except RunLengthError as error:
        raise ValueError(f"{error}, and {height} x {width} are {height * width}") from error


def areas(rles: Sequence[CocoRLE]) -> npt.NDArray[np.int64]:
    """[N] pixels of each mask."""
    from pycocotools import mask as coco

    if not rles:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(coco.area([_bytes(rle) for rle in rles]), dtype=np.int64).reshape(-1)


def without_empty(masks: dict[int, CocoRLE]) -> dict[int, CocoRLE]:
    """The masks that have a pixel."""
    pixels = areas(list(masks.values())) if masks else ()
    return {id: mask for (id, mask), area in zip(masks.items(), pixels, strict=True) if area}


def union(rles: Sequence[CocoRLE]) -> CocoRLE:
    """All pixels of masks of one size."""
    from pycocotools import mask as coco

    merged = coco.merge([_bytes(rle) for rle in rles])
    return {"size": list(rles[0]["size"]), "counts": merged["counts"].decode("ascii")}


def box(rle: CocoRLE) -> tuple[int, int, int, int]:
    """(x, y, width, height) around a mask."""
    from pycocotools import mask as coco

    x, y, width, height = (round(float(side)) for side in coco.toBbox(_bytes(rle)))
    return x, y, width, height


def row_runs(mask: MaskArray) -> list[int]:
    """Lengths of runs along the rows, background first; undone by :func:`from_row_runs`."""
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], changes, [len(flat)]])).tolist()
    return [0, *runs] if len(flat) and flat[0] else list(runs)


def from_row_runs(runs: Sequence[int], size: tuple[int, int]) -> MaskArray:
    """[H, W] bool mask of runs along the rows. Raises ValueError where they do not fill it."""
    height, width = size
    try:
        lengths = np.asarray(runs, dtype=np.int64)
    except OverflowError:
        lengths = np.array([-1])
    fits = not lengths.size or 0 <= lengths.min() <= lengths.max() <= height * width
    if not fits or int(lengths.sum()) != height * width:
        raise ValueError(f"the run lengths do not fill {height} × {width} (height × width)")
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape(size)


def _bytes(rle: CocoRLE) -> dict[str, Any]:
    return {"size": rle["size"], "counts": rle["counts"].encode("ascii")}


def _read(counts: str | Sequence[int], size: Sequence[int]) -> Runs:
    """The runs of a mask of (height, width). Raises ValueError where they are not of that size."""
    height, width = size
    try:
        return read_runs([counts], height * width)
    except RunLengthError as error:
        wanted = f"{height} × {width} (height × width)"
        raise ValueError(f"the mask {error}, which does not fill {wanted}") from error
