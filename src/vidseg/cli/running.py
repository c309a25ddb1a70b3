"""A source through a segmenter into writers: the loop that every verb shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..formats.saving import WriterGroup
from ..interrupts import interrupts_held_back
from ..prompts import Prompt
from ..results import VideoResult
from ..terminal import console, plain_stderr, printable
from ..types import Frame, Task
from ..video.base import Picture, Source
from ..video.draw import OverlayStyle
from ..vocabularies import Vocabulary, asked_classes

if TYPE_CHECKING:
    from rich.table import Table

    from ..inference.config import InferenceConfig
    from ..inference.published.settings import PublishedChoice
    from ..inference.segmenter import Segmenter


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of the model; ``settings`` are those of the release, or the model's own."""

    task: Task
    categories: Sequence[str] | str | None = None
    vocabulary: str | None = None
    prompts: Sequence[Prompt] = ()
    short_side: int | None = None
    settings: PublishedChoice | None = None

    def classes(self) -> Vocabulary | None:
        """What the categories or the vocabulary name; VocabularyError if that is nothing."""
        return asked_classes(self.categories, self.vocabulary)


class RememberedFrames(Source):
    """Passes frames on and keeps those whose result has not come yet.

    Results lag behind the frames by the open window of the model; no more than that is held.
    """

    def __init__(self, inner: Source) -> None:
        super().__init__(inner.name, inner.size, selection=inner.selection, total=inner.total)
        self.fps = inner.fps
        self._inner = inner
        self._waiting: dict[int, Frame] = {}

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self._waiting[frame.index] = frame
            yield frame

    def _pictures(self) -> Iterator[Picture]:
        return self._inner._pictures()

    def notes(self) -> tuple[str, ...]:
        """Those of the source."""
        return self._inner.notes()

    def take(self, index: int) -> Frame:
        """The frame with this index; it and all before it are let go."""
        frame = self._waiting[index]
        for passed in [key for key in self._waiting if key <= index]:
            del self._waiting[passed]
        return frame


def load_segmenter(model: str, device: str) -> Segmenter:
    """The model by name, folder or hub id; torch is loaded here and not before."""
    # A hub out of reach is one sentence of ours, and not one for each of its attempts.
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    from ..inference.files.loading import load

    with plain_stderr():  # the hub shows how a download goes
        return load(model, device)


def chosen_settings(segmenter: Segmenter, choice: PublishedChoice) -> InferenceConfig:
    """The settings of the release for the model. Raises ModelError; see Segmenter.published."""
    return segmenter.published(
        choice.task, choice.dataset, backbone=choice.backbone, stage=choice.stage
    )


def overlay_style(task: Task) -> OverlayStyle:
    """How results of a task are painted: semantic maps in class colours, objects in their own."""
    return OverlayStyle(color_by="class" if task is Task.VSS else "stuff")


@contextmanager
def closed_whole(writers: WriterGroup) -> Iterator[WriterGroup]:
    """Closes the writers at the end; a Ctrl-C that comes twice does not cut that short."""
    try:
        yield writers
    finally:
        with interrupts_held_back():
            writers.close()


def run_frames(
    segmenter: Segmenter,
    source: Source,
    request: Request,
    writers: WriterGroup,
    *,
    finished: Callable[[], None],
) -> VideoResult:
    """Segments the whole source and returns its tracks; ``finished`` is called after each frame.

    A Ctrl-C waits until the frame at hand is in all files. Whatever ends the video, the writers
    are told the video-level table of what was seen.
    """
    frames = RememberedFrames(source)
    video = VideoResult()
    config = None if request.settings is None else chosen_settings(segmenter, request.settings)
    results = segmenter.segment(
        frames,
        task=request.task,
        categories=request.categories,
        vocabulary=request.vocabulary,
        prompts=request.prompts,
        short_side=request.short_side,
        config=config,
    )
    try:
        for result in results:
            with interrupts_held_back():
                writers.write(frames.take(result.index), result)
                video.add(result)
                finished()
    finally:
        with interrupts_held_back():
            writers.rank(results.tracks())
    return video


def print_summary(
    video: VideoResult, request: Request, seconds: float, folder: Path, notes: Sequence[str]
) -> None:
    """A table of the tracks, objects never found, notes, frames and speed, on stdout."""
    asked = {prompt.object_id for prompt in request.prompts}
    unseen = sorted(asked - {track.id for track in video.tracks})
    rate = video.frames / seconds if seconds else 0.0
    done = f"{video.frames} frames in {seconds:.1f} s ({rate:.1f} frames/s). Results: {folder}"
    terminal = console()
    terminal.print(_summary_table(video) if video.tracks else "Nothing was found.")
    if unseen and video.tracks:
        terminal.print(f"Never found: object {', '.join(map(str, unseen))}.")
    for note in notes:
        terminal.print(printable(note), soft_wrap=True, markup=False)
    terminal.print(printable(done), soft_wrap=True, markup=False)


def _summary_table(video: VideoResult) -> Table:
    """One row per id: class, frames seen, mean score, first and last frame."""
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    table.add_column("id", justify="right")
    table.add_column("class")
    for title in ("frames", "mean score", "first", "last"):
        table.add_column(title, justify="right")
    for track in video.tracks:
        table.add_row(
            str(track.id),
            Text(printable(track.category or "object")),
            str(track.frames),
            f"{track.mean_score:.2f}",
            str(track.first_frame),
            str(track.last_frame),
        )
    return table
