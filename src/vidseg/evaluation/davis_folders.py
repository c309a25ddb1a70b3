"""Where DAVIS keeps its masks and the lists of its sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ..formats.layouts.lists import read_names
from .mask_folders import (
    MaskVideo,
    NeededFrames,
    folders_in,
    frame_names,
    listed,
    pair_videos,
    predicted_folders,
)

_RESOLUTIONS = ("480p", "Full-Resolution")


@dataclass(frozen=True)
class DavisTruth:
    """Ground truth that was found.

    Attributes:
        folders: all annotated videos.
        lists: files that name the videos of a set; the validation set first.
    """

    folders: dict[str, Path]
    lists: tuple[Path, ...]


def find_truth(root: Path, annotations: str, sets: Sequence[str]) -> DavisTruth:
    """The masks below a DAVIS folder.

    Args:
        root: holds ``<annotations>/480p``, ``<annotations>/Full-Resolution`` or ``<annotations>``
            with a folder a video, or is such a folder itself.
        annotations: ``Annotations`` or ``Annotations_unsupervised``.
        sets: folders of ``ImageSets`` that may hold the lists.

    Raises DataError where no mask is found.
    """
    places = [root / annotations / name for name in _RESOLUTIONS]
    for place in (*places, root / annotations, root):
        folders = {name: path for name, path in folders_in(place).items() if frame_names(path)}
        if folders:
            return DavisTruth(folders, _lists(root, sets))
    raise DataError(
        f"{root} holds no ground truth: {annotations}/480p/<video>/<frame>.png is expected."
    )


def _lists(root: Path, sets: Sequence[str]) -> tuple[Path, ...]:
    found = [root / "val.txt"]
    for name in sets:
        folder = root / "ImageSets" / name
        found += [folder / "val.txt", *sorted(folder.glob("*.txt"))]
    return tuple(dict.fromkeys(path for path in found if path.is_file()))


def pair_davis(
    truth: DavisTruth, predicted: Path, needed: NeededFrames
) -> tuple[tuple[MaskVideo, ...], tuple[str, ...]]:
    """(videos, notes): the validation set, or the set that has exactly the predicted videos.

    Without a list all annotated videos count. Raises DataError where the folders do not fit.
    """
    folders = predicted_folders(predicted, ("Annotations", *_RESOLUTIONS))
    wanted, notes = _choose(truth, folders)
    return pair_videos(truth.folders, folders, wanted, needed), notes


def _choose(truth: DavisTruth, predicted: Collection[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    if not truth.lists:
        return list(truth.folders), ()
    chosen = truth.lists[0]
    names = read_names(chosen)
    if not set(names) <= set(predicted):
        for other in truth.lists[1:]:
            alternative = read_names(other)
            if set(alternative) == set(predicted):
                chosen, names = other, alternative
                break
    notes = [f"Measured are the videos that {chosen} lists, {len(names)} in all."]
    extra = [name for name in predicted if name not in names and name in truth.folders]
    if extra:
        notes.append(f"Predictions for videos outside of that list do not count: {listed(extra)}.")
    return names, tuple(notes)
