"""EntitySeg (Qi et al., 2023): every region of a still, thing or stuff, as an entity of its own.

    entityseg/
      annotations/                  or the folder itself
        entityseg_train_01.json     the release comes in three files, read as one;
        entityseg_train_02.json     entityseg_train.json stands for all of them
        entityseg_train_03.json
        entityseg_train_lr.json     the same with pictures and masks made smaller
        entityseg_insseg_train.json things of 206 classes
        entityseg_panseg_train.json things and stuff
      images/                       images_lr/ for the splits in _lr
        entity_01_11580/...         pictures lie here, or in these folders of the archives
        2345.jpg

``categories`` says by ``type`` what is stuff. Files of the class-agnostic task give the class of
an entity in ``category_id_ori``; where ``categories`` is empty, entities have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .coco_lists import ImageLists, Locate
from .places import first_file, first_folder, path_inside
from .problems import Problems
from .rows import Row, name_of, numbered

_ENDINGS = ("train", "val")
SPLITS = (
    *_ENDINGS,
    *(f"{split}_lr" for split in _ENDINGS),
    *(f"insseg_{split}" for split in _ENDINGS),
    *(f"panseg_{split}" for split in _ENDINGS),
)

FILES = {
    split: tuple(
        f"{folder}entityseg_{split}{end}.json"
        for folder in ("annotations/", "")
        for end in ("", "_01", "_annotations")
    )
    for split in SPLITS
}
"""Split → where its JSON file, or the first of several, may lie, the usual place first."""

_ARCHIVES = (
    "",
    "entity_01_11580",
    "entity_02_11598",
    "entity_03_10049",
    "entity_01_11580/images_merge",
    "entity_02_11598/images",
    "entity_03_10049/images_03_10049",
)


def all_files(first: Path) -> list[Path]:
    """All files of a split that comes in several."""
    if not first.stem.endswith("_01"):
        return [first]
    return sorted(first.parent.glob(f"{first.stem[:-1]}[1-9].json"))


def pictures(root: Path, split: str, file: Path) -> Locate:
    """Where the pictures of a file lie: in the first folder that has one of their name."""
    names = ("images_lr", "images") if split.endswith("_lr") else ("images",)
    base = first_folder([root / name for name in names])
    folders = [base / name for name in _ARCHIVES if (base / name).is_dir()] or [base]

    def locate(row: Row, problems: Problems) -> Path | None:
        name = name_of(row, "file_name", f"the image {row.get('id')}", file, problems)
        if name is None:
            return None
        places = [path_inside(folder, name, file, problems) for folder in (*folders, root)]
        found = [place for place in places if place is not None]
        return first_file(found) or next(iter(found), None)

    return locate


def read_lists(root: Path, split: str, content: Row, file: Path, problems: Problems) -> ImageLists:
    """The lists of a file, classes of ``category_id_ori`` in ``category_id``."""
    objects = content.get("annotations")
    if content.get("categories") and isinstance(objects, list):
        objects = [
            {**row, "category_id": _number(row["category_id_ori"])}
            if isinstance(row, dict) and "category_id_ori" in row
            else row
            for row in objects
        ]
        content = {**content, "annotations": objects}
    return ImageLists(content, file, pictures(root, split, file), problems)


def compare_parts(parts: Sequence[ImageLists], problems: Problems) -> None:
    """Reports files of one split with other classes than its first, and pictures of several."""
    seen: dict[str, Path] = {}
    for part in parts:
        if part.categories != parts[0].categories:
            problems.error(
                "classes",
                part.file,
                f"{part.file} lists other classes than {parts[0].file}; they must be the same.",
            )
        for image in part.images.values():
            other = seen.setdefault(image.name, part.file)
            if other != part.file:
                problems.error(
                    "ids", part.file, f"{part.file} and {other} both list the picture {image.name}."
                )


def _number(text: object) -> object:
    """The class that ``category_id_ori`` gives as a number or in digits."""
    number = numbered(text)
    return text if number is None else number
