"""A second pass of the decoder for objects that are marked by a box.

A box says where the object ends, not which of its pixels are the object; the first answer tends
to fill it. Its surest part makes better tokens than the whole box, so the decoder is asked again
with these, and what still looks like the surroundings of the box is taken off.

What lies outside of a box is certainly not the object. A ridge regression on the mask features,
fitted to that certainty and to the model's own first answer inside, tells figure from ground in
this very picture; its values are added to the model's logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ....prompts import Box
from ...clip import Clip
from ...frame_geometry import MASK_STRIDE
from ...memory.prompt_memory import PromptMemory
from ..annotations import Annotation

# J on the first frames of the DAVIS-2016 development videos is .771, .786 and .792 after one, three
# and six rounds; on photographs (VOC) it is .815 after any of these numbers.
ROUNDS = 5
RIDGE = 1e-3
"""Relative to features of unit length and weights that sum to one."""
LEAST_WEIGHT = 0.05
"""A pixel that the model cannot decide still counts this much."""
GROUND_LOGIT = -2.0
"""Largest logit outside of the box."""


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


def tell_apart(logits: Tensor, features: Tensor, inside: Tensor, weight: float) -> Tensor:
    """Logits [h, w] of the object after some rounds of fitting and answering.

    Args:
        logits: [h, w] the model's answer.
        features: [C, h, w] mask features of the same frame.
        inside: [h, w] bool, the box; at least one cell in and one out of it.
        weight: what a classifier's value of 1 adds to a logit.
    """
    if bool(inside.all()) or not bool(inside.any()):
        return logits
    cells = F.normalize(features.float(), dim=0).flatten(1).T
    cells = torch.cat([cells, cells.new_ones(len(cells), 1)], dim=1)
    answer = logits
    for _ in range(ROUNDS):
        leaning = 2 * answer.sigmoid().flatten() - 1
        wanted = torch.where(inside.flatten(), leaning, -1.0)
        trust = torch.where(inside.flatten(), leaning.abs().clamp(min=LEAST_WEIGHT), 1.0)
        found = _fit(cells, wanted, trust).view_as(logits)
        answer = logits + weight * found
        answer = torch.where(inside, answer, answer.clamp(max=GROUND_LOGIT))
    return answer


def _fit(cells: Tensor, wanted: Tensor, trust: Tensor) -> Tensor:
    """[N] values of a ridge regression of ``wanted`` [N] on ``cells`` [N, D].

    Both signs weigh the same in all, however few cells bear one.
    """
    figure = wanted > 0
    for sign in (figure, ~figure):
        trust = torch.where(sign, trust / (2 * trust[sign].sum()).clamp(min=1e-6), trust)
    weighted = cells * trust[:, None]
    gram = weighted.T @ cells + RIDGE * torch.eye(cells.shape[1], device=cells.device)
    solution: Tensor = cells @ torch.linalg.solve(gram, weighted.T @ wanted)
    return solution
