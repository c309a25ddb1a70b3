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

from pathlib import Path

from ...errors import DataError
from ...formats.reading import inside, read_json
from ...labels import Category, LabelSource
from .annotated_images import (
    AnnotatedImage,
    AnnotatedImages,
    Record,
    first_folder,
    parse_categories,
    parse_images,
    value_of,
)
from .split_files import find_split

SPLITS = (
    "train",
    "val",
    "train_lr",
    "val_lr",
    "insseg_train",
    "insseg_val",
    "panseg_train",
    "panseg_val",
)

_ARCHIVES = (
    "",
    "entity_01_11580",
    "entity_02_11598",
    "entity_03_10049",
    "entity_01_11580/images_merge",
    "entity_02_11598/images",
    "entity_03_10049/images_03_10049",
)


def open_source(folder: Path, split: str | None = None) -> LabelSource:
    """The stills of a split. Raises DataError, naming the file, where it cannot be read."""
    name, first = find_split(folder, split, {s: _places(s) for s in SPLITS}, "entityseg")
    pictures = _picture_folders(folder, name)
    images: list[AnnotatedImage] = []
    categories: tuple[Category, ...] = ()
    for file in _parts(first):
        content = read_json(file)
        listed = parse_categories(content, file)
        if images and listed != categories:
            raise DataError(f"{file} lists other classes than {first}; they must be the same.")
        categories = listed

        def locate(record: Record, file: Path = file) -> Path:
            picture = value_of(record, "file_name", str, file)
            places = [inside(place, picture, file) for place in pictures]
            return next((place for place in places if place.is_file()), places[0])

        images += parse_images(_with_classes(content, categories, file), file, locate)
    names = [image.info.name for image in images]
    if len(set(names)) < len(names):
        raise DataError(f"Two parts of {first} list the same picture.")
    return AnnotatedImages(f"entityseg {name}", images, categories)


def _with_classes(content: Record, categories: tuple[Category, ...], file: Path) -> Record:
    """The file with the classes of ``category_id_ori`` in ``category_id``."""
    if not categories:
        return content
    annotations = [
        {**annotation, "category_id": _number(annotation["category_id_ori"], file)}
        if isinstance(annotation, dict) and "category_id_ori" in annotation
        else annotation
        for annotation in value_of(content, "annotations", list, file)
    ]
    return {**content, "annotations": annotations}


def _number(text: object, file: Path) -> int:
    """The class that ``category_id_ori`` gives as a number or in digits."""
    try:
        return int(str(text))
    except ValueError as error:
        raise DataError(f"{file}: category_id_ori is {text!r}; a number is wanted.") from error


def _places(split: str) -> tuple[str, ...]:
    stem = f"entityseg_{split}"
    stems = (stem, f"{stem}_01", f"{stem}_annotations")
    return tuple(f"{folder}{s}.json" for folder in ("annotations/", "") for s in stems)


def _parts(first: Path) -> list[Path]:
    """All files of a split that comes in several."""
    if not first.stem.endswith("_01"):
        return [first]
    return sorted(first.parent.glob(f"{first.stem[:-1]}[1-9].json"))


def _picture_folders(folder: Path, split: str) -> list[Path]:
    names = ("images_lr", "images") if split.endswith("_lr") else ("images",)
    root = first_folder(folder / name for name in names)
    inner = [root / name for name in _ARCHIVES if (root / name).is_dir()]
    return [*(inner or [root]), folder]
