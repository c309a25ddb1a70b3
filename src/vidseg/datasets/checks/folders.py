"""Frames of a video on disk: which are there, and whether they belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice, pairwise
from pathlib import Path

from ...errors import DataError
from ...formats.layouts.frames import frame_files
from ...formats.layouts.places import subfolders
from ...formats.layouts.problems import listed
from .pictures import check_whole, in_words, read_header
from .survey import Survey

_FEW = 5


def list_frames(folder: Path, endings: tuple[str, ...], survey: Survey) -> dict[str, Path]:
    """The frames of a folder as of ``frame_files``; none are a finding."""
    frames = frame_files(folder, endings, survey.findings)
    if not frames:
        survey.findings.error(
            "missing files", folder, f"{folder} has no frame; copy or download it again."
        )
    return frames


def check_pictures(files: Mapping[str, Path], survey: Survey) -> dict[str, tuple[int, int]]:
    """Frame → (height, width) of those that can be read; no picture is decoded."""
    sizes: dict[str, tuple[int, int]] = {}
    first: Path | None = None
    for frame, file in files.items():
        try:
            size = read_header(file).size
            check_whole(file)
        except DataError as error:
            survey.findings.error("unreadable files", file, str(error))
            continue
        if first is not None and size != sizes[first.stem]:
            survey.findings.error(
                "sizes",
                file,
                f"{file} is {in_words(size)}, {first.name} before it "
                f"{in_words(sizes[first.stem])}; a video has one size.",
            )
        sizes[frame] = size
        first = first or file
    return sizes


def check_gaps(folder: Path, frames: Iterable[str], survey: Survey) -> None:
    """Frames numbered one by one: none may be left out."""
    numbers = sorted(int(frame) for frame in frames if frame.isdecimal())
    if not numbers:
        return
    # Not all numbers in between are written down: a frame may be called by its date.
    jumps = [(low + 1, high) for low, high in pairwise(numbers) if high > low + 1]
    missing = sum(high - low for low, high in jumps)
    if missing:
        few = listed(islice(chain.from_iterable(range(*jump) for jump in jumps), _FEW))
        more = f" and {missing - _FEW} more" if missing > _FEW else ""
        survey.findings.error(
            "missing files",
            folder,
            f"{folder} jumps over {_frames(missing)}: {few}{more}; download the video again.",
        )
    if numbers[0] != 0:
        survey.findings.error(
            "missing files",
            folder,
            f"{folder} begins with frame {numbers[0]} instead of 0; download the video again.",
        )


def compare_frames(
    pictures: Path, shown: Iterable[str], masks: Path, labelled: Iterable[str], survey: Survey
) -> None:
    """Every picture has a mask and every mask a picture."""
    wanted, given = set(shown), set(labelled)
    missing = sorted(wanted - given)
    if missing:
        survey.findings.error(
            "missing files",
            masks,
            f"{masks} lacks the masks of {_frames(len(missing))} of {pictures}: {listed(missing)}; "
            "download them again.",
        )
    masks_without_picture(pictures, wanted, masks, given, survey)


def masks_without_picture(
    pictures: Path, shown: Iterable[str], masks: Path, labelled: Iterable[str], survey: Survey
) -> None:
    """Every mask has a picture."""
    extra = sorted(set(labelled) - set(shown))
    if extra:
        survey.findings.error(
            "missing files",
            pictures,
            f"{pictures} lacks the pictures of {_frames(len(extra))} that {masks} has masks of: "
            f"{listed(extra)}; download them again, or remove the masks.",
        )


def pictures_or_none(root: Path, survey: Survey) -> Path | None:
    """The folder, or None after a warning: the labels alone can be checked as well."""
    if root.is_dir():
        return root
    survey.findings.warning(
        "missing files",
        root,
        f"There is no folder {root} of pictures; the labels are checked without them.",
    )
    return None


def compare_folders(pictures: Path | None, masks: Path, survey: Survey) -> list[str]:
    """Names of the videos that have both folders; the others are findings.

    Without pictures: all that have masks.
    """
    if pictures is None:
        return _labelled(masks, survey)
    shown, labelled = set(subfolders(pictures)), set(subfolders(masks))
    for name in sorted(shown - labelled):
        survey.findings.error(
            "missing files",
            masks / name,
            f"{pictures / name} has no folder of masks {masks / name}; download it again.",
        )
    for name in sorted(labelled - shown):
        survey.findings.error(
            "missing files",
            pictures / name,
            f"{masks / name} has no folder of pictures {pictures / name}; download it again.",
        )
    return sorted(shown & labelled)


def _labelled(masks: Path, survey: Survey) -> list[str]:
    """Names of the videos in a folder of masks; none are a finding."""
    names = list(subfolders(masks))
    if not names and masks.is_dir():
        survey.findings.error(
            "missing files", masks, f"{masks} holds no folder of a video; download it again."
        )
    return names


def _frames(number: int) -> str:
    return f"{number} frame{'' if number == 1 else 's'}"
