"""Configuration of UniVS."""

from __future__ import annotations

from dataclasses import dataclass

from ...backbones.registry import BackboneConfig
from ...errors import ModelError
from ..decoder.config import MaskDecoderConfig
from ..files.config_values import SavedConfig
from ..pixel.registry import PixelDecoderConfig
from ..text.encoder import TextConfig
from .propagation import PropagationConfig


@dataclass(frozen=True, kw_only=True)
class UniVSConfig(SavedConfig):
    """Everything that is needed to build a :class:`vidseg.models.univs.model.UniVS`.

    Attributes:
        propagation: pixel-level memory read-out; None in every published model.
        text: encoder of names and sentences; it is not a part of the model's own weights.
        pixel_mean, pixel_std: normalisation of 0..255 RGB.
    """

    backbone: BackboneConfig
    pixel_decoder: PixelDecoderConfig
    decoder: MaskDecoderConfig
    text: TextConfig | None = None
    propagation: PropagationConfig | None = None
    pixel_mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    pixel_std: tuple[float, float, float] = (58.395, 57.12, 57.375)

    def __post_init__(self) -> None:
        if self.pixel_decoder.hidden != self.decoder.hidden:
            raise ModelError(
                f"pixel_decoder.hidden is {self.pixel_decoder.hidden} but decoder.hidden is "
                f"{self.decoder.hidden}; make them equal."
            )
