"""A segmenter by name: the model inside the package, a folder, a published file, or a hub id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ModelError
from ...formats.reading import loads
from ...models.files.cache_folder import asked_offline
from ...models.files.checkpoints.origin import Origin
from ...models.files.checkpoints.reading import is_hugging_face
from ...models.files.registry import embedded_models, weights_path
from ...models.loading import Model, load_model
from ...models.published_weights import build_published, open_weights
from ...models.text.concept_table import read_concept_table
from ...models.text.encoder import LazyTextEncoder
from ...models.text.features import TextEncoder
from ...models.text.listed_texts import ListedTexts
from ..config import check_settings
from ..model_kinds import kind_of
from ..segmenter import Segmenter
from .conversion import (
    CONCEPTS_FILE,
    REPORT_FILE,
    SETTINGS_FILE,
    TEXT_FILE,
    check_filling,
    released_settings,
)
from .stage import stage_of, stage_of_name


def load(
    name: str | Path = "nano", device: str = "auto", *, text_weights: str | Path | None = None
) -> Segmenter:
    """Loads a model and puts it on a device.

    Args:
        name: "nano", the model inside the package, whatever the working directory holds
            (``./nano`` is a folder there); a folder with config.json and model.safetensors; a
            published UniVS or Mask2Former file or a folder of Hugging Face, which is converted in
            memory and gets the released settings; or a hub id like owner/name. Beside the model
            there may be inference.json (settings by task name or "all"), text_encoder.safetensors
            and concept_table.safetensors.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        text_weights: weights of a CLIP text encoder, for models that need one.

    Raises:
        ModelError: the model cannot be found or read, cannot segment yet, or the device is not
            there.
    """
    place = _place(name)
    settings: Mapping[str, Mapping[str, Any]] = {}
    stage = None
    if isinstance(place, Path) and (place.is_file() or is_hugging_face(place)):
        model, settings, stage = _published(place)
        place = place.parent if place.is_file() else place
    else:
        model = load_model(place)
        stage = _check_trained(place)
    text = text_weights or _optional(place, TEXT_FILE)
    return Segmenter(
        model,
        device=device,
        text_encoder=_listed_texts(place, model, text),
        text_weights=text,
        settings=read_settings(_optional(place, SETTINGS_FILE)) or settings,
        stage=stage,
    )


def _published(path: Path) -> tuple[Model, Mapping[str, Mapping[str, Any]], int | None]:
    """A published file as a model, its settings, and the stage of a UniVS.

    Raises ModelError where it cannot segment.
    """
    opened = open_weights(path)
    model, filling = build_published(opened)
    check_filling(opened, filling)
    if filling.untrained:
        raise ModelError(_untrained(str(path), opened.origin.value))
    unknown = opened.translation.unknown
    if unknown:
        raise ModelError(
            f"{path} holds {len(unknown)} tensors that no {opened.origin.value} has, such as "
            f"{unknown[0]}; run it without them by vidseg weights convert."
        )
    stage = stage_of(opened)[0] if opened.origin is Origin.UNIVS else None
    return model, released_settings(opened, model.config), stage


@dataclass(frozen=True)
class ConversionReport:
    """What a model folder says about the file that it was made of.

    Attributes:
        source: name of that file.
        origin: for people.
        untrained: tensors that the file left out.
        stage: of a UniVS; None where nothing told it.
    """

    source: str
    origin: str
    untrained: tuple[str, ...]
    stage: int | None


def read_report(folder: Path) -> ConversionReport | None:
    """The report of a conversion, None without one. Raises ModelError where it is damaged."""
    file = folder / REPORT_FILE
    if not file.is_file():
        return None
    try:
        values = loads(file.read_bytes())
        source = str(values["source"])
        stage = values.get("stage", stage_of_name(source))  # earlier reports told the name alone
        if stage not in (None, 1, 2, 3):
            raise ValueError(f"{stage!r} is no stage")
        return ConversionReport(source, str(values["origin"]), tuple(values["untrained"]), stage)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} is not readable: {error}; convert the model again.") from error


def _check_trained(place: str | Path) -> int | None:
    """The stage of a folder made of published weights, if that tells it.

    Raises ModelError where those are but the beginning of a model.
    """
    report = read_report(Path(place))
    if report is None:
        return None
    if report.untrained:
        raise ModelError(_untrained(str(place), report.origin))
    return report.stage


def _untrained(place: str, origin: str) -> str:
    return (
        f"{place} holds weights of {origin}, which knows no words and no prompts: they are the "
        f"beginning of a model; train from them with vidseg train RECIPE init.start={place}."
    )


def _listed_texts(
    place: str | Path, model: Model, weights: str | Path | None
) -> TextEncoder | None:
    """Rows of a concept table beside the model for published lists; None without a table."""
    file = Path(place) / CONCEPTS_FILE
    text = kind_of(model).text(model)
    if text is None or not file.is_file():
        return None
    width = model.config.decoder.text_dim
    return ListedTexts(LazyTextEncoder(text, weights), width, read_concept_table(file))


def _place(name: str | Path) -> str | Path:
    """Where a model lies: inside the package, a folder or file that exists, or a hub id."""
    known = embedded_models()
    if isinstance(name, str) and name in known:
        return known[name]
    path = weights_path(name)
    if path.exists():
        return path
    if isinstance(name, str) and name.count("/") == 1 and not name.startswith(("/", ".", "~")):
        return name
    listed = f"the models inside the package are {', '.join(known)}" if known else "none is inside"
    raise ModelError(
        f"No model {str(name)!r}: {listed}; otherwise give a folder with config.json and "
        f"model.safetensors, a published file, or a hub id like owner/name."
    )


def _optional(place: str | Path, file: str) -> Path | None:
    """A file that a model may have; None without it."""
    if Path(place).is_dir():
        found = Path(place) / file
        return found if found.is_file() else None
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return Path(hf_hub_download(str(place), file, local_files_only=asked_offline()))
    except EntryNotFoundError:  # not in the repository, or offline and never downloaded
        return None


def read_settings(file: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """Settings by task of a file, none of no file. Raises ModelError where they are damaged."""
    if file is None:
        return {}
    try:
        values = loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{file} is not a readable JSON file: {error}; write it anew or delete it."
        ) from error
    if not isinstance(values, dict) or not all(isinstance(v, dict) for v in values.values()):
        raise ModelError(f'{file} must hold settings by task, such as {{"vos": {{...}}}}.')
    try:
        check_settings(values)
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from error
    return values
