"""Mask2Former files of Detectron2: UniVS' names but for the classes.

They lack what UniVS adds, all of it about text and prompts. Old files call the queries
``static_query`` and, older still, leave ``pixel_decoder.`` out.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .translation import Renaming, Translation
from .univs import TABLE, UNUSED

_HEAD, _PIXEL, _DECODER = "sem_seg_head.", "sem_seg_head.pixel_decoder.", "sem_seg_head.predictor."
CLASSIFIER = "classifier."
"""Beginning of our names of the linear classifier, whose last row is that of no object."""

NOT_THERE = (
    "prompt_encoder.",
    "mask_decoder.heads.to_text.",
    "mask_decoder.heads.class_temperature",
    "mask_decoder.layers.#.proca.",
)
"""Beginnings of names of a UniVS that no Mask2Former has."""

_NAMES = Renaming(
    (
        (_DECODER + "static_query.", "mask_decoder.query_content."),
        (_DECODER + "class_embed.", CLASSIFIER),
        *TABLE,
    ),
    UNUSED,
)


def translate(tensors: Mapping[str, Tensor]) -> Translation:
    """A published state dict under our names."""
    old = {_current(name): name for name in tensors}
    out = _NAMES.translate({new: tensors[name] for new, name in old.items()})
    out.unused = {old[name]: why for name, why in out.unused.items()}
    out.unknown = [old[name] for name in out.unknown]
    return out


def _current(name: str) -> str:
    """The name since the second format of the head."""
    if name.startswith(_HEAD) and not name.startswith((_PIXEL, _DECODER)):
        return _PIXEL + name.removeprefix(_HEAD)
    return name
