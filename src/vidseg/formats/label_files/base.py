"""What readers and writers of label files have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ...errors import DataError
from ...labels import Category, FrameLabels, LabelTrack, Sentence, VideoInfo
from ...pictures.listing import is_hidden
from ...pictures.reading import read_picture
from ...types import ImageArray
from ..reading import inside
from .losses import LossLog
from .pictures import find_picture


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What helps to read label files that do not say everything themselves.

    Attributes:
        categories: class list for files that give numbers without names; empty for none.
        pictures: folder with the pictures, for sizes and names of frames.
        boxes_as_regions: whether boxes of objects without a mask are filled; else left out.
        log: takes what a reader has to leave out.
    """

    categories: tuple[Category, ...] = ()
    pictures: Path | None = None
    boxes_as_regions: bool = False
    log: LossLog = field(default_factory=LossLog)

    def left_out(self, where: str, shape: str) -> None:
        """Counts a shape that is no region; of a box it is said how to keep it."""
        hint = " (--boxes as-regions fills boxes)" if "box" in shape or "rect" in shape else ""
        self.log.add("shapes", f"{where} {shape}{hint}")


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """What a writer needs beside the labels.

    Attributes:
        place: the folder in which the files will lie when all are written.
        categories: all classes of the source.
        pictures: folder with the pictures, for sizes and file endings.
        log: takes remarks, for example about numbers of classes that change.
    """

    place: Path
    categories: tuple[Category, ...] = ()
    pictures: Path | None = None
    log: LossLog = field(default_factory=LossLog)


class LabelWriter(Protocol):
    """Takes labels that fit the format, video by video and frame by frame."""

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Starts a video."""
        ...

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Adds the next frame; None for one that is not labelled, where the format keeps such."""
        ...

    def end(self) -> None:
        """Finishes the video."""
        ...

    def close(self) -> None:
        """Finishes the files."""
        ...


class LabelFile(ABC):
    """A label file or folder, opened: the part of a LabelSource that all readers share."""

    def __init__(
        self,
        place: Path,
        categories: Sequence[Category],
        videos: Sequence[VideoInfo],
        pictures: Path | None,
    ) -> None:
        self.place = place
        self._categories = tuple(categories)
        self._videos = tuple(videos)
        self._pictures = pictures
        if not self._videos:
            raise DataError(f"{place} has no labels in it.")
        names = set()
        for video in self._videos:
            inside(place, video.name, place)
            if video.name in names:
                raise DataError(f"{place} has two videos of the name {video.name}.")
            names.add(video.name)
            if len(set(video.frames)) < len(video.frames):
                raise DataError(f"{place}: video {video.name} has two frames of one name.")
            for frame in video.frames:
                inside(place, frame, place)

    @property
    def name(self) -> str:
        """Last part of its path."""
        return self.place.name

    @property
    def categories(self) -> tuple[Category, ...]:
        """All classes; empty where the format knows none."""
        return self._categories

    @property
    def videos(self) -> Sequence[VideoInfo]:
        """All videos, in the order of the file."""
        return self._videos

    @abstractmethod
    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The objects of a video, by id."""

    @abstractmethod
    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks of one frame; None for a frame that is not labelled."""

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None: no format here has a place for them."""
        return ()

    def picture(self, video: int, frame: int) -> ImageArray:
        """The picture, where a folder of pictures was named."""
        info = self._videos[video]
        if self._pictures is None:
            raise DataError(f"{self.place} holds no pictures; name their folder.")
        return read_picture(find_picture(self._pictures, info, info.frames[frame]))


@contextmanager
def layout_explained(path: Path, kind: str) -> Iterator[None]:
    """Turns what a wrongly laid out file raises into a DataError that names it."""
    try:
        yield
    except KeyError as error:
        raise DataError(f"{path} lacks {error} and is no {kind} file.") from error
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise DataError(f"{path} is not laid out as a {kind} file: {error}.") from error


def only_file(place: Path, pattern: str, kind: str) -> Path:
    """``place`` itself, or the one file in it that matches. DataError for none or several."""
    if place.is_file():
        return place
    if not place.is_dir():
        raise DataError(f"{place} does not exist.")
    found = sorted(path for path in place.glob(pattern) if not is_hidden(path.name))
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(f"{place} holds no {kind} file ({pattern}).")
    raise DataError(
        f"{place} holds {len(found)} files {pattern}, among them {found[0].name} and "
        f"{found[1].name}; name the {kind} file itself."
    )
