"""The one place where Pillow opens a file: which kinds, how large, and what is wrong with it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import DataError, VidsegError, clause
from ..limits import check_size
from .flat_png import SIGNATURE

if TYPE_CHECKING:
    from PIL import Image

_BEGINNING = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|BM....\0{4}|GIF8|II\*\0|MM\0\*|P[1-6]\s|RIFF....WEBP"
    rb"|....ftypavi[fs]",
    re.DOTALL,
)  # JPEG, PNG, BMP, GIF, TIFF, PPM, WebP, AVIF
_REDUCED_TAG = 254  # NewSubfileType of TIFF
_REDUCED = 1


@contextmanager
def opened(
    path: Path,
    error: type[VidsegError] = DataError,
    content: bytes | None = None,
    what: str = "picture",
) -> Iterator[Image.Image]:
    """A picture whose head is read and whose size is within the budget, for a ``with``.

    Whatever goes wrong with the file inside of the ``with`` becomes ``error`` as well, so that
    pixels are asked for there.

    Args:
        path: the file; not read where its ``content`` is given, but named in messages.
        error: what to raise, with one sentence.
        content: bytes of the file, where they are at hand.
        what: it is, for messages.
    """
    try:
        with _open(path, content) as image:
            check_size(image.width, image.height, f"The {what} {path}", error)
            yield image
    except _faults() as fault:
        reason = _reason(path, fault, content)
        raise error(f"Cannot read the {what} {path}: {reason}.") from fault


def begins_as_picture(path: Path, error: type[VidsegError] = DataError) -> bool:
    """Whether the first bytes of a file are those of a picture. Raises ``error``."""
    try:
        with path.open("rb") as file:
            return _BEGINNING.match(file.read(12)) is not None
    except OSError as reason:
        raise error(f"{path} cannot be read: {clause(reason.strerror)}.") from reason


def check_single(image: Image.Image, path: Path, error: type[VidsegError] = DataError) -> None:
    """Raises ``error`` for a file of several pictures, none of which is the one that is meant.

    A preview behind a photograph (MPO, TIFF) is no picture of its own.
    """
    if len(pages(image)) > 1:
        raise error(f"{path} holds several pictures where one is wanted; save the right one alone.")


def pages(image: Image.Image) -> list[int]:
    """Places in the file of the pictures of an open animation or document; [0] of a picture."""
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return [0]
    count = int(getattr(image, "n_frames", 1))
    if image.format == "TIFF":
        found = []
        for place in range(count):
            image.seek(place)
            if not int(image.tag_v2.get(_REDUCED_TAG, 0)) & _REDUCED:  # type: ignore[attr-defined]
                found.append(place)
        image.seek(0)
        return found or [0]
    # The first picture of an APNG may be for programs that know no animations.
    return list(range(1 if getattr(image, "default_image", False) and count > 1 else 0, count))


def _open(path: Path, content: bytes | None) -> Image.Image:
    from PIL import Image
    from PIL.PngImagePlugin import PngImageFile

    if content is not None and content.startswith(SIGNATURE):
        try:
            return PngImageFile(BytesIO(content))
        except SyntaxError:
            pass  # the general way says what is wrong
    with _without_pillows_limit():
        return Image.open(path if content is None else BytesIO(content), formats=_kinds())


@cache
def _kinds() -> tuple[str, ...]:
    """Kinds of pictures that are opened; others would start programs (EPS) or are no pictures."""
    from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401  (importing adds kinds)

    Image.preinit()
    kinds = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
    if find_spec("PIL.AvifImagePlugin") is None:  # Pillow before 11.3
        return kinds
    from PIL import AvifImagePlugin  # noqa: F401

    return (*kinds, "AVIF")


@cache
def _faults() -> tuple[type[Exception], ...]:
    """What Pillow raises on files that are missing, damaged or forged."""
    from PIL import Image

    return (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        LookupError,
        ArithmeticError,
        EOFError,
        MemoryError,
        NotImplementedError,
        struct.error,
        Image.DecompressionBombError,
    )


_LOCK = Lock()
_limits: list[int | None] = []  # Pillow's own, once for each thread that opens a picture


@contextmanager
def _without_pillows_limit() -> Iterator[None]:
    """Pillow warns of sizes within the budget, and refuses what a larger budget allows."""
    from PIL import Image

    with _LOCK:
        _limits.append(_limits[0] if _limits else Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        with _LOCK:
            limit = _limits.pop()
            if not _limits:
                Image.MAX_IMAGE_PIXELS = limit


def _reason(path: Path, fault: Exception, content: bytes | None) -> str:
    from PIL import UnidentifiedImageError

    if content is None:
        if isinstance(fault, OSError) and fault.errno is not None:
            return clause(fault.strerror)
        if path.is_file() and path.stat().st_size == 0:
            content = b""
    if content == b"":
        return "it is empty; copy or download it again"
    if isinstance(fault, UnidentifiedImageError):
        return "it is no picture"
    if isinstance(fault, MemoryError):
        return "it needs more memory than there is"
    return f"it is damaged ({clause(fault)}); copy or download it again"
