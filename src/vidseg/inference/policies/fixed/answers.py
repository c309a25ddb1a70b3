"""What one frame shows by a model of fixed classes, with the rules that Mask2Former published.

Cheng et al., Masked-attention Mask Transformer, CVPR 2022, and the settings of its COCO models.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ...config import InferenceConfig
from ...frame_geometry import FrameGeometry

_EPSILON = 1e-6  # of the published mask score


@dataclass(frozen=True, eq=False)
class FrameAnswers:
    """All queries on one frame.

    Attributes:
        probabilities: [Q, K + 1] softmax over classes; the last column is that of no object.
        mask_logits: [Q, h, w] on the decoder's grid.
        embeddings: [Q, C].
        geometry: of the frame.
    """

    probabilities: Tensor
    mask_logits: Tensor
    embeddings: Tensor
    geometry: FrameGeometry

    @staticmethod
    def of(prediction: Prediction, frame: int, geometry: FrameGeometry) -> FrameAnswers:
        """Of one of the N frames that :meth:`Mask2Former.decode` saw."""
        assert prediction.class_logits is not None
        return FrameAnswers(
            prediction.class_logits[frame].float().softmax(-1),
            prediction.mask_logits[frame, :, 0].float(),
            prediction.embeddings[frame, :, 0].float(),
            geometry,
        )

    @property
    def classes(self) -> int:
        """K."""
        return self.probabilities.shape[1] - 1

    def likely(self, classes: Tensor) -> Tensor:
        """[Q] bool: queries whose likeliest answer is one of the classes, [K] bool."""
        return torch.cat([classes, classes.new_zeros(1)])[self.probabilities.argmax(1)]


@dataclass(frozen=True, eq=False)
class Piece:
    """Pixels of one query.

    Attributes:
        row: of the query.
        label: its class.
        score: 0..1.
        mask: [Hs, Ws] bool.
    """

    row: int
    label: int
    score: float
    mask: Tensor


def panoptic_pieces(answers: FrameAnswers, config: InferenceConfig) -> list[Piece]:
    """Pieces that do not overlap, in the order of the queries.

    A query takes part if its likeliest answer is a class with more than ``image_threshold``;
    pixels go to the largest score times mask probability; a query that wins less than
    ``overlap_threshold`` of its own mask is left out, and its pixels stay empty.
    """
    score, label = answers.probabilities.max(1)
    rows = ((label < answers.classes) & (score > config.image_threshold)).nonzero()[:, 0]
    if not len(rows):
        return []
    masks = answers.geometry.to_source(answers.mask_logits[rows]).sigmoid()
    winner = (score[rows, None, None] * masks).argmax(0)
    won = winner == torch.arange(len(rows), device=winner.device)[:, None, None]
    inside = masks >= 0.5
    shown = won & inside
    areas = torch.stack([part.flatten(1).sum(1) for part in (won, inside, shown)], 1).tolist()
    labels, scores = label[rows].tolist(), score[rows].tolist()
    return [
        Piece(row, labels[n], scores[n], shown[n])
        for n, (row, (won_area, area, shown_area)) in enumerate(
            zip(rows.tolist(), areas, strict=True)
        )
        if shown_area and won_area >= config.overlap_threshold * area
    ]


def best_pairs(answers: FrameAnswers, config: InferenceConfig) -> list[tuple[int, int, float]]:
    """(query, class, probability) of the ``max_detections`` likeliest pairs, best first."""
    scores = answers.probabilities[:, :-1].flatten()
    best, index = scores.topk(min(config.max_detections, len(scores)))
    return [
        (i // answers.classes, i % answers.classes, value)
        for i, value in zip(index.tolist(), best.tolist(), strict=True)
    ]


def instance_mask(answers: FrameAnswers, row: int) -> tuple[Tensor, float]:
    """Mask [Hs, Ws] of a query, and its quality: the mean mask probability inside."""
    logits = answers.geometry.to_source(answers.mask_logits[row])
    inside = logits > 0
    total = float((logits.sigmoid() * inside).sum())
    return inside, total / (float(inside.sum()) + _EPSILON)


def class_map(answers: FrameAnswers) -> tuple[Tensor, Tensor]:
    """[Hs, Ws] likeliest class of every pixel and its score.

    A score is the sum over the queries of class probability times mask probability.
    """
    labels, scores = [], []
    for band in answers.geometry.source_bands(answers.mask_logits):
        sums = torch.einsum("qk,qhw->khw", answers.probabilities[:, :-1], band.sigmoid())
        best, label = sums.max(0)
        labels.append(label)
        scores.append(best)
    return torch.cat(labels), torch.cat(scores)
