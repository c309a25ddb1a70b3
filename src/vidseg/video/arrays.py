"""Frames that a Python program hands over: any iterable of arrays or of Frame objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import chain
from typing import Any

import numpy as np

from ..errors import SourceError
from ..types import Frame, ImageArray
from .base import Picture, Selection, Source


def as_rgb(item: object, index: int) -> ImageArray:
    """[H, W, 3] uint8 of one item. A [H, W] or [H, W, 1] uint8 array is grey and made RGB.

    Raises SourceError for anything whose meaning would have to be guessed: floats (0..1 or
    0..255?), four channels, channels first.
    """
    where = f"Frame {index} of the iterator"
    if not isinstance(item, np.ndarray):
        raise SourceError(
            f"{where} is a {type(item).__name__}; give numpy arrays [H, W, 3] uint8 RGB."
        )
    if item.dtype != np.uint8:
        raise SourceError(
            f"{where} has dtype {item.dtype}; give uint8 in 0..255 "
            "(for floats in 0..1: (image * 255).round().astype('uint8'))."
        )
    if item.ndim == 3 and item.shape[2] == 1:
        item = item[:, :, 0]
    if item.ndim == 2 and item.size:
        return np.repeat(item[:, :, None], 3, axis=2)
    if item.ndim == 3 and item.shape[2] == 3 and item.size:
        return item
    raise SourceError(f"{where} has shape {item.shape}; give [H, W, 3] RGB or [H, W] grey.")


def _loader(item: object, index: int) -> Callable[[], ImageArray]:
    return lambda: as_rgb(item, index)


class ArrayIterator(Source):
    """Frames of an iterable. Arrays are counted from 0; Frame objects keep their index and time.

    The first item is fetched at once, to know the size. An iterator is read once; a list or a
    [T, H, W, 3] array can be read again.
    """

    def __init__(self, items: Iterable[Any], selection: Selection) -> None:
        self._items = items
        iterator = iter(items)
        try:
            first = next(iterator)
        except StopIteration:
            raise SourceError("The iterator of frames is empty.") from None
        self._rest: Iterator[Any] | None = None
        if iterator is items:  # cannot begin anew: put the first item back in front
            self._rest = chain([first], iterator)
        image = first.image if isinstance(first, Frame) else first
        height, width = as_rgb(image, 0).shape[:2]
        total = len(items) if isinstance(items, Sized) else None
        super().__init__("frames", (height, width), selection=selection, total=total)

    def _pictures(self) -> Iterator[Picture]:
        for index, item in enumerate(self._items if self._rest is None else self._rest):
            if isinstance(item, Frame):
                yield Picture(item.index, item.time, _loader(item.image, item.index))
            else:
                yield Picture(index, None, _loader(item, index))
