"""``vidseg data show``: labels painted over their pictures."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError, nearest_hint
from ..terminal import printable
from .labelled_data import add_source_arguments, open_source
from .parser import positive_count

if TYPE_CHECKING:
    from ..formats.drawn_labels import LabelPainter
    from ..labels import FrameLabels, LabelSource
    from ..types import ImageArray
    from .parser import Verbs

_VIDEOS = 4  # shown where none is named
_COLUMNS = 4
_TILE_WIDTH = 480  # pixels
_TILE_HEIGHT = 400  # of a still among others at most
_ALONE_WIDTH = 760  # of a still alone
_MOST_FRAMES = 150  # of a video file
_MOST_LINES = 8  # of sentences under a sheet
_FPS = 10.0
_WIDEST = 960  # pixels of a video file


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "show",
        help="paint labels over their pictures: sheets and short videos",
        description="Paints the labels of a dataset over its pictures: for each video a sheet of "
        f"evenly spaced frames and an mp4 of at most {_MOST_FRAMES} labelled frames; for stills "
        "one sheet of them.",
        epilog="examples:\n"
        "  vidseg data show davis2017 DAVIS --split val\n"
        "  vidseg data show davis2017 DAVIS bike-packing --frames 12\n"
        "  vidseg data show coco_instances coco 000000000139 --split val",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_source_arguments(parser)
    parser.add_argument(
        "video",
        metavar="VIDEO",
        nargs="?",
        help=f"one video or still; without it the first {_VIDEOS} videos, or a sheet of stills",
    )
    parser.add_argument(
        "--frames", type=positive_count, default=8, metavar="N", help="on a sheet (default: 8)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: out/NAME")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb: a line per file on stdout."""
    from ..formats.output_places import output_folder

    source = open_source(options)
    out = options.out or Path("out", file_name(options.name))
    with output_folder(out):
        if options.video is not None:
            _show_video(source, video_number(source, options.video), out, options.frames)
        elif all(len(video.frames) == 1 for video in source.videos):
            stills = _evenly(len(source.videos), options.frames)
            _save(_sheet_of_stills(source, stills), out / f"{file_name(source.name)}.png")
        else:
            for video in range(min(_VIDEOS, len(source.videos))):
                _show_video(source, video, out, options.frames)
    return 0


def video_number(source: LabelSource, name: str) -> int:
    """Position of a video. Raises DataError, naming the nearest, where it is not there."""
    names = [video.name for video in source.videos]
    if name in names:
        return names.index(name)
    hint = nearest_hint(name, names, " did you mean {!r}?") or f" the first is {names[0]!r}."
    raise DataError(f"{source.name} has no video {name!r};{hint}")


def file_name(name: str) -> str:
    """The name of a video as a file can have it."""
    return re.sub(r"[^\w.+-]+", "_", name).lstrip(".") or "video"


def _show_video(source: LabelSource, video: int, out: Path, frames: int) -> None:
    from ..formats.drawn_labels import LabelPainter

    info = source.videos[video]
    painter = LabelPainter(source.tracks(video), source.categories)
    stem = file_name(info.name)
    _save(_sheet_of_video(source, video, painter, frames), out / f"{stem}.png")
    if len(info.frames) > 1:
        _write_video(source, video, painter, out / f"{stem}.mp4")


def _sheet_of_video(
    source: LabelSource, video: int, painter: LabelPainter, count: int
) -> ImageArray:
    from ..formats.drawn_labels import resized
    from ..formats.label_sheet import (
        Tile,
        caption,
        label_sheet,
        legend,
        sentence_lines,
        text_strip,
    )

    info = source.videos[video]
    shown = _labelled_near(source, video, _evenly(len(info.frames), count))
    labels = [source.labels(video, frame) for frame in shown]
    tiles = []
    tile_width = _TILE_WIDTH
    if len(info.frames) == 1:
        tile_width = _ALONE_WIDTH
        plain = resized(source.picture(video, 0), tile_width)
        tiles.append(Tile(plain, [caption("the picture")]))
    for frame, painted in zip(shown, labels, strict=True):
        picture = painter.paint(_picture(source, video, frame, painted), painted, width=tile_width)
        note = "" if painted is not None else "  (not labelled)"
        tiles.append(Tile(picture, [caption(f"{info.frames[frame]}{note}")]))
    columns = min(_COLUMNS, len(tiles))
    width = columns * tile_width
    sentences = source.sentences(video)
    below = [strip for strip in [legend(painter, labels, width)] if strip is not None]
    if sentences:
        lines = sentence_lines(sentences[:_MOST_LINES])
        if len(sentences) > _MOST_LINES:
            lines.append(caption(f"and {len(sentences) - _MOST_LINES} more sentences"))
        below.append(text_strip(lines, width))
    return label_sheet(_title(source, video), tiles, columns, below)


def _sheet_of_stills(source: LabelSource, stills: Sequence[int]) -> ImageArray:
    from ..formats.drawn_labels import LabelPainter
    from ..formats.label_sheet import Tile, caption, label_sheet, sentence_lines

    tiles = []
    for still in stills:
        painter = LabelPainter(source.tracks(still), source.categories)
        labels = source.labels(still, 0)
        picture = _picture(source, still, 0, labels)
        width = min(_TILE_WIDTH, round(_TILE_HEIGHT * picture.shape[1] / picture.shape[0]))
        note = "" if labels is not None else "  (not labelled)"
        lines = [caption(f"{source.videos[still].name}{note}")]
        lines += sentence_lines(source.sentences(still)[: _MOST_LINES // 2])
        tiles.append(Tile(painter.paint(picture, labels, width=max(1, width)), lines))
    title = f"{source.name}: {len(stills)} of {len(source.videos)} stills"
    return label_sheet(title, tiles, min(_COLUMNS, len(tiles)))


def _write_video(source: LabelSource, video: int, painter: LabelPainter, path: Path) -> None:
    from ..progress import ProgressBar
    from ..video.writer import VideoWriter

    total = len(source.videos[video].frames)
    is_labelled = _labelled(source, video)
    played: Sequence[int] = list(islice(filter(is_labelled, range(total)), _MOST_FRAMES))
    if len(played) < 2:
        played = range(min(total, _MOST_FRAMES))
    writer = VideoWriter(path, _FPS)
    size: tuple[int, ...] | None = None
    try:
        with ProgressBar(path.name, len(played)) as progress:
            for frame in played:
                labels = source.labels(video, frame)
                picture = _picture(source, video, frame, labels)
                width = min(_WIDEST, picture.shape[1]) if size is None else size[1]
                painted = painter.paint(picture, labels, width=width)
                size = size or painted.shape
                if painted.shape != size:
                    raise DataError(
                        f"{source.name}: frame {source.videos[video].frames[frame]} of "
                        f"{source.videos[video].name} has another shape than the frames before."
                    )
                writer.write(painted)
                progress.advance()
    finally:
        writer.close()
    print(printable(path), flush=True)


def _picture(source: LabelSource, video: int, frame: int, labels: FrameLabels | None) -> ImageArray:
    """The picture; DataError where its labels have another size."""
    picture = source.picture(video, frame)
    if labels is not None and picture.shape[:2] != labels.size:
        info = source.videos[video]
        raise DataError(
            f"{source.name}: the picture of frame {info.frames[frame]} of {info.name} is "
            f"{picture.shape[1]} x {picture.shape[0]} (width x height), its labels are "
            f"{labels.size[1]} x {labels.size[0]}."
        )
    return picture


def _title(source: LabelSource, video: int) -> str:
    info = source.videos[video]
    count = len(info.frames)
    frames = f"{count} frames" if count > 1 else "one still"
    size = f", {info.size[1]} x {info.size[0]}" if info.size else ""
    objects = len(source.tracks(video))
    return (
        f"{source.name}: {info.name}   {frames}{size}, "
        f"{objects} object{'' if objects == 1 else 's'}"
    )


def _evenly(total: int, count: int) -> list[int]:
    """At most ``count`` of ``total`` positions, the first and the last among them."""
    count = min(count, total)
    return [round(k * (total - 1) / max(1, count - 1)) for k in range(count)]


def _labelled_near(source: LabelSource, video: int, frames: Sequence[int]) -> list[int]:
    """The labelled frame nearest to each, every one once; the frames themselves if none is."""
    total = len(source.videos[video].frames)
    is_labelled = _labelled(source, video)
    found: set[int] = set()
    for frame in frames:
        around = sorted(range(total), key=lambda other: abs(other - frame))
        nearest = next(filter(is_labelled, around), None)
        if nearest is None:
            return list(frames)
        found.add(nearest)
    return sorted(found)


def _labelled(source: LabelSource, video: int) -> Callable[[int], bool]:
    """Says of a frame whether it is labelled, without decoding it where the source can tell."""
    from ..datasets.sources.base import SparseSource

    if isinstance(source, SparseSource):
        return source.labelled(video).__getitem__
    return lambda frame: source.labels(video, frame) is not None


def _save(page: ImageArray, path: Path) -> None:
    from ..formats.atomic import save_png

    save_png(page, path)
    print(printable(path), flush=True)
