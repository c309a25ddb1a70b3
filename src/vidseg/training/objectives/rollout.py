"""A training clip answered frame by frame, as a stream will be.

The model meets its own answers: masks of earlier frames are those it predicted, except on the
first frame when the prompt is the true mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput, FrameFeatures, PromptQueries
from ...models.prompts.regions import VisualRegions
from ...models.univs.model import UniVS
from ...models.univs.propagation import MapKind
from ..losses.output_streams import join_frames
from ..prompts.simulation import SimulatedPrompts


@dataclass(eq=False)
class ClipMemory:
    """What the model remembers of earlier frames of B clips with Q prompts each.

    Attributes:
        keys: per frame [B, D, h, w].
        masks: per frame [B, Q, h, w] soft masks.
        tokens, positions: per frame [B, Q, R, C]; a frame without the object repeats the last.
    """

    keys: list[Tensor] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)
    tokens: list[Tensor] = field(default_factory=list)
    positions: list[Tensor] = field(default_factory=list)


def roll_out(
    model: UniVS,
    features: FrameFeatures,
    prompts: SimulatedPrompts,
    tokens: int,
    classes: Tensor | None = None,
) -> tuple[DecoderOutput, Tensor | None]:
    """Prompt queries only, over all T frames of B clips.

    Args:
        features: of B T frames, video-major.
        prompts: given on the first frame.
        tokens: R per visual prompt.
        classes: [K, D_t] embeddings to score; ignored for expressions.

    Returns:
        The output of the clips, and what the pixel memory read from the first frame for the
        others, [B, Q, T - 1, H/8, W/8] in -1 .. 1, where that frame's true mask was given.
    """
    T = prompts.truth.shape[2]
    memory = ClipMemory()
    classes = None if prompts.kind == "expression" else classes
    outputs, reads = [], []
    for t in range(T):
        frame = features[slice(t, None, T)]
        queries = _ask(model, frame, prompts, memory, tokens)
        if t > 0 and prompts.kind == "mask" and queries.maps is not None:
            reads.append(queries.maps[:, :, :, MapKind.ANCHOR])
        index = torch.full((len(frame), 1), t, device=frame.mask_features.device)
        output = model.decode(frame, index, queries, classes, learnable=False, auxiliary=True)
        outputs.append(output)
        if t + 1 < T:
            answer = output.final.mask_logits[:, :, 0].detach().sigmoid()
            if t == 0 and prompts.kind == "mask":
                answer = F.avg_pool2d(prompts.truth[:, :, 0].float(), 4)
            _remember(model, frame, answer, memory, tokens if prompts.words is None else None)
    return join_frames(outputs), torch.cat(reads, dim=2) if reads else None


def read_loss(reads: Tensor, truth: Tensor) -> Tensor:
    """Teaches affinity directly: cross entropy and dice of what the memory alone would answer.

    Only where a true mask was remembered, or the affinity would be punished for a wrong memory.

    Args:
        reads: [B, Q, T - 1, h, w] in -1 .. 1.
        truth: [B, Q, T, H, W] bool.
    """
    h, w = reads.shape[-2:]
    wanted = F.adaptive_avg_pool2d(truth[:, :, 1:].to(reads.dtype).flatten(0, 2), (h, w))
    likely = ((reads.flatten(0, 2) + 1) / 2).clamp(1e-3, 1 - 1e-3)
    overlap = (likely * wanted).flatten(1).sum(1)
    total = (likely + wanted).flatten(1).sum(1)
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return F.binary_cross_entropy(likely, wanted) + dice.mean()


def _ask(
    model: UniVS,
    frame: FrameFeatures,
    prompts: SimulatedPrompts,
    memory: ClipMemory,
    tokens: int,
) -> PromptQueries:
    """Prompt queries for one frame of each clip, with maps read from the memory."""
    if prompts.words is not None:
        kind: Literal["category", "expression"] = (
            "category" if prompts.kind == "category" else "expression"
        )
        queries = model.text_queries(frame, prompts.words, kind)
    else:
        if not memory.tokens:
            content, position = _encode(model, frame, prompts.regions, tokens)
            memory.tokens.append(content)
            memory.positions.append(position)
        queries = model.visual_queries(
            torch.cat(memory.tokens, dim=2)[:, :, :, None],
            torch.cat(memory.positions, dim=2)[:, :, :, None],
            memory.tokens[-1][:, :, None],
            memory.positions[-1][:, :, None],
        )
    return replace(queries, maps=_read_maps(model, frame, prompts, memory))


def _read_maps(
    model: UniVS, frame: FrameFeatures, prompts: SimulatedPrompts, memory: ClipMemory
) -> Tensor | None:
    """[B, Q, 1, M, h, w] as an inference session's pixel memory gives them."""
    if model.propagation is None or frame.affinity is None:
        return None
    B, Q, h, w = prompts.drawn.shape
    maps = frame.affinity.new_zeros(B, Q, 1, len(MapKind), h, w)
    if not memory.masks:
        maps[:, :, 0, MapKind.PROMPT] = prompts.drawn
        return maps
    recent = model.propagation.config.recent_frames
    keys, masks = torch.stack(memory.keys, dim=1), torch.stack(memory.masks, dim=1)
    anywhere = model.propagation.read_anywhere(frame.affinity, keys[:, :1], masks[:, :1])
    nearby = model.propagation.read_nearby(frame.affinity, keys[:, -recent:], masks[:, -recent:])
    maps = maps.clone()
    maps[:, :, 0, MapKind.ANCHOR] = 2 * anywhere - 1
    maps[:, :, 0, MapKind.RECENT] = 2 * nearby - 1
    maps[:, :, 0, MapKind.PREVIOUS] = 2 * masks[:, -1] - 1
    return maps


def _remember(
    model: UniVS, frame: FrameFeatures, answer: Tensor, memory: ClipMemory, tokens: int | None
) -> None:
    """Stores soft masks [B, Q, H/4, W/4] of one frame; ``tokens`` None for text prompts."""
    if frame.affinity is not None:
        memory.keys.append(frame.affinity)
        memory.masks.append(F.avg_pool2d(answer, 2))
    if tokens is None:
        return
    full = F.interpolate(answer, scale_factor=4, mode="bilinear", align_corners=False)
    regions = [VisualRegions.from_masks(masks) for masks in full]
    content, position = _encode(model, frame, regions, tokens)
    seen = (full >= 0.5).flatten(2).any(2)[:, :, None, None]
    memory.tokens.append(torch.where(seen, content, memory.tokens[-1]))
    memory.positions.append(torch.where(seen, position, memory.positions[-1]))


def _encode(
    model: UniVS, frame: FrameFeatures, regions: Sequence[VisualRegions], tokens: int
) -> tuple[Tensor, Tensor]:
    """Content and position [B, Q, R, C] of visual prompts, the regions of each clip's frame."""
    parts = [
        model.encode_visual(frame[slice(b, b + 1)], 0, region, tokens=tokens)
        for b, region in enumerate(regions)
    ]
    return torch.stack([p.content for p in parts]), torch.stack([p.position for p in parts])
