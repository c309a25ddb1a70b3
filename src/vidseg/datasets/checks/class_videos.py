"""Videos whose masks carry classes: VSPW and KITTI-STEP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...formats.layouts import kitti_step, vspw
from ...formats.layouts.frames import MAP_ENDINGS
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from ...pictures.listing import PICTURE_ENDINGS
from .folders import (
    check_gaps,
    check_pictures,
    compare_folders,
    compare_frames,
    list_frames,
    pictures_or_none,
)
from .label_maps import COLOR, GREY, present, read_map
from .survey import Survey


@dataclass(frozen=True)
class _VspwRule:
    """The highest class, and whether the dataset is there with its pictures."""

    highest: int
    pictures: bool


def check_vspw(root: Path, survey: Survey, *, mapped: bool = False) -> None:
    """The videos and lists of :mod:`vidseg.formats.layouts.vspw`.

    Args:
        mapped: whether classes are numbered from 0, as in the copies that are scored.
    """
    data = vspw.video_folder(root)
    there = subfolders(data)
    rule = _VspwRule(
        vspw.CLASSES - mapped, any(vspw.pictures(root, video).is_dir() for video in there)
    )
    if not data.is_dir():
        survey.absent(data, "where the videos should be")
        return
    if not rule.pictures:
        pictures_or_none(vspw.pictures(root, "<video>"), survey)
    named: set[str] = set()
    for part in vspw.SPLITS:
        file = vspw.split_list(root, part)
        if not survey.wants(part):
            continue
        if not file.is_file():
            if survey.split is not None:
                survey.absent(file, "the list of the split")
            continue
        names = vspw.videos_of(root, part, survey.findings)
        for video in names:
            _vspw_video(root, video, part, rule, survey)
            survey.progress(video)
        named |= set(names)
        survey.count(part, "videos", len(names))
    if survey.split is not None:
        return
    unnamed = [video for video in there if video not in named]
    if not named and there:
        survey.findings.error(
            "splits", root, f"{root} has no list train.txt, val.txt or test.txt; download them."
        )
    elif unnamed:
        survey.findings.warning(
            "splits",
            data,
            f"{data} has {len(unnamed)} videos that no list in {root} names: {listed(unnamed)}; "
            "they are in no split.",
        )


def _vspw_video(root: Path, video: str, part: str, rule: _VspwRule, survey: Survey) -> None:
    pictures, masks = vspw.pictures(root, video), vspw.maps(root, video)
    shown: dict[str, Path] = {}
    if pictures.is_dir():
        shown = list_frames(pictures, PICTURE_ENDINGS, survey)
    elif rule.pictures:
        survey.absent(pictures, "where the pictures should be")
        return
    sizes = check_pictures(shown, survey)
    survey.count(part, "frames", len(shown))
    if not masks.is_dir():
        if part != "test":  # whose masks are kept back
            survey.absent(masks, "where the masks should be")
        return
    files = list_frames(masks, MAP_ENDINGS, survey)
    if rule.pictures:
        compare_frames(pictures, shown, masks, files, survey)
    for frame, file in files.items():
        values = read_map(file, GREY, sizes.get(frame), survey)
        if values is None:
            continue
        odd = [value for value in present(values) if rule.highest < value < vspw.VOID]
        if odd:
            survey.findings.error(
                "values",
                file,
                f"{file} holds the values {listed(odd)}; 0 to {rule.highest} and 255 are known.",
            )
        elif not (values != vspw.VOID).any():
            survey.findings.warning(
                "empty labels", file, f"{file} labels no pixel; such a frame is not evaluated."
            )


def check_kitti_step(root: Path, survey: Survey) -> None:
    """The maps and pictures of :mod:`vidseg.formats.layouts.kitti_step`; test has no maps."""
    parts = [part for part in kitti_step.SPLITS if survey.wants(part)]
    maps_there = kitti_step.splits_in(root)
    found = False
    for part in parts:
        pictures, maps = kitti_step.picture_folder(root, part), kitti_step.map_folder(root, part)
        if part in maps_there:
            found = True
            _step_part(part, pictures, maps, survey)
        elif part == "test" and pictures.is_dir():
            found = True
            for sequence in subfolders(pictures):
                _pictures_alone(pictures / sequence, survey)
                survey.count(part, "videos")
                survey.progress(sequence)
        elif pictures == root / "images" / part and pictures.is_dir():
            found = True
            survey.absent(maps, f"the maps of {pictures}")
    bare = kitti_step.map_folder(root, None)  # with the sequences in it
    if not found and survey.split is None and subfolders(bare):
        found = True
        _step_part("", kitti_step.picture_folder(root, None), bare, survey)
    if not found:
        survey.absent(kitti_step.map_folder(root, parts[0]), "where the maps should be")


def _step_part(part: str, pictures: Path, maps: Path, survey: Survey) -> None:
    shown = pictures_or_none(pictures, survey)
    for sequence in _step_sequences(shown, maps, survey):
        _step_video(shown / sequence if shown else None, maps / sequence, survey)
        survey.count(part, "videos")
        survey.progress(sequence)


def _step_sequences(pictures: Path | None, maps: Path, survey: Survey) -> list[str]:
    if pictures is None or pictures.name != "image_02":
        return compare_folders(pictures, maps, survey)
    there = subfolders(pictures)  # those of train and val in one folder
    labelled = compare_folders(None, maps, survey)
    for sequence in labelled:
        if sequence not in there:
            survey.absent(pictures / sequence, f"the pictures of {maps / sequence}")
    return [sequence for sequence in labelled if sequence in there]


def _pictures_alone(pictures: Path, survey: Survey) -> dict[str, Path]:
    shown = list_frames(pictures, PICTURE_ENDINGS, survey)
    check_gaps(pictures, shown, survey)
    return shown


def _step_video(pictures: Path | None, maps: Path, survey: Survey) -> None:
    files = list_frames(maps, MAP_ENDINGS, survey)
    sizes: dict[str, tuple[int, int]] = {}
    if pictures is None:
        check_gaps(maps, files, survey)
    else:
        shown = _pictures_alone(pictures, survey)
        sizes = check_pictures(shown, survey)
        compare_frames(pictures, shown, maps, files, survey)
    for frame, file in files.items():
        values = read_map(file, COLOR, sizes.get(frame), survey)
        if values is not None:
            _check_step(file, values, survey)


def _check_step(file: Path, values: npt.NDArray[Any], survey: Survey) -> None:
    classes = values[..., 0]
    known = {*range(kitti_step.CLASSES), kitti_step.VOID}
    odd = [value for value in present(classes) if value not in known]
    if odd:
        survey.findings.error(
            "values",
            file,
            f"{file} holds the classes {listed(odd)} in its red channel; 0 to 18 and 255 are "
            "known.",
        )
    numbered = (values[..., 1] > 0) | (values[..., 2] > 0)
    stuff = present(np.asarray(classes[numbered & ~np.isin(classes, kitti_step.THINGS)]))
    if stuff:
        survey.findings.error(
            "values",
            file,
            f"{file} numbers instances of the classes {listed(stuff)}; only 11 and 13 are things.",
        )
    if (classes == kitti_step.VOID).all():
        survey.findings.warning("empty labels", file, f"{file} labels no pixel.")
