"""Stills in COCO-instances form (polygons and RLE), with captions where there are any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as rle

from ..errors import DataError
from ..formats.reading import read_json, read_picture
from ..types import ImageArray, MaskArray
from .clips.expressions import captions_of_single_objects
from .clips.schema import MAX_REGIONS, Region, SmallIdMap


class CocoInstanceStills:
    """Reads ``instances_<split>.json``, ``captions_<split>.json`` (optional) and ``<split>/*``.

    Overlapping instances are flattened with the smaller one on top. ``iscrowd`` makes a group.
    A caption belongs to an object if it names the object's category, which occurs once.
    """

    def __init__(self, folder: str | Path, split: str = "train") -> None:
        self.folder = Path(folder)
        self.name = f"{self.folder.name}-{split}"
        self._pictures = self.folder / split
        content = read_json(self.folder / f"instances_{split}.json")
        categories = sorted(content["categories"], key=lambda category: category["id"])
        self.vocabulary = tuple(category["name"] for category in categories)
        label = {category["id"]: row for row, category in enumerate(categories)}
        by_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in content["annotations"]:
            by_image[annotation["image_id"]].append(annotation)
        captions = self._read_captions(split)
        self._images = [image for image in content["images"] if by_image[image["id"]]]
        if not self._images:
            raise DataError(f"{self.folder / f'instances_{split}.json'} has no labelled image.")
        self._annotations = []
        self._regions = []
        for image in self._images:
            # Painted in this order, so that small things stay visible on large ones.
            annotations = sorted(by_image[image["id"]], key=lambda a: -float(a["area"]))
            self._annotations.append(annotations[-MAX_REGIONS:])
            labels = [label[a["category_id"]] for a in self._annotations[-1]]
            crowd = [bool(a["iscrowd"]) for a in self._annotations[-1]]
            names = [self.vocabulary[row] for row in labels]
            sentences = captions_of_single_objects(captions[image["id"]], names, crowd)
            self._regions.append(
                tuple(
                    Region(row, True, group, tuple(said))
                    for row, group, said in zip(labels, crowd, sentences, strict=True)
                )
            )

    def _read_captions(self, split: str) -> dict[int, list[str]]:
        captions: dict[int, list[str]] = defaultdict(list)
        path = self.folder / f"captions_{split}.json"
        if path.is_file():
            for annotation in read_json(path)["annotations"]:
                captions[annotation["image_id"]].append(annotation["caption"])
        return captions

    @property
    def lengths(self) -> Sequence[int]:
        """A still is a video of one frame."""
        return [1] * len(self._images)

    def regions(self, video: int) -> tuple[Region, ...]:
        """The instances, from the largest to the smallest."""
        return self._regions[video]

    def frame(self, video: int, frame: int = 0) -> tuple[ImageArray, SmallIdMap]:
        """Decodes the picture and paints its instances."""
        image = self._images[video]
        picture = read_picture(self._pictures / image["file_name"])
        height, width = picture.shape[:2]
        ids = np.zeros((height, width), np.uint8)
        for number, annotation in enumerate(self._annotations[video], start=1):
            ids[decode_segmentation(annotation["segmentation"], height, width)] = number
        return picture, ids


def decode_segmentation(segmentation: Any, height: int, width: int) -> MaskArray:
    """Polygons, uncompressed or compressed RLE of COCO → [H, W] bool."""
    if isinstance(segmentation, list):
        encoded = rle.merge(rle.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        encoded = rle.frPyObjects(segmentation, height, width)
    else:
        encoded = segmentation
    mask = np.asarray(rle.decode(encoded), bool)
    if mask.shape != (height, width):
        raise DataError(f"A mask of size {mask.shape} lies on a picture of {height}×{width}.")
    return mask
