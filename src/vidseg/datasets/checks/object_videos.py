"""Videos whose masks carry object ids: DAVIS, YouTube-VOS, MOSE, VIPOSeg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...formats.layouts.davis import one_white_object
from ...formats.layouts.frames import MAP_ENDINGS
from ...formats.layouts.problems import listed
from ...pictures.listing import PICTURE_ENDINGS
from ...pictures.mask_values import VOID
from .folders import (
    check_gaps,
    check_pictures,
    compare_frames,
    list_frames,
    masks_without_picture,
)
from .label_maps import MapRule, present, read_map
from .pictures import read_header
from .survey import Survey


@dataclass(frozen=True, kw_only=True)
class VideoRule:
    """What a video of a dataset must be like.

    Attributes:
        maps: of the masks.
        every: whether each picture has a mask; otherwise those where objects are given have.
        consecutive: whether frames are numbered 0, 1, 2, ...
        contiguous: whether the first mask must hold ids 1, 2, ... and others no further ones.
        void: whether 255 means "not labelled".
        binary: whether grey masks hold 0 and 255 alone.
        all_ids: whether 255 is an id like any other.
    """

    maps: MapRule
    every: bool
    consecutive: bool = False
    contiguous: bool = False
    void: bool = False
    binary: bool = False
    all_ids: bool = False


def check_video(
    pictures: Path | None,
    masks: Path,
    rule: VideoRule,
    survey: Survey,
    *,
    objects: frozenset[int] | None = None,
    listing: Path | None = None,
) -> dict[str, frozenset[int]]:
    """Checks one video and returns frame → ids in its mask.

    Args:
        pictures: folder of the video; None where the dataset is there without pictures.
        objects: ids that the dataset lists for the video; None where it lists none.
        listing: the file that lists them.
    """
    labelled = list_frames(masks, MAP_ENDINGS, survey)
    sizes: dict[str, tuple[int, int]] = {}
    if pictures is None:
        sizes = check_pictures(labelled, Survey())  # a damaged mask is told of when it is read
        sizes = dict.fromkeys(sizes, next(iter(sizes.values()), (0, 0)))
        if rule.consecutive and rule.every:
            check_gaps(masks, labelled, survey)
    else:
        shown = list_frames(pictures, PICTURE_ENDINGS, survey)
        sizes = check_pictures(shown, survey)
        if rule.consecutive:
            check_gaps(pictures, shown, survey)
        if rule.every:
            compare_frames(pictures, shown, masks, labelled, survey)
        else:
            masks_without_picture(pictures, shown, masks, labelled, survey)
    ids = mask_ids(labelled, rule, sizes, survey)
    if ids and not any(ids.values()):
        survey.findings.error(
            "empty labels", masks, f"{masks} shows no object in any frame; download it again."
        )
    elif rule.contiguous and ids:
        _check_contiguous(masks, ids, labelled, survey)
    if objects is not None and listing is not None:
        _compare_ids(masks, ids, labelled, objects, listing, survey)
    return ids


def mask_ids(
    files: Mapping[str, Path],
    rule: VideoRule,
    sizes: Mapping[str, tuple[int, int]],
    survey: Survey,
) -> dict[str, frozenset[int]]:
    """Frame → ids of the masks that can be read; one is decoded at a time."""
    found: dict[str, frozenset[int]] = {}
    void: list[Path] = []
    for frame, file in files.items():
        values = read_map(file, rule.maps, sizes.get(frame), survey)
        if values is None:
            continue
        ids = set(present(values)) - {0}
        if rule.binary:
            _check_binary(file, ids, survey)
            found[frame] = frozenset({1} if ids else ())
            continue
        if rule.all_ids:
            found[frame] = frozenset(ids)
            continue
        if VOID in ids:
            void.append(file)
        found[frame] = frozenset(ids - {VOID})
    if void and not any(found.values()):
        return _lone_object(void, found, survey)
    for file in () if rule.void else void:
        survey.findings.error(
            "ids", file, f"{file} holds the value 255, which is no object; set it to 0."
        )
    return found


def _lone_object(
    masks: Sequence[Path], found: Mapping[str, frozenset[int]], survey: Survey
) -> dict[str, frozenset[int]]:
    """A video in the manner of DAVIS 2016 among those of several objects."""
    folder = masks[0].parent
    survey.findings.error("values", folder, one_white_object(folder))
    shown = {path.stem for path in masks}
    return {frame: frozenset({1} if frame in shown else ()) for frame in found}


def _check_binary(file: Path, values: set[int], survey: Survey) -> None:
    """Palette masks of several objects serve as well: whatever is not 0 is foreground."""
    odd = sorted(values - {VOID})
    if odd and read_header(file).mode == "L":
        survey.findings.error(
            "values",
            file,
            f"{file} holds the values {listed(odd)}; a mask of one object has 0 and 255.",
        )


def _check_contiguous(
    folder: Path,
    ids: Mapping[str, frozenset[int]],
    files: Mapping[str, Path],
    survey: Survey,
) -> None:
    first = next(iter(ids))
    count = max(ids[first], default=0)
    lacking = sorted(set(range(1, count + 1)) - ids[first])
    if lacking:
        survey.findings.error(
            "ids",
            files[first],
            f"{files[first]} holds the id {count} but not {listed(lacking)}; the ids of the first "
            "frame must be 1, 2, ... without a gap, because the largest is taken as their number.",
        )
    for frame, seen in ids.items():
        later = sorted(id for id in seen if id > count)
        if later:
            survey.findings.warning(
                "late objects",
                files[frame],
                f"{files[frame]} holds the ids {listed(later)}, but the first frame of {folder} "
                f"has {count} objects; ids beyond them are not evaluated.",
            )


def _compare_ids(
    folder: Path,
    ids: Mapping[str, frozenset[int]],
    files: Mapping[str, Path],
    objects: frozenset[int],
    listing: Path,
    survey: Survey,
) -> None:
    for frame, seen in ids.items():
        unknown = sorted(seen - objects)
        if unknown:
            survey.findings.error(
                "ids",
                files[frame],
                f"{files[frame]} holds the ids {listed(unknown)}, which {listing} does not list "
                "for its video; download both again.",
            )
    unseen = sorted(objects.difference(*ids.values()) if ids else objects)
    if unseen and len(ids) == len(files):
        survey.findings.error(
            "ids",
            folder,
            f"{listing} lists the ids {listed(unseen)} of {folder.name}, which no mask in {folder} "
            "holds; download both again.",
        )
