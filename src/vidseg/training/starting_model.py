"""The model that a run begins with: its configuration, and where its weights come from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..backbones.efficientnet_lite import EfficientNetLite, EfficientNetLiteConfig, imagenet_state
from ..errors import ModelError, RecipeError
from ..formats.plain_values import nearest
from ..models import presets
from ..models.checkpoints.conversion import fill_model, open_weights
from ..models.checkpoints.origin import Origin
from ..models.checkpoints.reading import is_hugging_face
from ..models.clip_text import ClipTextConfig
from ..models.config import UniVSConfig
from ..models.pretrained import CONFIG_FILE
from ..models.static_text import StaticTextConfig, StaticTextEncoder
from ..models.text_encoder import TextEncoder, build_text_encoder
from ..models.univs import UniVS
from ..models.weight_registry import weights_path
from ..vocabularies import get_vocabulary
from .recipe import ModelChoice, Recipe

PRESETS = ("univs_r50", "univs_swint", "univs_swinb", "univs_swinl", "nano", "debug")
RUN_MODEL = "model"
"""Model folder inside the output of a run: what its last checkpoint holds, averaged if it was."""

# About the length that the untrained projection gives to a query, so cosines start near -0.5.
_START_MARGIN = 4.0


def model_config(choice: ModelChoice) -> UniVSConfig:
    """The configuration that a recipe names. Raises RecipeError for what it does not know."""
    if choice.preset not in PRESETS:
        raise RecipeError(
            f"model.preset is {choice.preset!r}, which is no model"
            f"{nearest(choice.preset, PRESETS)}; known are {', '.join(PRESETS)}."
        )
    preset: UniVSConfig = getattr(presets, choice.preset)()
    if not choice.overrides:
        return preset
    try:
        return UniVSConfig.from_dict(_changed(preset.to_dict(), choice.overrides))
    except ModelError as error:
        told = str(error)
        key = "model.overrides" if told.startswith("config") else "model.overrides: "
        raise RecipeError(key + told.removeprefix("config")) from error


def starting_model(recipe: Recipe) -> UniVS:
    """The model in training mode, on the CPU, with the weights that ``recipe.init`` asks for.

    Random weights follow torch's global seed. Nothing is frozen yet.

    Raises:
        RecipeError: the configuration is wrong.
        ModelError: the weights cannot be found or read, or are of another architecture.
    """
    config = model_config(recipe.model)
    start = recipe.init.start
    model = UniVS(config)
    if start in ("none", "imagenet"):
        if start == "imagenet":
            _load_imagenet(model)
        _start_as_no_class(model)
    else:
        _load(model, Path(start).expanduser())
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
    """The model folder or checkpoint that ``init.start`` names. Raises ModelError."""
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


def _load_imagenet(model: UniVS) -> None:
    backbone = model.backbone
    if not isinstance(backbone, EfficientNetLite) or backbone.config != EfficientNetLiteConfig():
        raise ModelError(
            "init.start is imagenet, but ImageNet weights are only there for EfficientNet-Lite0 "
            "(nano); start from none, from a model folder or from a file of weights."
        )
    backbone.load_state_dict(imagenet_state())


def _start_as_no_class(model: UniVS) -> None:
    """Lets untrained queries of a small text space start as none of the classes.

    Static word embeddings share a large mean, so a random query is a little of every class and
    the class loss would first have to unlearn that.
    """
    if not isinstance(model.config.text, StaticTextConfig):
        return
    if model.config.text != StaticTextConfig():
        return
    names = StaticTextEncoder().encode_names(get_vocabulary("coco").texts)
    bias = model.mask_decoder.heads.to_text.bias
    with torch.no_grad():
        bias.copy_(-_START_MARGIN * nn.functional.normalize(names.mean(0), dim=0))


def _load(model: UniVS, path: Path) -> None:
    place = find_start(str(path))
    if place.is_file() or is_hugging_face(place):
        _load_published(model, place)
        return
    earlier = UniVS.from_pretrained(place)
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


def _load_published(model: UniVS, place: Path) -> None:
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
    filling = fill_model(model, opened)
    wrong = [*filling.wrong, *filling.homeless]
    if opened.origin is Origin.UNIVS:
        wrong += filling.rows
    if wrong:
        raise ModelError(
            f"{place} does not fill this model: {len(wrong)} tensors are missing or of another "
            f"shape, such as {wrong[0]}; it is {opened.origin.value} of another backbone or size "
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
