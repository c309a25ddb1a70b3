"""What a benchmark of a run measures for each task: a video in, sums kept, figures at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...benchmarking.release import Masks, first_masks
from ...inference.segmenter import Results
from ...labels import Sentence
from ...metrics.jf import JFMeter
from ...metrics.panoptic import PanopticMap
from ...metrics.stq import STQ
from ...metrics.vis import TrackAP
from ...metrics.vpq import VPQ
from ...metrics.vss import SemanticMeter
from ...prompts import Text
from ...results import FrameResult
from ...types import MaskArray
from .benchmark_videos import TrueTrack

Truth = Sequence[Masks | None]
"""Masks of each frame by track id; None for a frame that is not labelled."""

_WINDOWS = (1, 2, 4, 6)


class Scores(Protocol):
    """Sums of one task over videos."""

    def add(self, results: Results, truth: Truth, tracks: Mapping[int, TrueTrack]) -> None:
        """Runs through the results of one video."""
        ...

    def figures(self) -> dict[str, float]:
        """Figures by name in percent, larger is better; NaN where nothing was measured."""
        ...


class ObjectScores:
    """J and F of objects that were prompted with their first mask (tasks vos and pvos).

    As on DAVIS the frame with the prompt and the last one of a video do not count.
    """

    def __init__(self) -> None:
        self._meter = JFMeter()
        self._videos = 0

    def add(self, results: Results, truth: Truth, tracks: Mapping[int, TrueTrack]) -> None:
        """See :class:`Scores`."""
        begun = {prompt.object_id: prompt.frame for prompt in first_masks(truth)}
        for t, (result, masks) in enumerate(zip(results, truth, strict=True)):
            if masks is None or t == len(truth) - 1:
                continue
            found = _found(result)
            nothing = np.zeros(result.size, dtype=bool)
            for id, start in begun.items():
                if t > start:
                    predicted, true = found.get(id, nothing), masks.get(id, nothing)
                    self._meter.update((self._videos, id), predicted, true)
        self._videos += 1

    def figures(self) -> dict[str, float]:
        """See :class:`Scores`."""
        return _region_and_contour(self._meter)


class SentenceScores:
    """J and F of what sentences mean, on all labelled frames as on Ref-DAVIS (task refvos)."""

    def __init__(self) -> None:
        self._meter = JFMeter()
        self._videos = 0
        self._meant: dict[int, tuple[int, ...]] = {}

    def ask(self, sentences: Sequence[Sentence]) -> list[Text]:
        """A prompt for each sentence of the next video."""
        self._meant = {k: s.track_ids for k, s in enumerate(sentences, start=1)}
        return [Text(s.text, object_id=k) for k, s in enumerate(sentences, start=1)]

    def add(self, results: Results, truth: Truth, tracks: Mapping[int, TrueTrack]) -> None:
        """See :class:`Scores`."""
        for result, masks in zip(results, truth, strict=True):
            if masks is None:
                continue
            found = _found(result)
            nothing = np.zeros(result.size, dtype=bool)
            for name, ids in self._meant.items():
                true = np.zeros(result.size, dtype=bool)
                for id in ids:
                    true |= masks.get(id, nothing)
                self._meter.update((self._videos, name), found.get(name, nothing), true)
        self._videos += 1

    def figures(self) -> dict[str, float]:
        """See :class:`Scores`."""
        return _region_and_contour(self._meter)


class TrackScores:
    """AP of tracks (task vis)."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._meter = list(names), TrackAP()

    def add(self, results: Results, truth: Truth, tracks: Mapping[int, TrueTrack]) -> None:
        """See :class:`Scores`."""
        for result, masks in zip(results, truth, strict=True):
            if masks is not None:
                self._meter.update(_found(result), masks)
        predicted = {
            track.id: (self._names.index(track.category), track.score)
            for track in reversed(results.tracks())  # the best row of an id is its first
            if track.category is not None
        }
        true = {id: track.row for id, track in tracks.items() if track.row >= 0}
        crowds = frozenset(id for id in true if tracks[id].is_crowd)
        self._meter.end_video(predicted, true, crowds)

    def figures(self) -> dict[str, float]:
        """See :class:`Scores`."""
        scores = self._meter.compute()
        return _percent({"AP": scores.ap["all"], "AR10": scores.ar["10"]})


class SemanticScores:
    """Mean IoU of classes (task vss)."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._meter = list(names), SemanticMeter(len(names))

    def add(self, results: Results, truth: Truth, tracks: Mapping[int, TrueTrack]) -> None:
        """See :class:`Scores`."""
        for result, masks in zip(results, truth, strict=True):
            if masks is not None:
                true = _painted(masks, {id: t.row for id, t in tracks.items()}, result.size, -1)
                self._meter.update(result.semantic_map(self._names), true)

    def figures(self) -> dict[str, float]:
        """See :class:`Scores`."""
        scores = self._meter.compute()
        return _percent({"mIoU": scores.miou, "pixel accuracy": scores.pixel_accuracy})


class PanopticScores:
    """VPQ over windows of 1, 2, 4 and 6 frames, and STQ (task vps)."""

    def __init__(self, names: Sequence[str], things: frozenset[int]) -> None:
        self._names, self._meter = list(names), VPQ(len(names), things, _WINDOWS)
        self._stq = STQ(len(names), things)

    def add(self, results: Results, truth: Truth, tracks: Mapping[int, TrueTrack]) -> None:
        """See :class:`Scores`."""
        self._meter.start_video()
        self._stq.start_video()
        classes = {id: track.row for id, track in tracks.items() if track.row >= 0}
        crowds = frozenset(id for id in classes if tracks[id].is_crowd)
        for result, masks in zip(results, truth, strict=True):
            if masks is None:
                continue
            predicted = {s.id: self._names.index(s.category) for s in result.segments if s.category}
            true = _painted(masks, {id: id for id in classes}, result.size, 0)
            shown = result.panoptic_map()
            self._meter.update(PanopticMap(shown, predicted), PanopticMap(true, classes, crowds))
            self._stq.update(*_tubes(shown, predicted), *_tubes(true, classes, crowds))

    def figures(self) -> dict[str, float]:
        """See :class:`Scores`."""
        lengths = self._meter.compute()
        values = [scores.all.pq for scores in lengths.values() if not math.isnan(scores.all.pq)]
        stq = self._stq.compute().stq
        return _percent({"VPQ": float(np.mean(values)) if values else math.nan, "STQ": stq})


def _region_and_contour(meter: JFMeter) -> dict[str, float]:
    if not meter.region:
        return {"J&F": math.nan, "J": math.nan, "F": math.nan}
    scores = meter.compute()
    return _percent({"J&F": scores.mean, "J": scores.region.mean, "F": scores.contour.mean})


def _found(result: FrameResult) -> dict[int, MaskArray]:
    return {segment.id: segment.mask for segment in result.segments}


def _tubes(
    ids: npt.NDArray[np.int32], classes: Mapping[int, int], crowds: frozenset[int] = frozenset()
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """([H, W] classes, [H, W] instances) of a map of ids; crowds are instance 0, void class -1."""
    found, places = np.unique(ids, return_inverse=True)
    rows = np.array([classes.get(id, -1) for id in found.tolist()], dtype=np.int64)
    numbers = np.array([0 if id in crowds else id for id in found.tolist()], dtype=np.int64)
    return rows[places].reshape(ids.shape), numbers[places].reshape(ids.shape)


def _painted(
    masks: Masks, values: Mapping[int, int], size: tuple[int, int], background: int
) -> npt.NDArray[np.int32]:
    """[H, W] map of a value for each track; smaller masks lie on top."""
    painted = np.full(size, background, dtype=np.int32)
    for id in sorted(masks, key=lambda id: -int(masks[id].sum())):
        if id in values:
            painted[masks[id]] = values[id]
    return painted


def _percent(values: Mapping[str, float]) -> dict[str, float]:
    return {name: 100 * value for name, value in values.items()}
