"""Stills whose masks are rows of a JSON file: COCO and its descendants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import DataError
from ...formats.label_files.run_lengths import from_segmentation, without_empty
from ...formats.layouts import coco_instances, entityseg, lvis, refcoco
from ...formats.layouts.coco_lists import ImageLists
from ...formats.layouts.places import find_split
from ...formats.layouts.problems import STRICT
from ...formats.reading import read_json
from ...labels import Category, FrameLabels, LabelSource, LabelTrack, Sentence, VideoInfo
from ...pictures.reading import read_picture
from ...results import CocoRLE
from ...types import ImageArray
from .listed_videos import ListedVideos
from .packed_records import PackedGroups, Record


def open_coco(folder: Path, split: str | None = None) -> LabelSource:
    """COCO instances. Raises DataError, naming the file, where it cannot be read."""
    name, file = find_split(folder, split, coco_instances.FILES, "coco_instances")
    lists = ImageLists(read_json(file), file, coco_instances.pictures(folder, file), STRICT)
    return ListedStills(f"coco_instances {name}", listed_stills(lists), lists.categories)


def open_lvis(folder: Path, split: str | None = None) -> LvisStills:
    """LVIS. Raises DataError, naming the file, where it cannot be read."""
    name, file = find_split(folder, split, lvis.FILES, "lvis")
    lists = ImageLists(read_json(file), file, lvis.pictures(folder, file), STRICT)
    return LvisStills(f"lvis {name}", listed_stills(lists), lists.categories)


def open_entityseg(folder: Path, split: str | None = None) -> LabelSource:
    """EntitySeg. Raises DataError, naming the file, where it cannot be read."""
    name, first = find_split(folder, split, entityseg.FILES, "entityseg")
    parts = [
        entityseg.read_lists(folder, name, read_json(file), file, STRICT)
        for file in entityseg.all_files(first)
    ]
    entityseg.compare_parts(parts, STRICT)
    stills = [still for part in parts for still in listed_stills(part)]
    return ListedStills(f"entityseg {name}", stills, parts[0].categories)


def open_refcoco(folder: Path, split: str | None = None) -> LabelSource:
    """RefCOCO; all splits of UNC where none is named."""
    return _open_referring("refcoco", folder, split)


def open_refcoco_plus(folder: Path, split: str | None = None) -> LabelSource:
    """RefCOCO+; all splits where none is named."""
    return _open_referring("refcoco+", folder, split)


def open_refcocog(folder: Path, split: str | None = None) -> LabelSource:
    """RefCOCOg; all splits of UMD where none is named."""
    return _open_referring("refcocog", folder, split)


def _open_referring(dataset: str, folder: Path, split: str | None) -> LabelSource:
    """Only stills with a sentence; all their objects are tracks, told of or not."""
    file, usual, part = refcoco.find_refs(dataset, folder, split)
    if file is None:
        raise DataError(f"{folder} has no {usual.name} and no {usual.with_suffix('.json').name}.")
    lists = refcoco.read_objects(folder, read_json(folder / "instances.json"), STRICT)
    objects = {object.id: object for object in lists.objects()}
    stills = dict(zip(lists.images, listed_stills(lists), strict=True))
    tracks = {
        row["id"]: track
        for still in stills.values()
        for track, row in enumerate(still.objects or (), start=1)
    }
    said: dict[int | str, list[Sentence]] = {}
    for ref in refcoco.read_refs(file, part, objects, STRICT):
        said.setdefault(objects[ref.object].image, []).extend(
            Sentence(str(number), text, (tracks[ref.object],))
            for number, text in ref.sentences.items()
        )
    if not said:
        raise DataError(f"{file} has no sentence of the split {part!r}.")
    told = [replace(still, said=tuple(said[id])) for id, still in stills.items() if id in said]
    return ListedStills(f"{dataset} {split}" if split else dataset, told, lists.categories)


@dataclass(frozen=True, eq=False)
class ListedStill:
    """One still of a JSON file.

    Attributes:
        info: name and size; its one frame is named like the picture.
        picture: where the picture lies, whether or not it is there.
        objects: rows in the order of the file; None where the file labels no image.
        source: the JSON file, for messages.
        row: of the still, as the file has it.
        said: the sentences about its objects.
    """

    info: VideoInfo
    picture: Path
    objects: Sequence[Record] | None
    source: Path
    row: Record = field(repr=False)
    said: tuple[Sentence, ...] = ()


def listed_stills(lists: ImageLists) -> list[ListedStill]:
    """The stills of a file that was read strictly, in its order."""
    stills = []
    for image in lists.images.values():
        assert image.picture is not None and image.size is not None  # a strict reader raises
        info = VideoInfo(image.name, (image.name,), image.size)
        stills.append(ListedStill(info, image.picture, None, lists.file, image.row))
    if not lists.labelled:
        return stills
    rows: dict[int | str, list[Record]] = {id: [] for id in lists.images}
    for object in lists.objects():
        rows[object.image].append(object.row)
    packed = PackedGroups(rows.values())
    return [replace(still, objects=packed[place]) for place, still in enumerate(stills)]


class ListedStills(ListedVideos):
    """Stills and their objects; masks and pictures are decoded on request.

    Track ids count the objects of a still from 1, in the order of the file.
    """

    def __init__(
        self, name: str, stills: Sequence[ListedStill], categories: Sequence[Category]
    ) -> None:
        self._name = name
        self._stills = stills
        self._categories = tuple(categories)
        self._videos = tuple(still.info for still in stills)

    def tracks(self, video: int) -> tuple[LabelTrack, ...]:
        """The objects; without a class where the file lists none."""
        return tuple(
            LabelTrack(
                number,
                row["category_id"] if self._categories else None,
                bool(row.get("iscrowd", 0)),
            )
            for number, row in enumerate(self._stills[video].objects or (), start=1)
        )

    def sentences(self, video: int) -> tuple[Sentence, ...]:
        """Each means one object; its name is ``sent_id``. None but in RefCOCO."""
        return self._stills[video].said

    def labels(self, video: int, frame: int) -> FrameLabels | None:
        """The masks; they may overlap. Raises DataError for a mask that cannot be read."""
        still = self._stills[video]
        if still.objects is None:
            return None
        assert still.info.size is not None
        return row_masks(still.objects, still.info.size, still.source)

    def picture(self, video: int, frame: int) -> ImageArray:
        """Decodes the picture."""
        return read_picture(self._stills[video].picture)


class LvisStills(ListedStills):
    """Stills that also tell which classes were looked for."""

    def absent_categories(self, video: int) -> tuple[int, ...]:
        """Classes that were looked for and are not there (``neg_category_ids``)."""
        return self._listed(video, lvis.ABSENT)

    def partial_categories(self, video: int) -> tuple[int, ...]:
        """Classes of which some objects are not marked (``not_exhaustive_category_ids``)."""
        return self._listed(video, lvis.PARTIAL)

    def _listed(self, video: int, key: str) -> tuple[int, ...]:
        still = self._stills[video]
        known = {category.id for category in self._categories}
        return lvis.classes_at(still.row, key, known, still.source, STRICT)


def row_masks(rows: Sequence[Record], size: tuple[int, int], source: Path) -> FrameLabels:
    """The masks of a still, numbered from 1; those without a pixel are left out.

    Raises DataError, naming file and annotation, for a mask of another size or a damaged one.
    """
    masks = {number: _mask(row, size, source) for number, row in enumerate(rows, start=1)}
    return FrameLabels(size, without_empty(masks))


def _mask(row: Record, size: tuple[int, int], source: Path) -> CocoRLE:
    try:
        return from_segmentation(row["segmentation"], size)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{source}: the mask of annotation {row.get('id')} is wrong: {error}."
        ) from error
