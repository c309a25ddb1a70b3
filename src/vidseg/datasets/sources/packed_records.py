"""Records of a label file in one block of memory, decoded when they are asked for.

Millions of small Python objects are several times larger than what they say, and a forked process
copies each one that it looks at. One block stays shared however many processes read it.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

Record = Mapping[str, Any]


class PackedGroups:
    """Groups of JSON records, such as the annotations of each image.

    Args:
        groups: read once, one after the other.
    """

    def __init__(self, groups: Iterable[Sequence[Record]]) -> None:
        block = bytearray()
        counts, ends = [], [0]
        for group in groups:
            block += marshal.dumps(list(group))
            counts.append(len(group))
            ends.append(len(block))
        self._block = memoryview(block)
        self._counts = np.array(counts, np.int64)
        self._ends = np.array(ends, np.int64)

    def __len__(self) -> int:
        return len(self._counts)

    def __getitem__(self, group: int) -> PackedRecords:
        return PackedRecords(self, group)

    def count(self, group: int) -> int:
        """Records of a group."""
        return int(self._counts[group])

    def decode(self, group: int) -> list[Any]:
        """All records of a group, each time anew."""
        low, high = self._ends[group : group + 2].tolist()
        records: list[Any] = marshal.loads(self._block[low:high])
        return records


class PackedRecords(Sequence[Record]):
    """One group as a sequence; what is taken from it is a copy."""

    __slots__ = ("_group", "_groups")

    def __init__(self, groups: PackedGroups, group: int) -> None:
        self._groups = groups
        self._group = group

    def __len__(self) -> int:
        return self._groups.count(self._group)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._groups.decode(self._group))

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        found: Record | Sequence[Record] = self._groups.decode(self._group)[index]
        return found
