"""One call that opens everything frames can come from."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import SourceError
from ..paths import user_path
from .arrays import ArrayIterator
from .base import Selection, Source
from .camera import Camera
from .files import VideoFile
from .images import ImageSequence, is_picture, open_picture
from .network import NetworkStream, foreign_scheme, is_address

SourceLike: TypeAlias = "str | PathLike[str] | int | Source | Iterable[Any]"


def open_source(
    source: SourceLike, *, start: int | None = None, stop: int | None = None, stride: int = 1
) -> Source:
    """Opens frames for reading.

    Args:
        source: a video file; a folder or glob pattern of images (natural order); one image; a
            camera number (3 or "3"); an rtsp, rtmp, http or https address; one [H, W, 3] uint8 RGB
            array or an iterable of them; or a Source, which is returned as it is.
        start, stop, stride: deliver frames start, start + stride, ... below stop. ``Frame.index``
            still counts every frame of the source.

    A name is that of a file where there is one, and of anything else only then. Damaged parts of
    a video are left out and counted in ``Source.notes()``. Raises SourceError, with one sentence,
    where nothing can be read; reading on raises it where a video breaks off, a picture is damaged
    or a frame has another size.
    """
    if isinstance(source, Source):
        if (start, stop, stride) != (None, None, 1):
            raise SourceError("start, stop and stride are given when the source is opened.")
        return source
    selection = Selection(start or 0, stop, stride)
    if isinstance(source, (bool, bytes, bytearray)):
        raise SourceError(f"A {type(source).__name__} is not a source of frames; give a path.")
    if isinstance(source, (int, np.integer)):
        return Camera(int(source), selection)
    if isinstance(source, (str, PathLike)):
        return _open_named(os.fsdecode(source), selection)
    if isinstance(source, np.ndarray) and source.ndim <= 3:
        return ArrayIterator([source], selection)
    if isinstance(source, Iterable):
        return ArrayIterator(source, selection)
    raise SourceError(
        f"A {type(source).__name__} is not a source of frames; give a path, a camera number, "
        "a URL or an iterable of [H, W, 3] uint8 arrays."
    )


def _open_named(name: str, selection: Selection) -> Source:
    if not name.strip():
        raise SourceError("The name of the source is empty.")
    if is_address(name):
        return NetworkStream(name, selection)
    path = _path(name)
    if path.is_dir():
        return ImageSequence.from_folder(path, selection)
    if path.is_file():
        if is_picture(path):
            return open_picture(path, selection)
        return VideoFile(path, selection)
    if path.exists():
        raise SourceError(f"{name} is neither a file nor a folder.")
    if name.isdecimal():
        return Camera(int(name), selection)
    if any(sign in name for sign in "*?["):
        return ImageSequence.from_glob(name, selection)
    scheme = foreign_scheme(name)
    if scheme is not None:
        raise SourceError(f"{scheme} addresses are not read; rtsp, rtmp, http and https are.")
    raise SourceError(f"{name} does not exist.")


def _path(name: str) -> Path:
    """The file or folder that ``name`` means: as it stands if that is there, else with ``~``.

    Raises SourceError for a name that no file can have.
    """
    if "\0" in name:
        raise SourceError("The name of the source holds a null character, which no file name can.")
    path = Path(name)
    try:
        path.lstat()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise SourceError(f"The name {name[:40]}... is too long for a file name.") from error
        if name.startswith("~"):
            return user_path(path)
    return path
