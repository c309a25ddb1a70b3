"""Stages 1 and 2 (UniVS §3.1, §3.2, §4): all frames of a clip are decoded together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...datasets.batches.collate import ClipBatch
from ...models.decoder.tensors import DecoderOutput, PromptKind
from ...models.loading import VideoModel
from ...models.text.encoder import TextEncoder
from ...models.univs.model import UniVS
from ..losses.config import named_losses
from ..losses.criterion import Comparison, Criterion
from ..losses.matcher import Assignment
from ..losses.output_streams import in_full_precision, without_autocast
from ..losses.targets import ClipTargets, PromptTargets
from ..prompts.choice import choose_kind, prompt_shares, visual_shares
from ..prompts.clip_prompts import simulate_clip_prompts
from ..prompts.simulation import SimulatedPrompts
from ..recipe.objective import ObjectiveConfig, PromptForm
from .clip_queries import (
    decode_clip,
    device_of,
    normalised,
    prompt_queries,
    visual_tokens,
)


class PromptedObjective:
    """What objectives share that ask learnable queries and simulated prompts.

    Args:
        config: of the recipe.
        texts: encoder of names and sentences; None teaches no classes and asks no text.
    """

    def __init__(self, config: ObjectiveConfig, texts: TextEncoder | None) -> None:
        self._config, self._prompts, self._texts = config, config.prompts, texts
        self._losses = named_losses(config.losses.preset, config.losses.overrides)
        self._criterion = Criterion(self._losses)

    def _shares(self, batch: ClipBatch) -> dict[PromptForm, float]:
        """How likely each kind of prompt is for a batch."""
        return prompt_shares(self._prompts, batch, texts=self._texts is not None)

    def _simulate_clips(
        self, batch: ClipBatch, rng: np.random.Generator, first_frames: int | None = None
    ) -> SimulatedPrompts | None:
        """Prompts of one kind for whole clips; see :func:`simulate_clip_prompts`."""
        if not self._prompts.asked:
            return None
        shares = self._shares(batch)
        kind = choose_kind(shares, rng)
        if kind is None:
            return None
        visual, most = visual_shares(shares), self._prompts.most
        return simulate_clip_prompts(
            batch.samples, kind, visual, self._texts, most, rng, first_frames=first_frames
        )


class ClipObjective(PromptedObjective):
    """Learnable queries and simulated prompts on whole clips.

    Learnable queries are matched on every dataset; where it has no classes, by masks alone.
    """

    def __call__(
        self, model: VideoModel, batch: ClipBatch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """See :class:`vidseg.training.objectives.registry.Objective`."""
        assert isinstance(model, UniVS)
        device = device_of(model)
        prompts = self._simulate_clips(batch, rng)
        features = model.encode_frames(normalised(model, batch.images))
        indices = batch.frame_indices.to(device)
        queries = None
        if prompts is not None:
            prompts = prompts.to(device)
            own = None
            if prompts.words is None:
                own = visual_tokens(
                    model, features, indices, prompts.regions, prompts.keys, self._prompts.tokens
                )
            queries = prompt_queries(model, features, prompts, own)
        classes = class_embeddings(self._texts, batch, device)
        output = decode_clip(model, features, indices, queries, classes)
        clips = clip_targets(batch, device)
        targets = None if prompts is None else prompt_targets(prompts, clips)
        return compare(self._criterion, output, clips, targets).terms


def class_embeddings(
    texts: TextEncoder | None, batch: ClipBatch, device: torch.device
) -> Tensor | None:
    """[K, D_t] of the classes that the batch's dataset is labelled with, None without."""
    if texts is None or not batch.vocabulary:
        return None
    return texts.encode_names(batch.vocabulary).to(device)


def clip_targets(batch: ClipBatch, device: torch.device) -> list[ClipTargets]:
    """Targets of learnable queries: every object and stuff region that is one thing."""
    return [
        ClipTargets.of_single_regions(sample, exhaustive=True).to(device)
        for sample in batch.samples
    ]


def prompt_targets(prompts: SimulatedPrompts, clips: Sequence[ClipTargets]) -> PromptTargets:
    """What the prompts mean; ``clips`` know the classes of their objects."""
    if prompts.kind == "category":
        return PromptTargets("category", prompts.truth, prompts.rows, prompts.rows)
    labels = torch.full_like(prompts.rows, -1)
    for b, clip in enumerate(clips):
        known = prompts.rows[b] >= 0
        labels[b, known] = clip.labels[prompts.rows[b][known]]
    kind: PromptKind = "expression" if prompts.kind == "expression" else "visual"
    return PromptTargets(kind, prompts.truth, prompts.rows, labels)


def compare(
    criterion: Criterion,
    output: DecoderOutput,
    clips: Sequence[ClipTargets],
    prompts: PromptTargets | None,
    made: Sequence[Sequence[Assignment]] = (),
) -> Comparison:
    """The criterion in full precision, whatever precision the output was computed in."""
    with without_autocast(output.final.mask_logits.device):
        return criterion.compare(in_full_precision(output), clips, prompts, made=made)
