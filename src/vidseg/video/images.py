"""Still images: one file, a folder of them, or a glob pattern; files of several pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..errors import SourceError
from ..pictures.animation import read_pages
from ..pictures.listing import (
    PICTURE_ENDINGS,
    frame_order,
    is_picture_name,
    list_pictures,
    natural_order,
    split_ending,
)
from ..pictures.opening import begins_as_picture, opened, pages
from ..pictures.reading import read_picture
from ..types import ImageArray
from .base import Picture, Selection, Source


def is_picture(path: Path) -> bool:
    """Whether a file is for the picture reader: by its first bytes, whatever its name ends in.

    A file that claims to be a picture by its ending and is none is one, too, so that the sentence
    about it speaks of pictures.
    """
    return begins_as_picture(path, SourceError) or split_ending(path.name)[1] != ""


def open_picture(path: Path, selection: Selection) -> Source:
    """One picture, or an animation or a document of several. Raises SourceError."""
    with opened(path, SourceError) as image:
        count = len(pages(image))
    if count > 1:
        return PicturePages(path, count, selection)
    return ImageSequence([path], name=path.name, selection=selection)


class PicturePages(Source):
    """A file of several pictures: GIF, WebP, APNG, AVIF, TIFF; timed where it says durations."""

    def __init__(self, path: Path, count: int, selection: Selection) -> None:
        self.paths = (path,)
        first = next(read_pages(path, SourceError))
        super().__init__(
            path.name,
            (first.pixels.shape[0], first.pixels.shape[1]),
            selection=selection,
            fps=None if first.duration is None else 1 / first.duration,
            total=count,
        )

    def _pictures(self) -> Iterator[Picture]:
        time: float | None = 0.0
        for index, page in enumerate(read_pages(self.paths[0], SourceError)):
            if page.duration is None:
                time = None
            yield Picture(index, time, _given(page.pixels))
            if time is not None and page.duration is not None:
                time += page.duration


def _given(pixels: ImageArray) -> Callable[[], ImageArray]:
    return lambda: pixels


def _reader(path: Path) -> Callable[[], ImageArray]:
    return lambda: read_picture(path, SourceError)


class ImageSequence(Source):
    """Image files in the order given; without a clock. All must have one size."""

    def __init__(self, paths: Sequence[Path], *, name: str, selection: Selection) -> None:
        self.paths = tuple(paths)
        height, width = read_picture(self.paths[0], SourceError).shape[:2]
        super().__init__(name, (height, width), selection=selection, total=len(self.paths))

    @classmethod
    def from_folder(cls, folder: Path, selection: Selection) -> ImageSequence:
        """All images directly inside a folder, in natural order of their names."""
        paths = list_pictures(folder, error=SourceError)
        if not paths:
            raise SourceError(
                f"{folder} holds no images ({', '.join(PICTURE_ENDINGS)}); "
                "give a video file or a folder of frames."
            )
        name = folder.resolve().name
        return cls(paths, name=name, selection=selection)

    @classmethod
    def from_glob(cls, pattern: str, selection: Selection) -> ImageSequence:
        """All images that match a pattern such as ``frames/*.jpg``, in natural order."""
        path = Path(pattern)
        if pattern.startswith("~/"):
            path = path.expanduser()
        root = Path(path.anchor) if path.anchor else Path()
        relative = str(path.relative_to(path.anchor)) if path.anchor else str(path)
        try:
            found = list(root.glob(relative))
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceError(f"{pattern} is no pattern of file names: {error}.") from error
        matches = [file for file in found if is_picture_name(file.name) and file.is_file()]
        if not matches:
            raise SourceError(f"No image matches {pattern}.")
        matches.sort(key=lambda file: (natural_order(str(file.parent)), frame_order(file.name)))
        name = matches[0].resolve().parent.name
        return cls(matches, name=name, selection=selection)

    def _pictures(self) -> Iterator[Picture]:
        for index, path in enumerate(self.paths):
            yield Picture(index, None, _reader(path))
