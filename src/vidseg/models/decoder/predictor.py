"""From the streams of queries to predictions, at full size or at the size of one level."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .heads import MaskHeads, PredictionHeads, time_mean_cosine
from .query_streams import PromptRule, QueryStream
from .tensors import Prediction, PromptQueries

Fuse = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(mask_logits, embeddings, maps, mask_features) -> mask_logits, see ``Propagation.fuse``."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What all layers look at, prepared once for a clip.

    Attributes:
        levels, positions: three of [B T, h w, C], strides 32, 16, 8.
        sizes: (h, w) of the levels.
        mask_features: [B, T, C_mask, H/4, W/4].
        small_mask_features: the same at the size of each level.
    """

    levels: tuple[Tensor, ...]
    positions: tuple[Tensor, ...]
    sizes: tuple[tuple[int, int], ...]
    mask_features: Tensor
    small_mask_features: tuple[Tensor, ...]


class Predictor:
    """Applies the heads to the streams of one run of the decoder."""

    def __init__(
        self,
        heads: MaskHeads,
        rule: PromptRule,
        prompts: PromptQueries | None,
        class_embeddings: Tensor | None,
        fuse: Fuse | None,
        shuffle: bool,
    ) -> None:
        self.heads = heads
        self.rule = rule
        self.prompts = prompts
        self.class_embeddings = class_embeddings
        self.fuse = None if prompts is None or prompts.maps is None else fuse
        self.shuffle = shuffle

    def predict(
        self, streams: Sequence[QueryStream], mask_features: Tensor
    ) -> tuple[list[Tensor], Prediction]:
        """Mask logits [B, Q, T, H/4, W/4] of each stream, and the prediction as a whole."""
        embeddings = [self.heads.embed(stream.content) for stream in streams]
        masks = self._masks(streams, embeddings, mask_features, mask_features)
        all_masks, all_embeddings = torch.cat(masks, dim=1), torch.cat(embeddings, dim=1)
        learnable = sum(s.content.shape[1] for s in streams if s.prompts is None)
        if self.rule.answers and self.prompts is not None:
            rows = self._answering_rows(all_embeddings, self.prompts)
            all_masks = torch.cat((all_masks, _take(all_masks, rows)), dim=1)
            all_embeddings = torch.cat((all_embeddings, _take(all_embeddings, rows)), dim=1)
        classes = self._classes(all_embeddings)
        return masks, Prediction(all_masks, classes, all_embeddings, learnable)

    def level_masks(self, streams: Sequence[QueryStream], scene: Scene, at: int) -> list[Tensor]:
        """Mask logits [B, Q, T, h, w] of each stream at the size of level ``at``.

        Resizing is linear, hence resizing the mask features beforehand gives the same logits
        for a fraction of the work.
        """
        embeddings = [self.heads.embed(stream.content) for stream in streams]
        return self._masks(streams, embeddings, scene.small_mask_features[at], scene.mask_features)

    def _masks(
        self,
        streams: Sequence[QueryStream],
        embeddings: Sequence[Tensor],
        features: Tensor,
        full_features: Tensor,
    ) -> list[Tensor]:
        order = None
        if self.shuffle:
            order = torch.randperm(features.shape[1], device=features.device)
        masks = []
        for stream, embedding in zip(streams, embeddings, strict=True):
            if stream.prompts is None or self.fuse is None:
                masks.append(self.heads.mask_logits(embedding, features, order))
                continue
            # The maps of the pixel memory are fused at full size: that part is not linear.
            assert stream.prompts.maps is not None
            logits = self.heads.mask_logits(embedding, full_features, order)
            fused = self.fuse(logits, embedding, stream.prompts.maps, full_features)
            masks.append(resize_masks(fused, (features.shape[-2], features.shape[-1])))
        if self.rule.average and len(streams) == 2:
            rows = time_mean_cosine(embeddings[1], embeddings[0]).argmax(-1)
            masks[1] = (masks[1] + _take(masks[0], rows)) / 2
        return masks

    def _answering_rows(self, learnable: Tensor, prompts: PromptQueries) -> Tensor:
        """Index [B, Q_p] of the learnable query most like each prompt."""
        return time_mean_cosine(self.heads.embed(prompts.query), learnable).argmax(-1)

    def _classes(self, embeddings: Tensor) -> Tensor | None:
        if self.class_embeddings is None:
            return None
        assert isinstance(self.heads, PredictionHeads), "a model of fixed classes knows no words"
        if self.prompts is not None and self.prompts.kind == "expression":
            return self.heads.sentence_logits(embeddings, self.class_embeddings)
        return self.heads.class_logits(embeddings, self.class_embeddings)


def resize_masks(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, Q, T, h, w] -> [B, Q, T, *size], bilinear."""
    if logits.shape[-2:] == size:
        return logits
    resized = F.interpolate(logits.flatten(1, 2), size=size, mode="bilinear")
    frames: Tensor = resized.unflatten(1, logits.shape[1:3])
    return frames


def attention_allowed(mask_logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Where queries may look: mask logits [B, Q, T, h, w] -> bool [B T, 1, Q, cells of size]."""
    allowed = resize_masks(mask_logits.detach(), size).sigmoid() >= 0.5
    return allowed.transpose(1, 2).flatten(0, 1).flatten(2)[:, None]


def open_blocked_rows(allowed: Tensor) -> Tensor:
    """Lets a query that may look nowhere look everywhere."""
    return allowed | ~allowed.any(-1, keepdim=True)


def _take(values: Tensor, rows: Tensor) -> Tensor:
    """values [B, Q, ...] at rows [B, P] -> [B, P, ...]."""
    batch = torch.arange(len(values), device=values.device)[:, None]
    return values[batch, rows]
