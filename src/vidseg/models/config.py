"""Configuration of a whole model: frozen values, one dataclass per part, exact JSON round trip."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args, get_type_hints

from ..errors import ModelError, nearest_hint
from ..formats.plain_values import typed

if TYPE_CHECKING:
    from ..backbones.registry import BackboneConfig
    from .text.clip_text import ClipTextConfig
    from .text.static_text import StaticTextConfig
    from .univs.propagation import PropagationConfig

    TextConfig: TypeAlias = ClipTextConfig | StaticTextConfig

Separation = Literal["sep", "sep-entity", "sep-learnable", "none"]
TemporalEncoding = Literal["absolute", "clip"]


@dataclass(frozen=True, kw_only=True)
class DeformablePixelDecoderConfig:
    """Multi-scale deformable pixel decoder of Mask2Former, the published one."""

    hidden: int = 256
    mask_dim: int = 256
    heads: int = 8
    points: int = 4
    layers: int = 6
    ffn: int = 1024


@dataclass(frozen=True, kw_only=True)
class LightPixelDecoderConfig:
    """Feature pyramid without attention, for small models."""

    hidden: int = 96
    mask_dim: int = 96


PixelDecoderConfig: TypeAlias = DeformablePixelDecoderConfig | LightPixelDecoderConfig


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
            ``sep-learnable``: prompts also see learnable queries; ``none``: all see all.
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
            ("separation", self.separation, ("sep", "sep-entity", "sep-learnable", "none")),
            ("temporal_encoding", self.temporal_encoding, ("absolute", "clip")),
        ):
            if value not in allowed:
                raise ModelError(f"decoder.{name} is {value!r}; use one of {', '.join(allowed)}.")


@dataclass(frozen=True, kw_only=True)
class UniVSConfig:
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

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; each part carries its ``kind``."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> UniVSConfig:
        """Inverse of :meth:`to_dict`. Raises ModelError naming what is unknown or missing."""
        config = from_plain({"kind": "univs", **values}, "config")
        if not isinstance(config, UniVSConfig):
            raise ModelError(f"config: kind {values.get('kind')!r} is not 'univs'.")
        return config


# Where each kind of part lives. Names, not classes, so that reading a config of one backbone
# imports that backbone alone.
_NEAREST = "; the nearest known is {!r}"
_KINDS: dict[str, tuple[str, str]] = {
    "univs": ("vidseg.models.config", "UniVSConfig"),
    "mask2former": ("vidseg.models.mask2former", "Mask2FormerConfig"),
    "gvseg": ("vidseg.models.gvseg.config", "GvSegConfig"),
    "gvseg_decoder": ("vidseg.models.gvseg.config", "GvSegDecoderConfig"),
    "shape_position": ("vidseg.models.gvseg.shape_position", "DescriptorConfig"),
    "mask_decoder": ("vidseg.models.config", "MaskDecoderConfig"),
    "deformable": ("vidseg.models.config", "DeformablePixelDecoderConfig"),
    "light": ("vidseg.models.config", "LightPixelDecoderConfig"),
    "resnet": ("vidseg.backbones.resnet", "ResNetConfig"),
    "swin": ("vidseg.backbones.swin", "SwinConfig"),
    "efficientnet_lite": ("vidseg.backbones.efficientnet_lite", "EfficientNetLiteConfig"),
    "clip_text": ("vidseg.models.text.clip_text", "ClipTextConfig"),
    "static_text": ("vidseg.models.text.static_text", "StaticTextConfig"),
    "propagation": ("vidseg.models.univs.propagation", "PropagationConfig"),
}
_KIND_OF_CLASS = {name: kind for kind, (_, name) in _KINDS.items()}


def to_plain(value: Any) -> Any:
    """Values for JSON; a dataclass becomes its fields and its ``kind``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"kind": _KIND_OF_CLASS[type(value).__name__], **parts}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(value: Mapping[str, Any], where: str) -> Any:
    """Inverse of :func:`to_plain`; ``where`` is named by the ModelError for what is wrong."""
    parts = dict(value)
    kind = parts.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        hint = nearest_hint(str(kind), _KINDS, _NEAREST)
        raise ModelError(f"{where}: unknown kind {kind!r}{hint}.")
    module, name = _KINDS[kind]
    cls = getattr(importlib.import_module(module), name)
    known = {f.name: f for f in dataclasses.fields(cls)}
    for key in parts:
        if key not in known:
            raise ModelError(f"{where}: unknown key {key!r}{nearest_hint(key, known, _NEAREST)}.")
    missing = [
        key
        for key, f in known.items()
        if key not in parts
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ModelError(f"{where}: missing {', '.join(missing)}.")
    hints = _hints(cls)
    return cls(**{key: _part(part, hints[key], f"{where}.{key}") for key, part in parts.items()})


def _part(value: Any, hint: Any, where: str) -> Any:
    """A value of a dataclass: a part with a ``kind`` of its own, or a simple one."""
    choices = get_args(hint) or (hint,)
    kinds = [kind for kind, (_, name) in _KINDS.items() if name in _names(choices)]
    if not kinds:
        try:
            return typed(value, hint, where)
        except ValueError as error:
            raise ModelError(str(error)) from error
    if value is None and NoneType in choices:
        return None
    if not isinstance(value, Mapping):
        raise ModelError(f"{where} needs a part of kind {' or '.join(kinds)}, not {value!r}.")
    part = from_plain(value, where)
    if not isinstance(part, choices):
        raise ModelError(f"{where} is of kind {value['kind']!r}; use {' or '.join(kinds)}.")
    return part


def _names(classes: tuple[Any, ...]) -> set[str]:
    return {cls.__name__ for cls in classes if isinstance(cls, type)}


def _hints(cls: type) -> dict[str, Any]:
    """Field → type; those that are only imported for type checkers are imported here."""
    from ..backbones.registry import BackboneConfig
    from .text.clip_text import ClipTextConfig
    from .text.static_text import StaticTextConfig
    from .univs.propagation import PropagationConfig

    local = {
        "BackboneConfig": BackboneConfig,
        "TextConfig": ClipTextConfig | StaticTextConfig,
        "PropagationConfig": PropagationConfig,
    }
    return get_type_hints(cls, localns=local)
