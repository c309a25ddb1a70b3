"""What every source of frames has in common: selection, checks and the iterator of frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import NoneType, TracebackType

import numpy as np

from ..errors import SourceError
from ..types import Frame, ImageArray
from .sound import Sound


@dataclass(frozen=True)
class Selection:
    """Which frames of a source are wanted: ``start``, ``start + stride``, ... below ``stop``.

    Raises SourceError for what is no whole number, a negative start, a stride below 1 or an empty
    range.
    """

    start: int = 0
    stop: int | None = None
    stride: int = 1

    def __post_init__(self) -> None:
        for name in ("start", "stop", "stride"):
            value = getattr(self, name)
            allowed = (int, np.integer, NoneType) if name == "stop" else (int, np.integer)
            if isinstance(value, bool) or not isinstance(value, allowed):
                raise SourceError(f"{name} must be a whole number; got {value!r}.")
        if self.start < 0:
            raise SourceError(f"start must be 0 or more; got {self.start}.")
        if self.stride < 1:
            raise SourceError(f"stride must be 1 or more; got {self.stride}.")
        if self.stop is not None and self.stop <= self.start:
            raise SourceError(f"stop must be greater than start; got {self.start} to {self.stop}.")

    def __contains__(self, index: int) -> bool:
        return not self.ends_before(index) and (
            index >= self.start and (index - self.start) % self.stride == 0
        )

    def ends_before(self, index: int) -> bool:
        """Whether neither ``index`` nor any later frame is wanted."""
        return self.stop is not None and index >= self.stop

    def count(self, total: int) -> int:
        """How many of ``total`` frames are wanted."""
        stop = total if self.stop is None else min(total, self.stop)
        return len(range(self.start, stop, self.stride))


@dataclass(frozen=True)
class Picture:
    """A frame that can be had: converting it to RGB is put off until it is known to be wanted."""

    index: int
    time: float | None
    load: Callable[[], ImageArray]


class Source(ABC):
    """Frames in order, one at a time.

    Iterate it for :class:`vidseg.types.Frame`; files and folders may be iterated again and begin
    anew, cameras, streams and iterators go on where they were. Close it, or use it in a ``with``.

    Attributes:
        name: short name for messages and output folders.
        size: (height, width) of every frame, turned and mirrored as it is shown.
        fps: delivered frames per second of the source's clock (its rate / stride); None: no clock.
        total: frames that the source holds, wanted or not, as far as it declares them; or None.
        length: frames that will be delivered; None if unknown.
        paths: files that frames are read from, none of a camera, a stream or arrays.
        pixel_aspect: width / height of a pixel on a screen. Sizes, prompts and results count the
            pixels that are stored.
    """

    paths: tuple[Path, ...] = ()
    pixel_aspect: Fraction = Fraction(1)

    def __init__(
        self,
        name: str,
        size: tuple[int, int],
        *,
        selection: Selection,
        fps: float | None = None,
        total: int | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self.fps = None if fps is None else fps / selection.stride
        self.selection = selection
        self.total = total
        self.length = None if total is None else selection.count(total)

    @abstractmethod
    def _pictures(self) -> Iterator[Picture]:
        """All frames of the source in order, wanted or not."""

    def sound(self) -> Sound | None:
        """What is heard along with the frames, to be written into one video; None: nothing."""
        return None

    def notes(self) -> tuple[str, ...]:
        """What was left out, mended or chosen so far: one sentence each."""
        return ()

    def close(self) -> None:  # noqa: B027  (most sources hold nothing open between iterations)
        """Lets go of the file or device."""

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        delivered = 0
        for picture in self._pictures():
            if self.selection.ends_before(picture.index):
                break
            if picture.index not in self.selection:
                continue
            frame = Frame(picture.load(), picture.index, picture.time)
            self._check_size(frame)
            delivered += 1
            yield frame
        if delivered == 0:
            raise SourceError(
                f"{self.name} has no frame at or after {self.selection.start}; lower start."
            )

    def _check_size(self, frame: Frame) -> None:
        if frame.size == self.size:
            return
        (height, width), (first_height, first_width) = frame.size, self.size
        raise SourceError(
            f"{self.name}: frame {frame.index} is {width}x{height} pixels, but the source began "
            f"with {first_width}x{first_height}; all frames must have one size."
        )
