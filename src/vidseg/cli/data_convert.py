"""``vidseg data convert``: labels from one format or dataset into another format."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import printable

if TYPE_CHECKING:
    from ..formats.label_files import LossLog
    from ..labels import Category, LabelSource
    from .parser import Verbs

_DATASET = "dataset:"


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "convert",
        help="labels from one format into another",
        description="Writes labels in another format. What can be kept is kept to the pixel; what "
        "the new format cannot hold is refused and named, unless --allow says that it may go.",
        epilog="formats: ytvis, coco, davis, coco_panoptic, vipseg, kitti_step, cvat, "
        "label_studio, yolo, labelme\n"
        "\nexamples:\n"
        "  vidseg data convert out/ytvis.json cvat --from ytvis --to cvat --allow scores\n"
        "  vidseg data convert DAVIS boxes.json --from davis --to coco --categories object\n"
        "  vidseg data convert MOSE out --from mose --split train --to ytvis --categories object\n"
        "  vidseg data convert VIPSeg out --from dataset:vipseg --split val --to coco_panoptic\n"
        "  vidseg data convert yolo coco.json --from yolo --to coco --boxes as-regions",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("source", metavar="SRC", type=Path, help="a label file or folder")
    parser.add_argument(
        "destination",
        metavar="DST",
        type=Path,
        help="a new or empty folder, or a .json for ytvis and coco",
    )
    parser.add_argument(
        "--from",
        dest="origin",
        metavar="F",
        required=True,
        help="its format, or a dataset in the layout of its release (dataset:F where a format has "
        "the same name)",
    )
    parser.add_argument("--to", dest="target", metavar="F", required=True, help="the new format")
    parser.add_argument(
        "--allow",
        metavar="LOSS[,LOSS]",
        default="",
        help="what may be lost; a refusal says which names it needs",
    )
    parser.add_argument(
        "--categories",
        metavar="NAME|FILE",
        help="class list: a published one such as ytvis2021, names with commas, a JSON with COCO's "
        "categories or a text of one name a line; names what has numbers alone, numbers what has "
        "names alone, and as one name is the class of objects that have none",
    )
    parser.add_argument(
        "--pictures", metavar="DIR", type=Path, help="the pictures, where sizes are needed"
    )
    parser.add_argument(
        "--boxes",
        choices=("leave-out", "as-regions"),
        default="leave-out",
        help="objects that are boxes without a mask: fill them, or leave them out, which --allow "
        "shapes must allow (default: %(default)s)",
    )
    parser.add_argument("--split", metavar="NAME", help="of a dataset")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Converts, then says what was written, lost and changed."""
    from ..formats.label_files import (
        LossLog,
        convert,
        label_format,
        load_class_list,
        parse_losses,
    )
    from ..progress import ProgressBar

    target = label_format(options.target)
    allowed = parse_losses([name.strip() for name in options.allow.split(",") if name.strip()])
    categories = load_class_list(options.categories) if options.categories else ()
    log = LossLog()
    source = _open(options, categories, log)
    with ProgressBar("converted", unit="") as progress:
        done = convert(
            source,
            target,
            options.destination,
            log=log,
            allowed=allowed,
            categories=categories,
            pictures=options.pictures,
            on_video=progress.advance,
        )
    print(
        f"{printable(options.destination)}: {done.videos} videos, {done.frames} frames, "
        f"{done.masks} masks in {target.title}."
    )
    for line in done.dropped:
        print(f"lost: {printable(line)}")
    for line in done.notes:
        print(f"note: {printable(line)}")
    return 0


def _open(
    options: argparse.Namespace, categories: tuple[Category, ...], log: LossLog
) -> LabelSource:
    """A label file of a known format, else a dataset of that name."""
    from ..datasets.sources.registry import dataset_names, open_dataset
    from ..errors import DataError
    from ..formats.label_files import LABEL_FORMATS, ReadOptions

    name: str = options.origin
    if name in LABEL_FORMATS:
        if options.split is not None:
            raise DataError(f"{name} is a format and has no splits; leave out --split.")
        return LABEL_FORMATS[name].read(
            options.source,
            ReadOptions(
                categories=categories,
                pictures=options.pictures,
                boxes_as_regions=options.boxes == "as-regions",
                log=log,
            ),
        )
    name = name.removeprefix(_DATASET)
    if name not in dataset_names():
        raise DataError(
            f"Unknown format or dataset {name!r}; formats are {', '.join(LABEL_FORMATS)}, datasets "
            f"{', '.join(dataset_names())}."
        )
    return open_dataset(name, options.source, options.split)
