"""RefVOS: objects singled out by sentences (UniVS §4.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...models.text.features import TextEncoder
from ...models.univs.model import UniVS
from ...prompts import Prompt, Text
from ...results import FrameResult, Segment, Track
from ..config import InferenceConfig
from ..frame_geometry import MASK_STRIDE, FrameGeometry
from ..mask_quality import mask_quality
from ..memory.clip_window import ClipWindow
from ..tracking.consistency import temporal_consistency
from .base import Clip
from .checked import checked


class ReferringPolicy:
    """One video of RefVOS. Every sentence is asked in every clip, each on its own.

    A sentence is answered freely in its first clip; later its object must look as remembered.
    """

    def __init__(self, model: UniVS, config: InferenceConfig, encoder: TextEncoder) -> None:
        self._model = model
        self._config = config
        self._encoder = encoder
        self._window = ClipWindow(config.slots)
        self._sentences: dict[int, Text] = {}
        self._words: list[Tensor] = []
        self._asked_before = 0
        self._emitted = 0
        self._geometry: FrameGeometry | None = None
        self._score_sums: dict[int, tuple[float, int]] = {}

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`."""
        self._geometry = clip.geometry
        height, width = clip.geometry.padded
        grid = (height // MASK_STRIDE, width // MASK_STRIDE)
        self._window.open(clip, grid, self._model.config.decoder.hidden)
        self._listen([p for p in prompts if isinstance(p, Text)], clip.features.mask_features)
        if self._words:
            logits, embeddings = self._decode(clip)
            self._settle(logits, embeddings)
        self._asked_before = len(self._words)
        return [self._frame(clip.geometry, k) for k in range(min(self._config.stride, len(clip)))]

    def finish(self) -> list[FrameResult]:
        """As :meth:`TaskPolicy.finish`."""
        if self._geometry is None:
            return []
        return [
            self._frame(self._geometry, k)
            for k, stamp in enumerate(self._window.stamps)
            if stamp.position >= self._emitted
        ]

    def tracks(self) -> tuple[Track, ...]:
        """One row per sentence, its score the mean over the frames that show its object."""
        return tuple(
            Track(name, self._sentences[name].text, total / max(1, frames))
            for name, (total, frames) in sorted(self._score_sums.items())
        )

    def _listen(self, texts: Sequence[Text], like: Tensor) -> None:
        """Encodes new sentences: [1 + L, D_t] the whole first, then its words."""
        if not texts:
            return
        features = self._encoder.encode_sentences([text.text for text in texts])
        for text, whole, words, length in zip(
            texts, features.sentence, features.words, features.lengths.tolist(), strict=True
        ):
            kept = words if self._config.padding_words else words[:length]
            self._sentences[text.object_id] = text
            self._words.append(torch.cat([whole[None], kept]).to(like))
        self._window.add_rows(len(texts))

    def _decode(self, clip: Clip) -> tuple[Tensor, Tensor]:
        """Mask logits [N, T, h, w] and embeddings [N, T, C] of all sentences.

        Sentences never see each other, so those of one length are asked together, without padding.
        """
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, words in enumerate(self._words):
            by_length[len(words)].append(row)
        logits: list[Tensor] = [torch.empty(0)] * len(self._words)
        embeddings: list[Tensor] = [torch.empty(0)] * len(self._words)
        for rows in by_length.values():
            words = torch.stack([self._words[row] for row in rows])[None]
            out = self._model.decode(
                clip.features,
                clip.frame_indices[None],
                self._model.text_queries(clip.features, words, "expression"),
                learnable=False,
                separation="sep-entity",
            )
            final = checked(out.final, clip)
            for k, row in enumerate(rows):
                logits[row] = final.mask_logits[0, final.learnable + k].float()
                embeddings[row] = final.embeddings[0, final.learnable + k].float()
        return torch.stack(logits), torch.stack(embeddings)

    def _settle(self, logits: Tensor, embeddings: Tensor) -> None:
        rows = torch.arange(len(logits), device=logits.device)
        known, new = rows[: self._asked_before], rows[self._asked_before :]
        similarity = temporal_consistency(self._window.embeddings[known], embeddings[known])
        kept = similarity > self._config.consistency_threshold
        found = torch.cat([known[kept], new])
        self._window.accumulate(found, logits[found])
        self._window.look(found, embeddings[found])

    def _frame(self, geometry: FrameGeometry, column: int) -> FrameResult:
        stamp = self._window.stamps[column]
        self._emitted = stamp.position + 1
        logits = self._window.mean[:, column]
        quality = mask_quality(logits).tolist()
        visible = (logits > 0).flatten(1).any(1).tolist()
        shown = [row for row, seen in enumerate(visible) if seen]
        masks = dict(zip(shown, (geometry.to_source(logits[shown]) > 0).cpu().numpy(), strict=True))
        nothing = np.zeros(geometry.source, dtype=np.bool_)
        segments = []
        for row, (name, text) in enumerate(self._sentences.items()):
            mask = masks.get(row, nothing)
            seen = bool(mask.any())
            score = float(quality[row]) * seen
            total, frames = self._score_sums.get(name, (0.0, 0))
            self._score_sums[name] = (total + score, frames + seen)
            segments.append(Segment(name, mask, score, text.text))
        return FrameResult(stamp.index, stamp.time, geometry.source, tuple(segments))
