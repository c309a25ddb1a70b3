"""Run lengths, edges and settled overlaps of masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..results import CocoRLE
from ..types import MaskArray


def decode_rle(rle: CocoRLE) -> MaskArray:
    """[H, W] bool mask of COCO's compressed run lengths; undoes :func:`vidseg.results.encode_rle`.

    >>> from vidseg.results import encode_rle
    >>> mask = np.array([[True, False], [True, True]])
    >>> bool((decode_rle(encode_rle(mask)) == mask).all())
    True
    """
    from pycocotools import mask as coco

    decoded = coco.decode({"size": rle["size"], "counts": rle["counts"].encode("ascii")})
    return np.asarray(decoded).astype(bool)


def borders(ids: npt.NDArray[np.integer[Any]], width: int) -> MaskArray:
    """[H, W] bool: pixels of a segment that lie within ``width`` pixels of another id.

    The border is drawn inside the segment, so that two neighbours each have their own; id 0 has
    none. The rim of the picture is no border.

    >>> borders(np.array([[0, 1, 1, 1]], dtype=np.int32), 1).astype(int).tolist()
    [[0, 1, 0, 0]]
    """
    differs = np.zeros(ids.shape, dtype=bool)
    for step in range(1, width + 1):
        change = ids[step:] != ids[:-step]
        differs[step:] |= change
        differs[:-step] |= change
        change = ids[:, step:] != ids[:, :-step]
        differs[:, step:] |= change
        differs[:, :-step] |= change
    differs &= ids != 0
    return differs


def largest_piece(mask: MaskArray) -> MaskArray:
    """The connected part of a [H, W] bool mask with the most pixels; all of an empty mask.

    >>> largest_piece(np.array([[True, False, True, True]])).astype(int).tolist()
    [[0, 0, 1, 1]]
    """
    pieces, count = ndimage.label(mask)
    if count < 2:
        return mask
    largest: MaskArray = pieces == 1 + np.bincount(pieces.ravel())[1:].argmax()
    return largest
