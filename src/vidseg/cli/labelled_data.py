"""Arguments that name labelled data, shared by the verbs that look at it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError

if TYPE_CHECKING:
    from ..labels import LabelSource
    from .parser import Parser

_FORMAT = "format:"


def add_source_arguments(parser: Parser) -> None:
    """NAME, DIR and the options that help to read them."""
    parser.add_argument(
        "name",
        metavar="NAME",
        help="the dataset, or a label format of vidseg data convert (format:NAME where a dataset "
        "has the same name); a wrong name lists all",
    )
    parser.add_argument(
        "folder", metavar="DIR", type=Path, help="its folder as it unpacks, or the label file"
    )
    parser.add_argument("--split", help="of a dataset, such as train or val")
    parser.add_argument(
        "--pictures", metavar="DIR", type=Path, help="of a label format: where its pictures lie"
    )


def open_source(options: argparse.Namespace) -> LabelSource:
    """What the arguments name.

    Raises DataError for an unknown name, an option that does not go with it, damaged files, and
    where there is no video at all.
    """
    from ..datasets.sources.registry import dataset_names

    is_dataset = options.name in dataset_names()
    source = _open_dataset(options) if is_dataset else _open_format(options)
    if not source.videos:
        raise DataError(f"{options.folder} holds no video of {source.name}.")
    return source


def _open_dataset(options: argparse.Namespace) -> LabelSource:
    from ..datasets.sources.registry import open_dataset

    if options.pictures is not None:
        raise DataError(
            f"{options.name} is a dataset, whose pictures lie in its folder; leave out --pictures."
        )
    return open_dataset(options.name, options.folder, options.split)


def _open_format(options: argparse.Namespace) -> LabelSource:
    from ..datasets.sources.registry import dataset_names
    from ..formats.label_files import LABEL_FORMATS, ReadOptions

    name = options.name.removeprefix(_FORMAT)
    if name not in LABEL_FORMATS:
        raise DataError(
            f"Unknown dataset or format {name!r}; datasets are {', '.join(dataset_names())}; "
            f"formats are {', '.join(LABEL_FORMATS)}."
        )
    if options.split is not None:
        raise DataError(f"{name} is a format and has no splits; leave out --split.")
    return LABEL_FORMATS[name].read(options.folder, ReadOptions(pictures=options.pictures))
