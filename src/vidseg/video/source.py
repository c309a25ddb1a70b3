"""One call that opens everything frames can come from."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import SourceError
from .arrays import ArrayIterator
from .base import Selection, Source
from .camera import Camera
from .files import VideoFile
from .images import IMAGE_SUFFIXES, ImageSequence
from .network import NetworkStream

SourceLike: TypeAlias = "str | PathLike[str] | int | Source | Iterable[Any]"

_SCHEMES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://")


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

    Raises SourceError, with one sentence, where nothing can be read; reading on raises it where a
    frame is damaged or has another size. Of a file that is damaged in the middle all frames
    before the damage are delivered first.
    """
    if isinstance(source, Source):
        if (start, stop, stride) != (None, None, 1):
            raise SourceError("start, stop and stride are given when the source is opened.")
        return source
    selection = Selection(start or 0, stop, stride)
    if isinstance(source, bool):
        raise SourceError(f"{source} is not a source of frames.")
    if isinstance(source, int):
        return Camera(source, selection)
    if isinstance(source, (str, PathLike)):
        return _open_named(str(source), selection)
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
    if name.lower().startswith(_SCHEMES):
        return NetworkStream(name, selection)
    path = Path(name).expanduser()
    if path.is_dir():
        return ImageSequence.from_folder(path, selection)
    if path.is_file():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return ImageSequence([path], name=path.name, selection=selection)
        return VideoFile(path, selection)
    if name.isdecimal():
        return Camera(int(name), selection)
    if any(sign in name for sign in "*?["):
        return ImageSequence.from_glob(name, selection)
    if path.exists():
        raise SourceError(f"{name} is neither a file nor a folder.")
    raise SourceError(f"{name} does not exist.")
