"""The published table of class embeddings, [3938, D_t]: one tensor, or one by the name of ours."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ....errors import ModelError
from .origin import CONCEPT_TABLE
from .translation import Translation

ROWS = 3938
"""Categories of the 13 lists that the table was computed for."""


def translate(tensors: Mapping[str, Tensor]) -> Translation:
    """The table under our name. Raises ModelError where it has another shape."""
    (table,) = tensors.values()
    if table.ndim != 2 or len(table) != ROWS or not table.is_floating_point():
        raise ModelError(
            f"one tensor of shape {list(table.shape)} is not a concept table: it must hold one "
            f"tensor [{ROWS}, D_t]."
        )
    return Translation({CONCEPT_TABLE: table})
