"""Which annotation file of a folder belongs to a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from ...formats.layouts.places import split_files


def find_split(
    folder: Path, split: str | None, files: Mapping[str, Sequence[str]], dataset: str
) -> tuple[str, Path]:
    """The split and its annotation file.

    Args:
        folder: the dataset.
        split: as on the command line; None takes the only one that is there.
        files: as of :func:`~vidseg.formats.layouts.places.split_files`.
        dataset: name for messages.

    Raises DataError where the folder is missing, the split is unknown or has no file, or several
    are there and none was named.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the one that holds {dataset}.")
    if split is not None and split not in files:
        known = ", ".join(filter(None, files))
        raise DataError(f"{dataset} has no split {split!r}; its splits are {known}.")
    found = split_files(folder, files, split)
    if not found:
        examples = [files[name][0] for name in files if name and split in (None, name)]
        raise DataError(
            f"{folder} holds no annotations of {dataset}; {' or '.join(examples[:3])} is wanted."
        )
    if len(found) > 1:
        raise DataError(
            f"{folder} holds the splits {', '.join(found)} of {dataset}; choose one with --split."
        )
    return next(iter(found.items()))
