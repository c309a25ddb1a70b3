"""A second look at objects that are told by a box.

A box says where the object ends, not which of its pixels are the object; the first answer tends
to fill it. Its surest part makes better tokens than the whole box, so the decoder is asked again
with these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...models.tensors import Prediction
from ...prompts import Box
from ..memory import PromptMemory
from .annotations import Annotation
from .base import Clip

Mark = tuple[int, int]
"""(row of the object, column of the frame in the clip)."""


LEAST_SURE = 0.25
"""Part of the first answer that must be sure; an unsure one is better than none."""


def told_by_box(annotations: Sequence[Annotation], memory: PromptMemory, clip: Clip) -> list[Mark]:
    """Objects of the clip that a box marks and no mask."""
    return [
        (memory.ids.index(a.object_id), a.position - clip.start)
        for a in annotations
        if a.mask is None and any(isinstance(prompt, Box) for prompt in a.prompts)
    ]


def with_sure_part(marks: Sequence[Mark], first: Prediction, margin: float) -> list[Mark]:
    """The marks whose first answer has a sure part worth asking with; others stay as they are."""
    kept = []
    for row, column in marks:
        logits = first.mask_logits[0, first.learnable + row, column]
        if (logits > margin).sum() > LEAST_SURE * (logits > 0).sum():
            kept.append((row, column))
    return kept


def remember_sure_parts(
    memory: PromptMemory, clip: Clip, marks: Sequence[Mark], first: Prediction, margin: float
) -> None:
    """Replaces the tokens of the box by those of what the first answer is sure of."""
    for row, column in marks:
        sure = first.mask_logits[0, first.learnable + row, column] > margin
        frame = slice(column, column + 1)
        memory.observe(
            clip.features[frame],
            clip.frame_indices[frame],
            sure[None, None].float(),
            clip.start + column,
            rows=[row],
        )


def demand_margin(second: Prediction, marks: Sequence[Mark], margin: float) -> Prediction:
    """Lowers the logits of the marked frames, so that only sure pixels remain."""
    logits = second.mask_logits.clone()
    for row, column in marks:
        lowered = logits[0, second.learnable + row, column] - margin
        if bool((lowered > 0).any()):
            logits[0, second.learnable + row, column] = lowered
    return replace(second, mask_logits=logits)
