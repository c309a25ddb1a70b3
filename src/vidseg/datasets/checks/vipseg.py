"""VIPSeg: a JSON a part with panomasksRGB, or the masks of the release in panomasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...formats.layouts.problems import listed
from .annotations import check_categories, row_size
from .folders import (
    MASKS,
    PICTURES,
    check_list,
    check_pictures,
    compare_folders,
    compare_frames,
    list_frames,
    read_list,
    subfolders,
)
from .label_maps import MapRule, present, read_map
from .panoptic import check_segments
from .survey import Survey

_PARTS = ("train", "val", "test")
_CLASSES = 124
_RAW = MapRule(modes=("L", "I;16", "I"))


def check_vipseg(root: Path, survey: Survey) -> None:
    """Checks the JSON files and what they name, the split lists, and raw masks if there are any."""
    pictures = next((p for p in (root / "imgs", root / "images") if p.is_dir()), root / "images")
    files = [
        (part, root / f"panoptic_gt_VIPSeg_{part}.json") for part in _PARTS if survey.wants(part)
    ]
    if survey.split is None:
        files.append(("", root / "panoptic_gt_VIPSeg.json"))
    there = [(part, file) for part, file in files if file.is_file()]
    for part, file in there:
        _check_json(root, part, file, pictures, survey)
    raw = root / "panomasks"
    if raw.is_dir():
        _check_raw(pictures, raw, survey)
    elif not there:
        survey.absent(files[0][1], "the list of segments")
    known = (
        set(subfolders(pictures)) | set(subfolders(raw)) | set(subfolders(root / "panomasksRGB"))
    )
    for part in _PARTS:
        listing = root / f"{part}.txt"
        if survey.wants(part) and listing.is_file():
            check_list(listing, read_list(listing, survey), pictures, known, survey)


def _check_json(root: Path, part: str, file: Path, pictures: Path, survey: Survey) -> None:
    content = survey.json(file)
    if content is None:
        return
    categories = check_categories(content, file, survey)
    survey.count(part, "categories", len(categories))
    videos = _by_video(content, "videos", file, survey)
    labels = _by_video(content, "annotations", file, survey)
    survey.count(part, "videos", len(videos))
    for video in sorted(set(videos) ^ set(labels)):
        lacking = "annotations" if video in videos else "videos"
        survey.findings.error("ids", file, f"{file} lacks {video} in its list of {lacking}.")
    for video, row in videos.items():
        if video in labels:
            _check_video(root, file, video, row, labels[video], categories, pictures, survey)
        survey.progress(video)


def _by_video(
    content: Mapping[str, Any], key: str, file: Path, survey: Survey
) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    rows = content.get(key)
    for place, row in enumerate(rows if isinstance(rows, list) else ()):
        id = row.get("video_id") if isinstance(row, dict) else None
        if not isinstance(id, (str, int)):
            survey.findings.error("ids", file, f"{file}: {key} number {place} has no video_id.")
        elif str(id) in found:
            survey.findings.error("ids", file, f"{file} has the video {id} twice in {key}.")
        else:
            found[str(id)] = row
    if not isinstance(rows, list):
        survey.findings.error(
            "unreadable files", file, f"{file} has no list {key!r}; download it again."
        )
    return found


def _check_video(
    root: Path,
    file: Path,
    video: str,
    row: Mapping[str, Any],
    labels: Mapping[str, Any],
    categories: Mapping[Any, Any],
    pictures: Path,
    survey: Survey,
) -> None:
    images = {Path(str(image.get("file_name"))).stem: image for image in row.get("images") or ()}
    frames = {
        Path(str(frame.get("file_name"))).stem: frame for frame in labels.get("annotations") or ()
    }
    for stem in sorted(set(images) ^ set(frames)):
        lacking = "annotations" if stem in images else "images"
        survey.findings.error(
            "missing files", file, f"{file}: {video} lacks frame {stem} in its {lacking}."
        )
    masks = root / "panomasksRGB" / video
    if not masks.is_dir():
        survey.absent(masks, f"of which {file} tells")
        return
    there = list_frames(masks, MASKS, survey)
    extra = sorted(set(there) - set(frames))
    if extra:
        survey.findings.error(
            "extra files",
            masks,
            f"{masks} has the frames {listed(extra)}, which {file} does not list; remove them.",
        )
    sizes: dict[str, tuple[int, int]] = {}
    if (pictures / video).is_dir():
        shown = list_frames(pictures / video, PICTURES, survey)
        sizes = check_pictures(shown, survey)
        compare_frames(pictures / video, shown, masks, there, survey)
    elif pictures.is_dir():
        survey.absent(pictures / video, f"of which {file} tells")
    for stem, frame in frames.items():
        size = sizes.get(stem) or row_size(images.get(stem, {}))
        check_segments(
            masks / f"{stem}.png", frame.get("segments_info"), size, categories, file, survey
        )


def _check_raw(pictures: Path, raw: Path, survey: Survey) -> None:
    """0 nothing, 1 to 124 a region, above that 100 x class + instance."""
    videos = compare_folders(pictures, raw, survey) if pictures.is_dir() else subfolders(raw)
    for video in videos:
        masks = list_frames(raw / video, MASKS, survey)
        sizes: dict[str, tuple[int, int]] = {}
        if pictures.is_dir():
            shown = list_frames(pictures / video, PICTURES, survey)
            sizes = check_pictures(shown, survey)
            compare_frames(pictures / video, shown, raw / video, masks, survey)
        for frame, file in masks.items():
            values = read_map(file, _RAW, sizes.get(frame), survey)
            odd = [
                value
                for value in (() if values is None else present(values))
                if value > _CLASSES and not 1 <= value // 100 <= _CLASSES
            ]
            if odd:
                survey.findings.error(
                    "values",
                    file,
                    f"{file} holds the values {listed(odd)}, which are no class from 1 to 124.",
                )
        survey.progress(video)
