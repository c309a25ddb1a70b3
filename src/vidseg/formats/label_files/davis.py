"""Palette PNGs as DAVIS, YouTube-VOS and MOSE have them, and as ``vidseg segment --save png``.

    <video>/<frame>.png      8-bit palette; value = object id, 0 = background, 255 = void;
                             of a video without other ids 255 is object 1

Read from ``Annotations/480p`` (or another resolution), ``Annotations`` or the folder itself; a
folder of PNGs alone is one video. A frame whose PNG is missing is not labelled; its name is known
only from the pictures (``JPEGImages`` beside ``Annotations``, or a folder that is named).

Cannot hold: void of a video without objects, overlaps, classes, crowds, scores, objects without a
mask, ids above 254.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...labels import FrameLabels, LabelTrack, VideoInfo
from ...pictures.mask_values import Meaning, meaning, read_mask
from ...pictures.reading import picture_size
from ...results import encode_rle
from ..davis import save_palette_png
from ..layouts.davis import RESOLUTIONS, VOID
from ..output_places import prepare_folder
from ..reading import inside
from .base import LabelFile, ReadOptions, WriteOptions
from .capabilities import Holds
from .id_maps import id_map, label_folders, masks_of, with_unlabelled
from .losses import LossLog
from .pictures import frames_of

HOLDS = Holds(overlaps=False, void=True, classes=False, highest_id=VOID - 1)


def read(place: Path, options: ReadOptions) -> PaletteFolder:
    """Opens a folder. Raises DataError, naming it."""
    root, pictures = place, options.pictures
    for below in (*(f"Annotations/{name}" for name in RESOLUTIONS), "Annotations"):
        if (place / below).is_dir():
            root = place / below
            beside = place / below.replace("Annotations", "JPEGImages")
            if pictures is None and beside.is_dir():
                pictures = beside
            break
    folders, videos = [], []
    for name, folder, stems in label_folders(root, ".png"):
        frames = with_unlabelled(stems, frames_of(pictures, name))
        size = picture_size(folder / f"{stems[0]}.png")
        videos.append(VideoInfo(name, frames, size))
        folders.append(folder)
    return PaletteFolder(place, videos, folders, pictures, options.log)


class PaletteFolder(LabelFile):
    """An opened folder."""

    def __init__(
        self,
        place: Path,
        videos: Sequence[VideoInfo],
        folders: Sequence[Path],
        pictures: Path | None,
        log: LossLog,
    ) -> None:
        super().__init__(place, (), videos, pictures)
        self._folders = folders
        self._log = log
        self._scanned: tuple[int, Meaning, frozenset[int]] | None = None  # of the video asked last

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """Every object of the video's PNGs, all of which are read for it."""
        return tuple(LabelTrack(id) for id in sorted(self._scan(video)[1]))

    def _scan(self, video: int) -> tuple[Meaning, frozenset[int]]:
        """What values mean in all frames of a video, and its objects."""
        if self._scanned is None or self._scanned[0] != video:
            found: list[tuple[frozenset[int], bool]] = []
            for frame in self._videos[video].frames:
                path = self._folders[video] / f"{frame}.png"
                if path.is_file():
                    mask = read_mask(path)
                    found.append((mask.present(), mask.shades))
            rule = meaning(found)
            if rule.note:
                self._log.note(rule.note, f"video {self._videos[video].name}")
            self._scanned = video, rule, rule.objects(found)
        return self._scanned[1:]

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """Masks and void of a PNG; None where it is missing."""
        path = self._folders[video] / f"{self._videos[video].frames[frame]}.png"
        if not path.is_file():
            return None
        ids, void = self._scan(video)[0].ids(read_mask(path))
        unknown = encode_rle(void) if void.any() else None
        return FrameLabels((ids.shape[0], ids.shape[1]), masks_of(ids, 0), unknown)


class PaletteWriter:
    """Writes ``<video>/<frame>.png``."""

    def __init__(self, folder: Path, options: WriteOptions) -> None:
        self._folder = folder
        self._log = options.log

    def begin(self, video: VideoInfo, tracks: Sequence[LabelTrack]) -> None:
        """Makes the folder of the video."""
        self._video = inside(self._folder, video.name, self._folder)
        prepare_folder(self._video)
        self._void_alone: list[Path] | None = []  # None once an object is seen

    def write(self, frame: str, labels: FrameLabels | None) -> None:
        """Writes a PNG; none for a frame without labels."""
        if labels is None:
            self._log.note(
                "Frames without labels have no PNG; the pictures alone tell their names.",
                f"video {self._video.name}, frame {frame}",
            )
            return
        path = inside(self._video, frame, self._video)
        path = path.with_name(path.name + ".png")
        save_palette_png(id_map(labels, void=VOID), path)
        if labels.masks:
            self._void_alone = None
        elif labels.void is not None and self._void_alone is not None:
            self._void_alone.append(path)

    def end(self) -> None:
        """Empties the void of a video without objects, where 255 would be read as one."""
        for path in self._void_alone or ():
            self._log.add("void", f"video {self._video.name}, frame {path.stem}, without objects")
            save_palette_png(np.zeros_like(read_mask(path).values, dtype=np.int32), path)

    def close(self) -> None:
        """Every PNG is written already."""
