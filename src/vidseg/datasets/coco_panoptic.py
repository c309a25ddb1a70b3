"""Stills in COCO-panoptic form whose PNG files hold segment ids in one channel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from ..formats.reading import read_json, read_label_map, read_picture
from ..types import ImageArray
from .clips.schema import Region, SmallIdMap
from .renumbering import renumber


class CocoPanopticStills:
    """Reads ``panoptic_<split>.json``, ``panoptic/*.png`` and ``images/*`` of one folder.

    Segments with ``iscrowd`` = 1 become groups: they may hold several instances.
    Pixels of value 0 are not labelled.
    """

    def __init__(self, folder: str | Path, split: str = "train") -> None:
        self.folder = Path(folder)
        self.name = f"{self.folder.name}-{split}"
        content = read_json(self.folder / f"panoptic_{split}.json")
        categories = sorted(content["categories"], key=lambda category: category["id"])
        self.vocabulary = tuple(category["name"] for category in categories)
        self._label = {category["id"]: row for row, category in enumerate(categories)}
        self._thing = {category["id"]: bool(category["isthing"]) for category in categories}
        images = {image["id"]: image["file_name"] for image in content["images"]}
        self._stills = [
            (images[entry["image_id"]], entry["file_name"], entry["segments_info"])
            for entry in content["annotations"]
            if entry["segments_info"]
        ]
        if not self._stills:
            raise DataError(f"{self.folder / f'panoptic_{split}.json'} has no labelled image.")

    @property
    def lengths(self) -> Sequence[int]:
        """A still is a video of one frame."""
        return [1] * len(self._stills)

    def regions(self, video: int) -> tuple[Region, ...]:
        """The segments in the order of the file."""
        return tuple(
            Region(
                self._label[segment["category_id"]],
                self._thing[segment["category_id"]],
                bool(segment.get("iscrowd", 0)),
            )
            for segment in self._stills[video][2]
        )

    def frame(self, video: int, frame: int = 0) -> tuple[ImageArray, SmallIdMap]:
        """Decodes the picture and its segment ids."""
        picture, label_map, segments = self._stills[video]
        values = read_label_map(self.folder / "panoptic" / label_map)
        ids = renumber(values, [segment["id"] for segment in segments], label_map)
        return read_picture(self.folder / "images" / picture), ids
