"""Labels of videos and stills: the one form that all datasets and label formats share.

A still is a video of one frame. Labels are read frame by frame; nothing here holds pixels of more
than one frame, and masks travel as run lengths, which keep every pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from .results import CocoRLE
from .types import ImageArray


@dataclass(frozen=True)
class Category:
    """A class as its source numbers it.

    Attributes:
        id: the source's own number, kept on the way through.
        name: as the source spells it.
        is_thing: False for amorphous regions such as sky or road.
    """

    id: int
    name: str
    is_thing: bool = True


@dataclass(frozen=True)
class LabelTrack:
    """One object, or one region of stuff, over a video.

    Attributes:
        id: > 0, unique in its video, the same on every frame.
        category_id: :attr:`Category.id`, None for an object without a class.
        is_crowd: the region may hold several objects.
    """

    id: int
    category_id: int | None = None
    is_crowd: bool = False


@dataclass(frozen=True)
class Sentence:
    """An expression about objects of a video.

    Attributes:
        name: its key in the source, for example "0".
        text: the words.
        track_ids: the objects it means.
    """

    name: str
    text: str
    track_ids: tuple[int, ...]


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video before a picture or mask is decoded.

    Attributes:
        name: unique in its dataset; may contain "/".
        frames: names of its T frames in order, without file ending.
        size: (height, width) in pixels, None where only the pictures tell.
        endings: frame → ending of its picture, such as ".png", where the source tells.
    """

    name: str
    frames: tuple[str, ...]
    size: tuple[int, int] | None = None
    endings: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class FrameLabels:
    """The masks of one frame.

    Attributes:
        size: (height, width) in pixels.
        masks: track id → run lengths; ids without a pixel are left out. Masks may overlap where
            the source's can.
        void: pixels of which the source says that they are not labelled; None for none.
        scores: track id → 0..1, only where the labels are predictions.
    """

    size: tuple[int, int]
    masks: Mapping[int, CocoRLE] = field(repr=False)
    void: CocoRLE | None = field(default=None, repr=False)
    scores: Mapping[int, float] = field(default_factory=dict, repr=False)


@runtime_checkable
class LabelSource(Protocol):
    """A dataset or a label file, opened. Everything but names is read on request.

    Every method raises DataError, naming the file, where something is missing or damaged.
    """

    @property
    def name(self) -> str:
        """Short name for messages."""
        ...

    @property
    def categories(self) -> tuple[Category, ...]:
        """All classes, also those without an object; empty where objects have none."""
        ...

    @property
    def videos(self) -> Sequence[VideoInfo]:
        """All videos, in the order of the source."""
        ...

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The objects of a video. Reads its label files where only they know."""
        ...

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """The expressions of a video; empty where the source has none."""
        ...

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks of one frame; None where the source does not label this frame."""
        ...

    def picture(self, video: int, frame: int) -> ImageArray:
        """The picture of one frame."""
        ...
