"""Names and sentences as static token embeddings: no network runs, a table is looked up.

The table is that of wordllama (MIT), 32 000 tokens of 256 values. Only its two data files are
read; the package's own code is not imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ...errors import ModelError, PromptError, VidsegError, VocabularyError
from .features import SentenceFeatures

WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


@dataclass(frozen=True, kw_only=True)
class StaticTextConfig:
    """The table is fixed; only sentences have a choice.

    Attributes:
        context: most tokens of a sentence that are kept.
    """

    context: int = 48


class StaticTextEncoder:
    """Unit-length means of token embeddings and one shared direction, remembered by content."""

    def __init__(self, config: StaticTextConfig | None = None) -> None:
        self.config = config or StaticTextConfig()
        self._table, self._tokenize = _load()
        self._shared = -F.normalize(self._table.float().mean(dim=0), dim=0)
        self._names: dict[str, Tensor] = {}

    def __reduce__(self) -> tuple[type[StaticTextEncoder], tuple[StaticTextConfig]]:
        """For pickle and copy: the table comes from the package again."""
        return StaticTextEncoder, (self.config,)

    @property
    def dim(self) -> int:
        """D_t = 256."""
        return int(self._table.shape[1])

    def encode_names(self, names: Sequence[str]) -> Tensor:
        """[K, 256] float32 of length 1.

        Raises:
            VocabularyError: a name without any token.
        """
        for name in names:
            if name not in self._names:
                self._names[name] = self._mean(self._embeddings(name, VocabularyError))
        rows = [self._names[name] for name in names]
        return torch.stack(rows) if rows else torch.zeros(0, self.dim)

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        """Words [N, L, 256] of length 1, zero after ``lengths``; L is the longest sentence's.

        Raises:
            PromptError: a sentence without any token.
        """
        rows = [self._embeddings(text, PromptError)[: self.config.context] for text in texts]
        if not rows:
            empty = torch.zeros(0, self.dim)
            return SentenceFeatures(empty[:, None], torch.zeros(0, dtype=torch.long), empty)
        words = torch.nn.utils.rnn.pad_sequence(
            [F.normalize(row, dim=-1) for row in rows], batch_first=True
        )
        lengths = torch.tensor([len(row) for row in rows])
        return SentenceFeatures(words, lengths, torch.stack([self._mean(row) for row in rows]))

    def _mean(self, embeddings: Tensor) -> Tensor:
        """Unit-length mean of tokens [L, 256], with a direction that all names share.

        Names alone are nearly orthogonal, which leaves no vector that is far from all of many
        names; with a shared direction the opposite of it means "none of them".
        """
        own = F.normalize(embeddings.mean(dim=0), dim=0)
        return F.normalize(own + self._shared, dim=0)

    def _embeddings(self, text: str, error: type[VidsegError]) -> Tensor:
        spaced = re.sub(r"[\s_/-]+", " ", text).strip().lower()
        ids = self._tokenize(spaced)
        if not ids:
            raise error(f"There is no word in {text!r}; write a name or a sentence.")
        return self._table[torch.tensor(ids)].float()


@lru_cache(maxsize=1)
def _load() -> tuple[Tensor, Callable[[str], list[int]]]:
    """The table [32000, 256] in half precision, and a function from text to its rows."""
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise ModelError(
            "the word embeddings come with a package that is not installed; "
            "run `pip install wordllama`"
        )
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    folder = Path(found.origin).parent
    table = load_file(folder / WEIGHTS)["embedding.weight"]
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))

    def tokenize(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    return table, tokenize
