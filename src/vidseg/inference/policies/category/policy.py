"""VIS and VPS: find objects by category, keep them by their prompts (UniVS §4.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ....models.decoder.tensors import Prediction
from ....prompts import Prompt
from ....results import FrameResult, Track
from ....types import Task
from ...clip import Categories, Clip
from ...config import InferenceConfig
from ...mask_scores import mask_quality
from ...memory.frame_window import FrameWindow
from ...memory.prompt_memory import ObjectMemory
from ...published.rounds import frames_due
from ...published.shifted_frames import ShiftedFrames
from ...tracking.association import temporal_consistency
from ...tracking.clip_association import ShapeMemory
from ...tracking.entities import Entities
from ...tracking.nms import mask_iou
from ..base import ClipPredictor
from .detection import Detections, distinct
from .matching import Matching
from .rules import CategoryOutput, CategoryRules, Pair
from .vis import InstanceOutput, InstanceRules
from .vps import PanopticOutput, PanopticRules


class OwnFrames:
    """Every mask is sampled from its own frame, as soon as the clip has been answered."""

    def __init__(self, memory: ObjectMemory, config: InferenceConfig) -> None:
        self._memory = memory
        self._stride = config.stride
        self._unanchored: set[int] = set()

    def open(self, clip: Clip, window: FrameWindow) -> None:
        """Before the clip is decoded."""
        self._memory.advance(clip.stop)

    def add(self, clip: Clip, ids: Sequence[int], visible: Tensor) -> None:
        """New objects; ``visible`` [n, T]: frames with any pixel of them.

        The first slot is that of the first visible frame, so it gets real tokens.
        """
        for born, delay in zip(ids, visible.int().argmax(dim=1).tolist(), strict=True):
            self._memory.add([born], clip.start + delay)
        self._unanchored.update(ids)

    def close(self, clip: Clip, window: FrameWindow, ids: Sequence[int]) -> None:
        """After the clip is settled; ``ids`` are the rows of the window."""
        if not ids:
            return
        logits = window.mean(clip.start, clip.stop)
        masks = (logits > 0).float()
        self._memory.observe(clip.features, clip.frame_indices, masks, clip.start)
        visible = masks.flatten(2).any(dim=2).tolist()
        for k in range(min(self._stride, len(clip))):  # frames that no later clip will see
            seen = [row for row in range(len(ids)) if visible[row][k]]
            soft = {ids[row]: logits[row, k].sigmoid() for row in seen}
            anchored = self._unanchored & soft.keys()
            self._memory.remember_masks(clip.features[k : k + 1], soft, anchored)
            self._unanchored -= anchored


class CategoryPolicy:
    """One video of VIS or VPS. Per clip: remember, propagate, detect, let go of final frames."""

    def __init__(
        self,
        predictor: ClipPredictor,
        config: InferenceConfig,
        task: Task,
        categories: Categories,
        *,
        memory: ObjectMemory | None = None,
        shapes: ShapeMemory | None = None,
    ) -> None:
        """``memory``: of the predictor, for the association by prompts; ``shapes``: for the
        association by shape and place; None: by appearance alone."""
        self._predictor = predictor
        self._config = config
        is_thing = torch.tensor(categories.is_thing, device=categories.embeddings.device)
        self._entities = Entities(
            memory=config.memory_length // config.stride,
            unborn_slots=config.published.unborn_scores,
            momentum=config.gvseg.embedding_momentum,
        )
        self._window = FrameWindow()
        self._rules: CategoryRules
        self._output: CategoryOutput
        if task is Task.VIS:
            self._rules, self._output = InstanceRules(config), InstanceOutput(config, categories)
        else:
            self._rules = PanopticRules(config, is_thing)
            self._output = PanopticOutput(config, categories)
        self._memory = memory
        self._sampling: OwnFrames | ShiftedFrames | None = None
        if memory is not None:
            own = config.published.memory_features == "own"
            self._sampling = (OwnFrames if own else ShiftedFrames)(memory, config)
        self._shapes = shapes
        self._matching = Matching(config, self._rules, is_thing, shapes)
        self._clips = 0
        self._last = 0

    def step(self, clip: Clip, prompts: Sequence[Prompt] = ()) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`; VIS and VPS take no prompts."""
        results = self._finish_round()
        height, width = clip.features.mask_features.shape[-2:]
        self._window.open(clip, (height, width))
        self._entities.open_slot()
        if self._sampling is not None:
            self._sampling.open(clip, self._window)
        prediction = self._predictor.predict(clip)
        if self._sampling is not None and len(self._entities):
            self._propagate(clip, prediction)
        if self._detection_due():
            self._detect(clip, Detections.of(prediction))
        self._give_up(self._entities.expired(clip.start, self._config.tracking.forget_after))
        if self._sampling is not None:
            self._sampling.close(clip, self._window, self._entities.ids)
        self._clips += 1
        self._last = clip.start
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
        measured = clip.geometry.measured(logits)
        quality = mask_quality(measured)
        threshold = self._config.tracking.consistency_threshold / (1 if self._warm(clip) else 2)
        similarity = temporal_consistency(self._entities.embeddings, embeddings)
        kept = similarity > threshold
        if bool(kept.any()):
            score = self._entities.class_scores.amax(dim=1) * similarity * quality
            kept &= self._rules.kept(score, measured, clip.geometry)
        found = kept.nonzero()[:, 0].tolist()
        positive = (measured[found] > 0).flatten(2).any(dim=2)
        self._add_to_window(found, clip, logits[found], positive)
        if self._shapes is not None:
            self._shapes.see(found, logits[found])
        visible = positive.any(dim=1).tolist()
        self._entities.see([n for n, v in zip(found, visible, strict=True) if v], clip.start)
        self._entities.blend_embeddings(found, embeddings[found].mean(dim=1))
        self._entities.add_quality(found, quality[found])

    def _warm(self, clip: Clip) -> bool:
        """Whether the memory reaches back a whole clip; before, half the consistency is enough."""
        return clip.start >= self._config.clip_length

    def _add_to_window(
        self, rows: Sequence[int], clip: Clip, logits: Tensor, positive: Tensor
    ) -> None:
        """Adds logits of a clip; when clips are summed as released, empty frames do not count."""
        mean = self._config.published.overlapping_clips == "mean"
        self._window.add(rows, clip.start, logits, None if mean else positive)

    # -- detection ------------------------------------------------------------------------------

    def _detection_due(self) -> bool:
        if self._config.tracking.association == "similarity" or not len(self._entities):
            return True
        return self._clips % self._config.tracking.detection_interval == 0

    def _detect(self, clip: Clip, detections: Detections) -> None:
        """Matches detections with known objects and starts new ones."""
        detections = self._rules.candidates(detections)
        if len(self._entities):
            matched = self._match(clip, detections)
            self._bear(clip, self._unknown(clip, detections, matched))
        elif self._clips == 0 or self._config.published.detect_after_empty:
            self._bear(clip, self._rules.first(detections))

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
        positive = (clip.geometry.measured(found.mask_logits) > 0).flatten(2).any(dim=2)
        self._add_to_window(known, clip, found.mask_logits, positive)
        if self._shapes is not None:
            self._shapes.see(known, found.mask_logits)
        self._entities.add_quality(known, found.quality)
        self._entities.see(known, clip.start)

    def _unknown(self, clip: Clip, detections: Detections, matched: set[int]) -> Detections:
        """Detections good enough to be new objects, and unlike every known one."""
        good = (detections.best > self._rules.least_score).tolist()
        new = detections[[q for q, ok in enumerate(good) if ok and q not in matched]]
        known = self._window.mean(clip.start, clip.stop) > 0
        overlap = mask_iou(new.mask_logits > 0, known)
        return new[(overlap < self._config.tracking.duplicate_threshold).flatten(1).all(dim=1)]

    def _bear(self, clip: Clip, new: Detections) -> None:
        """Starts objects, as many as there is room for."""
        if self._config.published.distinct_newborns:
            new = new.by_score(len(new))
            new = new[distinct(new.mask_logits > 0, self._config.tracking.duplicate_threshold)]
        most = self._config.tracking.max_objects
        if most is not None:
            new = new[range(min(len(new), most))]
            surplus = len(new) + len(self._entities) - most
            self._give_up(self._entities.replaceable(clip.start, surplus))
            new = new[range(min(len(new), most - len(self._entities)))]
        if not len(new):
            return
        ids = self._entities.add(new.embeddings.mean(dim=1), new.scores, new.quality, clip.start)
        known = len(self._window.logits)
        self._window.add_rows(len(ids))
        self._window.add(range(known, known + len(ids)), clip.start, new.mask_logits)
        if self._shapes is not None:
            self._shapes.append(new.mask_logits)
        if self._sampling is not None:
            self._sampling.add(clip, ids, (new.mask_logits > 0).flatten(2).any(dim=2))

    def _give_up(self, rows: Sequence[int]) -> None:
        """Drops objects; their scores stay in the video-level table."""
        if not rows:
            return
        gone = set(rows)
        self._output.retire(self._entities, rows)
        if self._memory is not None:
            self._memory.remove([self._entities.ids[row] for row in rows])
        rest = [row for row in range(len(self._entities)) if row not in gone]
        self._window.keep(rest)
        if self._shapes is not None:
            self._shapes.keep(rest)
        self._entities.keep(rest)

    # -- results --------------------------------------------------------------------------------

    def _finish_round(self) -> list[FrameResult]:
        """Frames of a released round, given out when one more clip shows up."""
        if self._config.window == 1 or not self._clips:
            return []
        return self._emit(frames_due(self._config, self._last))

    def _emit(self, count: int) -> list[FrameResult]:
        """Gives out the oldest frames, as one round or each on its own."""
        together = count if self._config.window > 1 else 1
        results: list[FrameResult] = []
        for _ in range(math.ceil(count / together) if count else 0):
            frames = self._window.take(together)
            if frames is not None:
                results += self._output.emit(frames, self._entities)
        return results
