"""LVIS v1 (Gupta et al., 2019): 1203 things on COCO's pictures, not all of them everywhere.

    coco/
      annotations/
        lvis_v1_val.json            or lvis_v1_val.json, or lvis/lvis_v1_val.json
      train2017/                    both folders: pictures of a split lie in either
      val2017/
        000000000139.jpg

An image names the classes that are surely absent (``neg_category_ids``) and those of which only
some objects are marked (``not_exhaustive_category_ids``); all other classes are unknown there.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ...errors import DataError
from ...formats.reading import inside, read_json
from .annotated_images import (
    AnnotatedImages,
    Record,
    first_folder,
    parse_categories,
    parse_images,
    value_of,
)
from .split_files import find_split

FILES = {
    "train": "lvis_v1_train",
    "val": "lvis_v1_val",
    "minival": "lvis_v1_minival",
    "test-dev": "lvis_v1_image_info_test_dev",
    "test-challenge": "lvis_v1_image_info_test_challenge",
}
"""Split → name of its list without ``.json``."""

SPLITS = tuple(FILES)


class LvisStills(AnnotatedImages):
    """Stills that also tell which classes were looked for."""

    def absent_categories(self, video: int) -> tuple[int, ...]:
        """Classes that were looked for and are not there (``neg_category_ids``)."""
        return self._listed(video, "neg_category_ids")

    def partial_categories(self, video: int) -> tuple[int, ...]:
        """Classes of which some objects are not marked (``not_exhaustive_category_ids``)."""
        return self._listed(video, "not_exhaustive_category_ids")

    def _listed(self, video: int, key: str) -> tuple[int, ...]:
        image = self.image(video)
        numbers = value_of(image.record, key, list, image.source)
        unknown = [number for number in numbers if number not in self._known]
        if unknown:
            raise DataError(
                f"{image.source}: {key} of image {image.info.name} names the class "
                f"{unknown[0]!r}, which the file does not list."
            )
        return tuple(numbers)


def open_source(folder: Path, split: str | None = None) -> LvisStills:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    files = {
        name: tuple(f"{part}{stem}.json" for part in ("annotations/", "", "lvis/"))
        for name, stem in FILES.items()
    }
    name, file = find_split(folder, split, files, "lvis")
    content = read_json(file)

    def locate(record: Record) -> Path:
        # The address ends in the folder and the file, ".../val2017/000000000139.jpg".
        address = PurePosixPath(value_of(record, "coco_url", str, file))
        part, picture = address.parent.name, address.name
        pictures = first_folder((folder / part, folder / "images" / part))
        return inside(pictures, picture, file)

    images = parse_images(content, file, locate)
    return LvisStills(f"lvis {name}", images, parse_categories(content, file))
