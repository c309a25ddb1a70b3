"""Palette PNGs as DAVIS and YouTube-VOS have them: pixel value = object id, 0 = background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import OutputError
from ..results import FrameResult
from ..types import Frame
from ..video.colors import davis_palette
from .atomic import prepare_folder, replacing

_MOST_IDS = 255  # a palette PNG has one byte a pixel
_COMPRESSION = 2  # flat regions stay small; higher levels cost more time than the model


class PalettePngWriter:
    """``<folder>/00000.png`` and so on, named by frame index; overlaps go to the higher score."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._palette = davis_palette().tobytes()
        prepare_folder(folder)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Writes one PNG. Raises OutputError for an id above 255."""
        ids = result.panoptic_map()
        if ids.max(initial=0) > _MOST_IDS:
            raise OutputError(
                f"Frame {result.index}: id {ids.max()} does not fit a palette PNG, which holds "
                f"{_MOST_IDS}; save panoptic instead of png."
            )
        image = Image.fromarray(ids.astype(np.uint8))
        image.putpalette(self._palette)
        path = self.folder / f"{result.index:05d}.png"
        with replacing(path) as partial:
            image.save(partial, format="PNG", compress_level=_COMPRESSION)

    def close(self) -> None:
        """Every PNG is whole as soon as it is written; removes the folder if it stayed empty."""
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
