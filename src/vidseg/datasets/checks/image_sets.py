"""Where the files of each set of labelled stills lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from ...formats.layouts import ade20k_panoptic, coco_panoptic
from ...formats.layouts.places import first_file
from ...formats.reading import inside
from ..sources import coco_instances, entityseg, lvis
from .stills import Locate, check_instances, check_object, check_panoptic, check_picture
from .stills import locate_by_name as by_name
from .survey import Survey

_ENTITY_ARCHIVES = (
    "entity_01_11580",
    "entity_02_11598",
    "entity_03_10049",
    "entity_01_11580/images_merge",
    "entity_02_11598/images",
    "entity_03_10049/images_03_10049",
)


def check_coco_instances(root: Path, survey: Survey) -> None:
    """``annotations/instances_<part>2017.json`` and the folders of pictures; 2014 alike."""
    files = [
        (part, file)
        for part, stems in coco_instances.FILES.items()
        if survey.wants(part) and (file := _first(root, ("annotations", ""), stems)) is not None
    ]
    if not files:
        stem = coco_instances.FILES[survey.split or "train"][0]
        survey.absent(root / "annotations" / f"{stem}.json", "the list of objects")
    for part, file in files:
        check_instances(part, file, by_name(_coco_pictures(root, file)), survey)


def check_coco_panoptic(root: Path, survey: Survey) -> None:
    """The lists, maps and pictures of :mod:`vidseg.formats.layouts.coco_panoptic`."""
    _check_panoptic(root, coco_panoptic, survey)


def check_ade20k(root: Path, survey: Survey) -> None:
    """The lists, maps and pictures of :mod:`vidseg.formats.layouts.ade20k_panoptic`."""
    _check_panoptic(root, ade20k_panoptic, survey)


def _check_panoptic(root: Path, layout: ModuleType, survey: Survey) -> None:
    files = {
        part: first_file(root / place for place in places)
        for part, places in layout.FILES.items()
        if survey.wants(part)
    }
    if not any(files.values()):
        part = survey.split or layout.SPLITS[-1]
        survey.absent(root / layout.FILES[part][0], "the list of segments")
    for part, file in files.items():
        if file is not None:
            maps, pictures = layout.map_folder(root, file), layout.picture_folder(root, file)
            check_panoptic(part, file, maps, pictures, survey)


def check_lvis(root: Path, survey: Survey) -> None:
    """``annotations/lvis_v1_<part>.json``; pictures of a part lie in train2017 and val2017."""
    found = False
    for part, stem in lvis.FILES.items():
        file = _first(root, ("annotations", "", "lvis"), (stem,)) if survey.wants(part) else None
        if file is not None:
            found = True
            check_instances(part, file, _by_address(root, file), survey)
    if not found:
        stem = lvis.FILES[survey.split or "train"]
        survey.absent(root / "annotations" / f"{stem}.json", "the list of objects")


def check_entityseg(root: Path, survey: Survey) -> None:
    """``annotations/entityseg_<part>[_01].json``; pictures in ``images`` or folders in it."""
    found = False
    for part in entityseg.SPLITS:
        folder = next(
            (place for place in (root / "annotations", root) if any(_entity_files(place, part))),
            None,
        )
        if folder is None or not survey.wants(part):
            continue
        for file in _entity_files(folder, part):
            found = True
            check_instances(part, file, _by_archive(root, part), survey, classless=True)
    if not found:
        part = survey.split or "train"
        survey.absent(root / "annotations" / f"entityseg_{part}.json", "the list of objects")


def check_sa1b(root: Path, survey: Survey) -> None:
    """``sa_*.jpg`` with ``sa_*.json`` beside them, or in ``images`` and ``annotations``."""
    apart = (root / "annotations").is_dir()
    pictures = root / "images" if apart else root
    labels = root / "annotations" if apart else root
    shown = {_place(path, pictures): path for path in sorted(pictures.rglob("sa_*.jpg"))}
    told = {_place(path, labels): path for path in sorted(labels.rglob("sa_*.json"))}
    if not shown and not told:
        survey.absent(root / "sa_000000", "with sa_*.jpg and sa_*.json")
    for name in sorted(set(shown) - set(told)):
        survey.absent(labels / f"{name}.json", f"the masks of {shown[name]}")
    seen: dict[Any, Path] = {}
    for name, file in told.items():
        content = survey.json(file)
        if content is None:
            continue
        survey.count("", "images")
        _check_sa1b(content, file, shown.get(name, pictures / f"{name}.jpg"), seen, survey)
        survey.progress(name)


def _check_sa1b(
    content: Mapping[str, Any], file: Path, picture: Path, seen: dict[Any, Path], survey: Survey
) -> None:
    image, rows = content.get("image"), content.get("annotations")
    if not isinstance(image, dict) or not isinstance(rows, list):
        survey.findings.error("unreadable files", file, f"{file} lacks image or annotations.")
        return
    if image.get("file_name") != picture.name:
        survey.findings.error(
            "ids", file, f"{file} is of the picture {image.get('file_name')!r}, not {picture.name}."
        )
    size = check_picture(image, file, lambda _: picture, survey)
    if not rows:
        survey.findings.warning("empty labels", file, f"{file} has no mask.")
    for place, row in enumerate(rows):
        id = row.get("id") if isinstance(row, dict) else None
        where = f"{file}: annotation {id}"
        if id is None:
            survey.findings.error("ids", file, f"{file}: annotation number {place} has no id.")
            continue
        if id in seen:
            survey.findings.error("ids", file, f"{where} has the id of one in {seen[id]}.")
        if len(seen) < 1 << 22:  # about four archives; beyond it ids are compared per file
            seen[id] = file
        check_object(where, row, size, file, survey)


def _first(root: Path, places: tuple[str, ...], stems: tuple[str, ...]) -> Path | None:
    """The first JSON of these names that is there."""
    files = (root / place / f"{stem}.json" for stem in stems for place in places)
    return next((file for file in files if file.is_file()), None)


def _coco_pictures(root: Path, file: Path) -> Path:
    part = file.stem.rpartition("_")[2].replace("test-dev", "test")  # of which it is a part
    places = (root / part, root / "images" / part, root / "images")
    return next((place for place in places if place.is_dir()), places[0])


def _by_address(root: Path, file: Path) -> Locate:
    def locate(image: Mapping[str, Any]) -> Path | None:
        address = image.get("coco_url")
        if not isinstance(address, str):
            return None
        part, name = PurePosixPath(address).parts[-2:]
        folders = (root / part, root / "images" / part)
        return inside(next((f for f in folders if f.is_dir()), folders[0]), name, file)

    return locate


def _entity_files(folder: Path, part: str) -> list[Path]:
    stem = f"entityseg_{part}"
    return sorted([*folder.glob(f"{stem}.json"), *folder.glob(f"{stem}_[0-9][0-9].json")])


def _by_archive(root: Path, part: str) -> Locate:
    base = root / "images_lr" if part.endswith("_lr") else root / "images"
    folders = [base, *(base / archive for archive in _ENTITY_ARCHIVES), root]

    def locate(image: Mapping[str, Any]) -> Path | None:
        name = image.get("file_name")
        if not isinstance(name, str):
            return None
        places = [inside(folder, name, base) for folder in folders]
        return next((place for place in places if place.is_file()), places[0])

    return locate


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()
