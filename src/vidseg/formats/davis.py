"""Palette PNGs as DAVIS and YouTube-VOS have them: pixel value = object id, 0 = background."""

from __future__ import annotations

from pathlib import Path

from ..errors import OutputError
from ..pictures.flat_png import png_form
from ..results import FrameResult
from ..types import Frame, IdMap
from ..video.colors import davis_palette
from .atomic import QUICK, save_png
from .output_places import check_there, prepare_folder

_HEAD = 1024  # bytes that hold the palette of our own files
MOST_PALETTE_IDS = 255  # a palette PNG has one byte a pixel


def save_palette_png(ids: IdMap, path: Path) -> None:
    """Writes [H, W] ids of 0 to 255 in the colours of DAVIS. Raises OutputError."""
    save_png(ids, path, palette=davis_palette().tobytes(), compression=QUICK)


def is_palette_png(path: Path) -> bool:
    """Whether a file is a PNG as :func:`save_palette_png` writes it, by its first bytes."""
    try:
        with path.open("rb") as file:
            start = file.read(_HEAD)
    except OSError:
        return False
    return png_form(start) == (8, 3) and davis_palette().tobytes() in start


class PalettePngWriter:
    """``<folder>/00000.png`` and so on, named by frame index; overlaps go to the higher score."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        prepare_folder(folder)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Writes one PNG. Raises OutputError for an id above 255."""
        ids = result.panoptic_map()
        if ids.max(initial=0) > MOST_PALETTE_IDS:
            raise OutputError(
                f"Frame {result.index}: id {ids.max()} does not fit a palette PNG, which holds "
                f"{MOST_PALETTE_IDS}; save panoptic instead of png."
            )
        check_there(self.folder)
        save_palette_png(ids, self.folder / f"{result.index:05d}.png")

    def close(self) -> None:
        """Every PNG is whole as soon as it is written; removes the folder if it stayed empty."""
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
