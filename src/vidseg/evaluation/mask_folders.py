"""Folders of label maps: one folder a video, one PNG a frame, truth and prediction side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..errors import DataError
from ..formats.layouts.frames import MAP_ENDINGS, frame_files
from ..formats.layouts.places import subfolders
from ..pictures.label_maps import read_small_label_map
from ..types import IdMap
from .benchmark import ComparedFrame
from .read_ahead import read_ahead

if TYPE_CHECKING:
    from ..metrics.contours import LabelMap8

Map = TypeVar("Map", "LabelMap8", IdMap)

NeededFrames = Callable[[Sequence[str]], Sequence[str]]
"""Which of a video's frames are read."""

_NAMED = 3  # names in a message before "and N more"


def every_frame(frames: Sequence[str]) -> Sequence[str]:
    """All frames are read."""
    return frames


def inner_frames(frames: Sequence[str]) -> Sequence[str]:
    """All but the first and the last frame are read."""
    return frames[1:-1]


@dataclass(frozen=True)
class MaskVideo:
    """A video of both sides, whose files are known to be there.

    Attributes:
        name: as its folder.
        frames: names of the frames of the truth, in order, without ".png".
        needed: those of them that have a prediction to read.
        truth, predicted: folders with ``<frame>.png``.
    """

    name: str
    frames: tuple[str, ...]
    needed: tuple[str, ...]
    truth: Path
    predicted: Path

    def read(self, frame: str) -> tuple[LabelMap8, LabelMap8]:
        """(predicted, true) [H, W] labels. Raises DataError where a file is unfit."""
        truth = self.truth_labels(frame)
        return read_predicted(self.predicted / f"{frame}.png", truth), truth

    def maps(self, frames: Sequence[str]) -> Iterator[tuple[str, LabelMap8, LabelMap8]]:
        """(frame, predicted, true) in order; errors as those of :meth:`read`."""
        for frame, (predicted, truth) in read_ahead(self.read, frames):
            yield frame, predicted, truth

    def truth_labels(self, frame: str) -> LabelMap8:
        """[H, W] true labels. Raises DataError where the file is unfit."""
        return read_small_label_map(self.truth / f"{frame}.png")

    def compare(self) -> Iterator[ComparedFrame]:
        """The frames that are read, one at a time."""
        for frame, predicted, truth in self.maps(self.needed):
            yield ComparedFrame(frame, to_ids(truth), to_ids(predicted))


@dataclass(frozen=True)
class MaskEvaluation:
    """What every evaluation of label maps knows: its videos, found and paired."""

    pairs: tuple[MaskVideo, ...]

    @property
    def videos(self) -> Sequence[str]:
        """Names in order."""
        return [pair.name for pair in self.pairs]

    @property
    def predicted_folders(self) -> dict[str, Path]:
        """Folder of the predicted label maps of each video."""
        return {pair.name: pair.predicted for pair in self.pairs}

    def pair(self, video: str) -> MaskVideo:
        """The files of a video."""
        return next(pair for pair in self.pairs if pair.name == video)

    def compare(self, video: str) -> Iterator[ComparedFrame]:
        """The frames that are read."""
        return self.pair(video).compare()


def read_predicted(path: Path, truth: LabelMap8) -> LabelMap8:
    """[H, W] labels of a predicted frame.

    Raises DataError where the file is missing, damaged, no map of labels up to 255, or of another
    size than the truth.
    """
    return same_size(path, read_small_label_map(path), truth)


def same_size(path: Path, predicted: Map, truth: Map) -> Map:
    """``predicted``, read from ``path``. Raises DataError where its size is not the truth's."""
    if predicted.shape != truth.shape:
        (height, width), (wanted, across) = predicted.shape, truth.shape
        raise DataError(
            f"{path} is {width}x{height} pixels and its ground truth {across}x{wanted}; save "
            "predictions in the size of the ground truth."
        )
    return predicted


def to_ids(labels: LabelMap8) -> IdMap:
    """The labels in the type of pictures to look at."""
    return labels.astype(np.int32)


def frame_names(folder: Path) -> list[str]:
    """Names of the PNGs of a folder in order, without ending; [] where it is no folder."""
    return list(frame_files(folder, MAP_ENDINGS))


def folders_in(root: Path) -> dict[str, Path]:
    """Name → folder, sorted; files and hidden folders are left out."""
    return {name: root / name for name in subfolders(root)}


def predicted_folders(root: Path, below: Sequence[str] = ("Annotations",)) -> dict[str, Path]:
    """Predicted videos: folders of ``root``, or of its folder ``Annotations`` where it has one.

    Raises DataError where there is none.
    """
    for name in below:
        if (root / name).is_dir():
            root = root / name
    found = folders_in(root)
    if not found:
        raise DataError(f"{root} holds no folder of a predicted video.")
    return found


def pair_videos(
    truth: Mapping[str, Path],
    predicted: Mapping[str, Path],
    wanted: Sequence[str],
    needed: NeededFrames,
) -> tuple[MaskVideo, ...]:
    """The wanted videos in order, checked file by file.

    Args:
        truth: all videos of the ground truth; those that are not wanted may be predicted as well.
        predicted: all videos of the prediction.
        wanted: names of the videos that count.
        needed: the frames that must have a prediction.

    Raises DataError naming the videos or the frame: a prediction for an unknown video or frame, a
    video or frame without a prediction, a video without any frame to measure.
    """
    check_names(truth, predicted, wanted)
    return tuple(_pair(name, truth[name], predicted[name], needed) for name in wanted)


def check_names(
    truth: Mapping[str, Path], predicted: Mapping[str, Path], wanted: Sequence[str]
) -> None:
    """Raises DataError, naming folders, for videos that are on one side only."""
    lost = [name for name in wanted if name not in truth]
    if lost:
        root = next((folder.parent for folder in truth.values()), Path())
        raise DataError(f"The ground truth {root} lacks the listed video {listed(lost)}.")
    unknown = [name for name in predicted if name not in truth]
    if unknown:
        root = predicted[unknown[0]].parent
        raise DataError(
            f"{root} holds a prediction for {listed(unknown)}, which the ground truth lacks; "
            "remove it or give the right ground truth."
        )
    missing = [name for name in wanted if name not in predicted]
    if missing:
        root = next((folder.parent for folder in predicted.values()), Path())
        raise DataError(f"{root} lacks a prediction for the video {listed(missing)}.")


def _pair(name: str, truth: Path, predicted: Path, needed: NeededFrames) -> MaskVideo:
    frames = frame_names(truth)
    if not frames:
        raise DataError(f"The ground truth {truth} holds no PNG.")
    read = needed(frames)
    if not read:
        raise DataError(
            f"The ground truth {truth} has {len(frames)} frames, of which none is evaluated; leave "
            "the video out."
        )
    check_frames(predicted, frames, read)
    return MaskVideo(name, tuple(frames), tuple(read), truth, predicted)


def check_frames(predicted: Path, frames: Collection[str], needed: Sequence[str]) -> None:
    """Raises DataError, naming the file, for a predicted frame too few or too many."""
    found = frame_names(predicted)
    if not found:
        raise DataError(f"{predicted} holds no PNG; frames are named as in the ground truth.")
    missing = sorted(set(needed) - set(found))
    if missing:
        files = listed([f"{frame}.png" for frame in missing])
        raise DataError(f"The prediction {predicted} lacks the frame {files}.")
    extra = sorted(set(found) - set(frames))
    if extra:
        files = listed([f"{frame}.png" for frame in extra])
        raise DataError(
            f"The prediction {predicted} holds {files}, which the ground truth lacks; keep the "
            "annotated frames only."
        )


def listed(names: Sequence[str]) -> str:
    """A few names and how many more there are.

    >>> listed(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
