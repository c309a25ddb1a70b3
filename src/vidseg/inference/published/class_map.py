"""The released class map of VSS: settled on the input's pixels, then resized as labels."""

from __future__ import annotations

import torch
from torch import Tensor

from ...types import IdMap
from ..frame_geometry import FrameGeometry
from ..mask_scores import class_scores, means_of_winners


class PixelClassMap:
    """As :class:`vidseg.inference.policies.semantic.CellClassMap`, on the input's pixels."""

    def scores(self, geometry: FrameGeometry, weights: Tensor, logits: Tensor) -> Tensor:
        """[K, H, W] class scores of the input's pixels that show the picture."""
        return class_scores(weights, geometry.crop(geometry.to_padded(logits)))

    def settle(self, geometry: FrameGeometry, scores: Tensor, least: float) -> tuple[IdMap, Tensor]:
        """[Hs, Ws] classes, -1 below ``least``, and [K] mean scores, out of [K, H, W] scores."""
        best, winner = scores.max(0)
        classes = torch.where(best >= least, winner, -1)
        return geometry.labels_to_source(classes), means_of_winners(winner, best, len(scores))
