"""YouTube-VIS and OVIS: one JSON a part, a list of masks for each object."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.layouts.problems import listed
from ...formats.layouts.rows import row_size
from ...formats.reading import inside
from .annotations import check_categories, check_category, check_mask, keyed
from .folders import check_pictures
from .pictures import in_words
from .survey import Survey

_PARTS = ("train", "valid", "test")


def check_vis(root: Path, survey: Survey) -> None:
    """Checks every part whose JSON is there, and its pictures if they are."""
    found = False
    for part in _PARTS:
        file = _file(root, part) if survey.wants(part) else None
        if file is not None:
            found = True
            _check_part(root, part, file, survey)
    alone = root / "instances.json"
    if not found and alone.is_file():
        found = True
        _check_part(root, survey.split or "", alone, survey)
    if not found:
        survey.absent(root / f"{survey.split or 'train'}.json", "the list of videos")


def _file(root: Path, part: str) -> Path | None:
    names = (part, "val") if part == "valid" else (part,)
    for name in names:
        for place in (
            root / f"{name}.json",
            root / f"annotations_{name}.json",
            root / "annotations" / f"{name}.json",
            root / "annotations" / f"instances_{name}.json",
            root / f"instances_{name}.json",
            root / name / "instances.json",
        ):
            if place.is_file():
                return place
    return None


def _pictures(root: Path, part: str) -> Path | None:
    names = (part, "val") if part == "valid" else (part,)
    places = [root / name / "JPEGImages" for name in names if name]
    places += [root / "JPEGImages" / name for name in names if name]
    places += [root / name for name in names if name] + [root / "JPEGImages"]
    return next((place for place in places if place.is_dir()), None)


def _check_part(root: Path, part: str, file: Path, survey: Survey) -> None:
    content = survey.json(file)
    if content is None:
        return
    categories = check_categories(content, file, survey)
    videos = keyed(content, "videos", "video", file, survey)
    pictures = _pictures(root, part)
    if pictures is None:
        survey.findings.warning(
            "missing files", root, f"{root} has no pictures of {file.name}; only it was checked."
        )
    for id, video in videos.items():
        _check_video(pictures, file, id, video, survey)
        survey.progress(f"{part} video {id}")
    survey.count(part, "videos", len(videos))
    survey.count(part, "categories", len(categories))
    if content.get("annotations") is None:
        if part == "train":
            survey.findings.error(
                "unreadable files", file, f"{file} has no annotations; download it again."
            )
        return
    rows = keyed(content, "annotations", "annotation", file, survey)
    survey.count(part, "objects", len(rows))
    for id, row in rows.items():
        _check_track(file, id, row, videos, categories, survey)
    labelled = {row.get("video_id") for row in rows.values()}
    bare = sorted(id for id in videos if id not in labelled)
    if bare:
        survey.findings.warning(
            "empty labels", file, f"{file} has no annotation of the videos {listed(bare)}."
        )


def _check_video(
    pictures: Path | None, file: Path, id: Any, video: Mapping[str, Any], survey: Survey
) -> None:
    where = f"{file}: video {id}"
    size, names = row_size(video), video.get("file_names")
    if size is None:
        survey.findings.error("sizes", file, f"{where} has no height and width.")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        survey.findings.error("lengths", file, f"{where} has no list of file_names.")
        return
    length = video.get("length", len(names))
    if length != len(names):
        survey.findings.error(
            "lengths", file, f"{where} has the length {length} and {len(names)} file_names."
        )
    if len(set(names)) < len(names):
        survey.findings.error("ids", file, f"{where} names a frame twice.")
    if pictures is not None:
        _check_frames(pictures, file, where, names, size, survey)


def _check_frames(
    pictures: Path,
    file: Path,
    where: str,
    names: list[str],
    size: tuple[int, int] | None,
    survey: Survey,
) -> None:
    try:
        paths = [inside(pictures, name, file) for name in names]
    except DataError as error:
        survey.findings.error("missing files", file, str(error))
        return
    missing = [path for path in paths if not path.is_file()]
    if missing:
        survey.findings.error(
            "missing files",
            missing[0].parent,
            f"{missing[0].parent} lacks {len(missing)} of {len(paths)} frames of {where}: "
            f"{listed([path.name for path in missing])}; download the video again.",
        )
    there = {path.stem: path for path in paths if path.is_file()}
    sizes = check_pictures(there, survey)
    for frame, real in list(sizes.items())[:1]:
        if size is not None and real != size:
            survey.findings.error(
                "sizes",
                there[frame],
                f"{there[frame]} is {in_words(real)}, {where} says {in_words(size)}; download the "
                "pictures of the release.",
            )
    folders = {path.parent for path in paths}
    strange = sorted(
        str(path)
        for folder in folders
        if folder.is_dir() and folder != pictures
        for path in folder.iterdir()
        if path not in set(paths)
    )
    if strange:
        survey.findings.warning(
            "extra files",
            strange[0],
            f"{listed(strange, 3)}: {file.name} does not list these files; remove them.",
        )


def _check_track(
    file: Path,
    id: Any,
    row: Mapping[str, Any],
    videos: Mapping[Any, Mapping[str, Any]],
    categories: Mapping[Any, Any],
    survey: Survey,
) -> None:
    where = f"{file}: annotation {id}"
    check_category(where, row, categories, file, survey)
    video = videos.get(row.get("video_id"))
    if video is None:
        survey.findings.error(
            "ids", file, f"{where} is of video {row.get('video_id')!r}, which the list lacks."
        )
        return
    if row.get("iscrowd", 0) not in (0, 1):
        survey.findings.error("values", file, f"{where} has iscrowd {row['iscrowd']!r}.")
    masks = row.get("segmentations")
    frames = video.get("file_names")
    length = len(frames) if isinstance(frames, list) else None
    for key in ("segmentations", "bboxes", "areas"):
        values = row.get(key)
        if not isinstance(values, list):
            if key == "segmentations" or values is not None:
                survey.findings.error("lengths", file, f"{where} has no list {key}.")
        elif length is not None and len(values) != length:
            survey.findings.error(
                "lengths",
                file,
                f"{where} has {len(values)} {key}, its video {length} frames.",
            )
    if not isinstance(masks, list):
        return
    if all(mask is None for mask in masks):
        survey.findings.error(
            "empty labels", file, f"{where} has no mask in any frame; download the file again."
        )
    areas = row.get("areas")
    for frame, mask in enumerate(masks):
        if mask is None:
            continue
        area = areas[frame] if isinstance(areas, list) and frame < len(areas) else None
        check_mask(f"{where}, frame {frame},", mask, row_size(video), area, file, survey)
