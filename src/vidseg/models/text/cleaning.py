"""How names and sentences are cleaned before the CLIP tokeniser sees them (UniVS release)."""

from __future__ import annotations

import re

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
