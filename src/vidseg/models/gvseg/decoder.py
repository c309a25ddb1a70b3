"""Decoder of queries that belong to a whole clip, told the shape and place of their objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from ..decoder.heads import PredictionHeads
from ..decoder.mask_decoder import DecoderLayer, MaskDecoder
from ..decoder.predictor import Scene, attention_allowed, open_blocked_rows
from ..decoder.tensors import DecoderOutput, FrameFeatures, Prediction
from .query_init import InitialQueries

Describe: TypeAlias = Callable[[Prediction], Tensor]
"""Prediction of the layer before -> descriptors [B, Q, C], 0 for queries without an object."""
DescribeMasks: TypeAlias = Callable[[Tensor], Tensor]
"""Mask logits [B, Q, h, w] of the middle frame -> descriptors [B, Q, C]."""


class ClipDecoder(MaskDecoder):
    """UniVS' decoder layers with one query for all T frames (GvSeg Eq. 1, 2 and 5).

    A query reads the cells of all frames at once. Their time is the place in the clip, as for
    UniVS with the temporal encoding ``clip``: the index in the video would tell nothing more
    to queries that live for one clip. With one frame it is the same for all cells, so that no
    query can notice it, and the decoder is that of UniVS and of Mask2Former.
    """

    def decode(
        self,
        features: FrameFeatures,
        frames: int,
        queries: InitialQueries,
        class_embeddings: Tensor | None,
        *,
        describe: Describe | None = None,
        describe_masks: DescribeMasks | None = None,
        auxiliary: bool = False,
    ) -> DecoderOutput:
        """See :meth:`vidseg.models.gvseg.model.GvSeg.decode`.

        Args:
            describe: gives the descriptors that are added before self-attention.
            describe_masks: the same from the middle frame alone, called for described queries
                only, which is less work; not looked at beside ``describe``. Without both no
                descriptors are added.
        """
        scene = self._clip_scene(features, frames)
        B = len(scene.mask_features)
        content, position = (x.expand(B, -1, -1) for x in (queries.content, queries.position))
        rows = queries.described.nonzero()[:, 0] if describe_masks is not None else None
        predictions: list[Prediction] = []
        for i, layer in enumerate(self.layers):
            assert isinstance(layer, DecoderLayer)
            at = i % len(scene.sizes)
            if auxiliary or describe is not None:
                predictions.append(self._predict(content, scene, class_embeddings))
                masks = predictions[-1].mask_logits
            else:
                masks = self._masks(content, scene.small_mask_features[at])
            described = None
            if describe is not None:
                described = describe(predictions[-1])
            elif describe_masks is not None and rows is not None:
                middle = scene.mask_features[:, frames // 2, None]
                told = describe_masks(self._masks(content[:, rows], middle)[:, :, 0])
                described = torch.zeros_like(content).index_copy(1, rows, told.to(content.dtype))
            content = _read_clip(layer, content, position, scene, at, masks)
            if described is not None:
                added = described.detach() * queries.described[:, None]
                content = content + added.to(content.dtype)
            content = layer.queries.alone(content[:, :, None], position[:, :, None])[:, :, 0]
            content = layer.feed_forward(content)
        final = self._predict(content, scene, class_embeddings)
        return DecoderOutput(final, tuple(predictions) if auxiliary else ())

    def _clip_scene(self, features: FrameFeatures, frames: int) -> Scene:
        """Features of B T frames, video-major, with their places in the clip."""
        device = features.mask_features.device
        return self.scene(
            features,
            torch.arange(frames, device=device).expand(len(features) // frames, frames),
        )

    def _masks(self, content: Tensor, mask_features: Tensor) -> Tensor:
        """content [B, Q, C], mask_features [B, T, C_mask, h, w] -> logits [B, Q, T, h, w]."""
        embedding = self.heads.mask_embedding(self.heads.embed(content))
        return torch.einsum("bqc,btchw->bqthw", embedding, mask_features)

    def _predict(self, content: Tensor, scene: Scene, classes: Tensor | None) -> Prediction:
        embeddings = self.heads.embed(content)[:, :, None]
        logits = None
        if classes is not None:
            assert isinstance(self.heads, PredictionHeads)
            logits = self.heads.class_logits(embeddings, classes)
        masks = self._masks(content, scene.mask_features)
        return Prediction(masks, logits, embeddings, learnable=content.shape[1])


def _read_clip(
    layer: DecoderLayer, content: Tensor, position: Tensor, scene: Scene, at: int, masks: Tensor
) -> Tensor:
    """Queries [B, Q, C] read the cells of all frames where their masks [B, Q, T, h, w] are.

    A query whose mask is empty in all frames reads everything; one that is gone from some frames
    reads nothing of these.
    """
    T = masks.shape[2]
    level, place = (
        x.unflatten(0, (-1, T)).flatten(1, 2) for x in (scene.levels[at], scene.positions[at])
    )
    allowed = attention_allowed(masks, scene.sizes[at])  # [B T, 1, Q, h w]
    allowed = allowed.unflatten(0, (-1, T)).movedim(1, 3).flatten(3)
    query = content + position
    out: Tensor = layer.image(content, query, level + place, level, open_blocked_rows(allowed))
    return out
