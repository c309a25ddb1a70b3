"""MOSE, versions 1 and 2, laid out as :mod:`vidseg.formats.layouts.mose` draws them."""

from __future__ import annotations

from pathlib import Path

from ...formats.layouts.mose import SPLITS, meta_file
from ...formats.layouts.object_meta import one_part
from ...labels import LabelSource
from .object_maps import open_declared


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Version 1."""
    part = one_part(folder, SPLITS, split)
    return open_declared("mose", part, meta_file(part))


def open_mosev2(folder: Path, split: str | None) -> LabelSource:
    """Version 2."""
    part = one_part(folder, SPLITS, split)
    return open_declared("mosev2", part, meta_file(part))
