"""A source through a segmenter into writers: the loop that every verb shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ..formats.base import ResultWriter
from ..formats.saving import WriterGroup
from ..prompts import Prompt
from ..results import FrameResult, VideoResult
from ..types import Frame, Task
from ..video.base import Picture, Source
from ..video.draw import OverlayStyle
from .interrupts import interrupts_held_back


class SegmenterLike(Protocol):
    """What this loop needs of a segmenter."""

    def segment(
        self,
        source: Source,
        *,
        task: Task,
        categories: Sequence[str] | None,
        vocabulary: str | None,
        prompts: Sequence[Prompt],
        short_side: int | None,
    ) -> Iterable[FrameResult]:
        """Results in frame order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of the model."""

    task: Task
    categories: Sequence[str] | None = None
    vocabulary: str | None = None
    prompts: Sequence[Prompt] = ()
    short_side: int | None = None


class RememberedFrames(Source):
    """Passes frames on and keeps those whose result has not come yet.

    Results lag behind the frames by the open window of the model; no more than that is held.
    """

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self._waiting: dict[int, Frame] = {}
        self.name = inner.name
        self.size = inner.size
        self.fps = inner.fps
        self.length = inner.length
        self.total = inner.total
        self.selection = inner.selection

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._inner:
            self._waiting[frame.index] = frame
            yield frame

    def _pictures(self) -> Iterator[Picture]:
        raise NotImplementedError("frames come from the inner source")

    def take(self, index: int) -> Frame:
        """The frame with this index; it and all before it are let go."""
        frame = self._waiting[index]
        for passed in [key for key in self._waiting if key <= index]:
            del self._waiting[passed]
        return frame


def load_segmenter(model: str, device: str) -> SegmenterLike:
    """The model by name, folder or hub id; torch is loaded here and not before."""
    import vidseg

    segmenter: SegmenterLike = vidseg.load(model, device=device)
    return segmenter


def overlay_style(task: Task) -> OverlayStyle:
    """How results of a task are painted: semantic maps in class colours, objects in their own."""
    return OverlayStyle(color_by="class" if task is Task.VSS else "stuff")


@contextmanager
def closed_whole(writers: WriterGroup) -> Iterator[WriterGroup]:
    """Closes the writers at the end; an impatient second Ctrl-C cannot cut that short."""
    try:
        yield writers
    finally:
        with interrupts_held_back():
            writers.close()


def run_frames(
    segmenter: SegmenterLike,
    source: Source,
    request: Request,
    writer: ResultWriter,
    *,
    finished: Callable[[], None],
) -> VideoResult:
    """Segments the whole source and returns its tracks; ``finished`` is called after each frame.

    A Ctrl-C waits until the frame at hand is in all files.
    """
    frames = RememberedFrames(source)
    video = VideoResult()
    for result in segmenter.segment(
        frames,
        task=request.task,
        categories=request.categories,
        vocabulary=request.vocabulary,
        prompts=request.prompts,
        short_side=request.short_side,
    ):
        with interrupts_held_back():
            writer.write(frames.take(result.index), result)
            video.add(result)
            finished()
    return video
