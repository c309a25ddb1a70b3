"""``vidseg segment``: one source, one task, results on disk."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError, VidsegError
from ..types import Task
from .parser import UsageError, count_or_zero, device_name, positive_count

if TYPE_CHECKING:
    from ..inference.published.settings import PublishedChoice
    from ..progress import ProgressBar
    from ..prompts import VisualPrompt
    from ..video.base import Source
    from .parser import Verbs
    from .running import Request

_EXAMPLES = """\
examples:
  all dogs and people, with stable ids
    vidseg segment clip.mp4 --task vis --categories dog,person
  every pixel named, from a published list of classes
    vidseg segment frames/ --task vps --vocabulary coco_panoptic --save overlay,panoptic
  follow what lies under a click in the first frame, and a box drawn in frame 30
    vidseg segment clip.mp4 --task vos --point 1:320,180 --box 2@30:40,60,200,240
  by the settings of a released test, with its weights
    vidseg segment DAVIS/JPEGImages/480p/bear --task vos --mask bear.png --model univs_r50 \\
      --settings published:davis2017
  follow what a sentence describes
    vidseg segment clip.mp4 --task refvos --text "1:the dog on the left"

A prompt begins with ID@FRAME: where ID is a number you choose (default 1) and FRAME counts from 0
(default 0). Coordinates are pixels of the source the way up that it is shown, as many as are
stored, also where they are not square. Prompts may be repeated.

With --task pvos a mark may lie on stuff, such as grass or sky, and --name says so, as in
  vidseg segment clip.mp4 --task pvos --point 1:320,180 --point 2:50,400 --name 2:grass
Stuff is followed like an object, or, where --categories or --vocabulary say what else there is,
told by its class.
"""

_MARKED = (Task.VOS, Task.PVOS)
_MARKS = ("point", "box", "mask", "scribble")
_TASKS_OF_OPTION = {
    **dict.fromkeys(("categories", "vocabulary"), (Task.VIS, Task.VSS, Task.VPS, Task.PVOS)),
    **dict.fromkeys((*_MARKS, "name"), _MARKED),
    "text": (Task.REFVOS,),
}

_DEFAULT_VOCABULARY = {Task.VIS: "coco", Task.VSS: "coco_panoptic", Task.VPS: "coco_panoptic"}


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "segment",
        help="segment a video, a folder of images, a camera or a stream",
        description="Segments SOURCE and writes masks, ids, classes and an overlay video.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="video file, folder or glob of images, image, camera number, rtsp or http address",
    )
    parser.add_argument(
        "--task",
        required=True,
        choices=[task.value for task in Task],
        help="vis: objects of classes; vss: a class per pixel; vps: both; vos: objects you point "
        "at; pvos: objects and stuff you point at; refvos: objects you describe",
    )
    parser.add_argument(
        "--model",
        default="nano",
        help="nano, a folder with a UniVS or GvSeg model, a published UniVS or Mask2Former file or "
        "a Hugging Face id (default: nano); GvSeg does vis, vss, vps and vos, Mask2Former the "
        "first three",
    )
    _add_queries(parser)
    _add_output(parser)
    parser.set_defaults(run=run)


def _add_queries(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("what to segment")
    names = what.add_mutually_exclusive_group()
    names.add_argument(
        "--categories",
        metavar="A,B",
        help="class names of your own choice, as in dog,person; default: COCO's, or those that "
        "the model was trained on if it knows no others",
    )
    names.add_argument(
        "--vocabulary", metavar="NAME", help="a published list of classes, as in coco or vipseg"
    )
    for option, form, text in (
        ("--point", "ID@FRAME:X,Y[,-]", "a pixel of the object; with - one that is not of it"),
        ("--box", "ID@FRAME:X0,Y0,X1,Y1", "a box around the object"),
        ("--mask", "ID@FRAME:FILE.png", "a mask; without ID one object per value in the file"),
        ("--scribble", "ID@FRAME:X,Y,X,Y,...", "a stroke through the object"),
        ("--text", "ID:SENTENCE", "a sentence that singles the object out"),
        ("--name", "ID:CLASS", "class of an object you mark, as in 3:tree (see below)"),
    ):
        what.add_argument(option, action="append", default=[], metavar=form, help=text)


def _add_output(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", metavar="DIR", help="folder of the results (default: out/SOURCE/TASK)"
    )
    output.add_argument(
        "--overwrite",
        action="store_true",
        help="delete the results of an earlier run in DIR; without it they are left alone and "
        "nothing is done",
    )
    output.add_argument(
        "--save",
        default="overlay",
        metavar="A,B",
        help="any of overlay (mp4), png (DAVIS palette), ytvis (json), panoptic (COCO png + json); "
        "default: overlay",
    )
    running = parser.add_argument_group("running")
    running.add_argument(
        "--settings",
        default="default",
        metavar="WHICH",
        help="default: those of the model; published:DATASET[:STAGE[:BACKBONE]]: those with which "
        "the release tested UniVS on a benchmark, as in published:davis2017:3; other options "
        "override them",
    )
    running.add_argument(
        "--print-settings",
        action="store_true",
        help="print the settings as an inference.json holds them, and segment nothing",
    )
    running.add_argument(
        "--device", type=device_name, default="auto", help="auto, cpu, cuda or mps (default: auto)"
    )
    running.add_argument(
        "--short-side",
        type=positive_count,
        metavar="N",
        help="shorter side of the pictures the model sees, in pixels (default: the model's own)",
    )
    running.add_argument("--start", type=count_or_zero, metavar="N", help="first frame to read")
    running.add_argument(
        "--stop", type=positive_count, metavar="N", help="read frames below this one"
    )
    running.add_argument(
        "--stride", type=positive_count, default=1, metavar="N", help="read every Nth frame"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the verb. Everything that can be checked without the model is checked before it."""
    from ..formats.categories import CategoryNumbers
    from ..formats.output_places import output_folder
    from ..formats.saving import check_ids, open_writers, parse_formats
    from ..inference.prompt_inbox import check_prompts
    from ..progress import ProgressBar
    from ..video.source import open_source
    from .running import closed_whole, load_segmenter, overlay_style, print_summary, run_frames

    formats = parse_formats(options.save)
    if options.print_settings:
        _print_settings(options)
        return 0
    request = read_request(options)
    check_ids(formats, (prompt.object_id for prompt in request.prompts))
    style = overlay_style(request.task)
    source = open_source(
        options.source, start=options.start, stop=options.stop, stride=options.stride
    )
    with source:
        check_prompts(request.task, request.prompts, source)
        folder = (
            Path(options.out)
            if options.out
            else Path("out", _folder_name(source), request.task.value)
        )
        progress: ProgressBar | None = None
        numbers = CategoryNumbers(request.classes())
        try:
            with output_folder(folder):
                replaced = _results_to_replace(folder, source, overwrite=options.overwrite)
                opened = open_writers(
                    formats, folder, source, numbers=numbers, style=style, replaced=replaced
                )
                with closed_whole(opened) as writers:
                    segmenter = load_segmenter(options.model, options.device)
                    if segmenter.classes is not None and _asks_nothing(options):
                        request = replace(request, vocabulary=None)
                        numbers.start_with(segmenter.classes)
                    with ProgressBar(source.name, source.length) as progress:
                        video = run_frames(
                            segmenter, source, request, writers, finished=progress.advance
                        )
                        seconds = progress.seconds
        except KeyboardInterrupt as stop:
            frames = 0 if progress is None else progress.done
            kept = f"{frames} finished frames are in {folder}" if frames else "nothing was written"
            stop.args = (f"Interrupted; {kept}.",)
            raise
        except VidsegError as error:
            if progress is None or not progress.done or isinstance(error, OutputError):
                raise
            kept = f"The {progress.done} frames before that are in {folder}."
            raise type(error)(f"{error} {kept}") from error
    print_summary(video, request, seconds, folder, source.notes())
    return 0


def read_request(options: argparse.Namespace) -> Request:
    """Prompts and categories of the command line, checked against the task."""
    from . import prompt_arguments as parse
    from .running import Request

    task = Task(options.task)
    _check_options(task, options)
    vocabulary = options.vocabulary
    if _asks_nothing(options):
        vocabulary = _DEFAULT_VOCABULARY.get(task)
    request = Request(
        task=task,
        categories=options.categories,
        vocabulary=vocabulary,
        short_side=options.short_side,
        settings=_settings(options),
    )
    marks: list[VisualPrompt] = [
        *map(parse.parse_point, options.point),
        *map(parse.parse_box, options.box),
        *(mask for word in options.mask for mask in parse.parse_mask(word)),
        *map(parse.parse_scribble, options.scribble),
    ]
    named = parse.with_names(marks, parse.parse_names(options.name), request.classes())
    return replace(request, prompts=[*named, *map(parse.parse_text, options.text)])


def _settings(options: argparse.Namespace) -> PublishedChoice | None:
    """The settings of the release that are asked for; ModelError for unknown ones."""
    if options.settings == "default":
        return None
    from ..inference.published.settings import PublishedChoice

    return PublishedChoice.parse(options.settings, Task(options.task))


def _print_settings(options: argparse.Namespace) -> None:
    """JSON on stdout: every setting of the task, by its name."""
    from .running import chosen_settings, load_segmenter

    task, choice = Task(options.task), _settings(options)
    segmenter = load_segmenter(options.model, options.device)
    config = segmenter.config(task) if choice is None else chosen_settings(segmenter, choice)
    if options.short_side is not None:
        config = config.override(short_side=options.short_side)
    print(json.dumps({task.value: config.flat()}, indent=2))


def _asks_nothing(options: argparse.Namespace) -> bool:
    """Whether the classes are left to the task, or to a model that has its own."""
    return options.categories is None and options.vocabulary is None


def _check_options(task: Task, options: argparse.Namespace) -> None:
    """Raises UsageError where an option does not go with the task, or a needed one is missing."""
    for option, tasks in _TASKS_OF_OPTION.items():
        if task not in tasks and getattr(options, option):
            fitting = ", ".join(fitting.value for fitting in tasks)
            raise UsageError(
                f"--{option} does not go with --task {task.value}; it is for {fitting}."
            )
    if task is Task.REFVOS and not options.text:
        raise UsageError('--task refvos needs a sentence, as in --text "the dog on the left".')
    if task in _MARKED and not any(getattr(options, option) for option in _MARKS):
        raise UsageError(f"--task {task.value} needs a --point, --box, --mask or --scribble.")


def _folder_name(source: Source) -> str:
    from ..video.network import is_address

    name = source.name
    stem = name.split("://")[1] if is_address(name) else Path(name).stem
    return re.sub(r"[^\w.-]+", "_", stem).strip("_.") or "source"


def _results_to_replace(folder: Path, source: Source, *, overwrite: bool) -> list[Path]:
    """Results of an earlier run. Raises OutputError where they are not to be touched."""
    from ..formats.saving import check_replaceable, earlier_results

    found = earlier_results(folder)
    if found and not overwrite:
        raise OutputError(
            f"{folder} holds results already, such as {found[0].relative_to(folder)}; replace "
            f"them with --overwrite or name another folder with --out."
        )
    check_replaceable(folder, found)
    read = {_identity(path) for path in source.paths}
    for path in found:
        if _identity(path) in read:
            raise OutputError(f"{path} is read and cannot be replaced; name another --out.")
    return found


def _identity(path: Path) -> tuple[int, int]:
    """The same for all names of one file, links of both kinds included."""
    status = path.stat()
    return status.st_dev, status.st_ino
