"""The objective of the default models: clips frame by frame with the pixel memory, as in a stream.

Only visual prompts tune the backbone. Names and classes make all pixels of a class alike, and then
the affinity of pixels no longer says which of them is which.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...backbones.spec import FeatureMaps
from ...datasets.batches.collate import ClipBatch
from ...models.decoder.tensors import DecoderOutput
from ...models.loading import VideoModel
from ...models.univs.model import UniVS
from ..losses.output_streams import fold_frames, join_streams, without_autocast
from ..losses.targets import ClipTargets
from ..prompts.choice import choose_kind
from ..prompts.simulation import (
    SimulatedPrompts,
    simulate_categories,
    simulate_expressions,
    simulate_visual,
)
from .clip import PromptedObjective, class_embeddings, compare, prompt_targets
from .clip_queries import device_of, normalised
from .rollout import read_loss, roll_out


class StreamObjective(PromptedObjective):
    """Prompt queries rolled out over the frames, learnable queries on each frame alone.

    A prompt is given on the first frame. Learnable queries are supervised in every n-th step on
    average (``detect_every``), and on datasets with classes alone. Single frames are asked for with
    boxes instead of masks, which would give the answer away.
    """

    def __call__(
        self, model: VideoModel, batch: ClipBatch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """See :class:`vidseg.training.objectives.registry.Objective`."""
        assert isinstance(model, UniVS)
        device = device_of(model)
        T = batch.images.shape[1]
        prompts = self._simulate(batch, rng)
        detect = rng.random() < 1 / self._config.detect_every or prompts is None
        prompts = None if prompts is None else prompts.to(device)
        classes = class_embeddings(self._texts, batch, device)
        maps = model.backbone(normalised(model, batch.images))
        tunes = prompts is not None and prompts.words is None
        frozen = None if tunes and not detect else model.encode_maps(_without_gradient(maps))
        output: DecoderOutput | None = None
        reads: Tensor | None = None
        if prompts is not None:
            features = model.encode_maps(maps) if tunes else frozen
            assert features is not None
            output, reads = roll_out(model, features, prompts, self._prompts.tokens, classes)
        if detect:
            assert frozen is not None
            still = torch.zeros(len(frozen), 1, dtype=torch.long, device=device)
            learnable = model.decode(frozen, still, None, classes, auxiliary=True)
            found = fold_frames(learnable, T)
            output = found if output is None else join_streams(found, output)
        assert output is not None
        clips = [ClipTargets.of_single_regions(s).to(device) for s in batch.samples]
        targets = None if prompts is None else prompt_targets(prompts, clips)
        terms = compare(self._criterion, output, clips, targets).terms
        if reads is not None and prompts is not None and self._losses.read > 0:
            with without_autocast(device):
                terms["read"] = self._losses.read * read_loss(reads.float(), prompts.truth)
            terms["total"] = terms["total"] + terms["read"]
        return terms

    def _simulate(self, batch: ClipBatch, rng: np.random.Generator) -> SimulatedPrompts | None:
        shares = self._shares(batch)
        if not all(sample.expressions for sample in batch.samples):
            shares.pop("expression", None)
        if batch.images.shape[1] == 1 and "mask" in shares:
            shares["box"] = shares.get("box", 0.0) + shares.pop("mask")
        kind, most = choose_kind(shares, rng), self._prompts.most
        if kind is None:
            return None
        if kind == "category":
            assert self._texts is not None
            return simulate_categories(batch.samples, self._texts, most, rng)
        if kind == "expression":
            assert self._texts is not None
            return simulate_expressions(batch.samples, self._texts, most, rng)
        return simulate_visual(batch.samples, kind, most, rng)


def _without_gradient(maps: FeatureMaps) -> FeatureMaps:
    return (maps[0].detach(), maps[1].detach(), maps[2].detach(), maps[3].detach())
