"""Stills whose masks are listed in JSON, one annotation an object: COCO and its descendants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from ...errors import DataError
from ...formats.label_files.run_lengths import areas, from_segmentation
from ...formats.reading import read_picture
from ...labels import Category, FrameLabels, LabelTrack, Sentence, VideoInfo
from ...results import CocoRLE
from ...types import ImageArray
from .listed_videos import ListedVideos
from .packed_records import PackedGroups

Record = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """One still of a JSON file.

    Attributes:
        info: name and size; its one frame is named like the picture.
        picture: where the picture lies, whether or not it is there.
        annotations: the objects in the order of the file; None where the file labels no image.
        source: the JSON file, for messages.
    """

    info: VideoInfo
    picture: Path
    annotations: Sequence[Record] | None
    source: Path
    record: Record = field(repr=False, default_factory=dict)


class AnnotatedImages(ListedVideos):
    """Stills and their objects, parsed; masks and pictures are decoded on request.

    Track ids count the annotations of an image from 1, in the order of the file.
    """

    def __init__(
        self, name: str, images: Sequence[AnnotatedImage], categories: Sequence[Category]
    ) -> None:
        self._name = name
        self._images = images
        self._categories = tuple(categories)
        self._videos = tuple(image.info for image in images)
        self._known = {category.id for category in categories}

    def image(self, video: int) -> AnnotatedImage:
        """What the JSON file says of a still."""
        return self._images[video]

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The annotations. Raises DataError for a class that the file does not list."""
        image = self._images[video]
        return tuple(
            LabelTrack(number, self._category(image, record), is_crowd(record, image.source))
            for number, record in enumerate(image.annotations or (), start=1)
        )

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """None."""
        return ()

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks; they may overlap. Raises DataError for a mask that cannot be read."""
        image = self._images[video]
        if image.annotations is None:
            return None
        assert image.info.size is not None
        return annotation_masks(image.annotations, image.info.size, image.source)

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._images[video].picture)

    def _category(self, image: AnnotatedImage, record: Record) -> int | None:
        if not self._known:
            return None
        category = value_of(record, "category_id", int, image.source)
        if category not in self._known:
            raise DataError(
                f"{image.source}: annotation {record.get('id')} has the class {category}, which "
                "the file does not list."
            )
        return category


def parse_images(
    content: Record, source: Path, locate: Callable[[Record], Path]
) -> list[AnnotatedImage]:
    """The images of a file with ``images`` and ``annotations``, in its order.

    Args:
        content: the file, parsed.
        source: the file, for messages.
        locate: where the picture of an entry of ``images`` lies.

    Raises DataError for an entry that lacks a key, an image listed twice, or an annotation of an
    image that is not listed.
    """
    by_image: dict[int | str, list[Record]] = {}
    images: list[AnnotatedImage] = []
    names: set[str] = set()
    labelled = "annotations" in content
    for record in value_of(content, "images", list, source):
        number: int | str = value_of(record, "id", (int, str), source)
        path = locate(record)
        name = path.stem
        if number in by_image or name in names:
            raise DataError(f"{source} lists the image {name!r} (id {number}) twice.")
        names.add(name)
        by_image[number] = []
        size = picture_size(record, source)
        info = VideoInfo(name, (name,), size)
        images.append(AnnotatedImage(info, path, None, source, record))
    for annotation in value_of(content, "annotations", list, source) if labelled else ():
        number = value_of(annotation, "image_id", (int, str), source)
        if number not in by_image:
            raise DataError(
                f"{source}: annotation {annotation.get('id')} belongs to image {number}, which "
                "the file does not list."
            )
        by_image[number].append(annotation)
    if not labelled:
        return images
    packed = PackedGroups(by_image.values())
    return [replace(image, annotations=packed[place]) for place, image in enumerate(images)]


def annotation_masks(
    annotations: Sequence[Record], size: tuple[int, int], source: Path
) -> FrameLabels:
    """The masks of a still, numbered from 1; those without a pixel are left out.

    Raises DataError, naming file and annotation, for a mask of another size or a damaged one.
    """
    masks = {
        number: _mask(record, size, source) for number, record in enumerate(annotations, start=1)
    }
    pixels = areas(list(masks.values())) if masks else ()
    return FrameLabels(
        size, {id: mask for (id, mask), area in zip(masks.items(), pixels, strict=True) if area}
    )


def _mask(record: Record, size: tuple[int, int], source: Path) -> CocoRLE:
    try:
        return from_segmentation(record["segmentation"], size)
    except KeyError as error:
        raise DataError(
            f"{source}: annotation {record.get('id')} has no {error.args[0]!r}."
        ) from error
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{source}: the mask of annotation {record.get('id')} is wrong: {error}."
        ) from error


def parse_categories(content: Record, source: Path) -> tuple[Category, ...]:
    """The list ``categories``; ``isthing`` or ``type`` say what is stuff, otherwise nothing is.

    Raises DataError for an entry without number or name, and for a number given twice.
    """
    categories = tuple(
        Category(
            value_of(record, "id", int, source),
            value_of(record, "name", str, source),
            bool(record.get("isthing", record.get("type", "thing") != "stuff")),
        )
        for record in value_of(content, "categories", list, source)
    )
    if len({category.id for category in categories}) < len(categories):
        raise DataError(f"{source} gives two classes the same id.")
    return categories


def is_crowd(record: Record, source: Path) -> bool:
    """``iscrowd`` of an annotation, False where it is not given."""
    crowd = record.get("iscrowd", 0)
    if crowd not in (0, 1):
        raise DataError(
            f"{source}: iscrowd of annotation {record.get('id')} is {crowd!r}; 0 or 1 is wanted."
        )
    return bool(crowd)


def picture_size(record: Record, source: Path) -> tuple[int, int]:
    """(height, width) of an entry of ``images``."""
    height = value_of(record, "height", int, source)
    width = value_of(record, "width", int, source)
    if height < 1 or width < 1:
        raise DataError(f"{source}: image {record.get('id')} has the size {height} × {width}.")
    return height, width


def value_of(record: Any, key: str, kind: type[T] | tuple[type, ...], source: Path) -> T:
    """``record[key]``. Raises DataError where it is missing or of another kind."""
    if not isinstance(record, Mapping):
        raise DataError(f"{source} holds {type(record).__name__} where an object is wanted.")
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(one.__name__ for one in kinds)
        which = f" of {record['id']!r}" if key != "id" and "id" in record else ""
        raise DataError(f"{source}: {key!r}{which} is {_short(value)}; {wanted} is wanted.")
    return value  # type: ignore[return-value]


def first_folder(candidates: Iterable[Path]) -> Path:
    """The first that is there; the very first where none is, for the message of a missing file."""
    folders = list(candidates)
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def stem_of(file_name: str) -> str:
    """The last part of a name in JSON, without its ending."""
    return PurePosixPath(file_name).stem


def _short(value: Any) -> str:
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
