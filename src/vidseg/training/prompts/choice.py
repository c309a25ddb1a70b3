"""Which kind of prompt a batch is asked with (UniVS §3.1; shares of the recipe)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeVar, get_args

import numpy as np

from ...datasets.batches.collate import ClipBatch
from ..recipe.objective import PromptForm, PromptsConfig
from .simulation import VisualKind

KINDS: tuple[PromptForm, ...] = get_args(PromptForm)
VISUAL: tuple[VisualKind, ...] = ("mask", "box", "point", "scribble")
Shares = Mapping[PromptForm, float]
_Kind = TypeVar("_Kind", bound=str)


def prompt_shares(
    config: PromptsConfig, batch: ClipBatch, *, texts: bool
) -> dict[PromptForm, float]:
    """How likely each kind is for a batch; kinds that it cannot be asked with are left out.

    Its source may be prompted with some kinds alone. Category prompts need an object with a class,
    expressions a clip with a sentence, visual ones a region.

    Args:
        texts: whether there is an encoder of names and sentences.

    Returns:
        Positive shares by kind; all kinds alike where none that is left has a share.
    """
    single = batch.images.shape[1] == 1
    shares = asdict((config.single_shares if single else None) or config.shares)
    allowed = config.only.get(batch.samples[0].dataset, KINDS)
    labelled = any(bool((sample.labels >= 0).any()) for sample in batch.samples)
    usable: dict[str, bool] = dict.fromkeys(VISUAL, any(len(sample) for sample in batch.samples))
    usable["category"] = texts and bool(batch.vocabulary) and labelled
    usable["expression"] = texts and any(sample.expressions for sample in batch.samples)
    left = [k for k in KINDS if k in allowed and usable[k]]
    return {k: shares[k] for k in left if shares[k] > 0} or dict.fromkeys(left, 1.0)


def choose_kind(shares: Mapping[_Kind, float], rng: np.random.Generator) -> _Kind | None:
    """A kind drawn by its share; None where there is none to draw."""
    if not shares:
        return None
    kinds = list(shares)
    weights = np.array([shares[kind] for kind in kinds])
    return kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]


def visual_shares(shares: Shares) -> Mapping[VisualKind, float]:
    """The visual part of the shares; each object of a visually prompted clip draws its own."""
    return {kind: shares[kind] for kind in VISUAL if kind in shares}
