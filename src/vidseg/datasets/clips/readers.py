"""Videos as clips need them: some frames at once, and no more of a video than those frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...errors import DataError
from ...labels import FrameLabels, LabelSource, LabelTrack, Sentence
from ...types import ImageArray
from ..sources.base import SparseSource, TrackLookup
from .layers import LayerStack, paint_layers
from .schema import MAX_REGIONS, Region

Integers = npt.NDArray[np.int64]

Choice = Callable[[int, Sequence[LabelTrack], np.random.Generator], Sequence[int]]
"""(video of the source, its tracks, rng) → positions of the tracks that are used, in order."""


@dataclass(frozen=True, eq=False)
class LabelledFrames:
    """Some frames of one video and everything that is labelled in them.

    Attributes:
        pictures: one a frame.
        maps: one a frame, with as many layers each.
        layers: of each region.
        regions: all that are shown in these frames, perhaps more.
    """

    pictures: Sequence[ImageArray]
    maps: Sequence[LayerStack]
    layers: Sequence[int]
    regions: tuple[Region, ...]


class ClipReader(Protocol):
    """Videos to draw clips from; a still is a video of one frame."""

    @property
    def name(self) -> str:
        """Of the dataset, for messages."""
        ...

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """K names of classes; empty where objects have none."""
        ...

    @property
    def lengths(self) -> Integers:
        """Frames of each video."""
        ...

    @property
    def starts(self) -> Integers:
        """Position of the first frame of each video in time."""
        ...

    def video_name(self, video: int) -> str:
        """For messages."""
        ...

    def read(self, video: int, frames: Sequence[int], rng: np.random.Generator) -> LabelledFrames:
        """Decodes frames. Raises DataError, naming the file, for one that cannot be read."""
        ...


class LabelReader:
    """A source of labels.

    A video is cut where frames are not labelled: in sparsely labelled videos a frame may show only
    what is new in it, so that frames on both sides of a gap cannot be learnt from together.
    Overlapping masks stay whole. Of more than 254 regions those of the lowest ids are kept.

    Args:
        source: see :class:`LabelSource`.
        vocabulary: K names that clips speak of; empty for no classes.
        rows: class number of the source → row of ``vocabulary``; empty for no classes.
        choose: tracks that are used, in order; None for all.
        keep: videos of the source that are used; None for all.
        only_described: leave out tracks that no sentence means.
        whole: regions are all tracks of a video, also those that its frames do not show.

    Raises DataError where no frame is labelled.
    """

    def __init__(
        self,
        source: LabelSource,
        vocabulary: tuple[str, ...] = (),
        rows: dict[int, int] | None = None,
        *,
        choose: Choice | None = None,
        keep: Sequence[int] | None = None,
        only_described: bool = False,
        whole: bool = False,
    ) -> None:
        self._source = source
        self.name = source.name
        self.vocabulary = vocabulary
        self._rows = rows or {}
        self._things = {category.id: category.is_thing for category in source.categories}
        self._choose = choose
        self._only_described = only_described
        self._whole = whole
        used = range(len(source.videos)) if keep is None else keep
        # Plain arrays: memory that forked processes share as long as nobody writes to it.
        runs = np.array(
            [(video, *run) for video in used for run in labelled_runs(source, video)], np.int64
        ).reshape(-1, 3)
        if not len(runs):
            raise DataError(f"{source.name} has no labelled frame to learn from.")
        self.videos: Integers = runs[:, 0].copy()
        self.starts: Integers = runs[:, 1].copy()
        self.lengths: Integers = runs[:, 2].copy()

    def video_name(self, video: int) -> str:
        """As the source calls it."""
        return self._source.videos[int(self.videos[video])].name

    def read(self, video: int, frames: Sequence[int], rng: np.random.Generator) -> LabelledFrames:
        """See :class:`ClipReader`."""
        number, first = int(self.videos[video]), int(self.starts[video])
        labels = [self._labels(number, first + frame) for frame in frames]
        pictures = [self._source.picture(number, first + frame) for frame in frames]
        for frame, picture, label in zip(frames, pictures, labels, strict=True):
            if picture.shape[:2] != label.size:
                raise DataError(
                    f"{self._where(number, first + frame)}: the labels are {label.size[0]} × "
                    f"{label.size[1]} (height × width), the picture {picture.shape[0]} × "
                    f"{picture.shape[1]}."
                )
        tracks = self._tracks(number, {id for label in labels for id in label.masks})
        said = captions(self._source.sentences(number))
        if self._only_described:
            tracks = [track for track in tracks if track.id in said]
        if self._choose is not None:
            tracks = [tracks[place] for place in self._choose(number, tracks, rng)]
        tracks = tracks[:MAX_REGIONS]
        maps, layers = paint_layers(labels, {t.id: n for n, t in enumerate(tracks)})
        regions = tuple(self._region(track, said.get(track.id, ())) for track in tracks)
        return LabelledFrames(pictures, maps, layers, regions)

    def _labels(self, number: int, frame: int) -> FrameLabels:
        labels = self._source.labels(number, frame)
        if labels is None:
            raise DataError(f"{self._where(number, frame)}: there are no labels to learn from.")
        return labels

    def _tracks(self, number: int, shown: set[int]) -> list[LabelTrack]:
        """What is known of the tracks that these frames show, by id."""
        if self._whole:
            return list(self._source.tracks(number))
        if isinstance(self._source, TrackLookup):
            return [self._source.track(number, id) for id in sorted(shown)]
        return [track for track in self._source.tracks(number) if track.id in shown]

    def _region(self, track: LabelTrack, said: tuple[str, ...]) -> Region:
        if track.category_id is None:
            return Region(-1, True, track.is_crowd, said)
        if track.category_id not in self._things:
            raise DataError(
                f"{self.name}: track {track.id} has the class {track.category_id}, which the "
                f"class list lacks."
            )
        row = self._rows.get(track.category_id, -1)
        return Region(row, self._things[track.category_id], track.is_crowd, said)

    def _where(self, number: int, frame: int) -> str:
        info = self._source.videos[number]
        return f"{self.name}, video {info.name}, frame {info.frames[frame]}"


def captions(sentences: Sequence[Sentence]) -> dict[int, tuple[str, ...]]:
    """Track → the sentences that mean it; none that also means another one."""
    meant: dict[str, set[int]] = {}
    for sentence in sentences:
        meant.setdefault(sentence.text.strip().lower(), set()).update(sentence.track_ids)
    said: dict[int, list[str]] = {}
    for sentence in sentences:
        targets = meant[sentence.text.strip().lower()]
        if len(targets) == 1:
            said.setdefault(next(iter(targets)), []).append(sentence.text)
    return {id: tuple(dict.fromkeys(texts)) for id, texts in said.items()}


def labelled_runs(source: LabelSource, video: int) -> list[tuple[int, int]]:
    """(first, length) of the stretches of labelled frames."""
    frames = len(source.videos[video].frames)
    flags = source.labelled(video) if isinstance(source, SparseSource) else (True,) * frames
    runs, position = [], 0
    for labelled, group in groupby(flags):
        length = sum(1 for _ in group)
        if labelled:
            runs.append((position, length))
        position += length
    return runs
