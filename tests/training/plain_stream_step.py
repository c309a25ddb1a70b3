"""A step of the streaming objective written plainly, the reference for the one that trains."""

from __future__ import annotations

import torch
from torch import Tensor

from vidseg.datasets.batches.collate import ClipBatch
from vidseg.models.text.encoder import TextEncoder
from vidseg.models.univs.model import UniVS
from vidseg.training.losses.criterion import Criterion
from vidseg.training.losses.output_streams import fold_frames, join_streams
from vidseg.training.losses.targets import ClipTargets
from vidseg.training.objectives.clip import prompt_targets
from vidseg.training.objectives.rollout import read_loss, roll_out
from vidseg.training.prompts.simulation import SimulatedPrompts


def plain_step(
    model: UniVS,
    criterion: Criterion,
    batch: ClipBatch,
    prompts: SimulatedPrompts,
    encoder: TextEncoder,
    tokens: int,
    *,
    detect: bool,
) -> tuple[Tensor, dict[str, float]]:
    """Total loss of one batch, and its parts; ``detect``: learnable queries too."""
    mean, std = (
        torch.tensor(v)[:, None, None] for v in (model.config.pixel_mean, model.config.pixel_std)
    )
    images = (batch.images.flatten(0, 1).float() - mean) / std
    maps = model.backbone(images.contiguous(memory_format=torch.channels_last))
    # Only visual prompts tune the backbone. Names and classes make all pixels of a class alike,
    # and then the affinity of pixels no longer says which of them is which.
    frozen = model.encode_maps(
        (maps[0].detach(), maps[1].detach(), maps[2].detach(), maps[3].detach())
    )
    features = frozen if prompts.words is not None else model.encode_maps(maps)
    classes = encoder.encode_names(batch.vocabulary) if batch.vocabulary else None
    still = torch.zeros(len(frozen), 1, dtype=torch.long)
    output, reads = roll_out(model, features, prompts, tokens, classes)
    if detect:
        learnable = model.decode(frozen, still, None, classes)
        output = join_streams(fold_frames(learnable, batch.images.shape[1]), output)
    clips = [ClipTargets.of_single_regions(sample) for sample in batch.samples]
    terms = criterion(output, clips, prompt_targets(prompts, clips))
    if reads is not None:
        terms["read"] = 5.0 * read_loss(reads, prompts.truth)
        terms["total"] = terms["total"] + terms["read"]
    return terms["total"], {name: float(term.detach()) for name, term in terms.items()}
