"""Class embeddings of published lists, the same in training as in inference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from ...errors import ModelError
from ...vocabularies import ALIASES, CONCEPT_ROWS, Vocabulary, get_vocabulary, vocabulary_names
from .concept_table import concept_embeddings
from .features import SentenceFeatures, TextEncoder, move


class ListedTexts:
    """A text encoder that recognises published lists.

    The names of a published list are spoken as its texts, as a segmenter does; with the published
    table of concepts its rows are taken, and the encoder need not run.

    Args:
        encoder: for all other names and for sentences.
        width: D_t that the model takes.
        table: [3938, D_t], see :func:`.concept_table.read_concept_table`.

    Raises:
        ModelError: the encoder or the table is of another width.
    """

    def __init__(self, encoder: TextEncoder, width: int, table: Tensor | None = None) -> None:
        for name, found in (("text encoder", encoder.dim), ("concept table", width_of(table))):
            if found is not None and found != width:
                raise ModelError(
                    f"The {name} gives {found} values a text, but the model takes {width}; use the "
                    f"one that belongs to the model."
                )
        self._encoder = encoder
        self._table = table
        self._known: dict[tuple[str, ...], Tensor] = {}

    def to(self, device: torch.device) -> ListedTexts:
        """The same encoder, what it asks on the device."""
        move(self._encoder, device)
        return self

    @property
    def dim(self) -> int:
        """D_t."""
        return self._encoder.dim

    def encode_names(self, names: Sequence[str]) -> Tensor:
        """[K, D_t] features of K names; those of a whole list are remembered."""
        key = tuple(names)
        if key not in self._known:
            self._known[key] = self._encode(key)
        return self._known[key]

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        """As the encoder gives them."""
        return self._encoder.encode_sentences(texts)

    def _encode(self, names: tuple[str, ...]) -> Tensor:
        listed = published_list(names)
        if listed is None:
            return self._encoder.encode_names(names)
        if self._table is not None and listed.title in CONCEPT_ROWS:
            return concept_embeddings(self._table, listed.title)
        return self._encoder.encode_names(listed.texts)


def published_list(names: tuple[str, ...]) -> Vocabulary | None:
    """The published list with exactly these names or texts, None if there is none."""
    return _lists().get(names)


@cache
def _lists() -> dict[tuple[str, ...], Vocabulary]:
    lists = [get_vocabulary(name) for name in vocabulary_names() if name not in ALIASES]
    return {key: known for known in lists for key in (known.texts, known.names)}


def width_of(table: Tensor | None) -> int | None:
    """D_t of a table, None without one."""
    return None if table is None else int(table.shape[1])
