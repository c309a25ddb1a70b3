"""Any dataset in its common form as one that a model is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ..errors import DataError
from ..formats.label_files.run_lengths import areas
from ..geometry.masks import decode_rle
from ..labels import FrameLabels, LabelSource, LabelTrack, Sentence
from ..types import ImageArray
from .schema import MAX_REGIONS, Region, SmallIdMap
from .sources.base import SparseSource


class TrainingVideos:
    """The labelled frames of a source.

    A video is cut where frames are not labelled: in sparsely labelled videos a frame may show only
    what is new in it, so that frames on both sides of a gap cannot be learnt from together.
    Overlapping masks are flattened with the smaller one on top. A crowd makes a group. A sentence
    becomes a caption of the object that it means, if neither it nor its words mean another one.
    Of a video with more than 254 tracks the first 254 are kept; the pixels of the others are not
    labelled.

    Args:
        source: one that cannot tell without decoding which frames are labelled must label them all.

    Raises DataError where no frame is labelled.
    """

    def __init__(self, source: LabelSource) -> None:
        self._source = source
        self.name = source.name
        self.vocabulary = tuple(category.name for category in source.categories)
        self._rows = {category.id: row for row, category in enumerate(source.categories)}
        self._things = {category.id: category.is_thing for category in source.categories}
        self._runs = [
            (video, first, length)
            for video in range(len(source.videos))
            for first, length in labelled_runs(source, video)
        ]
        self._lengths = [length for _, _, length in self._runs]
        if not self._runs:
            raise DataError(f"{source.name} has no labelled frame to learn from.")
        self._regions: dict[int, tuple[Region, ...]] = {}  # a few words a track, never its pixels
        self._numbers: dict[int, dict[int, int]] = {}

    @property
    def lengths(self) -> Sequence[int]:
        """Frames of each run of labelled ones."""
        return self._lengths

    def regions(self, video: int) -> tuple[Region, ...]:
        """The tracks of a whole video, the same for each of its runs.

        The source is asked for them when they are first needed.
        """
        number = self._runs[video][0]
        if number not in self._regions:
            tracks = self._source.tracks(number)[:MAX_REGIONS]
            said = captions(self._source.sentences(number))
            self._numbers[number] = {track.id: place for place, track in enumerate(tracks, start=1)}
            self._regions[number] = tuple(
                self._region(track, said.get(track.id, ())) for track in tracks
            )
        return self._regions[number]

    def _region(self, track: LabelTrack, captions: tuple[str, ...]) -> Region:
        if track.category_id is None:
            return Region(-1, True, track.is_crowd, captions)
        if track.category_id not in self._rows:
            raise DataError(
                f"{self.name}: track {track.id} has the class {track.category_id}, which the "
                f"class list lacks."
            )
        return Region(
            self._rows[track.category_id],
            self._things[track.category_id],
            track.is_crowd,
            captions,
        )

    def frame(self, video: int, frame: int) -> tuple[ImageArray, SmallIdMap]:
        """Decodes a frame. Raises DataError where picture and labels differ in size."""
        number, first, _ = self._runs[video]
        self.regions(video)
        labels = self._source.labels(number, first + frame)
        info = self._source.videos[number]
        where = f"{self.name}, video {info.name}, frame {info.frames[first + frame]}"
        if labels is None:
            raise DataError(f"{where}: there are no labels to learn from.")
        picture = self._source.picture(number, first + frame)
        if picture.shape[:2] != labels.size:
            raise DataError(
                f"{where}: the labels are {labels.size[0]} × {labels.size[1]} (height × width), "
                f"the picture {picture.shape[0]} × {picture.shape[1]}."
            )
        return picture, paint(labels, self._numbers[number])


def paint(labels: FrameLabels, numbers: dict[int, int]) -> SmallIdMap:
    """[H, W] numbers of the masks, smaller masks on top of larger ones; 0 elsewhere and on void.

    Args:
        numbers: track id → 1..254; tracks that are not here are not painted.
    """
    ids = np.zeros(labels.size, np.uint8)
    masks = list(labels.masks.items())
    pixels = areas([mask for _, mask in masks]).tolist() if masks else []
    for place in sorted(range(len(masks)), key=lambda k: (-pixels[k], masks[k][0])):
        id, mask = masks[place]
        ids[decode_rle(mask)] = numbers.get(id, 0)
    if labels.void is not None:
        ids[decode_rle(labels.void)] = 0
    return ids


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
