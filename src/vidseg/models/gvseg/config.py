"""Configuration of GvSeg: UniVS' parts, and what the paper's Table 4 switches in the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ...backbones.registry import BackboneConfig
from ...errors import ModelError
from ..decoder.config import MaskDecoderConfig
from ..files.config_values import SavedConfig
from ..pixel.registry import PixelDecoderConfig
from ..text.encoder import TextConfig
from .shape_position import DescriptorConfig


@dataclass(frozen=True, kw_only=True)
class GvSegDecoderConfig:
    """Decoder of queries that belong to a clip (GvSeg §3.2: Mask2Former, 100 queries).

    Attributes:
        hidden: C, the same as the pixel decoder's.
        layers: decoder layers; there is one more prediction than layers.
        queries: N, of the grid and of the learned table.
        text_dim: D_t, width of the text space.
    """

    hidden: int = 256
    heads: int = 8
    layers: int = 9
    ffn: int = 2048
    queries: int = 100
    text_dim: int = 256

    @property
    def mask_decoder(self) -> MaskDecoderConfig:
        """As UniVS' decoder without prompts; time is the place in the clip."""
        return MaskDecoderConfig(
            hidden=self.hidden,
            heads=self.heads,
            layers=self.layers,
            ffn=self.ffn,
            queries=self.queries,
            text_dim=self.text_dim,
            proca=False,
            temporal_encoding="clip",
        )


@dataclass(frozen=True, kw_only=True)
class GvSegConfig(SavedConfig):
    """Everything that is needed to build a :class:`vidseg.models.gvseg.model.GvSeg`.

    Attributes:
        descriptor: histogram of shape and position (paper Table 4c).
        text: encoder of names; it is not a part of the model's own weights.
        grid: S, cells of the initial queries along each side of the picture (GvSeg Eq. 8).
        samples: points that stand for the mask or box of an exemplar (GvSeg Eq. 7).
        classes: names that prototypes are kept for (GvSeg Eq. 9).
        shape_aware: whether descriptors are added in the decoder (GvSeg Eq. 5, Table 4a).
        initial: ``task``: queries start as the task says (paper Table 4a); ``learned``: all but
            exemplars start from the learned table, as in Mask2Former.
        pixel_mean, pixel_std: normalisation of 0..255 RGB.
    """

    backbone: BackboneConfig
    pixel_decoder: PixelDecoderConfig
    decoder: GvSegDecoderConfig
    descriptor: DescriptorConfig = field(default_factory=DescriptorConfig)
    text: TextConfig | None = None
    grid: int = 16
    samples: int = 32
    classes: tuple[str, ...] = ()
    shape_aware: bool = True
    initial: Literal["task", "learned"] = "task"
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    def __post_init__(self) -> None:
        if self.pixel_decoder.hidden != self.decoder.hidden:
            raise ModelError(
                f"pixel_decoder.hidden is {self.pixel_decoder.hidden} but decoder.hidden is "
                f"{self.decoder.hidden}; make them equal."
            )
        if self.grid**2 < self.decoder.queries:
            raise ModelError(
                f"grid is {self.grid}, which gives {self.grid**2} cells, but decoder.queries is "
                f"{self.decoder.queries}; choose a finer grid or fewer queries."
            )
        if self.samples < 1:
            raise ModelError(f"samples is {self.samples}; give at least 1.")
        if len(set(self.classes)) < len(self.classes):
            raise ModelError("classes holds a name twice; give every name once.")
