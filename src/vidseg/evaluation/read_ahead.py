"""Reads the next frames of a video while one is measured."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")

_THREADS = 2
_AHEAD = 4  # values kept beside the one in use: bounds the memory


def read_ahead(
    read: Callable[[Item], Value], items: Sequence[Item]
) -> Iterator[tuple[Item, Value]]:
    """(item, ``read(item)``) in the order of the items, the next ones read meanwhile by threads.

    Inflating and unfiltering a PNG holds no lock of the interpreter and takes most of the time of
    a benchmark of pictures. An error of ``read`` is raised when its item has its turn, so that
    whichever thread was first, it is the first one in order.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        begun: deque[Future[Value]] = deque()
        try:
            for index, item in enumerate(items):
                for one in items[index + len(begun) : index + 1 + _AHEAD]:
                    begun.append(pool.submit(read, one))
                yield item, begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()
