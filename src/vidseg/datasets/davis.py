"""Videos with object masks in the folder layout of DAVIS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..formats.reading import read_label_map, read_picture
from ..types import ImageArray
from .clips.schema import Region, SmallIdMap
from .renumbering import renumber


class MaskedVideos:
    """Reads ``JPEGImages/<video>/*`` and ``Annotations/<video>/*.png``; no categories.

    Label value = object id, 0 = background. A folder is cut where frames have no annotation: in
    sparsely annotated videos a frame may label only what is new in it, so that frames on both
    sides of a gap cannot be learnt from together.

    Args:
        folder: holds ``JPEGImages`` and ``Annotations``, each with one folder a video.
        videos: names to read; all annotated ones by default.
    """

    vocabulary: tuple[str, ...] = ()

    def __init__(self, folder: str | Path, videos: Sequence[str] | None = None) -> None:
        self.folder = Path(folder)
        self.name = self.folder.name
        annotations = self.folder / "Annotations"
        found = sorted(p.name for p in annotations.glob("*") if p.is_dir())
        wanted = found if videos is None else list(videos)
        missing = sorted(set(wanted) - set(found))
        if missing or not wanted:
            raise DataError(f"No annotated video {', '.join(missing)} in {annotations}.")
        self._frames = [run for name in wanted for run in self._runs(name)]
        self._objects = [self._object_ids(pairs) for pairs in self._frames]

    def _runs(self, video: str) -> list[list[tuple[Path, Path]]]:
        """(picture, label map) of consecutive annotated frames."""
        maps = {m.stem: m for m in (self.folder / "Annotations" / video).glob("*.png")}
        runs: list[list[tuple[Path, Path]]] = []
        gap = True
        for picture in sorted((self.folder / "JPEGImages" / video).glob("*")):
            if picture.stem not in maps:
                gap = True
                continue
            if gap:
                runs.append([])
            runs[-1].append((picture, maps[picture.stem]))
            gap = False
        if not runs:
            raise DataError(f"No picture of {self.folder / 'JPEGImages' / video} has a mask.")
        return runs

    @staticmethod
    def _object_ids(pairs: Sequence[tuple[Path, Path]]) -> list[int]:
        values = {int(v) for _, label_map in pairs for v in np.unique(read_label_map(label_map))}
        return sorted(values - {0, 255})

    @property
    def lengths(self) -> Sequence[int]:
        """Frames of each run."""
        return [len(pairs) for pairs in self._frames]

    def regions(self, video: int) -> tuple[Region, ...]:
        """The objects of a run, by id."""
        return (Region(-1),) * len(self._objects[video])

    def frame(self, video: int, frame: int) -> tuple[ImageArray, SmallIdMap]:
        """Decodes one frame. A label map may be off by two pixels in size; more is an error."""
        picture_path, map_path = self._frames[video][frame]
        picture = read_picture(picture_path)
        values = read_label_map(map_path)
        height, width = picture.shape[:2]
        if abs(values.shape[0] - height) > 2 or abs(values.shape[1] - width) > 2:
            raise DataError(f"{map_path} and {picture_path} differ in size.")
        rows = np.minimum(np.arange(height), values.shape[0] - 1)
        columns = np.minimum(np.arange(width), values.shape[1] - 1)
        values = values[rows[:, None], columns]
        return picture, renumber(values, self._objects[video], map_path.name)
