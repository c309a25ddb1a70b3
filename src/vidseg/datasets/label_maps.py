"""Videos whose frames carry one class per pixel (semantic label maps)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from ..formats.reading import read_label_map, read_picture
from ..types import ImageArray
from .clips.schema import Region, SmallIdMap
from .renumbering import renumber

CAMVID_CLASSES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
CAMVID_THINGS = frozenset({"car", "pedestrian", "bicyclist"})


class LabelMapVideos:
    """Reads ``images/*`` and ``labels/*.png`` of one folder.

    Frames whose file name shares the part before the first ``_`` are one sequence, cut where the
    frame number jumps by more than ``max_gap``. The value of a label is the index of its class;
    values beyond the vocabulary are not labelled. Things are not separated into instances, so their
    regions are groups.

    Args:
        folder: holds ``images`` and ``labels``.
        classes: name of label 0, 1, ...
        things: which of them are countable.
        max_gap: largest step of frame numbers inside a sequence.
    """

    def __init__(
        self,
        folder: str | Path,
        classes: Sequence[str] = CAMVID_CLASSES,
        things: frozenset[str] = CAMVID_THINGS,
        max_gap: int = 30,
    ) -> None:
        self.folder = Path(folder)
        self.name = f"{self.folder.parent.name}-{self.folder.name}"
        self.vocabulary = tuple(classes)
        self._regions = tuple(
            Region(row, name in things, name in things) for row, name in enumerate(classes)
        )
        pictures = sorted(p for p in (self.folder / "images").glob("*") if p.is_file())
        if not pictures:
            raise DataError(f"No pictures in {self.folder / 'images'}.")
        self._videos = _sequences(pictures, max_gap)

    @property
    def lengths(self) -> Sequence[int]:
        """Frames of each sequence."""
        return [len(video) for video in self._videos]

    def regions(self, video: int) -> tuple[Region, ...]:
        """One region per class."""
        return self._regions

    def frame(self, video: int, frame: int) -> tuple[ImageArray, SmallIdMap]:
        """Decodes one frame and its classes."""
        picture = self._videos[video][frame]
        values = read_label_map(self.folder / "labels" / f"{picture.stem}.png")
        ids = renumber(values, list(range(len(self.vocabulary))), picture.name)
        return read_picture(picture), ids


def _sequences(pictures: Sequence[Path], max_gap: int) -> list[list[Path]]:
    by_prefix: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for picture in pictures:
        prefix, _, rest = picture.stem.partition("_")
        digits = re.search(r"\d+", rest)
        by_prefix[prefix].append((int(digits.group()) if digits else 0, picture))
    videos: list[list[Path]] = []
    for frames in by_prefix.values():
        previous = None
        for number, picture in sorted(frames):
            if previous is None or number - previous > max_gap:
                videos.append([])
            videos[-1].append(picture)
            previous = number
    return videos
