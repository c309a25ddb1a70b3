"""BURST: sequences of TAO with a mask per track and annotated frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...formats.label_files.run_lengths import mask_area
from ...formats.layouts.coco_lists import read_categories
from ...formats.layouts.problems import listed
from ...formats.layouts.rows import row_size
from .folders import check_pictures
from .pictures import in_words
from .survey import Survey

_KEYS = ("id", "seq_name", "dataset", "annotated_image_paths", "track_category_ids")


def check_burst(root: Path, survey: Survey) -> None:
    """``[annotations/]<part>/all_classes.json``, and the frames if they are there."""
    found = False
    for part in ("train", "val", "test"):
        places = [base / part / "all_classes.json" for base in (root / "annotations", root)]
        file = next((place for place in places if place.is_file()), None)
        if file is not None and survey.wants(part):
            found = True
            _check_part(root, part, file, survey)
    alone = root / "all_classes.json"
    if not found and alone.is_file():
        found = True
        _check_part(root, survey.split or "", alone, survey)
    if not found:
        part = survey.split or "train"
        survey.absent(root / "annotations" / part / "all_classes.json", "the list of sequences")


def _check_part(root: Path, part: str, file: Path, survey: Survey) -> None:
    content = survey.json(file)
    if content is None:
        return
    if part and content.get("split", part) != part:
        survey.findings.error(
            "splits", file, f"{file} says that it is of the split {content['split']!r}."
        )
    categories = {c.id: c for c in read_categories(content, file, survey.findings)}
    survey.count(part, "categories", len(categories))
    rows = content.get("sequences")
    if not isinstance(rows, list):
        survey.findings.error(
            "unreadable files", file, f"{file} has no list of sequences; download it again."
        )
        return
    survey.count(part, "videos", len(rows))
    places = [root / name / part for name in ("frames", "images")] + [root / part]
    frames = next(
        (place for place in places if part and place.is_dir() and place != file.parent), None
    )
    if frames is None:
        survey.findings.warning(
            "missing files", root, f"{root} has no frames of {file}; only it was checked."
        )
    seen: dict[Any, str] = {}
    for place, row in enumerate(rows):
        lacking = [key for key in _KEYS if not isinstance(row, dict) or key not in row]
        if lacking:
            survey.findings.error(
                "unreadable files",
                file,
                f"{file}: sequence number {place} lacks {listed(lacking)}.",
            )
            continue
        name = f"{row['dataset']}/{row['seq_name']}"
        for key in (row["id"], name):
            if key in seen:
                survey.findings.error(
                    "ids", file, f"{file} has the sequence {key} twice; keep one."
                )
            seen[key] = name
        _check_sequence(file, name, row, categories, survey)
        if frames is not None:
            _check_frames(frames / name, file, row, survey)
        survey.count(part, "objects", len(row["track_category_ids"]))
        survey.progress(name)


def _check_sequence(
    file: Path, name: str, row: Mapping[str, Any], categories: Mapping[Any, Any], survey: Survey
) -> None:
    where = f"{file}: {name}"
    size = row_size(row)
    if size is None:
        survey.findings.error("sizes", file, f"{where} has no height and width.")
    tracks, paths = row["track_category_ids"], row["annotated_image_paths"]
    for key in ("neg_category_ids", "not_exhaustive_category_ids"):
        unknown = [id for id in row.get(key) or () if id not in categories]
        if unknown:
            survey.findings.error(
                "classes", file, f"{where} has the unknown classes {listed(unknown)} in {key}."
            )
    for track, category in tracks.items():
        if category not in categories:
            survey.findings.error(
                "classes", file, f"{where} gives track {track} the unknown class {category!r}."
            )
    masks = row.get("segmentations")
    if masks is None:
        return
    if len(masks) != len(paths):
        survey.findings.error(
            "lengths",
            file,
            f"{where} has {len(masks)} segmentations and {len(paths)} annotated_image_paths.",
        )
    used: set[str] = set()
    for frame, entry in enumerate(masks):
        used |= set(entry)
        for track, mask in entry.items():
            _check_mask(
                f"{where}, frame {frame}, track {track},", track, mask, size, row, file, survey
            )
    unseen = sorted(set(tracks) - used)
    if unseen:
        survey.findings.error(
            "empty labels", file, f"{where} has no mask of the tracks {listed(unseen)}."
        )


def _check_mask(
    where: str,
    track: str,
    mask: Any,
    size: tuple[int, int] | None,
    row: Mapping[str, Any],
    file: Path,
    survey: Survey,
) -> None:
    if track not in row["track_category_ids"]:
        survey.findings.error("ids", file, f"{where} is not in track_category_ids.")
    counts = mask.get("rle") if isinstance(mask, dict) else None
    if counts is None:
        survey.findings.error("masks", file, f"{where} has no rle.")
        return
    if size is None:
        return
    try:
        area = mask_area({"size": list(size), "counts": counts})
    except ValueError as error:
        survey.findings.error("masks", file, f"{where}: its mask {error}; download the file.")
        return
    if area == 0:
        survey.findings.error("empty labels", file, f"{where} has a mask without a pixel.")


def _check_frames(folder: Path, file: Path, row: Mapping[str, Any], survey: Survey) -> None:
    names = list(dict.fromkeys([*row.get("all_image_paths", ()), *row["annotated_image_paths"]]))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        survey.findings.error(
            "missing files",
            folder,
            f"{folder} lacks {len(missing)} of the {len(names)} frames that {file} names: "
            f"{listed(missing)}; download them.",
        )
    there = {Path(name).stem: folder / name for name in names if name not in set(missing)}
    size = row_size(row)
    for frame, real in list(check_pictures(there, survey).items())[:1]:
        if size is not None and real != size:
            survey.findings.error(
                "sizes",
                there[frame],
                f"{there[frame]} is {in_words(real)}, {file} says {in_words(size)}.",
            )
