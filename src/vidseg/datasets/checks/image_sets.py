"""Where the files of each set of labelled stills lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ...errors import DataError
from ...formats.reading import inside, read_any_json
from ..sources.plain_pickle import read_plain_pickle
from .findings import listed
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
_REFER_PICTURES = ("train2014", "images/train2014", "images/mscoco/images/train2014", "images")


def check_coco_instances(root: Path, survey: Survey) -> None:
    """``annotations/instances_<part>2017.json`` and the folders of pictures."""
    files = _coco_files(root, "instances_{}2017.json", ("train", "val"), survey)
    files += _coco_files(root, "instances_{}2014.json", ("train", "val"), survey, year="2014")
    files = files or _coco_files(root, "instances_{}.json", ("train", "val"), survey)
    if not files:
        part = survey.split or "train"
        survey.absent(root / "annotations" / f"instances_{part}2017.json", "the list of objects")
    for part, file in files:
        check_instances(part, file, by_name(_coco_pictures(root, file)), survey)


def check_coco_panoptic(root: Path, survey: Survey) -> None:
    """``annotations/panoptic_<part>2017.json``, the folder of that name and the pictures."""
    files = _coco_files(root, "panoptic_{}2017.json", ("train", "val"), survey)
    files = files or _coco_files(root, "panoptic_{}.json", ("train", "val"), survey)
    if not files:
        part = survey.split or "train"
        survey.absent(root / "annotations" / f"panoptic_{part}2017.json", "the list of segments")
    for part, file in files:
        places = (file.with_suffix(""), root / file.stem, root / "panoptic")
        maps = next((place for place in places if place.is_dir()), places[0])
        check_panoptic(part, file, maps, _coco_pictures(root, file), survey)


def check_ade20k(root: Path, survey: Survey) -> None:
    """``ade20k_panoptic_<part>.json``, the folder of that name and ``images``."""
    found = False
    for part, folder in (("train", "training"), ("val", "validation")):
        file = root / f"ade20k_panoptic_{part}.json"
        if survey.wants(part) and file.is_file():
            found = True
            check_panoptic(part, file, file.with_suffix(""), root / "images" / folder, survey)
    if not found:
        survey.absent(
            root / f"ade20k_panoptic_{survey.split or 'val'}.json", "the list of segments"
        )


def check_lvis(root: Path, survey: Survey) -> None:
    """``annotations/lvis_v1_<part>.json``; pictures of a part lie in train2017 and val2017."""
    places = ("annotations", "", "lvis")
    found = False
    for part in ("train", "val"):
        files = [root / place / f"lvis_v1_{part}.json" for place in places]
        file = next((file for file in files if file.is_file()), None)
        if file is None or not survey.wants(part):
            continue
        found = True
        check_instances(part, file, _by_address(root, file), survey)
    if not found:
        part = survey.split or "train"
        survey.absent(root / "annotations" / f"lvis_v1_{part}.json", "the list of objects")


def check_entityseg(root: Path, survey: Survey) -> None:
    """``annotations/entityseg_<part>[_01].json``; pictures in ``images`` or folders in it."""
    found = False
    for part in ("train", "val", "train_lr", "val_lr"):
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


def check_refcoco(root: Path, survey: Survey, *, author: str) -> None:
    """``instances.json`` and ``refs(<author>).p`` or ``.json``: sentences about its objects."""
    file = root / "instances.json"
    pictures = next(
        (
            base / place
            for base in (root, root.parent)
            for place in _REFER_PICTURES
            if (base / place).is_dir()
        ),
        root / "train2014",
    )
    objects = check_instances("", file, by_name(pictures), survey)
    names = [root / f"refs({author}).p", root / f"refs({author}).json"]
    refs_file = next((name for name in names if name.is_file()), None)
    if refs_file is None:
        survey.absent(names[0], "the list of sentences")
        return
    try:
        refs = (
            read_any_json(refs_file)
            if refs_file.suffix == ".json"
            else read_plain_pickle(refs_file)
        )
    except DataError as error:
        survey.findings.error("unreadable files", refs_file, str(error))
        return
    if not isinstance(refs, list):
        survey.findings.error("unreadable files", refs_file, f"{refs_file} holds no list.")
        return
    _check_refs(refs, refs_file, objects, survey)


def _check_refs(
    refs: list[Any], file: Path, objects: Mapping[Any, Mapping[str, Any]], survey: Survey
) -> None:
    seen: set[Any] = set()
    for place, ref in enumerate(refs):
        where = f"{file}: reference {place}"
        keys = ("ref_id", "ann_id", "image_id", "sentences", "split")
        lacking = [key for key in keys if not isinstance(ref, dict) or key not in ref]
        if lacking:
            survey.findings.error("unreadable files", file, f"{where} lacks {listed(lacking)}.")
            continue
        if not survey.wants(ref["split"]):
            continue
        survey.count(str(ref["split"]), "references")
        if ref["ref_id"] in seen:
            survey.findings.error("ids", file, f"{file} has the ref_id {ref['ref_id']} twice.")
        seen.add(ref["ref_id"])
        row = objects.get(ref["ann_id"])
        if objects and row is None:
            survey.findings.error(
                "ids", file, f"{where} means annotation {ref['ann_id']}, which no list has."
            )
        elif row is not None and row.get("image_id") != ref["image_id"]:
            survey.findings.error(
                "ids",
                file,
                f"{where} is of image {ref['image_id']}, its annotation {ref['ann_id']} of image "
                f"{row.get('image_id')}.",
            )
        said = [each.get("sent") for each in ref["sentences"] if isinstance(each, dict)]
        if not said or not all(isinstance(text, str) and text.strip() for text in said):
            survey.findings.error("sentences", file, f"{where} has an empty sentence or none.")


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


def _coco_files(
    root: Path, form: str, parts: tuple[str, ...], survey: Survey, year: str = ""
) -> list[tuple[str, Path]]:
    found = []
    for part in parts:
        for file in (root / "annotations" / form.format(part), root / form.format(part)):
            if survey.wants(part + year) and file.is_file():
                found.append((part + year, file))
                break
    return found


def _coco_pictures(root: Path, file: Path) -> Path:
    part = file.stem.rpartition("_")[2]
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
