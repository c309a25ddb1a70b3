"""RefVOS: objects singled out by sentences (UniVS §4.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ...models.text.features import TextEncoder
from ...models.univs.model import UniVS
from ...prompts import Prompt, Text
from ...results import FrameResult, Segment, Track
from ..clip import Clip
from ..config import InferenceConfig
from ..frame_geometry import FrameGeometry
from ..mask_scores import mask_quality
from ..memory.frame_window import FrameEmbeddings, FrameWindow
from ..tracking.association import temporal_consistency
from ..tracking.track_scores import MeanScores
from .base import check_finite, decoding


class ReferringPolicy:
    """One video of RefVOS. Every sentence is asked in every clip, each on its own.

    A sentence is answered freely in its first clip; later its object must look as remembered.
    """

    def __init__(self, model: UniVS, config: InferenceConfig, encoder: TextEncoder) -> None:
        self._model = model
        self._config = config
        self._encoder = encoder
        self._window = FrameWindow()
        self._embeddings = FrameEmbeddings(config.slots)
        self._sentences: dict[int, Text] = {}
        self._words: list[Tensor] = []
        self._asked_before = 0
        self._scores = MeanScores()

    def step(self, clip: Clip, prompts: Sequence[Prompt]) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`."""
        height, width = clip.features.mask_features.shape[-2:]
        self._window.open(clip, (height, width))
        self._embeddings.open(clip, self._model.config.decoder.hidden)
        self._listen([p for p in prompts if isinstance(p, Text)], clip.features.mask_features)
        if self._words:
            logits, embeddings = self._decode(clip)
            self._settle(clip, logits, embeddings)
        self._asked_before = len(self._words)
        return self._emit(self._config.stride)

    def finish(self) -> list[FrameResult]:
        """As :meth:`TaskPolicy.finish`."""
        return self._emit(self._window.stop - self._window.start)

    def tracks(self) -> tuple[Track, ...]:
        """One row per sentence, its score the mean over the frames that show its object."""
        return tuple(
            Track(name, self._sentences[name].text, mean) for name, mean in self._scores.means()
        )

    def _listen(self, texts: Sequence[Text], like: Tensor) -> None:
        """Encodes new sentences: [1 + L, D_t] the whole first, then its words."""
        if not texts:
            return
        features = self._encoder.encode_sentences([text.text for text in texts])
        for text, whole, words, length in zip(
            texts, features.sentence, features.words, features.lengths.tolist(), strict=True
        ):
            kept = words if self._config.published.padding_words else words[:length]
            self._sentences[text.object_id] = text
            self._words.append(torch.cat([whole[None], kept]).to(like))
        self._window.add_rows(len(texts))
        self._embeddings.add_rows(len(texts))

    def _decode(self, clip: Clip) -> tuple[Tensor, Tensor]:
        """Mask logits [N, T, h, w] and embeddings [N, T, C] of all sentences.

        Sentences that do not see each other are asked together with those of their length alone,
        so that none needs padding.
        """
        longest = max(map(len, self._words))
        apart = self._config.separation in (None, "sep-entity", "sep-entity-learnable")
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, words in enumerate(self._words):
            by_length[len(words) if apart else longest].append(row)
        logits: list[Tensor] = [torch.empty(0)] * len(self._words)
        embeddings: list[Tensor] = [torch.empty(0)] * len(self._words)
        for length, rows in by_length.items():
            words = torch.stack([_padded(self._words[row], length) for row in rows])[None]
            out = self._model.decode(
                clip.features,
                clip.frame_indices[None],
                self._model.text_queries(clip.features, words, "expression"),
                learnable=False,
                **decoding(self._config),
            )
            final = check_finite(out.final, clip)
            for k, row in enumerate(rows):
                logits[row] = final.mask_logits[0, final.learnable + k].float()
                embeddings[row] = final.embeddings[0, final.learnable + k].float()
        return torch.stack(logits), torch.stack(embeddings)

    def _settle(self, clip: Clip, logits: Tensor, embeddings: Tensor) -> None:
        rows = torch.arange(len(logits), device=logits.device)
        known, new = rows[: self._asked_before], rows[self._asked_before :]
        similarity = temporal_consistency(self._embeddings.values[known], embeddings[known])
        kept = similarity > self._config.tracking.consistency_threshold
        found = torch.cat([known[kept], new])
        self._window.add(found, clip.start, logits[found])
        self._embeddings.blend(found, embeddings[found])

    def _emit(self, count: int) -> list[FrameResult]:
        """Results of the oldest frames of the window, which leave it."""
        frames = self._window.take(count)
        if frames is None:
            return []
        mean, size = frames.mean, frames.geometry.source
        stamps = enumerate(zip(frames.indices, frames.times, strict=True))
        return [
            FrameResult(index, time, size, self._segments(mean[:, f], frames.geometry))
            for f, (index, time) in stamps
        ]

    def _segments(self, logits: Tensor, geometry: FrameGeometry) -> tuple[Segment, ...]:
        """One segment for each sentence, out of the logits [N, h, w] of a frame."""
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
            self._scores.add(name, score, visible=seen)
            segments.append(Segment(name, mask, score, text.text))
        return tuple(segments)


def _padded(words: Tensor, length: int) -> Tensor:
    """[L, D_t] with zeros behind up to ``length``."""
    return functional.pad(words, (0, 0, 0, length - len(words)))
