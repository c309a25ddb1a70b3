"""BURST: sequences of TAO with a mask per track and annotated frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...formats.label_files.run_lengths import mask_area
from ...formats.layouts import burst
from ...formats.layouts.coco_lists import read_categories
from ...formats.layouts.problems import listed
from .folders import check_pictures
from .pictures import in_words
from .survey import Survey


def check_burst(root: Path, survey: Survey) -> None:
    """The JSON of each part, and the frames if they are there."""
    there = burst.json_files(root, split=survey.split)
    if not there:
        usual = root / burst.FILES[survey.split or "train"][0]
        survey.absent(usual, "the list of sequences")
    for part, file in there.items():
        _check_part(root, part, file, survey)


def _check_part(root: Path, part: str, file: Path, survey: Survey) -> None:
    content = survey.json(file)
    if content is None:
        return
    split = burst.split_of(content, file, survey.findings)
    if "split" not in content:
        survey.findings.warning(
            "splits", file, f"{file} does not say by 'split' of which split it is."
        )
    if part and split not in (None, part):
        survey.findings.error("splits", file, f"{file} says that it is of the split {split!r}.")
    categories = {one.id for one in read_categories(content, file, survey.findings)}
    survey.count(part, "categories", len(categories))
    frames = burst.picture_folder(root, part or split or "", file)
    if frames is None:
        survey.findings.warning(
            "missing files", root, f"{root} has no frames of {file}; only it was checked."
        )
    for sequence in burst.read_sequences(content, file, categories, survey.findings):
        survey.count(part, "videos")
        _check_sequence(file, sequence, survey)
        if frames is not None:
            _check_frames(frames / sequence.name, file, sequence, survey)
        survey.count(part, "objects", len(sequence.tracks))
        survey.progress(sequence.name)


def _check_sequence(file: Path, sequence: burst.ListedSequence, survey: Survey) -> None:
    where = f"{file}: {sequence.name}"
    if sequence.masks is None:
        return
    used: set[str] = set()
    for frame, shown in enumerate(sequence.masks):
        used |= set(shown)
        for track, mask in shown.items():
            place = f"{where}, frame {frame}, track {track},"
            _check_mask(place, mask, sequence.size, file, survey)
    unseen = sorted(set(sequence.tracks) - used)
    if unseen:
        survey.findings.error(
            "empty labels", file, f"{where} has no mask of the tracks {listed(unseen)}."
        )


def _check_mask(where: str, mask: Any, size: tuple[int, int], file: Path, survey: Survey) -> None:
    counts = mask.get("rle") if isinstance(mask, dict) else None
    if counts is None:
        survey.findings.error("masks", file, f"{where} has no rle.")
        return
    try:
        area = mask_area({"size": list(size), "counts": counts})
    except ValueError as error:
        survey.findings.error("masks", file, f"{where}: its mask {error}; download the file.")
        return
    if area == 0:
        survey.findings.error("empty labels", file, f"{where} has a mask without a pixel.")


def _check_frames(folder: Path, file: Path, sequence: burst.ListedSequence, survey: Survey) -> None:
    names = sequence.every_file
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        survey.findings.error(
            "missing files",
            folder,
            f"{folder} lacks {len(missing)} of the {len(names)} frames that {file} names: "
            f"{listed(missing)}; download them.",
        )
    there = {Path(name).stem: folder / name for name in names if name not in set(missing)}
    for frame, real in list(check_pictures(there, survey).items())[:1]:
        if real != sequence.size:
            survey.findings.error(
                "sizes",
                there[frame],
                f"{there[frame]} is {in_words(real)}, {file} says {in_words(sequence.size)}.",
            )
