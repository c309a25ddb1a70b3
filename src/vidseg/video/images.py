"""Still images: one file, a folder of them, or a glob pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import SourceError
from ..types import ImageArray
from .base import Picture, Selection, Source

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})

_SIGNATURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|BM....\0{4}|II\*\0|MM\0\*|P[1-6]\s|RIFF....WEBP|....ftypavi[fs]",
    re.DOTALL,
)  # JPEG, PNG, BMP, TIFF, PPM, WebP, AVIF


def is_picture(path: Path) -> bool:
    """Whether a file is for the picture reader: by its first bytes, whatever its name ends in.

    A file that claims to be a picture by its ending and is none is one, too, so that the sentence
    about it speaks of pictures.
    """
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    return path.suffix.lower() in IMAGE_SUFFIXES or _SIGNATURE.match(head) is not None


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts frame2 before frame10."""
    pieces = re.split(r"(\d+)", path.name)
    return [(int(piece), "") if piece.isdigit() else (-1, piece.lower()) for piece in pieces]


def read_image(path: Path) -> ImageArray:
    """[H, W, 3] RGB, turned upright by its EXIF tag. Raises SourceError if it cannot be read."""
    try:
        with Image.open(path) as image:
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except FileNotFoundError as error:
        raise SourceError(f"{path} does not exist.") from error
    except UnidentifiedImageError as error:
        raise SourceError(f"{path} is not an image that can be read.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise SourceError(f"{path} is a damaged image: {error}.") from error


def _reader(path: Path) -> Callable[[], ImageArray]:
    return lambda: read_image(path)


class ImageSequence(Source):
    """Image files in the order given; without a clock. All must have one size."""

    def __init__(self, paths: Sequence[Path], *, name: str, selection: Selection) -> None:
        self.paths = tuple(paths)
        height, width = read_image(self.paths[0]).shape[:2]
        super().__init__(name, (height, width), selection=selection, total=len(self.paths))

    @classmethod
    def from_folder(cls, folder: Path, selection: Selection) -> ImageSequence:
        """All images directly inside a folder, in natural order of their names."""
        try:
            paths = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
        except OSError as error:
            raise SourceError(f"{folder} cannot be listed: {error.strerror}.") from error
        if not paths:
            raise SourceError(
                f"{folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}); "
                "give a video file or a folder of frames."
            )
        name = folder.resolve().name
        return cls(sorted(paths, key=natural_order), name=name, selection=selection)

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
        matches = [file for file in found if file.suffix.lower() in IMAGE_SUFFIXES]
        if not matches:
            raise SourceError(f"No image matches {pattern}.")
        matches.sort(key=lambda file: (str(file.parent), natural_order(file)))
        name = matches[0].resolve().parent.name
        return cls(matches, name=name, selection=selection)

    def _pictures(self) -> Iterator[Picture]:
        for index, path in enumerate(self.paths):
            yield Picture(index, None, _reader(path))
