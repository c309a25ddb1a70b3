"""Videos whose masks carry classes: VSPW and KITTI-STEP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...formats.layouts.problems import listed
from .folders import (
    MASKS,
    PICTURES,
    check_gaps,
    check_list,
    check_pictures,
    compare_folders,
    compare_frames,
    list_frames,
    pictures_or_none,
    read_list,
    subfolders,
)
from .label_maps import COLOR, GREY, present, read_map
from .survey import Survey

_VSPW_CLASSES = 124  # numbered from 1; 0 is another class, 255 is not labelled
_STEP_CLASSES = 19
_STEP_THINGS = (11, 13)  # person and car
_VOID = 255


@dataclass(frozen=True)
class _VspwRule:
    """The highest class, and whether the dataset is there with its pictures."""

    highest: int
    pictures: bool


def check_vspw(root: Path, survey: Survey, *, mapped: bool = False) -> None:
    """``data/<video>/origin`` and ``mask``, and the lists train.txt, val.txt, test.txt.

    Args:
        mapped: whether classes are numbered from 0, as in the copies that are scored.
    """
    data = root / "data"
    rule = _VspwRule(
        _VSPW_CLASSES - mapped, any((video / "origin").is_dir() for video in data.glob("*"))
    )
    if not data.is_dir():
        survey.absent(data, "where the videos should be")
        return
    if not rule.pictures:
        pictures_or_none(data / "<video>" / "origin", survey)
    there = set(subfolders(data))
    named: set[str] = set()
    for part in ("train", "val", "test"):
        file = root / f"{part}.txt"
        if not survey.wants(part):
            continue
        if not file.is_file():
            if survey.split is not None:
                survey.absent(file, "the list of the split")
            continue
        names = check_list(file, read_list(file, survey), data, there, survey)
        for video in names:
            _vspw_video(data / video, part, rule, survey)
            survey.progress(video)
        named |= set(names)
        survey.count(part, "videos", len(names))
    if survey.split is not None:
        return
    if not named and there:
        survey.findings.error(
            "splits", root, f"{root} has no list train.txt, val.txt or test.txt; download them."
        )
    elif there - named:
        survey.findings.warning(
            "splits",
            data,
            f"{data} has {len(there - named)} videos that no list in {root} names: "
            f"{listed(sorted(there - named))}; they are in no split.",
        )


def _vspw_video(video: Path, part: str, rule: _VspwRule, survey: Survey) -> None:
    pictures, masks = video / "origin", video / "mask"
    shown: dict[str, Path] = {}
    if pictures.is_dir():
        shown = list_frames(pictures, PICTURES, survey)
    elif rule.pictures:
        survey.absent(pictures, "where the pictures should be")
        return
    sizes = check_pictures(shown, survey)
    survey.count(part, "frames", len(shown))
    if not masks.is_dir():
        if part != "test":  # whose masks are kept back
            survey.absent(masks, "where the masks should be")
        return
    files = list_frames(masks, MASKS, survey)
    if rule.pictures:
        compare_frames(pictures, shown, masks, files, survey)
    for frame, file in files.items():
        values = read_map(file, GREY, sizes.get(frame), survey)
        if values is None:
            continue
        odd = [value for value in present(values) if rule.highest < value < _VOID]
        if odd:
            survey.findings.error(
                "values",
                file,
                f"{file} holds the values {listed(odd)}; 0 to {rule.highest} and 255 are known.",
            )
        elif not (values != _VOID).any():
            survey.findings.warning(
                "empty labels", file, f"{file} labels no pixel; such a frame is not evaluated."
            )


def check_kitti_step(root: Path, survey: Survey) -> None:
    """``images/<part>/<sequence>`` and ``panoptic_maps/<part>/<sequence>``; test has no maps."""
    parts = [part for part in ("train", "val", "test") if survey.wants(part)]
    found = False
    for part in parts:
        pictures, maps = _step_pictures(root, part), root / "panoptic_maps" / part
        if not pictures.is_dir() and not maps.is_dir():
            continue
        found = True
        if not pictures.is_dir():
            _step_part(part, None, maps, survey)
            continue
        if part == "test" and not maps.is_dir():
            for sequence in subfolders(pictures):
                _pictures_alone(pictures / sequence, survey)
                survey.count(part, "videos")
                survey.progress(sequence)
            continue
        _step_part(part, pictures, maps, survey)
    bare = root / "panoptic_maps"  # with the sequences in it
    if not found and subfolders(bare):
        found = True
        _step_part("", root / "images" if (root / "images").is_dir() else None, bare, survey)
    if not found:
        survey.absent(root / "panoptic_maps" / parts[0], "where the maps should be")


def _step_part(part: str, pictures: Path | None, maps: Path, survey: Survey) -> None:
    if pictures is None:
        pictures_or_none(maps.parents[1] / "images" / part, survey)
    for sequence in _step_sequences(pictures, maps, survey):
        _step_video(pictures / sequence if pictures else None, maps / sequence, survey)
        survey.count(part, "videos")
        survey.progress(sequence)


def _step_pictures(root: Path, part: str) -> Path:
    """Where the sequences of a part lie: prepared for it, or as KITTI tracking unpacks."""
    prepared = root / "images" / part
    kitti = root / ("testing" if part == "test" else "training") / "image_02"
    return kitti if kitti.is_dir() and not prepared.is_dir() else prepared


def _step_sequences(pictures: Path | None, maps: Path, survey: Survey) -> list[str]:
    if pictures is None or pictures.name != "image_02":
        return compare_folders(pictures, maps, survey)
    there = subfolders(pictures)  # those of train and val in one folder
    for sequence in subfolders(maps):
        if sequence not in there:
            survey.absent(pictures / sequence, f"the pictures of {maps / sequence}")
    return [sequence for sequence in subfolders(maps) if sequence in there]


def _pictures_alone(pictures: Path, survey: Survey) -> dict[str, Path]:
    shown = list_frames(pictures, PICTURES, survey)
    check_gaps(pictures, shown, survey)
    return shown


def _step_video(pictures: Path | None, maps: Path, survey: Survey) -> None:
    files = list_frames(maps, MASKS, survey)
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
    odd = [value for value in present(classes) if value >= _STEP_CLASSES and value != _VOID]
    if odd:
        survey.findings.error(
            "values",
            file,
            f"{file} holds the classes {listed(odd)} in its red channel; 0 to 18 and 255 are "
            "known.",
        )
    numbered = (values[..., 1] > 0) | (values[..., 2] > 0)
    stuff = present(np.asarray(classes[numbered & ~np.isin(classes, _STEP_THINGS)]))
    if stuff:
        survey.findings.error(
            "values",
            file,
            f"{file} numbers instances of the classes {listed(stuff)}; only 11 and 13 are things.",
        )
    if (classes == _VOID).all():
        survey.findings.warning("empty labels", file, f"{file} labels no pixel.")
