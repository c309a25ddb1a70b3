"""The model that a run begins with: its configuration, and where its weights come from."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...backbones.efficientnet_lite import EfficientNetLite, EfficientNetLiteConfig, imagenet_state
from ...errors import ModelError, RecipeError, nearest_hint
from ...models import presets
from ...models.decoder.heads import PredictionHeads
from ...models.files.checkpoints.filling import Filling
from ...models.files.checkpoints.origin import Origin
from ...models.files.checkpoints.reading import is_hugging_face
from ...models.files.pretrained import CONFIG_FILE
from ...models.files.registry import (
    KnownWeights,
    embedded_models,
    known_by_name,
    weights_path,
)
from ...models.gvseg.config import GvSegConfig
from ...models.gvseg.filling import fill_gvseg
from ...models.gvseg.model import GvSeg
from ...models.loading import (
    ModelConfig,
    VideoModel,
    VideoModelConfig,
    build_model,
    load_config,
    load_model,
)
from ...models.mask2former import Mask2Former, Mask2FormerConfig
from ...models.published_weights import (
    NOT_THERE,
    Opened,
    fill_model,
    fill_univs,
    open_weights,
)
from ...models.text.clip_text import ClipTextConfig
from ...models.text.encoder import TextEncoder, build_text_encoder
from ...models.text.static_text import StaticTextConfig, StaticTextEncoder
from ...paths import user_path
from ...vocabularies import get_vocabulary
from ..recipe.schema import ModelChoice, Recipe

PRESETS = (
    *("univs_r50", "univs_swint", "univs_swinb", "univs_swinl", "nano", "debug"),
    *("gvseg_r50", "gvseg_swinb", "gvseg_swinl", "gvseg_nano", "gvseg_debug"),
)
_LOG = logging.getLogger(__name__)

RUN_MODEL = "model"
"""Model folder inside the output of a run: what its last checkpoint holds, averaged if it was."""

# About the length that the untrained projection gives to a query, so cosines start near -0.5.
_START_MARGIN = 4.0


def model_config(choice: ModelChoice) -> VideoModelConfig:
    """The configuration that a recipe names. Raises RecipeError for what it does not know."""
    if choice.preset not in PRESETS:
        raise RecipeError(
            f"model.preset is {choice.preset!r}, which is no model"
            f"{nearest_hint(choice.preset, PRESETS)}; known are {', '.join(PRESETS)}."
        )
    preset: VideoModelConfig = getattr(presets, choice.preset)()
    overrides = dict(choice.overrides)
    if choice.classes is not None:
        if not isinstance(preset, GvSegConfig):
            raise RecipeError(
                f"model.classes is {choice.classes!r}, but {choice.preset} keeps no prototypes of "
                f"classes; leave it out."
            )
        overrides = {"classes": list(get_vocabulary(choice.classes).texts), **overrides}
    if not overrides:
        return preset
    try:
        return type(preset).from_dict(_changed(preset.to_dict(), overrides))
    except ModelError as error:
        told = str(error)
        key = "model.overrides" if told.startswith("config") else "model.overrides: "
        raise RecipeError(key + told.removeprefix("config")) from error


def starting_model(recipe: Recipe, report: Callable[[str], object] = _LOG.info) -> VideoModel:
    """The model in training mode, on the CPU, with the weights that ``recipe.init`` asks for.

    Random weights follow torch's global seed. Nothing is frozen yet.

    Args:
        recipe: only its model and init are used.
        report: receives the parts of either side that have no counterpart, where the weights are
            of another kind of model.

    Raises:
        RecipeError: the configuration is wrong.
        ModelError: the weights cannot be found or read, or are of another architecture.
    """
    config = model_config(recipe.model)
    start = recipe.init.start
    model = build_model(config)
    if start in ("none", "imagenet"):
        if start == "imagenet":
            _load_imagenet(model)
        _start_as_no_class(model)
    else:
        _load(model, user_path(start), report)
    return model.train()


def text_encoder(recipe: Recipe) -> TextEncoder | None:
    """What turns names and sentences into features; None for a model without text.

    Raises ModelError where the recipe gives no CLIP weights but the model needs them, or gives
    some that cannot be read.
    """
    config, weights = model_config(recipe.model).text, recipe.model.text_weights
    if config is None:
        return None
    if isinstance(config, ClipTextConfig) and weights is None:
        raise ModelError(
            "The model reads text with CLIP, whose weights are not part of vidseg; give their "
            "file with model.text_weights=FILE."
        )
    return build_text_encoder(config, weights)


def find_start(start: str) -> Path:
    """The model or checkpoint that ``init.start`` names. Raises ModelError."""
    if start in embedded_models():
        return embedded_models()[start]
    missing = not_downloaded(start)
    if missing is not None:
        where = missing.url or missing.page
        raise ModelError(
            f"init.start is {start}, whose file {missing.file} ({missing.title}, from {where}) is "
            f"not downloaded yet; run `vidseg weights download {missing.name}`, or give "
            f"init.start=none for random weights."
        )
    path = weights_path(start)
    if path.is_file() or is_hugging_face(path):
        return path
    for folder in (path, path / RUN_MODEL):
        if (folder / CONFIG_FILE).is_file():
            return folder
    if path.is_dir():
        raise ModelError(
            f"init.start is {path}, which holds neither {CONFIG_FILE} nor the output of a run; "
            f"give the --out folder of a finished run, a model folder or published weights."
        )
    raise ModelError(
        f"init.start is {path}, which does not exist; train the stage before into it, or give "
        f"another place with init.start=PATH (or init.start=none for random weights)."
    )


def not_downloaded(start: str) -> KnownWeights | None:
    """The known weights that ``init.start`` names and that are not there yet, if it does."""
    known = None if Path(start).expanduser().exists() else known_by_name(start)
    return known if known is not None and known.cached is None else None


def _changed(plain: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge; a part of another kind replaces the part that was there."""
    merged = copy.copy(plain)
    for key, new in overrides.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(new, Mapping):
            same = new.get("kind", old["kind"]) == old["kind"]
            merged[key] = _changed(old, new) if same else dict(new)
        else:
            merged[key] = new
    return merged


def _load_imagenet(model: VideoModel) -> None:
    backbone = model.backbone
    if not isinstance(backbone, EfficientNetLite) or backbone.config != EfficientNetLiteConfig():
        raise ModelError(
            "init.start is imagenet, but ImageNet weights are only there for EfficientNet-Lite0 "
            "(nano); start from none, from a model folder or from a file of weights."
        )
    backbone.load_state_dict(imagenet_state())


def _start_as_no_class(model: VideoModel) -> None:
    """Lets untrained queries of a small text space start as none of the classes.

    Static word embeddings share a large mean, so a random query is a little of every class and
    the class loss would first have to unlearn that.
    """
    if not isinstance(model.config.text, StaticTextConfig):
        return
    if model.config.text != StaticTextConfig():
        return
    names = StaticTextEncoder().encode_names(get_vocabulary("coco").texts)
    heads = model.mask_decoder.heads
    assert isinstance(heads, PredictionHeads)
    bias = heads.to_text.bias
    with torch.no_grad():
        bias.copy_(-_START_MARGIN * nn.functional.normalize(names.mean(0), dim=0))


def _load(model: VideoModel, path: Path, report: Callable[[str], object]) -> None:
    place = find_start(str(path))
    if place.is_file() or is_hugging_face(place):
        _load_published(model, place, report)
        return
    if isinstance(model, GvSeg):
        _load_gvseg(model, place, report)
        return
    earlier = load_model(place)
    if isinstance(earlier, Mask2Former):
        _check_filled(fill_univs(model, earlier.state_dict()), place, "a Mask2Former")
        return
    if earlier.config != model.config:
        raise ModelError(
            f"The model in {place} is of another architecture than the recipe's: "
            f"{_first_difference(earlier.config.to_dict(), model.config.to_dict())}; start from a "
            f"model of the same preset, or change model.preset and model.overrides."
        )
    model.load_state_dict(earlier.state_dict())
    if model.propagation is not None:  # set by calibration, after training
        with torch.no_grad():
            model.propagation.growth.zero_()


def _load_gvseg(model: GvSeg, place: Path, report: Callable[[str], object]) -> None:
    """What an earlier GvSeg, a UniVS or a Mask2Former shares with a GvSeg.

    The parts for classes start from random values where the earlier model had other texts or none.
    """
    config, weights = load_config(place)
    theirs, ours = _shared_parts(config), _shared_parts(model.config)
    if theirs != ours:
        raise ModelError(
            f"The model in {place} is of another architecture than the recipe's: "
            f"{_first_difference(theirs, ours)}; start from a model of the same parts, or change "
            f"model.preset and model.overrides."
        )
    words = not isinstance(config, Mask2FormerConfig) and config.text == model.config.text
    classes = config.classes if isinstance(config, GvSegConfig) else None
    _start_as_no_class(model)
    filling = fill_gvseg(model, weights.state, words=words, classes=classes)
    _check_filled(filling, place, "a model")
    report(_told(filling, place))


def _shared_parts(config: ModelConfig) -> dict[str, Any]:
    """What must be equal for weights to mean the same and that shapes do not tell."""
    plain = config.to_dict()
    parts = {name: plain[name] for name in ("backbone", "pixel_decoder", "pixel_mean", "pixel_std")}
    return {**parts, "decoder.heads": config.decoder.heads}


def _told(filling: Filling, place: Path) -> str:
    """Which parts of either side have no counterpart."""
    anew, unused = (_parts(names) for names in (filling.untrained, filling.unused))
    return f"{place} fills {len(filling.filled)} tensors; start anew: {anew}; not used: {unused}."


def _parts(names: Iterable[str]) -> str:
    """What tensors belong to, without numbers of layers and the last two names."""
    parts = (re.sub(r"\.\d+", "", name).split(".") for name in names)
    return ", ".join(sorted({".".join(p[: max(1, len(p) - 2)]) for p in parts})) or "nothing"


def _load_published(model: VideoModel, place: Path, report: Callable[[str], object]) -> None:
    """UniVS, Mask2Former or a backbone; what these lack keeps its random start."""
    opened = open_weights(place)
    if not opened.origin.is_model:
        raise ModelError(
            f"init.start is {place}, a {opened.origin.value}; give it as model.text_weights or as "
            f"the table of the objective, and start from a model or a backbone."
        )
    if opened.translation.unknown:
        raise ModelError(
            f"{place}: {opened.translation.unknown[0]} is not a name of {opened.origin.value}; "
            f"leave such tensors out with vidseg weights convert, and start from that folder."
        )
    if isinstance(model, GvSeg):
        report(_told(_fill_published_gvseg(model, opened, place), place))
        return
    filling = fill_model(model, opened)
    rows = filling.rows if opened.origin is Origin.UNIVS else ()
    _check_filled(filling, place, opened.origin.value, rows)


def _fill_published_gvseg(model: GvSeg, opened: Opened, place: Path) -> Filling:
    """Published UniVS read text with CLIP, and have more queries than a GvSeg."""
    _start_as_no_class(model)
    words = opened.origin is Origin.UNIVS and not isinstance(model.config.text, StaticTextConfig)
    absent = NOT_THERE.get(opened.origin, ())
    filling = fill_gvseg(model, opened.translation.state, absent, words=words)
    _check_filled(filling, place, opened.origin.value)
    return filling


def _check_filled(filling: Filling, place: Path, kind: str, further: Iterable[str] = ()) -> None:
    """Raises ModelError where ``kind`` of weights left out what it should fill."""
    wrong = [*filling.wrong, *filling.homeless, *further]
    if wrong:
        raise ModelError(
            f"{place} does not fill this model: {len(wrong)} tensors are missing or of another "
            f"shape, such as {wrong[0]}; it is {kind} of another backbone or size "
            f"than model.preset and model.overrides ask for."
        )


def _first_difference(theirs: Mapping[str, Any], ours: Mapping[str, Any], where: str = "") -> str:
    for key in (*ours, *(k for k in theirs if k not in ours)):
        a, b = theirs.get(key), ours.get(key)
        if a == b:
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping) and a.get("kind") == b.get("kind"):
            return _first_difference(a, b, f"{where}{key}.")
        a, b = (v["kind"] if isinstance(v, Mapping) else v for v in (a, b))
        return f"{where}{key} is {a!r} there and {b!r} here"
    return "they differ"
