"""Texts for CLIP: cleaned as the UniVS release cleans them, then byte-pair tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ...errors import ModelError

Truncation = Literal["published", "keep_end"]

_SPACES = str.maketrans("_-/", "   ")
_PUNCTUATION = re.compile(r"[,.'!?\"()*#:;~]")
_DIGITS = re.compile(r"[0-9]")
_GAPS = re.compile(r"\s{2,}")


def clean_text(text: str) -> str:
    """Lower case; ``_ - /`` become spaces; punctuation, parentheses and digits go.

    >>> clean_text("Semi-trailer/truck (tracked)_2").strip()
    'semi trailer truck tracked'
    """
    bare = _PUNCTUATION.sub("", text.lower()).translate(_SPACES)
    return _GAPS.sub(" ", _DIGITS.sub("", bare))


class ClipTokenizer:
    """Text to rows of token ids: start, byte pairs, end, zeros.

    Args:
        context: tokens per row.
        truncation: a longer text is cut to ``context`` tokens. ``published`` cuts the end token
            too, after which the sentence feature is that of the start token and says nothing;
            ``keep_end`` puts the end token in the last place.

    Raises:
        ModelError: the package that carries CLIP's vocabulary is not installed.
    """

    def __init__(self, context: int = 77, truncation: Truncation = "keep_end") -> None:
        try:
            from instant_clip_tokenizer import Tokenizer
        except ImportError as error:
            raise ModelError(
                "CLIP's vocabulary comes with a package that is not installed; "
                "run `pip install vidseg[clip]`"
            ) from error
        self._tokenizer = Tokenizer()
        self.context = context
        self.truncation = truncation

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """[N, context] int64 ids of N cleaned texts."""
        return torch.tensor([self._row(text) for text in texts], dtype=torch.long)

    def _row(self, text: str) -> list[int]:
        start, end = self._tokenizer.start_of_text(), self._tokenizer.end_of_text()
        ids = [start, *self._tokenizer.encode(text), end]
        if len(ids) > self.context:
            ids = ids[: self.context]
            if self.truncation == "keep_end":
                ids[-1] = end
        return ids + [0] * (self.context - len(ids))
