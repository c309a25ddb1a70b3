"""Configurations of models as plain values: exact JSON round trip, each part with its ``kind``."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from ...errors import ModelError, nearest_hint
from ...formats.plain_values import shown, typed

_Config = TypeVar("_Config", bound="SavedConfig")

# Where each kind of part lives. Names, not classes: the parts import this module.
_NEAREST = "; the nearest known is {!r}"
_KINDS: dict[str, tuple[str, str]] = {
    "univs": ("vidseg.models.univs.config", "UniVSConfig"),
    "mask2former": ("vidseg.models.mask2former", "Mask2FormerConfig"),
    "gvseg": ("vidseg.models.gvseg.config", "GvSegConfig"),
    "gvseg_decoder": ("vidseg.models.gvseg.config", "GvSegDecoderConfig"),
    "shape_position": ("vidseg.models.gvseg.shape_position", "DescriptorConfig"),
    "mask_decoder": ("vidseg.models.decoder.config", "MaskDecoderConfig"),
    "deformable": ("vidseg.models.pixel.deformable", "DeformablePixelDecoderConfig"),
    "light": ("vidseg.models.pixel.light", "LightPixelDecoderConfig"),
    "resnet": ("vidseg.backbones.resnet", "ResNetConfig"),
    "swin": ("vidseg.backbones.swin", "SwinConfig"),
    "efficientnet_lite": ("vidseg.backbones.efficientnet_lite", "EfficientNetLiteConfig"),
    "clip_text": ("vidseg.models.text.clip_text", "ClipTextConfig"),
    "static_text": ("vidseg.models.text.static_text", "StaticTextConfig"),
    "propagation": ("vidseg.models.univs.propagation", "PropagationConfig"),
}
_KIND_OF_CLASS = {name: kind for kind, (_, name) in _KINDS.items()}
_DEFAULT = "univs"
"""The kind of the first models that were saved, which did not write it down."""


_WHOLE = (1, 1 << 16)
_ANY = (-1e6, 1e6)
_RANGES: dict[str, tuple[float, float]] = {
    "depths": (1, 512),
    "layers": (0, 512),
    "heads": (1, 512),
    "queries": (0, 1 << 16),
    "vocabulary": (1, 1 << 24),
    "recent_frames": (0, 1 << 16),
    "anchor_frames": (0, 1 << 16),
    "halo": (0, 1 << 16),
    "drop_path": (0, 1),
    "pixel_std": (1e-6, 1e6),
}
"""Key of any part → least and most; of other whole numbers ``_WHOLE``, of others ``_ANY``."""


class SavedConfig:
    """Configuration of a whole model, a dataclass that config.json holds."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; each part carries its ``kind``."""
        plain: dict[str, Any] = _to_plain(self)
        return plain

    @classmethod
    def from_dict(cls: type[_Config], values: Mapping[str, Any]) -> _Config:
        """Inverse of :meth:`to_dict`; on SavedConfig itself it takes any kind of model.

        Values without a ``kind`` are those of a UniVS.

        Raises ModelError naming what is unknown or missing.
        """
        config = _from_plain({"kind": _DEFAULT, **values}, "config")
        if not isinstance(config, cls):
            kind = _KIND_OF_CLASS.get(cls.__name__, _DEFAULT)
            raise ModelError(f"config: kind {values.get('kind')!r} is not {kind!r}.")
        return config


def _to_plain(value: Any) -> Any:
    """Values for JSON; a dataclass becomes its fields and its ``kind``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: _to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"kind": _KIND_OF_CLASS[type(value).__name__], **parts}
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value


def _from_plain(value: Mapping[str, Any], where: str) -> Any:
    """Inverse of :func:`_to_plain`; ``where`` is named by the ModelError for what is wrong."""
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
    hints = get_type_hints(cls)
    config = cls(**{key: _part(part, hints[key], f"{where}.{key}") for key, part in parts.items()})
    _check_heads(config, where)
    return config


def _part(value: Any, hint: Any, where: str) -> Any:
    """A value of a dataclass: a part with a ``kind`` of its own, or a simple one."""
    choices = get_args(hint) or (hint,)
    kinds = [kind for kind, (_, name) in _KINDS.items() if name in _names(choices)]
    if not kinds:
        try:
            plain = typed(value, hint, where)
        except ValueError as error:
            raise ModelError(str(error)) from error
        _check_range(plain, where)
        return plain
    if value is None and NoneType in choices:
        return None
    if not isinstance(value, Mapping):
        raise ModelError(f"{where} needs a part of kind {' or '.join(kinds)}, not {value!r}.")
    part = _from_plain(value, where)
    if not isinstance(part, choices):
        raise ModelError(f"{where} is of kind {value['kind']!r}; use {' or '.join(kinds)}.")
    return part


def _check_range(value: Any, where: str) -> None:
    """Raises ModelError for a number that no network can have."""
    for number in value if isinstance(value, tuple) else (value,):
        whole = type(number) is int
        least, most = _RANGES.get(where.rpartition(".")[2], _WHOLE if whole else _ANY)
        if isinstance(number, (int, float)) and not least <= number <= most:
            raise ModelError(f"{where} is {shown(number)}; {least} to {most} is wanted.")


def _check_heads(config: Any, where: str) -> None:
    """Raises ModelError where the heads of an attention do not share its channels evenly."""
    heads = getattr(config, "heads", None)
    if isinstance(heads, tuple):
        channels = tuple(config.channels << stage for stage in range(len(heads)))
    else:
        width = getattr(config, "hidden", None) or getattr(config, "width", None)
        heads, channels = (heads,), (width,)
    for number, width in zip(heads, channels, strict=True):
        if number and width and width % number:
            raise ModelError(f"{where}.heads is {number}, which does not divide {width} channels.")


def _names(classes: tuple[Any, ...]) -> set[str]:
    return {cls.__name__ for cls in classes if isinstance(cls, type)}
