"""VIS, VPS and VSS by a model of fixed classes: frames are answered as published, ids added."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from ....errors import ModelError, VocabularyError
from ....models.mask2former import Mask2Former
from ....prompts import Prompt
from ....results import FrameResult, Segment, Track
from ....types import Task
from ....vocabularies import Vocabulary
from ...clip import Clip
from ...config import InferenceConfig
from ...tracking.track_scores import LifetimeScores, MeanScores
from ..base import TaskPolicy, check_finite
from .answers import (
    FrameAnswers,
    Piece,
    best_pairs,
    class_map,
    instance_mask,
    panoptic_pieces,
)
from .identities import FrameIdentities


class _FixedClassPolicy(ABC):
    """Decodes frame by frame; a task says what becomes of the answers."""

    def __init__(self, model: Mask2Former, config: InferenceConfig, wanted: Sequence[bool]) -> None:
        """``wanted``: K flags, classes that are shown."""
        self._model = model
        self._config = config
        self._classes: Vocabulary = model.config.classes
        self._wanted = tuple(wanted)
        self._is_thing = torch.tensor(
            self._classes.is_thing, device=next(model.parameters()).device
        )

    def step(self, clip: Clip, prompts: Sequence[Prompt] = ()) -> list[FrameResult]:
        """As :meth:`TaskPolicy.step`; takes no prompts. All new frames are final at once."""
        results = []
        for t in range(len(clip) - clip.new, len(clip)):
            prediction = check_finite(self._model.decode(clip.features[t : t + 1]), clip.frame(t))
            answers = FrameAnswers.of(prediction, 0, clip.geometry)
            segments = tuple(self._segments(answers, clip.start + t))
            size = clip.geometry.source
            results.append(FrameResult(clip.indices[t], clip.times[t], size, segments))
        return results

    def finish(self) -> list[FrameResult]:
        """Nothing is held back."""
        return []

    @abstractmethod
    def _segments(self, answers: FrameAnswers, position: int) -> Iterable[Segment]:
        """What is shown of the frame at a position of the stream."""

    def _segment(self, identity: int, mask: Tensor, score: float, label: int) -> Segment:
        name, thing = self._classes.names[label], self._classes.is_thing[label]
        return Segment(identity, mask.cpu().numpy(), min(score, 1.0), name, thing)

    def _track(self, identity: int, label: int, score: float) -> Track:
        name, thing = self._classes.names[label], self._classes.is_thing[label]
        return Track(identity, name, min(score, 1.0), thing)


class FixedPanoptic(_FixedClassPolicy):
    """VPS. A thing keeps the class that it had most of the time, stuff has one id a class."""

    def __init__(self, model: Mask2Former, config: InferenceConfig, wanted: Sequence[bool]) -> None:
        super().__init__(model, config, wanted)
        self._identities = FrameIdentities(config, lambda entities, rows: None)
        self._shown_ids: dict[tuple[bool, int], int] = {}
        self._table: dict[int, tuple[int, float]] = {}

    def tracks(self) -> tuple[Track, ...]:
        """One row per segment id, with the class and best score that it was last shown with."""
        return tuple(self._track(i, k, score) for i, (k, score) in sorted(self._table.items()))

    def _segments(self, answers: FrameAnswers, position: int) -> Iterator[Segment]:
        scores = answers.probabilities[:, :-1] * self._is_thing
        likely = answers.likely(self._is_thing)
        known = self._identities.follow(position, likely, answers.embeddings, scores)
        pieces = panoptic_pieces(answers, self._config)
        new = [p.row for p in pieces if self._thing(p) and p.row not in known]
        known |= self._identities.bear(
            position, new, answers.embeddings, scores, torch.ones_like(scores[:, 0])
        )
        shown: dict[int, tuple[int, float, Tensor]] = {}
        for piece in pieces:
            thing = self._thing(piece)
            if thing and piece.row not in known:
                continue  # no room for one more object
            label = self._label(known[piece.row]) if thing else piece.label
            if self._wanted[label]:
                i = self._id(thing, known[piece.row] if thing else label)
                _, score, mask = shown.get(i, (label, 0.0, torch.zeros_like(piece.mask)))
                shown[i] = (label, max(score, piece.score), mask | piece.mask)
        for i, (label, score, mask) in shown.items():
            self._table[i] = (label, max(score, self._table.get(i, (label, 0.0))[1]))
            yield self._segment(i, mask, score, label)

    def _thing(self, piece: Piece) -> bool:
        return self._classes.is_thing[piece.label]

    def _label(self, identity: int) -> int:
        entities = self._identities.entities
        return int(entities.class_scores[self._identities.row(identity)].argmax())

    def _id(self, thing: bool, key: int) -> int:
        """Ids count segments in the order in which they are first shown."""
        return self._shown_ids.setdefault((thing, key), len(self._shown_ids) + 1)


class FixedInstances(_FixedClassPolicy):
    """VIS of a video. Objects are born of queries among the best pairs and then followed."""

    def __init__(self, model: Mask2Former, config: InferenceConfig, wanted: Sequence[bool]) -> None:
        super().__init__(model, config, wanted)
        self._scores = LifetimeScores()
        self._identities = FrameIdentities(config, self._scores.retire)
        flags = torch.tensor(self._wanted, device=self._is_thing.device)
        self._shown_classes = flags & self._is_thing

    def tracks(self) -> tuple[Track, ...]:
        """The ``max_detections`` best pairs of object and class over the video."""
        rows = [
            (float(scores[k]) * quality, i, k)
            for i, scores, quality in self._scores.objects(self._identities.entities)
            for k in scores.nonzero()[:, 0].tolist()
        ]
        best = sorted(rows, key=lambda row: (-row[0], row[1:]))[: self._config.max_detections]
        kept = [row for row in best if row[0] > self._config.class_threshold]
        return tuple(self._track(i, k, score) for score, i, k in kept)

    def _segments(self, answers: FrameAnswers, position: int) -> Iterator[Segment]:
        scores = answers.probabilities[:, :-1] * self._shown_classes
        likely = answers.likely(self._shown_classes)
        known = self._identities.follow(position, likely, answers.embeddings, scores)
        masks = {row: instance_mask(answers, row) for row in known}
        new = [row for row in self._candidates(answers, likely, masks) if row not in known]
        quality = torch.zeros_like(scores[:, 0])
        for query, (_, value) in masks.items():
            quality[query] = value
        entities, queries = self._identities.entities, list(known)
        entities.add_quality([self._identities.row(known[q]) for q in queries], quality[queries])
        known |= self._identities.bear(position, new, answers.embeddings, scores, quality)
        for query, i in sorted(known.items(), key=lambda pair: pair[1]):
            mask, sharpness = masks[query]
            if bool(mask.any()):
                best, label = entities.class_scores[self._identities.row(i)].max(0)
                yield self._segment(i, mask, float(best) * sharpness, int(label))

    def _candidates(
        self, answers: FrameAnswers, likely: Tensor, masks: dict[int, tuple[Tensor, float]]
    ) -> list[int]:
        """Queries worth an object, best first; their masks are added to ``masks``."""
        found: dict[int, None] = {}
        for query, label, score in best_pairs(answers, self._config):
            if query in found or not bool(self._shown_classes[label] & likely[query]):
                continue
            if query not in masks:
                masks[query] = instance_mask(answers, query)
            if score * masks[query][1] > self._config.class_threshold:
                found[query] = None
        return list(found)


class FixedPicture(_FixedClassPolicy):
    """VIS of a still picture: the published list of pairs of query and class."""

    def __init__(self, model: Mask2Former, config: InferenceConfig, wanted: Sequence[bool]) -> None:
        super().__init__(model, config, wanted)
        self._list: list[Track] = []

    def tracks(self) -> tuple[Track, ...]:
        """One row per pair, best first; a query keeps its id under every class."""
        return tuple(self._list)

    def _segments(self, answers: FrameAnswers, position: int) -> Iterator[Segment]:
        masks: dict[int, tuple[Tensor, float]] = {}
        pairs = []
        for row, label, score in best_pairs(answers, self._config):
            if self._wanted[label] and self._classes.is_thing[label]:
                if row not in masks:
                    masks[row] = instance_mask(answers, row)
                quality = masks[row][1]
                if score * quality > self._config.class_threshold:
                    pairs.append((score * quality, row, label))
        pairs.sort(key=lambda pair: (-pair[0], *pair[1:]))
        ids: dict[int, int] = {}
        self._list = []
        for score, row, label in pairs:
            first = row not in ids
            i = ids.setdefault(row, len(ids) + 1)
            self._list.append(self._track(i, label, score))
            if first:
                yield self._segment(i, masks[row][0], score, label)


class FixedSemantic(_FixedClassPolicy):
    """VSS: the class of every pixel; a segment's id is its class."""

    def __init__(self, model: Mask2Former, config: InferenceConfig, wanted: Sequence[bool]) -> None:
        super().__init__(model, config, wanted)
        self._scores = MeanScores()

    def tracks(self) -> tuple[Track, ...]:
        """One row per class that was seen, its score the mean over the frames that show it."""
        return tuple(self._track(k + 1, k, mean) for k, mean in self._scores.means())

    def _segments(self, answers: FrameAnswers, position: int) -> Iterator[Segment]:
        labels, scores = class_map(answers)
        for k in labels.unique().tolist():
            if not self._wanted[k]:
                continue
            mask = labels == k
            score = min(float(scores[mask].mean()), 1.0)
            self._scores.add(k, score)
            yield self._segment(k + 1, mask, score, k)


def wanted_classes(model: Mask2Former, task: Task, asked: Vocabulary | None) -> tuple[bool, ...]:
    """K flags, the classes to show: all that were ``asked`` for, or all.

    Raises:
        ModelError: a task that needs prompts.
        VocabularyError: a class that the model was not trained on.
    """
    known = model.config.classes
    if not task.by_category:
        raise ModelError(
            f"Task {task.value} needs a model that takes prompts, such as nano or a UniVS file; "
            f"this Mask2Former can do vis, vps and vss."
        )
    if asked is None:
        return (True,) * len(known)
    names = {name.lower() for name in asked.names}
    strange = sorted(names - {name.lower() for name in known.names})
    if strange:
        raise VocabularyError(
            f"This Mask2Former was trained on {len(known)} classes, and {strange[0]!r} is none of "
            f"them; leave the categories out to get its own, or take a model that reads words, "
            f"such as nano or a UniVS file."
        )
    return tuple(name.lower() in names for name in known.names)


def fixed_class_policy(
    model: Mask2Former,
    config: InferenceConfig,
    task: Task,
    wanted: Sequence[bool],
    *,
    still: bool,
) -> TaskPolicy:
    """The policy of VIS, VPS or VSS; ``still`` says that there will be a single picture."""
    if task is Task.VSS:
        return FixedSemantic(model, config, wanted)
    if task is Task.VPS:
        return FixedPanoptic(model, config, wanted)
    return FixedPicture(model, config, wanted) if still else FixedInstances(model, config, wanted)
