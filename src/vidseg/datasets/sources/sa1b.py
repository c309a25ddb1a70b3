"""SA-1B, as :mod:`vidseg.formats.layouts.sa1b` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ...errors import DataError
from ...formats.layouts.problems import STRICT
from ...formats.layouts.sa1b import find_stills, read_labels
from ...labels import FrameLabels, LabelSource, LabelTrack, VideoInfo
from ...pictures.reading import read_picture
from ...types import ImageArray
from .listed_stills import row_masks
from .listed_videos import ListedVideos
from .packed_records import Record


def open_source(folder: Path, split: str | None = None) -> LabelSource:
    """All stills of a folder. Raises DataError where there are none, or for a split."""
    if split is not None:
        raise DataError(f"sa1b has no split {split!r}; it has none.")
    return Sa1bStills(folder)


class Sa1bStills(ListedVideos):
    """The stills below a folder; a label file is read when its still is asked for.

    The name of a still is its place below the folder, without ending. Track ids count the masks
    from 1.
    """

    def __init__(self, folder: Path) -> None:
        self._name = "sa1b"
        self._categories = ()
        self._stills = find_stills(folder)
        if not self._stills:
            raise DataError(f"{folder} holds no sa_*.jpg with sa_*.json beside it.")
        names = [still.name for still in self._stills]
        self._videos = tuple(VideoInfo(name, (name.rpartition("/")[2],)) for name in names)
        self._read = lru_cache(maxsize=1)(self._read_file)  # labels() follows upon tracks()

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The masks. Reads the label file of the still."""
        return tuple(
            LabelTrack(number, None, bool(row.get("iscrowd", 0)))
            for number, row in enumerate(self._read(video)[1], start=1)
        )

    def ratings(self, video: int) -> tuple[tuple[float, float], ...]:
        """(stability score, predicted IoU) of each mask, 0..1."""
        try:
            return tuple(
                (float(row["stability_score"]), float(row["predicted_iou"]))
                for row in self._read(video)[1]
            )
        except (KeyError, TypeError, ValueError) as error:
            file = self._stills[video].labels
            raise DataError(f"{file}: a mask has no stability_score or predicted_iou.") from error

    def labels(self, video: int, frame: int) -> FrameLabels:
        """The masks; they overlap, parts lie on wholes."""
        size, rows = self._read(video)
        return row_masks(rows, size, self._stills[video].labels)

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._stills[video].picture)

    def _read_file(self, video: int) -> tuple[tuple[int, int], Sequence[Record]]:
        read = read_labels(self._stills[video], STRICT)
        assert read is not None  # a strict reader raises
        return read
