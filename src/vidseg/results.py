"""Answers of every task: one segment, one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

from .types import MaskArray


@dataclass(frozen=True, eq=False)
class Segment:
    """One object or region in one frame.

    Attributes:
        id: stable over the video, from 1. Stuff has one id per class.
        mask: [H, W] bool at source resolution; may be empty when the object is out of sight.
        score: 0..1.
        category: class name, or the sentence or None for prompted objects.
        is_thing: False for amorphous regions.
    """

    id: int
    mask: MaskArray = field(repr=False)
    score: float
    category: str | None = None
    is_thing: bool = True


@dataclass(frozen=True, eq=False)
class FrameResult:
    """All segments of one frame; index and time as in :class:`vidseg.types.Frame`."""

    index: int
    time: float | None
    size: tuple[int, int]
    segments: tuple[Segment, ...]


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
