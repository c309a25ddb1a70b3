"""Region numbers of the datasets that a model is trained on."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from ..types import IdMap
from .clips.schema import MAX_REGIONS, SmallIdMap


def renumber(values: IdMap, wanted: list[int], where: str) -> SmallIdMap:
    """Turns arbitrary label values into region numbers.

    Args:
        wanted: the value of region 0, 1, ...; all other values become 0 ("not labelled").
        where: the file or video, for the error.
    """
    if len(wanted) > MAX_REGIONS:
        raise DataError(f"{where} has {len(wanted)} regions; at most {MAX_REGIONS} are supported.")
    table = np.zeros(max([int(values.max()), *wanted]) + 1, np.uint8)
    table[wanted] = np.arange(1, len(wanted) + 1)
    return np.asarray(table[values])
