"""Fills a GvSeg with weights of a UniVS, a Mask2Former, a backbone or an earlier GvSeg.

All of them have the same names for what they share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..files.checkpoints.filling import Filling, fill
from .class_prototypes import ClassPrototypes
from .model import GvSeg

_NO_PLACE = re.compile(
    r"prompt_encoder\.|propagation\.|classifier\.|mask_decoder\.layers\.\d+\.proca\."
)
_WORDS = ("mask_decoder.heads.to_text.", "mask_decoder.heads.class_temperature")
_QUERY_INIT, _PROTOTYPES = "query_init.", "prototypes."


def fill_gvseg(
    model: GvSeg,
    state: Mapping[str, Tensor],
    not_there: Sequence[str] = (),
    *,
    words: bool,
    classes: Sequence[str] | None = None,
) -> Filling:
    """Puts what fits into a GvSeg; see :func:`vidseg.models.files.checkpoints.filling.fill`.

    Args:
        model: changed in place.
        state: under our names. Prompts, pixel memory and fixed classes are left out, and
            told as ``unused``.
        not_there: beginnings of further names that no checkpoint of this origin has.
        words: whether it compares queries with texts of the same encoder; otherwise those layers
            keep their random start.
        classes: those of an earlier GvSeg, whose prototypes are taken by name; None for other
            models.
    """
    left = (_NO_PLACE.match(n) or (not words and n.startswith(_WORDS)) for n in state)
    unused = [name for name, out in zip(state, left, strict=True) if out]
    absent = [*not_there, _PROTOTYPES, *(() if words else _WORDS)]
    if classes is None:
        absent.append(_QUERY_INIT)
    kept = {
        name: value
        for name, value in state.items()
        if name not in unused and not name.startswith(_PROTOTYPES)
    }
    filling = fill(model, kept, absent)
    filling.unused.extend(unused)
    if classes is not None:
        _take_prototypes(model.prototypes, classes, state)
    return filling


@torch.no_grad()
def _take_prototypes(
    own: ClassPrototypes, classes: Sequence[str], state: Mapping[str, Tensor]
) -> None:
    values, seen = state[_PROTOTYPES + "values"], state[_PROTOTYPES + "seen"]
    rows = own.rows(classes)
    shared = rows >= 0
    own.values[rows[shared]] = values[shared].to(own.values)
    own.seen[rows[shared]] = seen[shared].to(own.seen)
