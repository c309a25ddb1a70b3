"""Answers in the form that a benchmark's own program reads; :data:`FORMS` is the table.

A form writes the PNGs of a video as its frames come, and returns what belongs into the one JSON
file of all videos.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..datasets.sources.burst import BurstVideos
from ..datasets.sources.vipseg import SegmentedVideos
from ..datasets.sources.ytvis import TrackedVideos
from ..errors import OutputError
from ..evaluation.submissions.archive_layouts import LAYOUTS
from ..formats.atomic import QUICK, save_png
from ..formats.davis import save_palette_png
from ..formats.layouts import kitti_step
from ..formats.panoptic import save_panoptic_png, segment_row
from ..geometry.masks import decode_rle
from ..labels import LabelTrack
from ..results import CocoRLE, FrameResult, Segment, Track, encode_rle, mask_box
from ..types import IdMap
from .questions import Question
from .release import Release
from .rows import Form

Rows = list[dict[str, Any]]

MOST_PROPOSALS = 20
"""Objects of a video that the evaluation of unsupervised DAVIS looks at."""


class Answers(Protocol):
    """The answers to one question about one video."""

    def write(self, frame: str, result: FrameResult) -> None:
        """Adds a frame of the release, in order. Raises OutputError where it cannot be kept."""
        ...

    def close(self, tracks: Sequence[Track]) -> Rows:
        """Ends the video with its table; rows for the JSON file of all videos."""
        ...


class _Pictures:
    """PNGs of a video in a folder of its name."""

    def __init__(self, root: Path, release: Release, video: int, question: Question) -> None:
        self._release, self._video, self._question = release, video, question
        name = release.videos[video].name
        self.folder = root / LAYOUTS[release.name].folder / question.part / name

    def path(self, frame: str) -> Path:
        return self.folder / f"{frame}.png"


class ObjectMaps(_Pictures):
    """``<video>/<frame>.png`` in the palette of DAVIS; overlaps go to the higher score."""

    def write(self, frame: str, result: FrameResult) -> None:
        """See :class:`Answers`."""
        save_palette_png(result.panoptic_map(), self.path(frame))

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        return []


class SentenceMasks(_Pictures):
    """``<video>/<expression>/<frame>.png``, 255 for the object; sentences may overlap."""

    def write(self, frame: str, result: FrameResult) -> None:
        """See :class:`Answers`."""
        found = {segment.id: segment.mask for segment in result.segments}
        nothing = np.zeros(result.size, dtype=np.bool_)
        for id, name in enumerate(self._question.names, start=1):
            mask = found.get(id, nothing)
            save_png(255 * mask, self.folder / name / f"{frame}.png", compression=QUICK)

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        return []


class ClassMaps(_Pictures):
    """``<video>/<frame>.png`` of classes from 0, in the order of the vocabulary."""

    def write(self, frame: str, result: FrameResult) -> None:
        """See :class:`Answers`."""
        classes = self._release.classes
        assert classes is not None
        rows = result.semantic_map(classes.names)
        numbers = np.array([_from_zero(self._release, name) for name in classes.names])
        if rows.min() < 0:
            raise OutputError(
                f"Frame {frame} of {self.folder.name} has pixels without a class, which "
                f"{self._release.name} does not take; set semantic_threshold to 0."
            )
        save_png(numbers[rows], self.path(frame), compression=QUICK)

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        return []


def _from_zero(release: Release, name: str) -> int:
    """VSPW numbers its classes from 1 in the release and from 0 in what is measured."""
    first = 1 if release.source.name == "vspw" else 0
    return release.category_ids[name] - first


class PanopticMaps(_Pictures):
    """``pan_pred/<video>/<frame>.png``, id = R + 256 G + 65536 B, and rows of ``pred.json``."""

    def __init__(self, root: Path, release: Release, video: int, question: Question) -> None:
        super().__init__(root, release, video, question)
        self._frames: Rows = []

    def write(self, frame: str, result: FrameResult) -> None:
        """See :class:`Answers`."""
        ids = result.panoptic_map()
        save_panoptic_png(ids, self.path(frame))
        rows = []
        for segment in result.segments:
            left = ids == segment.id
            area = int(np.count_nonzero(left))
            if area and segment.category is not None:
                x0, y0, x1, y1 = mask_box(left)
                track = LabelTrack(segment.id, self._release.category_ids[segment.category])
                score = round(float(segment.score), 5)
                rows.append(segment_row(track, (x0, y0, x1 - x0, y1 - y0), area, score))
        self._frames.append({"file_name": f"{frame}.png", "segments_info": rows})

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        source, info = self._release.source, self._release.videos[self._video]
        ids = source.images(self._video) if isinstance(source, SegmentedVideos) else info.frames
        rows = [{"image_id": id, **row} for id, row in zip(ids, self._frames, strict=True)]
        return [{"video_id": info.name, "annotations": rows}]


class StepMaps(_Pictures):
    """``panoptic_maps/<sequence>/<frame>.png``: R class, instance = 256 G + B, things alone."""

    def write(self, frame: str, result: FrameResult) -> None:
        """See :class:`Answers`."""
        ids = result.panoptic_map()
        colors = np.zeros((*ids.shape, 3), dtype=np.uint8)
        colors[..., 0] = kitti_step.VOID
        for segment in result.segments:
            if segment.category is None:
                continue
            row = self._release.category_ids[segment.category]
            number = segment.id if row in kitti_step.THINGS else 0
            if number > _MOST_INSTANCES:
                raise OutputError(f"{self.path(frame)}: instance {number} is above 65535.")
            colors[ids == segment.id] = row, number >> 8, number & 255
        save_png(colors, self.path(frame), compression=QUICK)

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        return []


_MOST_INSTANCES = 65535


class _Kept:
    """Masks of a whole video as run lengths, for forms that need its end first."""

    def __init__(self, release: Release, video: int) -> None:
        self._release, self._video = release, video
        self._frames: list[dict[int, CocoRLE]] = []
        self._scores: list[dict[int, float]] = []
        self._size = (0, 0)

    def write(self, frame: str, result: FrameResult) -> None:
        """See :class:`Answers`."""
        shown = [segment for segment in result.segments if self._wanted(segment)]
        self._frames.append({one.id: encode_rle(one.mask) for one in shown})
        self._scores.append({one.id: round(float(one.score), 5) for one in shown})
        self._size = result.size

    def _wanted(self, segment: Segment) -> bool:
        return segment.visible


class Proposals(_Kept):
    """``<video>/<frame>.png`` of the best objects of a video, numbered from the surest."""

    def __init__(self, root: Path, release: Release, video: int, question: Question) -> None:
        super().__init__(release, video)
        self._pictures = _Pictures(root, release, video, question)

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        best: dict[int, float] = {}
        for track in tracks:
            best[track.id] = max(track.score, best.get(track.id, 0.0))
        kept = sorted(best, key=lambda id: (-best[id], id))[:MOST_PROPOSALS]
        frames = self._release.videos[self._video].frames
        for frame, masks in zip(frames, self._frames, strict=True):
            ids: IdMap = np.zeros(self._size, dtype=np.int32)
            for number, id in reversed(list(enumerate(kept, start=1))):  # the surest on top
                if id in masks:
                    ids[decode_rle(masks[id])] = number
            save_palette_png(ids, self._pictures.path(frame))
        return []


class TrackRows(_Kept):
    """Rows of ``results.json`` of YouTube-VIS: a track and one of its classes each."""

    def __init__(self, root: Path, release: Release, video: int, question: Question) -> None:
        super().__init__(release, video)

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        source = self._release.source
        assert isinstance(source, TrackedVideos)
        seen = {id for masks in self._frames for id in masks}
        return [
            {
                "video_id": source.number(self._video),
                "category_id": self._release.category_ids[track.category],
                "score": round(float(track.score), 5),
                "segmentations": [masks.get(track.id) for masks in self._frames],
            }
            for track in tracks
            if track.id in seen and track.category is not None
        ]


class BurstRows(_Kept):
    """A sequence of ``results.json`` of BURST; a track has the class of its exemplar."""

    def __init__(self, root: Path, release: Release, video: int, question: Question) -> None:
        super().__init__(release, video)

    def close(self, tracks: Sequence[Track]) -> Rows:
        """See :class:`Answers`."""
        source = self._release.source
        assert isinstance(source, BurstVideos)
        info = self._release.videos[self._video]
        dataset, sequence = info.name.split("/", 1)
        seen = {id for masks in self._frames for id in masks}
        classes = {track.id: track.category_id for track in source.tracks(self._video)}
        return [
            {
                "dataset": dataset,
                "seq_name": sequence,
                "height": self._size[0],
                "width": self._size[1],
                "annotated_image_paths": list(source.files(self._video)),
                "track_category_ids": {str(id): classes[id] for id in sorted(seen)},
                "segmentations": [
                    {
                        str(id): {"rle": masks[id]["counts"], "is_gt": False, "score": scores[id]}
                        for id in masks
                    }
                    for masks, scores in zip(self._frames, self._scores, strict=True)
                ],
            }
        ]


FORMS: Mapping[Form, Callable[[Path, Release, int, Question], Answers]] = {
    "tracks": TrackRows,
    "classes": ClassMaps,
    "panoptic": PanopticMaps,
    "step": StepMaps,
    "objects": ObjectMaps,
    "proposals": Proposals,
    "sentences": SentenceMasks,
    "annotators": ObjectMaps,
    "burst": BurstRows,
}
