"""Stage 3 (UniVS §4.1): a long video as overlapping clips with a memory of prompt tokens."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ...datasets.batches.collate import ClipBatch
from ...models.decoder.tensors import FrameFeatures
from ...models.loading import VideoModel
from ...models.univs.model import UniVS
from ..losses.interclip_reid import InterclipReid
from ..losses.output_streams import in_full_precision, without_autocast
from ..prompts.choice import visual_shares
from .clip import PromptedObjective, class_embeddings, clip_targets, compare, prompt_targets
from .clip_queries import decode_clip, device_of, normalised
from .prompted_video import PromptedVideo


class LongVideoObjective(PromptedObjective):
    """Learnable queries and prompts on each clip; all clips keep their gradients.

    The first clip decides which objects are asked for. Losses are means over the clips, and
    embeddings of one object are pulled together over all of them.
    """

    def __call__(
        self, model: VideoModel, batch: ClipBatch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """See :class:`vidseg.training.objectives.registry.Objective`."""
        assert isinstance(model, UniVS)
        device = device_of(model)
        length = batch.images.shape[1]
        frames = min(self._config.clip_frames, length)
        prompted = self._prompted(model, batch, frames, rng)
        features = model.encode_frames(normalised(model, batch.images))
        indices = batch.frame_indices.to(device)
        classes = class_embeddings(self._texts, batch, device)
        videos = clip_targets(batch, device)
        reid = InterclipReid(self._losses)
        total: dict[str, Tensor] = {}
        starts = clip_starts(length, frames)
        for start in starts:
            clip = window(features, length, start, frames)
            times = indices[:, start : start + frames]
            queries, prompts = (
                (None, None) if prompted is None else prompted.ask(start, clip, times)
            )
            output = in_full_precision(decode_clip(model, clip, times, queries, classes))
            if prompted is not None and start != starts[-1]:
                prompted.remember(start, clip, times, output)
            clips = [video.window(start, frames) for video in videos]
            targets = None if prompts is None else prompt_targets(prompts, videos)
            comparison = compare(self._criterion, output, clips, targets)
            if len(starts) > 1:
                reid.add(output, comparison, clips, targets)
            for name, term in comparison.terms.items():
                share = term / len(starts)
                total[name] = total[name] + share if name in total else share
        with without_autocast(device):
            for name, term in reid.terms().items():
                total[name] = term
                total["total"] = total["total"] + term
        return total

    def _prompted(
        self, model: UniVS, batch: ClipBatch, frames: int, rng: np.random.Generator
    ) -> PromptedVideo | None:
        prompts = self._simulate_clips(batch, rng, first_frames=frames)
        if prompts is None:
            return None
        visual = visual_shares(self._shares(batch))
        predicted = bool(rng.random() < self._prompts.predicted)
        tokens = self._prompts.tokens
        return PromptedVideo(model, prompts, visual, frames, tokens, rng, predicted=predicted)


def clip_starts(video: int, clip: int) -> list[int]:
    """First frames of overlapping clips: one frame in common, the last clip ends with the video.

    Seven frames in clips of five: 0 and 2. A video no longer than a clip is one clip.
    """
    starts = [0]
    while starts[-1] + clip < video:
        starts.append(min(starts[-1] + max(clip - 1, 1), video - clip))
    return starts


def window(features: FrameFeatures, length: int, start: int, frames: int) -> FrameFeatures:
    """Features of ``frames`` frames from ``start`` on, of each of B videos of ``length`` frames."""
    places = range(start, len(features), length)
    return FrameFeatures.cat([features[slice(place, place + frames)] for place in places])
