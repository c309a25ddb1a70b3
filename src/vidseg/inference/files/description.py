"""Facts about a file of weights or a model, for ``vidseg weights info``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ...errors import ModelError
from ...models.files.checkpoints.filling import Filling
from ...models.files.checkpoints.origin import Origin
from ...models.files.checkpoints.reading import is_hugging_face
from ...models.files.checkpoints.univs import has_average
from ...models.gvseg.config import GvSegConfig
from ...models.loading import ModelConfig, load_config
from ...models.mask2former import Mask2FormerConfig
from ...models.published_weights import Opened, build_published, open_weights
from ...models.shapes import preset_name
from ...models.text.clip_text import text_config
from ...paths import user_path
from ...vocabularies import ALIASES, Vocabulary, get_vocabulary, vocabulary_names
from ..published.scripts import BACKBONES
from .conversion import REPORT_FILE, SETTINGS_FILE, released_settings, tested_as
from .loading import read_report, read_settings
from .stage import stage_of


@dataclass(frozen=True)
class Description:
    """What is known.

    Attributes:
        origin: for people.
        facts: (name, value) for people.
        clip_length: frames that the model sees at once by its settings.
        config: of the model that the weights fill; None for text.
        opened, filling: of a published file.
    """

    origin: str
    facts: tuple[tuple[str, str], ...]
    clip_length: int = 1
    config: ModelConfig | None = None
    opened: Opened | None = None
    filling: Filling | None = None


def describe(path: Path) -> Description:
    """Facts about a file of weights, a folder of Hugging Face, or a model folder.

    Raises ModelError where it cannot be read or is of no known origin.
    """
    path = user_path(path)
    if path.is_dir() and not is_hugging_face(path):
        return _model_folder(path)
    opened = open_weights(path)
    if not opened.origin.is_model:
        return Description(opened.origin.value, tuple(_text_facts(opened)), opened=opened)
    model, filling = build_published(opened)
    facts = (
        *_architecture(model.config, model.state_dict()),
        ("stage", _stage(opened)),
        *_settings(opened, model.config),
        ("classes", _classes(opened)),
        ("averages", _averages(opened)),
        ("complete", _complete(filling)),
    )
    length = _clip_length(released_settings(opened, model.config))
    return Description(opened.origin.value, facts, length, model.config, opened, filling)


def _model_folder(folder: Path) -> Description:
    config, weights = load_config(folder)
    report = read_report(folder)
    facts = [*_architecture(config, weights.state), ("classes", _classes_of(config))]
    if isinstance(config, GvSegConfig):
        seen = int(weights.state["prototypes.seen"].sum())
        facts.append(("prototypes", f"of {seen} classes out of {len(config.classes)}"))
    if report is not None:
        facts.append(("made of", f"{report.source} ({report.origin}), see {REPORT_FILE}"))
        if report.untrained:
            facts.append(("complete", f"no: {len(report.untrained)} tensors are untrained"))
    settings = folder / SETTINGS_FILE
    length = _clip_length(read_settings(settings if settings.is_file() else None))
    return Description("model of vidseg", tuple(facts), length, config)


def _clip_length(settings: Mapping[str, Mapping[str, Any]]) -> int:
    """Most frames that the model sees at once in any task."""
    return max((int(values.get("clip_length", 1)) for values in settings.values()), default=1)


def _architecture(config: ModelConfig, state: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    backbone, decoder = config.backbone, config.decoder
    name = "GvSeg" if isinstance(config, GvSegConfig) else preset_name(config)
    kind = type(backbone).__name__.removesuffix("Config")
    parameters = sum(v.numel() for v in state.values() if v.is_floating_point())
    return [
        (
            "architecture",
            f"{name or 'own configuration'}: {kind}, {decoder.layers} decoder layers, "
            f"{decoder.queries} queries, {decoder.hidden} channels",
        ),
        ("parameters", f"{parameters / 1e6:.2f} M, statistics of norms included"),
    ]


def _stage(opened: Opened) -> str:
    if opened.origin is not Origin.UNIVS:
        return "before stage 1"
    return stage_of(opened)[1]


def _settings(opened: Opened, config: ModelConfig) -> list[tuple[str, str]]:
    """Whose released settings a UniVS gets."""
    if opened.origin is not Origin.UNIVS:
        return []
    backbone, stage = tested_as(opened, config)
    return [("settings", f"those of the tests of {BACKBONES[backbone]}, stage {stage}")]


def _classes(opened: Opened) -> str:
    if opened.classes is not None:
        return _fixed_classes(opened.classes)
    if opened.origin.has_fixed_classes:
        return f"{opened.fixed_classes} fixed ones without names, so that it cannot segment"
    if opened.origin is Origin.UNIVS:
        to_text = opened.translation.state.get("mask_decoder.heads.to_text.weight")
        width = "" if to_text is None else f", compared as {len(to_text)} values of a text encoder"
        return f"any words{width}"
    return "none"


def _classes_of(config: ModelConfig) -> str:
    if isinstance(config, Mask2FormerConfig):
        return _fixed_classes(config.classes)
    return f"any words, compared as {config.decoder.text_dim} values of a text encoder"


def _fixed_classes(classes: Vocabulary) -> str:
    listed = (name for name in vocabulary_names() if name not in ALIASES)
    known = next((name for name in listed if get_vocabulary(name).names == classes.names), None)
    return f"{len(classes)} fixed ones{f', those of {known}' if known else ''}; no other words"


def _averages(opened: Opened) -> str:
    if has_average(opened.checkpoint.tensors):
        return "yes, beside the stepped weights; the averages are taken"
    if opened.origin is Origin.UNIVS and "_ema" in opened.path.name.lower():
        return "in place of the stepped weights, by the name of the file"
    return "no"


def _complete(filling: Filling) -> str:
    if filling.wrong or filling.homeless:
        return "no: damaged or of another model"
    if filling.untrained:
        return "no: a beginning for vidseg train, it cannot segment"
    return "yes"


def _text_facts(opened: Opened) -> list[tuple[str, str]]:
    state = opened.translation.state
    if opened.origin is Origin.CONCEPTS:
        rows, width = next(iter(state.values())).shape
        return [("rows", f"{rows} names of 13 lists"), ("width", f"{width} values a name")]
    try:
        config = text_config(state)
    except ModelError as error:
        raise ModelError(f"{opened.path}: {error}") from error
    count = sum(value.numel() for value in state.values())
    return [
        ("architecture", f"{config.layers} layers, {config.width} channels, {config.heads} heads"),
        ("parameters", f"{count / 1e6:.2f} M"),
        ("width", f"{config.dim} values a text"),
    ]
