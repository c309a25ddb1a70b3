"""A second look at objects that are told by a box.

A box says where the object ends, not which of its pixels are the object; the first answer tends
to fill it. Its surest part makes better tokens than the whole box, so the decoder is asked again
with these, and what still looks like the surroundings of the box is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ....prompts import Box
from ...frame_geometry import MASK_STRIDE
from ...memory.prompt_memory import PromptMemory
from ..annotations import Annotation
from ..base import Clip
from .figure_ground import tell_apart


@dataclass(frozen=True)
class BoxMark:
    """A box in a clip.

    Attributes:
        row: of its object.
        column: of its frame in the clip.
        inside: [h, w] bool, its cells on the grid of the mask features.
    """

    row: int
    column: int
    inside: Tensor = field(repr=False, compare=False)


LEAST_SURE = 0.25
"""Part of the first answer that must be sure; an unsure one is better than none."""


def told_by_box(
    annotations: Sequence[Annotation], memory: PromptMemory, clip: Clip
) -> list[BoxMark]:
    """Objects of the clip that a box marks and no mask."""
    return [
        BoxMark(memory.ids.index(a.object_id), a.position - clip.start, _cells(a, clip))
        for a in annotations
        if a.mask is None and any(isinstance(prompt, Box) for prompt in a.prompts)
    ]


def _cells(annotation: Annotation, clip: Clip) -> Tensor:
    features = clip.features.mask_features
    box = replace(
        annotation, prompts=tuple(p for p in annotation.prompts if isinstance(p, Box))
    ).regions(clip.geometry, features)
    x0, y0, x1, y1 = (box.boxes[0] / MASK_STRIDE).unbind()
    height, width = features.shape[-2:]
    y = torch.arange(height, device=features.device)[:, None]
    x = torch.arange(width, device=features.device)[None]
    return (y + 1 > y0) & (y < y1) & (x + 1 > x0) & (x < x1)


def with_sure_part(marks: Sequence[BoxMark], first: Prediction, margin: float) -> list[BoxMark]:
    """The marks whose first answer has a sure part worth asking with; others stay as they are."""
    kept = []
    for mark in marks:
        logits = first.mask_logits[0, first.learnable + mark.row, mark.column]
        if (logits > margin).sum() > LEAST_SURE * (logits > 0).sum():
            kept.append(mark)
    return kept


def remember_sure_parts(
    memory: PromptMemory, clip: Clip, marks: Sequence[BoxMark], first: Prediction, margin: float
) -> None:
    """Replaces the tokens of the box by those of what the first answer is sure of."""
    for mark in marks:
        sure = first.mask_logits[0, first.learnable + mark.row, mark.column] > margin
        frame = slice(mark.column, mark.column + 1)
        memory.observe(
            clip.features[frame],
            clip.frame_indices[frame],
            sure[None, None].float(),
            clip.start + mark.column,
            rows=[mark.row],
        )


def keep_sure_parts(
    second: Prediction, clip: Clip, marks: Sequence[BoxMark], margin: float, contrast: float
) -> Prediction:
    """Lowers the logits of the marked frames, so that only sure pixels remain.

    ``contrast`` weighs how much a pixel looks like the object rather than the surroundings of the
    box; 0 leaves that out.
    """
    logits = second.mask_logits.clone()
    for mark in marks:
        place = (0, second.learnable + mark.row, mark.column)
        lowered = logits[place].float() - margin
        if not bool((lowered > 0).any()):
            continue
        if contrast > 0:
            features = clip.features.mask_features[mark.column]
            lowered = tell_apart(lowered, features, mark.inside, contrast)
        if bool((lowered > 0).any()):
            logits[place] = lowered.to(logits.dtype)
    return replace(second, mask_logits=logits)
