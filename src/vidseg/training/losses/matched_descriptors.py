"""True shape-position descriptors for the queries that were matched (GvSeg §3.1, after Eq. 5)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput, Prediction
from ...models.gvseg.shape_position import DescriptorConfig, descriptors
from .config import LossConfig
from .matcher import Assignment, assign_clip
from .output_streams import in_full_precision, without_autocast
from .targets import ClipTargets


@torch.no_grad()
def target_descriptors(
    masks: Tensor, size: tuple[int, int], config: DescriptorConfig, width: int
) -> Tensor:
    """Descriptors [N, width] of what the middle frame of masks [N, T, H, W] shows; 0 for nothing.

    They are measured on the decoder's grid of ``size`` (h, w), as those of predicted masks are:
    a cell belongs to an object that covers half of it.
    """
    middle = masks[:, masks.shape[1] // 2]
    if not len(middle):
        return torch.zeros(0, width, device=masks.device)
    with without_autocast(masks.device):
        cells = F.interpolate(middle[None].float(), size=size, mode="area")[0] >= 0.5
        return descriptors(cells, config, width)


class MatchedDescriptors:
    """A ``describe`` callback: 1^{l-1} · H.

    Args:
        clips: targets of B clips.
        tables: of each clip, descriptors [N, C] of the rows of its targets.
        losses: weights and points of the matching.

    Attributes:
        made: assignments of the B clips, for every prediction that was described.
    """

    def __init__(
        self, clips: Sequence[ClipTargets], tables: Sequence[Tensor], losses: LossConfig
    ) -> None:
        self.made: list[list[Assignment]] = []
        self._clips, self._losses = clips, losses
        self._tables = [t[c.is_target] for c, t in zip(clips, tables, strict=True)]

    @torch.no_grad()
    def __call__(self, prediction: Prediction) -> Tensor:
        """[B, Q, C] of the prediction of the layer before; 0 for queries without a match."""
        with without_autocast(prediction.mask_logits.device):
            whole = in_full_precision(DecoderOutput(prediction)).final
            made = [assign_clip(whole, b, c, self._losses) for b, c in enumerate(self._clips)]
        self.made.append(made)
        B, Q, _, C = prediction.embeddings.shape
        told = self._tables[0].new_zeros(B, Q, C)
        for b, own in enumerate(made):
            told[b, own.queries] = self._tables[b][own.targets]
        return told


class OwnDescriptors:
    """A ``describe`` callback for queries that own their target without matching (EVS).

    Args:
        descriptors: [B, Q, C].
    """

    def __init__(self, descriptors: Tensor) -> None:
        self._descriptors = descriptors
        self.made: list[list[Assignment]] = []

    def __call__(self, prediction: Prediction) -> Tensor:
        """The same for every layer."""
        return self._descriptors
