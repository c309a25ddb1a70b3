"""GvSeg: one network for four tasks that start its queries differently, offered as verbs.

It holds no state of any video: the caller keeps features and tracks. Classes are words, compared
with text embeddings as in UniVS, where the paper has a linear classifier for each dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ...backbones.registry import build_backbone
from ..decoder.tensors import DecoderOutput, FrameFeatures
from ..files.pretrained import SavedModel
from ..pixel.registry import PixelDecoder, build_pixel_decoder
from ..prompts.regions import VisualRegions
from .class_prototypes import ClassPrototypes
from .config import GvSegConfig
from .decoder import ClipDecoder, Describe
from .query_init import InitialQueries, QueryInit
from .shape_position import descriptors

QueryTask: TypeAlias = Literal["vis", "vss", "vps"]


class GvSeg(SavedModel):
    """Image encoder, initial queries and clip decoder (Chen et al., ECCV 2024)."""

    config_type = GvSegConfig
    config: GvSegConfig

    def __init__(self, config: GvSegConfig) -> None:
        super().__init__(config)
        self.backbone = build_backbone(config.backbone)
        self.pixel_decoder: PixelDecoder = build_pixel_decoder(
            config.pixel_decoder, self.backbone.spec
        )
        self.mask_decoder = ClipDecoder(config.decoder.mask_decoder, config.pixel_decoder.mask_dim)
        self.query_init = QueryInit(config.decoder.hidden)
        self.prototypes = ClassPrototypes(config.classes, config.decoder.hidden)

    def encode_frames(self, images: Tensor) -> FrameFeatures:
        """As :meth:`vidseg.models.univs.model.UniVS.encode_frames`: [N, 3, H, W] to features."""
        levels, mask_features = self.pixel_decoder(self.backbone(images))
        return FrameFeatures(levels, mask_features)

    def exemplar_queries(
        self,
        features: FrameFeatures,
        regions: VisualRegions,
        generator: torch.Generator | None = None,
    ) -> InitialQueries:
        """A described query for each row of ``regions`` (GvSeg Eq. 7), B = 1.

        Args:
            features: of the frame of the exemplars alone.
            generator: see :meth:`.query_init.QueryInit.exemplars`.
        """
        level = self.mask_decoder.embed_levels(features)[2]
        return self.query_init.exemplars(level, regions, self.config.samples, generator)

    def grid_queries(
        self, features: FrameFeatures, frames: int, generator: torch.Generator | None = None
    ) -> InitialQueries:
        """``decoder.queries`` described queries out of cells of each middle frame (GvSeg Eq. 8).

        Args:
            features: of B T frames, video-major.
            frames: T.
            generator: see :meth:`.query_init.QueryInit.grid`.
        """
        middle = self.mask_decoder.embed_levels(features)[2][frames // 2 :: frames]
        config = self.config
        return self.query_init.grid(middle, config.grid, config.decoder.queries, generator)

    def class_queries(self, names: Sequence[str]) -> InitialQueries:
        """A query without descriptors for each class (GvSeg Eq. 9), B = 1.

        Prototypes have no position. Names that were never seen in training take learned queries
        one after the other, and from the first again where there are more of them.
        """
        values, seen = self.prototypes.lookup(names)
        learned = ((~seen).cumsum(0) - 1).clamp(min=0) % self.config.decoder.queries
        content, position = (
            table.weight[learned]
            for table in (self.mask_decoder.query_content, self.mask_decoder.query_position)
        )
        return InitialQueries(
            torch.where(seen[:, None], values.to(content.dtype), content)[None],
            position.masked_fill(seen[:, None], 0)[None],
            torch.zeros_like(seen),
        )

    def learned_queries(
        self, count: int | None = None, *, described: bool = True
    ) -> InitialQueries:
        """The first ``count`` of the learned table, all of them by default; B = 1."""
        content, position = (
            table.weight[None, :count]
            for table in (self.mask_decoder.query_content, self.mask_decoder.query_position)
        )
        flags = torch.full(content.shape[1:2], described, device=content.device)
        return InitialQueries(content, position, flags)

    def task_queries(
        self,
        task: QueryTask,
        features: FrameFeatures,
        frames: int,
        names: Sequence[str] = (),
        generator: torch.Generator | None = None,
    ) -> InitialQueries:
        """The queries of a task that has no exemplars.

        VIS: the grid. VSS: a query for each of ``names``. VPS: the grid, then a query for each of
        ``names``, which are the stuff classes. With ``initial="learned"`` the learned table in
        all of them, without descriptors in VSS.
        """
        if self.config.initial == "learned":
            return self.learned_queries(described=task != "vss")
        if task == "vss":
            return self.class_queries(names)
        things = self.grid_queries(features, frames, generator)
        return InitialQueries.cat((things, self.class_queries(names))) if task == "vps" else things

    def decode(
        self,
        features: FrameFeatures,
        frames: int,
        queries: InitialQueries,
        class_embeddings: Tensor | None = None,
        *,
        describe: Describe | None = None,
        auxiliary: bool | None = None,
    ) -> DecoderOutput:
        """Masks, classes and embeddings of Q queries of each of B clips.

        Args:
            features: of B T frames, video-major.
            frames: T.
            class_embeddings: [K, D_t] or [B, K, D_t]; None: no class logits.
            describe: descriptors that are added to the described queries (GvSeg Eq. 5); by default
                those of their own masks in the layer before, at the middle frame. No gradient
                passes. It is not called where ``config.shape_aware`` is False.
            auxiliary: whether to give the predictions before the last; default: in training.

        Returns:
            Predictions with masks [B, Q, T, H/4, W/4] and embeddings [B, Q, 1, C].
        """
        aware = self.config.shape_aware
        return self.mask_decoder.decode(
            features,
            frames,
            queries,
            class_embeddings,
            describe=describe if aware else None,
            describe_masks=self._describe if aware and describe is None else None,
            auxiliary=self.training if auxiliary is None else auxiliary,
        )

    @torch.no_grad()
    def _describe(self, mask_logits: Tensor) -> Tensor:
        """mask_logits [B, Q, h, w] -> [B, Q, C]."""
        masks = (mask_logits > 0).flatten(0, 1)
        told = descriptors(masks, self.config.descriptor, self.config.decoder.hidden)
        own: Tensor = told.unflatten(0, mask_logits.shape[:2])
        return own
