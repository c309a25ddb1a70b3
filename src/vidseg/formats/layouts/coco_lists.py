"""Lists in the manner of COCO: rows by id, classes, and stills with their objects.

images       [{id, width, height, ...}]            where the picture lies, each layout says
categories   [{id, name[, isthing or type]}]
annotations  [{id, image_id, category_id, segmentation[, iscrowd, area]}]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...labels import Category
from ..plain_values import shown
from .places import path_inside
from .problems import Problems, listed
from .rows import Row, is_id, is_name, name_of, row_size, rows, whole_number


def keyed(content: Row, key: str, noun: str, file: Path, problems: Problems) -> dict[Any, Row]:
    """id → row of the list ``content[key]``, in order; rows without an id are left out.

    Args:
        noun: a row in words, for the sentences: "image".
    """
    found: dict[Any, Row] = {}
    for place, row in enumerate(rows(content, key, file, problems)):
        id = row.get("id")
        if not is_id(id):
            problems.error("ids", file, f"{file}: {noun} number {place} of {key!r} has no id.")
        elif id in found:
            problems.error("ids", file, f"{file} has the {noun} id {id} twice.")
        else:
            found[id] = row
    return found


def read_categories(
    content: Row, file: Path, problems: Problems, *, stuff: bool = False
) -> tuple[Category, ...]:
    """The list ``categories`` in its order, each number and each name once.

    Args:
        stuff: the list must say with ``isthing`` what is stuff; else ``isthing`` or ``type`` may,
            and nothing is where they do not.
    """
    found: dict[int, Category] = {}
    names: dict[str, int] = {}
    for row in keyed(content, "categories", "category", file, problems).values():
        id = whole_number(row, "id", "a category", file, problems)
        if id is None:
            continue
        name = row.get("name")
        fault = ""
        thing, kind = row.get("isthing"), row.get("type", "thing")
        if not is_name(name):
            fault = f"{file}: category {id} has no name; add it."
        elif name in names:
            fault = f"{file} calls both category {names[name]} and category {id} {name!r}."
        elif thing not in (0, 1) and (stuff or "isthing" in row):
            fault = f"{file} does not say with 0 or 1 whether category {id} is a thing."
        elif not isinstance(kind, str):
            fault = f"{file} gives category {id} the type {shown(kind)}, which is no text."
        if fault:
            problems.error("classes", file, fault)
        names[str(name)] = id
        found[id] = Category(id, str(name), bool(thing) if "isthing" in row else kind != "stuff")
    if stuff and not found and content.get("categories") == []:
        problems.error("classes", file, f"{file} lists no category.")
    return tuple(found.values())


def class_ids(
    row: Row,
    key: str,
    where: str,
    file: Path,
    known: Container[int] | None,
    problems: Problems,
) -> tuple[int, ...]:
    """The classes that a row lists under a key, such as ``neg_category_ids``; none without it."""
    value = row.get(key)
    if value is not None and not isinstance(value, list):
        problems.error("classes", file, f"{where} has {key} {shown(value)}; a list is wanted.")
        return ()
    ids = tuple(id for id in value or () if type(id) is int and (known is None or id in known))
    if len(ids) < len(value or ()):
        unknown = [shown(id) for id in value or () if type(id) is not int or id not in ids]
        problems.error(
            "classes", file, f"{where} has the unknown classes {listed(unknown)} in {key}."
        )
    return ids


Locate = Callable[[Row, Problems], Path | None]
"""Where the picture of a row of ``images`` lies; None after a report where it does not tell."""


def by_file_name(folder: Path, file: Path) -> Locate:
    """Pictures in one folder, by ``file_name``."""

    def locate(row: Row, problems: Problems) -> Path | None:
        name = name_of(row, "file_name", f"the image {row.get('id')}", file, problems)
        return None if name is None else path_inside(folder, name, file, problems)

    return locate


@dataclass(frozen=True, eq=False)
class ListedImage:
    """A still.

    Attributes:
        name: of the picture, without ending.
        size: (height, width); None after a report where the file does not tell.
        picture: where it lies, whether or not it is there; None after a report.
        row: as the file has it.
    """

    name: str
    size: tuple[int, int] | None
    picture: Path | None
    row: Row


@dataclass(frozen=True, eq=False, slots=True)
class ListedObject:
    """An object of a still; what its mask holds is not looked at.

    Attributes:
        place: file and annotation, to begin sentences with.
        image: id of the still.
        row: as the file has it.
    """

    place: str
    id: int | str
    image: Any
    row: Row


class ImageLists:
    """The lists of one file.

    Attributes:
        file: which.
        images: by id, in the order of the file.
        categories: where they are empty, objects have no class.
        labelled: whether the file has annotations.

    Args:
        content: the file, parsed.
        locate: where the picture of a row lies.
    """

    images: Mapping[Any, ListedImage]
    categories: tuple[Category, ...]

    def __init__(self, content: Row, file: Path, locate: Locate, problems: Problems) -> None:
        self.file, self._content, self._problems = file, content, problems
        listed = keyed(content, "images", "image", file, problems)
        self.images = {id: self._image(id, row, locate) for id, row in listed.items()}
        counts = Counter(image.name for image in self.images.values())
        for name in (name for name, count in counts.items() if count > 1):
            problems.error("ids", file, f"{file} lists the image {name!r} twice.")
        self.categories = read_categories(content, file, problems)
        self.labelled = "annotations" in content

    def _image(self, id: Any, row: Row, locate: Locate) -> ListedImage:
        size = row_size(row, f"{self.file}: image {id}", self.file, self._problems)
        picture = locate(row, self._problems)
        return ListedImage(str(id) if picture is None else picture.stem, size, picture, row)

    def objects(self) -> Iterator[ListedObject]:
        """The annotations; those of no image are left out."""
        if not self.labelled:
            return
        file, problems = self.file, self._problems
        known = {category.id for category in self.categories}
        for id, row in keyed(self._content, "annotations", "annotation", file, problems).items():
            place = f"{file}: annotation {id}"
            image, category = row.get("image_id"), row.get("category_id")
            if not is_id(image) or image not in self.images:
                sentence = f"{place} is of image {shown(image)}, which the list lacks."
                problems.error("ids", file, sentence)
                continue
            if known and (type(category) is not int or category not in known):
                sentence = f"{place} has the category_id {shown(category)}, which the list lacks."
                problems.error("classes", file, sentence)
            check_object(row, place, file, problems)
            yield ListedObject(place, id, image, row)


def check_object(row: Row, place: str, file: Path, problems: Problems) -> None:
    """Whether an annotation has a mask; and its crowd flag."""
    if "segmentation" not in row:
        problems.error("masks", file, f"{place} has no segmentation.")
    is_crowd(row, place, file, problems)


def is_crowd(row: Row, where: str, file: Path, problems: Problems) -> bool:
    """``iscrowd`` of an annotation, False where it is not given."""
    crowd = row.get("iscrowd", 0)
    if crowd not in (0, 1):
        problems.error("values", file, f"{where} has iscrowd {shown(crowd)}; 0 or 1 is wanted.")
    return bool(crowd)
