"""VIS and VPS: find objects by category, keep them by their prompts (UniVS §4.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ....models.gvseg.shape_position import DescriptorConfig
from ....models.univs.model import UniVS
from ....prompts import Prompt
from ....results import FrameResult, Track
from ....types import Task
from ...config import InferenceConfig
from ...frame_geometry import MASK_STRIDE
from ...mask_quality import mask_quality
from ...memory.mask_window import MaskWindow
from ...overlaps import undisputed
from ...tracking.clip_association import ShapeMemory, describer, shapes_of
from ...tracking.consistency import temporal_consistency
from ...tracking.entities import Entities
from ...tracking.nms import mask_iou
from ..base import Categories, Clip
from .clip_decoder import ClipAnswers, ClipDecoder, RememberingDecoder
from .detection import (
    Detections,
    distinct,
    first_instances,
    first_segments,
    instance_candidates,
)
from .matching import Matching, Pair
from .output import CategoryOutput
from .remembering import OwnFrames, ShiftedFrames
from .vis import InstanceOutput
from .vps import PanopticOutput

# A remembered object of VIS must keep this share of its mask against the others.
_LEAST_SHARE = 0.5


class CategoryPolicy:
    """One video of VIS or VPS. Per clip: remember, propagate, detect, let go of final frames."""

    def __init__(
        self,
        decoder: ClipAnswers,
        config: InferenceConfig,
        task: Task,
        categories: Categories,
        shapes: ShapeMemory | None = None,
    ) -> None:
        """``shapes``: for the association by shape and place; None: by appearance alone."""
        self._decoder = decoder
        self._config = config
        self._instances = task is Task.VIS
        self._is_thing = torch.tensor(categories.is_thing, device=categories.embeddings.device)
        self._entities = Entities(
            memory=config.memory_length // config.stride,
            unborn_slots=config.unborn_scores,
            momentum=config.embedding_momentum,
        )
        self._window = MaskWindow(count_empty=config.overlapping_clips == "mean")
        output = InstanceOutput if self._instances else PanopticOutput
        self._output: CategoryOutput = output(config, categories)
        self._memory: OwnFrames | ShiftedFrames | None = None
        if config.association == "prompts":
            assert isinstance(decoder, ClipDecoder), "without prompt queries: by similarity"
            self._remembered = decoder
            remembering = OwnFrames if config.memory_features == "own" else ShiftedFrames
            self._memory = remembering(decoder, config)
        self._shapes = shapes
        self._matching = Matching(config, self._is_thing, shapes, instances=self._instances)
        self._clips = 0
        self._last: Clip | None = None

    @classmethod
    def of_model(
        cls, model: UniVS, config: InferenceConfig, task: Task, categories: Categories
    ) -> CategoryPolicy:
        """The policy of a network (tests may give another :class:`ClipDecoder`)."""
        decoder = RememberingDecoder(model, config, categories)
        describe = describer(DescriptorConfig(), model.config.decoder.hidden)
        return cls(
            decoder, config, task, categories, shapes_of(describe, config, categories.is_thing)
        )

    def step(self, clip: Clip, prompts: Sequence[Prompt] = ()) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`; VIS and VPS take no prompts."""
        results = self._finish_round()
        self._window.open(clip.features.mask_features, clip.indices, clip.times, clip.start)
        self._entities.open_slot()
        if self._memory is not None:
            self._memory.open(clip, self._window)
        prediction = self._decoder.decode(clip)
        if self._memory is not None and len(self._entities):
            self._propagate(clip, prediction)
        if self._detection_due():
            self._detect(clip, Detections.of(prediction))
        self._give_up(self._lost(clip))
        if self._memory is not None:
            self._memory.close(clip, self._window, self._entities.ids)
        self._clips += 1
        self._last = clip
        if self._config.window == 1:
            results += self._emit(self._config.stride)
        return results

    def finish(self) -> list[FrameResult]:
        """Everything that is still held back."""
        return self._emit(self._window.stop - self._window.start)

    def tracks(self) -> tuple[Track, ...]:
        """As :meth:`TaskPolicy.tracks`."""
        return self._output.tracks(self._entities)

    # -- propagation ----------------------------------------------------------------------------

    def _propagate(self, clip: Clip, prediction: Prediction) -> None:
        """Continues the objects whose prompt queries still look like their memory."""
        rows = slice(prediction.learnable, None)
        logits = prediction.mask_logits[0, rows].float()
        embeddings = prediction.embeddings[0, rows].float()
        pixels = self._measured(logits, clip)
        quality = mask_quality(pixels)
        threshold = self._config.consistency_threshold / (1 if self._warm(clip) else 2)
        similarity = temporal_consistency(self._entities.embeddings, embeddings)
        kept = similarity > threshold
        if self._instances and bool(kept.any()):
            score = self._entities.class_scores.amax(dim=1) * similarity * quality
            kept &= self._keeps_its_mask(pixels, score, clip)
        found = kept.nonzero()[:, 0].tolist()
        positive = (pixels[found] > 0).flatten(2).any(dim=2)
        self._window.add(found, clip.start, logits[found], positive)
        if self._shapes is not None:
            self._shapes.see(found, logits[found])
        visible = positive.any(dim=1).tolist()
        self._entities.see([n for n, v in zip(found, visible, strict=True) if v], clip.start)
        self._entities.blend_embeddings(found, embeddings[found].mean(dim=1))
        self._entities.add_quality(found, quality[found])

    def _keeps_its_mask(self, pixels: Tensor, score: Tensor, clip: Clip) -> Tensor:
        """[N] bool: not a duplicate that others overrule."""
        shown = self._shown(pixels, clip).sigmoid()
        return undisputed(score[:, None, None, None] * shown, shown > 0.5, _LEAST_SHARE)

    def _warm(self, clip: Clip) -> bool:
        """Whether the memory reaches back a whole clip; before, half the consistency is enough."""
        return clip.start >= self._config.clip_length

    def _measured(self, logits: Tensor, clip: Clip) -> Tensor:
        """Logits on the grid on which qualities and overlaps are counted."""
        if self._config.mask_measures == "pixels":
            return clip.geometry.to_padded(logits)
        return logits

    def _shown(self, measured: Tensor, clip: Clip) -> Tensor:
        """The part of the grid that shows the picture and not its padding."""
        if self._config.mask_measures == "pixels":
            return clip.geometry.crop(measured)
        height, width = (-(-side // MASK_STRIDE) for side in clip.geometry.valid)
        return measured[..., :height, :width]

    # -- detection ------------------------------------------------------------------------------

    def _detection_due(self) -> bool:
        if self._config.association == "similarity" or not len(self._entities):
            return True
        return self._clips % self._config.detection_interval == 0

    def _detect(self, clip: Clip, detections: Detections) -> None:
        """Matches detections with known objects and starts new ones."""
        if self._instances:
            detections = instance_candidates(detections, self._config)
        if len(self._entities):
            matched = self._match(clip, detections)
            self._bear(clip, self._unknown(clip, detections, matched))
        elif self._clips == 0 or self._config.detect_after_empty:
            first = (
                first_instances(detections, self._config)
                if self._instances
                else first_segments(detections, self._is_thing, self._config)
            )
            self._bear(clip, first)

    def _match(self, clip: Clip, detections: Detections) -> set[int]:
        """Updates the known objects by what is found of them; returns the detections taken."""
        matches = self._matching.match(self._entities, detections)
        known, found = [n for n, _ in matches.pairs], detections[[q for _, q in matches.pairs]]
        self._entities.blend_scores(known, found.scores)
        self._entities.blend_embeddings(known, found.embeddings.mean(dim=1))
        self._add_masks(clip, matches.trusted, detections)
        return {q for _, q in matches.pairs}

    def _add_masks(self, clip: Clip, pairs: Sequence[Pair], detections: Detections) -> None:
        known, found = [n for n, _ in pairs], detections[[q for _, q in pairs]]
        positive = (self._measured(found.mask_logits, clip) > 0).flatten(2).any(dim=2)
        self._window.add(known, clip.start, found.mask_logits, positive)
        if self._shapes is not None:
            self._shapes.see(known, found.mask_logits)
        self._entities.add_quality(known, found.quality)
        self._entities.see(known, clip.start)

    def _unknown(self, clip: Clip, detections: Detections, matched: set[int]) -> Detections:
        """Detections good enough to be new objects, and unlike every known one."""
        config = self._config
        least = config.class_threshold * (1 if self._instances else 2)
        good = (detections.best > least).tolist()
        new = detections[[q for q, ok in enumerate(good) if ok and q not in matched]]
        known = self._window.view(clip.start, clip.stop) > 0
        overlap = mask_iou(new.mask_logits > 0, known)
        return new[(overlap < config.duplicate_threshold).flatten(1).all(dim=1)]

    def _bear(self, clip: Clip, new: Detections) -> None:
        """Starts objects, as many as there is room for."""
        if self._config.distinct_newborns:
            new = new.by_score(len(new))
            new = new[distinct(new.mask_logits > 0, self._config.duplicate_threshold)]
        if self._config.max_objects is not None:
            new = new[range(min(len(new), self._config.max_objects))]
            self._make_room(clip, len(new) + len(self._entities) - self._config.max_objects)
            new = new[range(min(len(new), self._config.max_objects - len(self._entities)))]
        if not len(new):
            return
        ids = self._entities.add(new.embeddings.mean(dim=1), new.scores, new.quality, clip.start)
        self._window.append(clip.start, new.mask_logits)
        if self._shapes is not None:
            self._shapes.append(new.mask_logits)
        if self._memory is not None:
            self._memory.add(clip, ids, (new.mask_logits > 0).flatten(2).any(dim=2))

    def _make_room(self, clip: Clip, count: int) -> None:
        """Gives up to ``count`` objects up that are out of sight, the longest lost first."""
        last_seen = self._entities.last_seen
        lost = [row for row, seen in enumerate(last_seen) if seen < clip.start]
        self._give_up(sorted(lost, key=lambda row: last_seen[row])[: max(count, 0)])

    def _give_up(self, rows: Sequence[int]) -> None:
        """Drops objects; their scores stay in the video-level table."""
        if not rows:
            return
        gone = set(rows)
        self._output.retire(self._entities, rows)
        if self._memory is not None:
            self._remembered.remove([self._entities.ids[row] for row in rows])
        rest = [row for row in range(len(self._entities)) if row not in gone]
        self._window.keep(rest)
        if self._shapes is not None:
            self._shapes.keep(rest)
        self._entities.keep(rest)

    def _lost(self, clip: Clip) -> list[int]:
        """Objects that were not found for longer than they are waited for."""
        if self._config.forget_after is None:
            return []
        oldest = clip.start - self._config.forget_after
        return [row for row, seen in enumerate(self._entities.last_seen) if seen < oldest]

    # -- results --------------------------------------------------------------------------------

    def _finish_round(self) -> list[FrameResult]:
        """Released schedule: rounds of W frames, given out when one more clip shows up.

        (At the last clip released code gives out all that is left as one round.)
        """
        config = self._config
        if config.window == 1 or self._last is None:
            return []
        round_length = (math.ceil(max(config.window, config.clip_length) / 5) + 1) * 5
        position, M = self._last.start, config.memory_length
        due = position > M and position % round_length == M
        return self._emit(round_length) if due else []

    def _emit(self, count: int) -> list[FrameResult]:
        """Gives out the oldest frames, as one round or each on its own."""
        if self._last is None:
            return []
        together = count if self._config.window > 1 else 1
        results: list[FrameResult] = []
        for _ in range(math.ceil(count / together)):
            frames = self._window.take(together)
            if frames.indices:
                results += self._output.emit(frames, self._entities, self._last.geometry)
        return results
