"""Answers of every task: one segment, one frame, one track over the video."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from .errors import VocabularyError
from .types import LARGEST_ID, IdMap, MaskArray

if TYPE_CHECKING:
    import supervision


class CocoRLE(TypedDict):
    """A run-length encoded mask as COCO's tools write it; ready for ``json.dump``."""

    size: list[int]
    counts: str


def encode_rle(mask: MaskArray) -> CocoRLE:
    """COCO's compressed run lengths of a [H, W] bool mask."""
    from pycocotools import mask as coco

    rle = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def mask_box(mask: MaskArray) -> tuple[int, int, int, int]:
    """The xyxy box around a mask in pixels, far corner exclusive; all zeros for an empty mask."""
    rows = np.flatnonzero(mask.any(axis=1))
    if len(rows) == 0:
        return 0, 0, 0, 0
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@dataclass(frozen=True, eq=False)
class Segment:
    """One object or region in one frame.

    Attributes:
        id: stable over the video, from 1. Stuff has one id per class.
        mask: [H, W] bool at source resolution; may be empty when the object is out of sight.
        score: 0..1.
        category: class name, or the sentence or None for prompted objects.
        is_thing: False for amorphous regions.

    Raises ValueError for an id below 1, a mask that is not 2-D bool, a score outside 0..1.
    """

    id: int
    mask: MaskArray = field(repr=False)
    score: float
    category: str | None = None
    is_thing: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.id <= LARGEST_ID:
            raise ValueError(f"Segment ids start at 1 and end at {LARGEST_ID}; got {self.id}.")
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
            raise ValueError(
                f"Segment {self.id}: the mask must be a 2-D bool array; "
                f"got {self.mask.dtype} of shape {self.mask.shape}."
            )
        if not 0.0 <= self.score <= 1.0:  # false for NaN as well
            raise ValueError(f"Segment {self.id}: the score must lie in 0..1; got {self.score}.")

    @property
    def visible(self) -> bool:
        """Whether the mask has at least one pixel."""
        return bool(self.mask.any())


@dataclass(frozen=True, eq=False)
class FrameResult:
    """All segments of one frame; index and time as in :class:`vidseg.types.Frame`.

    Attributes:
        index: position of the frame in the source.
        time: seconds from the start of the source, or None.
        size: (height, width) of the source frame.
        segments: in any order, ids unique. Masks may overlap.

    Raises ValueError where a mask has another size or an id comes twice.
    """

    index: int
    time: float | None
    size: tuple[int, int]
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        seen: set[int] = set()
        for segment in self.segments:
            if segment.mask.shape != self.size:
                raise ValueError(
                    f"Frame {self.index}: the mask of segment {segment.id} is "
                    f"{segment.mask.shape}, the frame {self.size}."
                )
            if segment.id in seen:
                raise ValueError(f"Frame {self.index}: segment id {segment.id} comes twice.")
            seen.add(segment.id)

    def from_weak_to_strong(self) -> list[Segment]:
        """Segments so ordered that writing masks in turn lets the best score win.

        Equal scores: the lower id wins, so that the answer does not depend on the order given.
        """
        return sorted(self.segments, key=lambda segment: (segment.score, -segment.id))

    def panoptic_map(self) -> IdMap:
        """[H, W] int32 segment ids, 0 = none. Where masks overlap the higher score wins."""
        ids = np.zeros(self.size, dtype=np.int32)
        for segment in self.from_weak_to_strong():
            ids[segment.mask] = segment.id
        return ids

    def semantic_map(self, vocabulary: Sequence[str]) -> IdMap:
        """[H, W] int32 indices into ``vocabulary``, -1 = none; overlaps as in the panoptic map.

        Segments without a category are left out. Raises VocabularyError where a segment's
        category is not in the vocabulary.
        """
        index = {name: position for position, name in enumerate(vocabulary)}
        classes = np.full(self.size, -1, dtype=np.int32)
        for segment in self.from_weak_to_strong():
            if segment.category is None:
                continue
            if segment.category not in index:
                raise VocabularyError(
                    f"Segment {segment.id} is a {segment.category!r}, which the vocabulary of "
                    f"{len(index)} names does not hold."
                )
            classes[segment.mask] = index[segment.category]
        return classes

    def boxes(self) -> npt.NDArray[np.float32]:
        """[N, 4] xyxy boxes around the masks in pixels, far corner exclusive; empty mask: zeros."""
        boxes = [mask_box(segment.mask) for segment in self.segments]
        return np.array(boxes, dtype=np.float32).reshape(-1, 4)

    def to_coco_rle(self) -> list[CocoRLE]:
        """One COCO run-length encoding per segment, in the order of ``segments``."""
        return [encode_rle(segment.mask) for segment in self.segments]

    def to_supervision(self) -> supervision.Detections:
        """The visible segments as ``supervision.Detections`` with tracker ids and class names.

        ``class_id`` numbers the categories of this frame in alphabetical order; the names are in
        ``data["class_name"]``. Raises ImportError with a hint where supervision is missing.
        """
        try:
            import supervision
        except ImportError as error:
            raise ImportError(
                "to_supervision() needs the package supervision: pip install 'vidseg[supervision]'"
            ) from error
        visible = [segment for segment in self.segments if segment.visible]
        if not visible:
            return supervision.Detections.empty()
        names = [segment.category or "object" for segment in visible]
        return supervision.Detections(
            xyxy=np.array([mask_box(segment.mask) for segment in visible], dtype=np.float32),
            mask=np.stack([segment.mask for segment in visible]),
            confidence=np.array([segment.score for segment in visible], dtype=np.float32),
            class_id=np.unique(names, return_inverse=True)[1],
            tracker_id=np.array([segment.id for segment in visible]),
            data={"class_name": np.array(names)},
        )


@dataclass
class TrackSummary:
    """What is known of one id after some frames. Only frames with a visible mask count."""

    id: int
    is_thing: bool
    first_frame: int
    last_frame: int
    frames: int = 0
    score_sum: float = 0.0
    category_weights: dict[str, float] = field(default_factory=dict)

    @property
    def mean_score(self) -> float:
        """Mean of the scores of the frames where the segment was visible, 0..1."""
        return self.score_sum / self.frames if self.frames else 0.0

    @property
    def category(self) -> str | None:
        """The class with the largest sum of scores over the frames; None if it never had one."""
        if not self.category_weights:
            return None
        return max(self.category_weights, key=lambda name: self.category_weights[name])


class VideoResult:
    """Tracks of a whole video, gathered frame by frame. Holds one row per id and no masks."""

    def __init__(self, results: Iterable[FrameResult] = ()) -> None:
        self.frames = 0
        self._tracks: dict[int, TrackSummary] = {}
        for result in results:
            self.add(result)

    def add(self, result: FrameResult) -> None:
        """Counts one more frame."""
        self.frames += 1
        for segment in result.segments:
            if not segment.visible:
                continue
            track = self._tracks.get(segment.id)
            if track is None:
                track = TrackSummary(segment.id, segment.is_thing, result.index, result.index)
                self._tracks[segment.id] = track
            track.last_frame = result.index
            track.frames += 1
            track.score_sum += segment.score
            if segment.category is not None:
                weight = track.category_weights.get(segment.category, 0.0)
                track.category_weights[segment.category] = weight + segment.score

    @property
    def tracks(self) -> list[TrackSummary]:
        """One row per id that was ever visible, by id."""
        return [self._tracks[id] for id in sorted(self._tracks)]


@dataclass(frozen=True)
class Track:
    """One row of the video-level table: an object and one category that it may be.

    VIS lists an object once per category worth reporting; the other tasks list it once.

    Attributes:
        id: as in :class:`Segment`.
        category: class name, sentence, or None.
        score: 0..1, over the whole video.
        is_thing: False for amorphous regions.
    """

    id: int
    category: str | None
    score: float
    is_thing: bool = True
