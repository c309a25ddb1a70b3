"""YouTube-VOS 2018 and 2019, laid out as :mod:`vidseg.formats.layouts.youtube_vos` draws them."""

from __future__ import annotations

from pathlib import Path

from ...formats.layouts.object_meta import one_part
from ...formats.layouts.youtube_vos import SPLITS, meta_file
from ...labels import LabelSource
from .object_maps import open_declared


def open_source(folder: Path, split: str | None) -> LabelSource:
    """The release of 2019."""
    part = one_part(folder, SPLITS, split)
    return open_declared("youtube_vos", part, meta_file(part))


def open_youtube_vos2018(folder: Path, split: str | None) -> LabelSource:
    """The release of 2018, whose layout is the same."""
    part = one_part(folder, SPLITS, split)
    return open_declared("youtube_vos2018", part, meta_file(part))
