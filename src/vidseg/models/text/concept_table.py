"""The published table of class embeddings: one row per category of 13 lists (UniVS release)."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ...errors import ModelError, VocabularyError
from ...vocabularies import ALIASES, CONCEPT_ROWS
from ..files.checkpoints.origin import CONCEPTS
from ..files.checkpoints.reading import read_checkpoint
from ..files.registry import weights_path


def read_concept_table(file: str | Path) -> Tensor:
    """[3938, D_t] float32 from the released file, or from one of ``vidseg weights convert``.

    Raises:
        ModelError: the file is missing or holds something else.
    """
    path = weights_path(file)
    if not path.is_file():
        raise ModelError(
            f"Concept table {path} does not exist; give the path of the released file."
        )
    tensors = list(read_checkpoint(path).tensors.values())
    if not (len(tensors) == 1 and tensors[0].ndim == 2 and len(tensors[0]) == CONCEPTS):
        raise ModelError(
            f"{path} is not a concept table: it must hold one tensor [{CONCEPTS}, D_t]."
        )
    return tensors[0].float()


def concept_embeddings(table: Tensor, vocabulary: str) -> Tensor:
    """Rows [K, D_t] of one list, for example "vipseg", in class order.

    Raises:
        VocabularyError: the table has no such list.
    """
    name = ALIASES.get(vocabulary, vocabulary)
    if name not in CONCEPT_ROWS:
        raise VocabularyError(
            f"The concept table has no rows for {vocabulary!r}; it has {', '.join(CONCEPT_ROWS)}."
        )
    rows = CONCEPT_ROWS[name]
    return table[rows.start : rows.stop]
