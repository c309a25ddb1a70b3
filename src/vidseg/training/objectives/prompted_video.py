"""Prompts of a long training video from clip to clip, and their memory of tokens (UniVS §4.1)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from ...models.decoder.tensors import DecoderOutput, FrameFeatures, PromptQueries
from ...models.prompts.regions import VisualRegions
from ...models.univs.model import UniVS
from ..losses.output_streams import split_streams
from ..prompts.clip_prompts import VisualShares, prompt_answers, prompt_window
from ..prompts.simulation import SimulatedPrompts
from .clip_queries import TokenPool, device_of, prompt_queries, visual_tokens


class PromptedVideo:
    """Asks for the same objects on one clip after the other.

    Without ``predicted``, later clips are prompted with true masks, boxes and points of their own
    frames, after tokens of true masks from the last frames of the first clip, stored once. With
    it they are prompted with what the clip before found on the last frame in common, after the
    tokens of the first prompt and of what that clip found on its last frames. Category prompts
    need no memory.

    Args:
        model: only its verbs for prompts are used.
        prompts: of B videos, on the CPU, with the truth of all frames; given on the first clip.
        shares: of the visual kinds, for later clips.
        frames: T of a clip.
        tokens: R per visual prompt and frame.
    """

    def __init__(
        self,
        model: UniVS,
        prompts: SimulatedPrompts,
        shares: VisualShares,
        frames: int,
        tokens: int,
        rng: np.random.Generator,
        *,
        predicted: bool,
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._truth = prompts.truth.to(device_of(model))
        self._shares = shares
        self._frames = frames
        self._tokens = tokens
        self._rng = rng
        self._predicted = predicted
        self._given: TokenPool | None = None
        self._memory: TokenPool | None = None
        self._found: Tensor | None = None  # [B, Q, H, W] on the last frame of the clip before
        self._found_at = 0

    def ask(
        self, start: int, features: FrameFeatures, indices: Tensor
    ) -> tuple[PromptQueries, SimulatedPrompts]:
        """Prompt queries for the clip from frame ``start`` on, and the prompts behind them.

        Args:
            features: of the clip's B T frames; indices: [B, T] their times.
        """
        prompts = self._current(start).to(device_of(self._model))
        own = None
        if prompts.words is None:
            own = self._sample(features, indices, prompts.regions, prompts.keys)
            self._given = self._given or own
        return prompt_queries(self._model, features, prompts, own, self._memory), prompts

    def remember(
        self, start: int, features: FrameFeatures, indices: Tensor, output: DecoderOutput
    ) -> None:
        """Stores tokens of the clip that was just answered, for those that follow."""
        if self._prompts.kind == "category" or (self._memory is not None and not self._predicted):
            return
        T = self._frames
        last = max(int(self._rng.integers(1, T + 1)), T // 3 + 1)
        keys = range(max(T - last, 0), T)
        if self._predicted:
            logits = split_streams(output.final)[1].mask_logits.detach()[:, :, keys.start :]
            full = F.interpolate(logits.flatten(1, 2).float(), scale_factor=4, mode="bilinear")
            masks = (full > 0).unflatten(1, (-1, len(keys)))
            self._found, self._found_at = masks[:, :, -1], start + T - 1
        else:
            masks = self._truth[:, :, start + keys.start : start + T]
        parts = [] if self._given is None or not self._predicted else [self._given]
        for key, shown in zip(keys, masks.unbind(2), strict=True):
            regions = [VisualRegions.from_masks(of_clip) for of_clip in shown]
            parts.append(self._sample(features, indices, regions, (key,) * len(regions)))
        self._memory = TokenPool.cat(parts)

    def _current(self, start: int) -> SimulatedPrompts:
        """Prompts for one clip."""
        if start == 0:
            return replace(self._prompts, truth=self._prompts.truth[:, :, : self._frames])
        if self._found is not None and self._prompts.words is None:
            key = self._found_at - start
            return prompt_answers(self._prompts, self._found, start, self._frames, key)
        return prompt_window(self._prompts, start, self._frames, self._shares, self._rng)

    def _sample(
        self,
        features: FrameFeatures,
        indices: Tensor,
        regions: list[VisualRegions] | tuple[VisualRegions, ...],
        keys: tuple[int, ...],
    ) -> TokenPool:
        return visual_tokens(self._model, features, indices, regions, keys, self._tokens)
