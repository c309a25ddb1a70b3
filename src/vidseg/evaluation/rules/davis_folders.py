"""The ground truth of DAVIS, and which of its lists a prediction answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError
from ...formats.layouts import davis
from ...formats.layouts.lists import read_names
from ..benchmark import Only, counted_videos
from ..mask_folders import (
    MaskVideo,
    NeededFrames,
    folders_in,
    frame_names,
    listed,
    pair_videos,
    predicted_folders,
)


@dataclass(frozen=True)
class DavisTruth:
    """Ground truth that was found.

    Attributes:
        folders: all annotated videos.
        lists: files that name the videos of a set; the validation set first.
    """

    folders: dict[str, Path]
    lists: tuple[Path, ...]


def find_truth(root: Path, edition: davis.Edition) -> DavisTruth:
    """The masks below a DAVIS folder.

    Args:
        root: DAVIS, a folder whose ``Annotations`` holds the videos, or the folder of the videos.

    Raises DataError where no mask is found.
    """
    places = [davis.map_folder(root, edition, name) for name in davis.RESOLUTIONS]
    for place in (*places, root / edition.maps, root):
        folders = {name: path for name, path in folders_in(place).items() if frame_names(path)}
        if folders:
            return DavisTruth(folders, tuple(davis.split_lists(root, edition).values()))
    raise DataError(
        f"{root} holds no ground truth: {edition.maps}/480p/<video>/<frame>.png is expected."
    )


def pair_davis(
    truth: DavisTruth, predicted: Path, needed: NeededFrames, only: Only = None
) -> tuple[tuple[MaskVideo, ...], tuple[str, ...]]:
    """(videos, notes): the validation set, or the set that has exactly the predicted videos.

    Without a list all annotated videos count. Raises DataError where the folders do not fit.
    """
    folders = predicted_folders(predicted, ("Annotations", *davis.RESOLUTIONS))
    wanted, notes = _choose(truth, folders if only is None else only)
    return pair_videos(truth.folders, folders, counted_videos(wanted, only), needed), notes


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
