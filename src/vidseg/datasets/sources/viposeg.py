"""VIPOSeg, laid out as :mod:`vidseg.formats.layouts.viposeg` draws it."""

from __future__ import annotations

from pathlib import Path

from ...errors import DataError
from ...formats.label_files.class_lists import published_classes
from ...formats.layouts import viposeg as layout
from ...labels import LabelSource, LabelTrack
from .listing import check_all_listed, list_video
from .object_maps import ObjectMaps


def open_source(folder: Path, split: str | None) -> LabelSource:
    """Opens a split."""
    parts = layout.parts(folder, split)
    if not parts:
        raise DataError(
            f"{folder} has neither a folder JPEGImages or Annotations nor one of a split "
            f"({split or ', '.join(layout.SPLITS)})."
        )
    if len(parts) > 1:
        raise DataError(
            f"{folder} holds the splits {', '.join(parts)}; choose one of them with --split."
        )
    (root,) = parts.values()
    source = layout.class_file(root)
    classes = layout.read_objects(root)
    maps, pictures = layout.map_folder(root), root / layout.PICTURES
    check_all_listed(classes, source, maps, pictures)
    return ObjectMaps(
        "viposeg",
        [list_video(video, maps / video, pictures / video) for video in classes],
        categories=published_classes("vipseg"),
        objects=[
            {id: LabelTrack(id, category) for id, category in objects.items()}
            for objects in classes.values()
        ],
        source=source,
    )
