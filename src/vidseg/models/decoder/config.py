"""Configuration of the mask decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ...errors import ModelError

Separation = Literal["sep", "sep-entity", "sep-learnable", "sep-entity-learnable", "none"]
TemporalEncoding = Literal["absolute", "clip"]


@dataclass(frozen=True, kw_only=True)
class MaskDecoderConfig:
    """Unified video mask decoder, with every switch that the papers ablate.

    Attributes:
        hidden: C, the same as the pixel decoder's.
        layers: decoder layers; there is one more prediction than layers.
        queries: learnable queries.
        text_dim: D_t, width of the text space.
        separation: who sees whom in self-attention (paper supplement, Table 4a). ``sep``:
            learnable and prompt queries apart; ``sep-entity``: each prompt alone too;
            ``sep-learnable``: prompts also see learnable queries, and each other, as released;
            ``sep-entity-learnable``: they see these but not each other, as the paper has it;
            ``none``: all see all.
            Expressions never see each other, except under ``none``.
        proca: prompt cross-attention in every layer (paper Table 4a).
        prompts_as_queries: False gives the baseline of Table 4a and of SEEM: prompt tokens are
            only further keys of the learnable queries, and the answer for a prompt is that of
            the learnable query most like it.
        temporal_encoding: ``absolute`` frame index / 128, or position within the ``clip``.
        grounding_average: average the mask of an expression with that of the most similar
            learnable query when not training, as the released code does.
        shuffle_mask_embeddings: permute mask embeddings over time in training.
    """

    hidden: int = 256
    heads: int = 8
    layers: int = 9
    ffn: int = 2048
    queries: int = 200
    text_dim: int = 640
    separation: Separation = "sep"
    proca: bool = True
    prompts_as_queries: bool = True
    temporal_encoding: TemporalEncoding = "absolute"
    grounding_average: bool = True
    shuffle_mask_embeddings: bool = True

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("separation", self.separation, get_args(Separation)),
            ("temporal_encoding", self.temporal_encoding, get_args(TemporalEncoding)),
        ):
            if value not in allowed:
                raise ModelError(f"decoder.{name} is {value!r}; use one of {', '.join(allowed)}.")
