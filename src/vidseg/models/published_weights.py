"""Published weights of any known origin as a model of ours, or as the beginning of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ..errors import ModelError
from ..vocabularies import Vocabulary
from .files.checkpoints import (
    clip_files,
    mask2former,
    mask2former_hf,
    swin,
    torchvision,
    univs,
)
from .files.checkpoints.class_lists import class_list, unnamed
from .files.checkpoints.filling import Filling, fill
from .files.checkpoints.origin import CONCEPT_TABLE, CONCEPTS, Origin, recognise
from .files.checkpoints.reading import Checkpoint, read_checkpoint
from .files.checkpoints.translation import Translation
from .mask2former import Mask2Former
from .shapes import config_of, fixed_config_of
from .univs.model import UniVS


def _concept_translation(tensors: Mapping[str, Tensor]) -> Translation:
    """The table under our name. Raises ModelError where it has another shape."""
    (table,) = tensors.values()
    if table.ndim != 2 or len(table) != CONCEPTS or not table.is_floating_point():
        raise ModelError(
            f"one tensor of shape {list(table.shape)} is not a concept table: it must hold one "
            f"tensor [{CONCEPTS}, D_t]."
        )
    return Translation({CONCEPT_TABLE: table})


_TRANSLATORS: dict[Origin, Callable[[Mapping[str, Tensor]], Translation]] = {
    Origin.UNIVS: univs.translate,
    Origin.MASK2FORMER: mask2former.translate,
    Origin.MASK2FORMER_HF: mask2former_hf.translate,
    Origin.RESNET: torchvision.translate,
    Origin.SWIN: swin.translate,
    Origin.CLIP: clip_files.translate,
    Origin.CLIP_HF: clip_files.translate,
    Origin.CONCEPTS: _concept_translation,
}
_BEYOND_BACKBONE = ("pixel_decoder.", "prompt_encoder.", "mask_decoder.", "propagation.")
NOT_THERE: dict[Origin, tuple[str, ...]] = {
    Origin.MASK2FORMER: mask2former.NOT_THERE,
    Origin.MASK2FORMER_HF: mask2former.NOT_THERE,
    Origin.RESNET: _BEYOND_BACKBONE,
    Origin.SWIN: (*_BEYOND_BACKBONE, *swin.NOT_THERE),
}
"""Beginnings of our names that no checkpoint of an origin has."""

_SEED = 0
"""Of the tensors that a checkpoint leaves out, so that it always gives the same model."""


@dataclass(frozen=True)
class Opened:
    """A checkpoint, read and understood.

    Attributes:
        checkpoint: as published.
        origin: told from its names.
        translation: the same tensors under our names.
    """

    checkpoint: Checkpoint
    origin: Origin
    translation: Translation

    @property
    def path(self) -> Path:
        return self.checkpoint.path

    @property
    def fixed_classes(self) -> int:
        """How many classes a Mask2Former tells apart; 0 for what has no classifier."""
        bias = self.translation.state.get(f"{mask2former.CLASSIFIER}bias")
        return 0 if bias is None else len(bias) - 1

    @cached_property
    def classes(self) -> Vocabulary | None:
        """Those classes; None where nothing tells them. Raises ModelError for unusable names."""
        return class_list(self.fixed_classes, self.path) if self.fixed_classes > 0 else None


def open_weights(path: str | Path, *, averaged: bool = True) -> Opened:
    """Reads a file, or a folder of Hugging Face.

    Args:
        path: see :func:`.files.checkpoints.reading.read_checkpoint`.
        averaged: see :func:`.files.checkpoints.univs.translate`.

    Raises ModelError where it cannot be read or is of no known origin.
    """
    checkpoint = read_checkpoint(path)
    try:
        origin = recognise(checkpoint.tensors)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    if origin is Origin.UNIVS:
        translation = univs.translate(checkpoint.tensors, averaged=averaged)
    else:
        translation = _TRANSLATORS[origin](checkpoint.tensors)
    return Opened(checkpoint, origin, translation)


def build_published(opened: Opened) -> tuple[UniVS | Mask2Former, Filling]:
    """The model that the shapes tell, in evaluation mode, and what was filled.

    Tensors that the checkpoint leaves out start at random, always the same. Classes that nothing
    tells get numbers for names.

    Raises ModelError where it holds text only, or its shapes belong to no model.
    """
    if not opened.origin.is_model:
        raise ModelError(
            f"{opened.path} is a {opened.origin.value}, no segmentation model; convert it into the "
            f"folder of a model with vidseg weights convert."
        )
    state = opened.translation.state
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        try:
            if opened.origin.has_fixed_classes:
                classes = opened.classes or unnamed(max(opened.fixed_classes, 1))
                whole = Mask2Former(fixed_config_of(state, classes)).eval()
                return whole, fill(whole, state)
            model = UniVS(config_of(state)).eval()
        except ModelError as error:
            raise ModelError(f"{opened.path}: {error}") from error
    return model, fill_model(model, opened)


def fill_model(model: UniVS, opened: Opened) -> Filling:
    """Fills a UniVS of any configuration; see :func:`.files.checkpoints.filling.fill`.

    A classifier of fixed classes is left out, for here classes are words.
    """
    return fill_univs(model, opened.translation.state, NOT_THERE.get(opened.origin, ()))


def fill_univs(
    model: UniVS, state: Mapping[str, Tensor], not_there: Sequence[str] = mask2former.NOT_THERE
) -> Filling:
    """Puts what fits of a Mask2Former's tensors, or of others, into a UniVS."""
    words = {n: v for n, v in state.items() if not n.startswith(mask2former.CLASSIFIER)}
    return fill(model, words, not_there)
