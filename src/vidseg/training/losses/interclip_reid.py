"""ReID over the clips of a long video (UniVS Eq. 5, L_reid, stage 3): one object, one embedding."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput
from .config import LossConfig
from .criterion import Comparison
from .output_streams import split_streams
from .reid_loss import interclip_losses
from .targets import ClipTargets, PromptTargets

Place = tuple[int, int]
"""Number of a prediction, number of a video."""


class InterclipReid:
    """Collects the embeddings of all clips of B videos; both streams together.

    Category prompts mean classes and take no part. Prediction 0, before the first layer, is left
    out.
    """

    def __init__(self, config: LossConfig) -> None:
        self._config = config
        self._embeddings: dict[Place, list[Tensor]] = {}
        self._ids: dict[Place, list[Tensor]] = {}
        self._layers = 0

    def add(
        self,
        output: DecoderOutput,
        comparison: Comparison,
        clips: Sequence[ClipTargets],
        prompts: PromptTargets | None,
    ) -> None:
        """Adds one clip of each video; rows of ``clips`` are the same objects in all clips."""
        if self._config.reid <= 0 and self._config.reid_aux <= 0:
            return
        predictions = (*output.auxiliary, output.final)
        self._layers = len(predictions) - 1
        for layer in range(1, len(predictions)):
            learnable, asked = split_streams(predictions[layer])
            for b, (queries, rows) in enumerate(comparison.matches[layer]):
                own = clips[b].is_target.nonzero().flatten()[rows]
                seen = clips[b].masks[own].flatten(2).any(2)
                self._put((layer, b), learnable.embeddings[b, queries], own, seen)
            if prompts is None or prompts.kind == "category":
                continue
            seen = prompts.masks.flatten(3).any(3) & (prompts.rows >= 0)[..., None]
            for b, rows in enumerate(prompts.rows):
                self._put((layer, b), asked.embeddings[b], rows, seen[b])

    def terms(self) -> dict[str, Tensor]:
        """Weighted terms: means over the videos, summed over the predictions."""
        config = self._config
        totals: dict[str, list[Tensor]] = {"reid_interclip": [], "reid_interclip_aux": []}
        videos = max(len({b for _, b in self._embeddings}), 1)
        for (layer, b), parts in self._embeddings.items():
            weight = (1.0 if layer == self._layers else config.auxiliary) / videos
            pair = interclip_losses(torch.cat(parts), torch.cat(self._ids[layer, b]))
            scales = (config.reid, config.reid_aux)
            for name, scale, loss in zip(totals, scales, pair, strict=True):
                if scale > 0 and weight > 0:
                    totals[name].append(scale * weight * loss)
        return {name: torch.stack(losses).sum() for name, losses in totals.items() if losses}

    def _put(self, place: Place, embeddings: Tensor, ids: Tensor, seen: Tensor) -> None:
        """embeddings [M, T, C]; ids [M]; seen [M, T]."""
        if not bool(seen.any()):
            return
        self._embeddings.setdefault(place, []).append(embeddings[seen])
        self._ids.setdefault(place, []).append(ids[:, None].expand_as(seen)[seen])
