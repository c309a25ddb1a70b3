"""How many bytes of tensors and arrays hang on an object."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn


def state_bytes(root: object) -> int:
    """Bytes of all tensors and arrays that ``root`` holds, each storage once; modules count not.

    Views are counted by the storage that they keep alive.
    """
    sizes: dict[int, int] = {}
    seen: set[int] = set()
    waiting: list[Any] = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, (nn.Module, type, str, int, float)):
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            storage = value.untyped_storage()
            sizes[storage.data_ptr()] = storage.nbytes()
        elif isinstance(value, np.ndarray):
            base = value if value.base is None else value.base
            sizes[id(base)] = value.nbytes
        elif isinstance(value, Mapping):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset, deque)):
            waiting += value
        elif dataclasses.is_dataclass(value) or hasattr(value, "__dict__"):
            waiting += vars(value).values()
    return sum(sizes.values())


def containers(root: object) -> int:
    """How many entries the lists, mappings and sets hold that hang on an object."""
    total = 0
    seen: set[int] = set()
    waiting: list[Any] = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, (nn.Module, type, str, int, float, Tensor)):
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            total += len(value)
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset, deque)):
            total += len(value)
            waiting += value
        elif hasattr(value, "__dict__"):
            waiting += vars(value).values()
    return total
