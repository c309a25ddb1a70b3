"""``vidseg data stats``: what a labelled dataset holds."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import console, printable
from .labelled_data import add_source_arguments, open_source

if TYPE_CHECKING:
    from rich.table import Table

    from ..datasets.label_statistics import LabelStatistics, Spread
    from .parser import Verbs

_MOST_ROWS = 40  # of classes in the terminal
_MOST_SIZES = 3


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "stats",
        help="count videos, frames, objects, classes and sentences",
        description="Reads all labels of a dataset and prints what it holds: videos, frames, "
        "sizes, objects, how long they are seen, sentences, and a table of classes.",
        epilog="examples:\n"
        "  vidseg data stats ovis OVIS --split train\n"
        "  vidseg data stats coco_panoptic coco --split val --json stats.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_source_arguments(parser)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all counts here too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb: tables on stdout."""

    from ..datasets.label_statistics import count_labels
    from ..formats.output_places import output_file
    from ..progress import ProgressBar

    source = open_source(options)
    frames = sum(len(video.frames) for video in source.videos)
    with ExitStack() as stack:
        if options.json is not None:
            stack.enter_context(output_file(options.json))
        with ProgressBar(source.name, frames) as progress:
            counted = count_labels(source, progress=progress.advance)
        terminal = console(highlight=True)
        terminal.print(summary_table(counted))
        classes = [count for count in counted.classes if count.objects]
        if classes and any(count.category is not None for count in classes):
            terminal.print(class_table(counted))
        if options.json is not None:
            _write_json(options.json, counted)
    return 0


def summary_table(counted: LabelStatistics) -> Table:
    """Two columns: what, how much."""
    from rich.table import Table

    table = Table(title=counted.name, title_style="bold", show_header=False)
    table.add_column("what")
    table.add_column("how much")
    for what, much in _summary(counted):
        table.add_row(what, much)
    return table


def _summary(counted: LabelStatistics) -> list[tuple[str, str]]:
    stills = set(counted.frames_per_video.counts) == {1}
    rows = [("stills" if stills else "videos", f"{counted.videos:,}")]
    if not stills:
        rows.append(("frames", f"{counted.frames:,}"))
        rows.append(("frames per video", _spread(counted.frames_per_video)))
    rows.append(("labelled", f"{counted.labelled_frames:,} of {counted.frames:,}"))
    rows.append(("sizes (width x height)", _sizes(counted)))
    numbers = counted.to_json()
    objects = f"{numbers['objects']:,}"
    if numbers["crowds"]:
        objects += f", of them crowds: {numbers['crowds']:,}"
    if counted.never_visible:
        objects += f", {counted.never_visible:,} never visible"
    rows.append(("objects", objects))
    if not stills:
        rows.append(("objects per video", _spread(counted.objects_per_video)))
        rows.append(("masks", f"{numbers['masks']:,}"))
        rows.append(("frames per object", _spread(counted.track_lengths)))
    rows.append(("objects per labelled frame", _spread(counted.objects_per_frame)))
    if counted.void_pixels:
        share = counted.void_pixels / counted.labelled_pixels
        rows.append(("not labelled", f"{share:.1%} of the pixels of labelled frames"))
    used = sum(1 for count in counted.classes if count.category and count.objects)
    listed = sum(1 for count in counted.classes if count.category)
    if listed:
        rows.append(("classes", f"{used:,} of {listed:,} occur"))
    if counted.sentences:
        rows.append(("sentences", f"{counted.sentences:,} on {counted.objects_meant:,} objects"))
        rows.append(("words per sentence", _spread(counted.words)))
    return rows


def class_table(counted: LabelStatistics) -> Table:
    """A row for each class that occurs, the most frequent first."""
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    table.add_column("class")
    table.add_column("kind")
    for title in ("objects", "crowds", "frames", "pixels", "of all"):
        table.add_column(title, justify="right")
    rows = [count for count in counted.classes if count.objects]
    pixels = max(1, sum(count.pixels for count in rows))
    for count in rows[:_MOST_ROWS]:
        category = count.category
        table.add_row(
            Text(printable(category.name) if category else "(none)"),
            "" if category is None else "thing" if category.is_thing else "stuff",
            f"{count.objects:,}",
            f"{count.crowds:,}" if count.crowds else "",
            f"{count.frames:,}",
            f"{count.pixels:,}",
            f"{count.pixels / pixels:.1%}",
        )
    if len(rows) > _MOST_ROWS:
        table.caption = f"and {len(rows) - _MOST_ROWS} more classes; --json FILE has them all"
    return table


def _sizes(counted: LabelStatistics) -> str:
    common = counted.sizes.most_common(_MOST_SIZES)
    if len(counted.sizes) == 1:
        return f"{common[0][0][1]} x {common[0][0][0]}"
    words = [f"{width} x {height}: {count:,}" for (height, width), count in common]
    if len(counted.sizes) > len(words):
        words.append(f"{len(counted.sizes) - len(words):,} other sizes")
    return ", ".join(words) or "unknown"


def _spread(spread: Spread) -> str:
    """``1 to 20, mean 4.3, median 3``."""
    summary = spread.summary()
    if summary is None:
        return "none"
    if summary["min"] == summary["max"]:
        return f"{summary['min']:,}"
    return (
        f"{summary['min']:,} to {summary['max']:,}, mean {summary['mean']:,.1f}, "
        f"median {summary['median']:,}"
    )


def _write_json(path: Path, counted: LabelStatistics) -> None:
    import json

    from ..formats.atomic import replacing

    with replacing(path) as partial:
        partial.write_text(json.dumps(counted.to_json(), indent=1) + "\n", encoding="utf-8")
    print(f"All counts: {printable(path)}")
