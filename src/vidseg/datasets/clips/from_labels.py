"""What training takes from labels besides masks: captions, and runs of labelled frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ...labels import LabelSource, Sentence
from ..sources.base import SparseSource


def captions(sentences: Sequence[Sentence]) -> dict[int, tuple[str, ...]]:
    """Track → the sentences that mean it; none that also means another one."""
    meant: dict[str, set[int]] = {}
    for sentence in sentences:
        meant.setdefault(sentence.text.strip().lower(), set()).update(sentence.track_ids)
    said: dict[int, list[str]] = {}
    for sentence in sentences:
        targets = meant[sentence.text.strip().lower()]
        if len(targets) == 1:
            said.setdefault(next(iter(targets)), []).append(sentence.text)
    return {id: tuple(dict.fromkeys(texts)) for id, texts in said.items()}


def labelled_runs(source: LabelSource, video: int) -> list[tuple[int, int]]:
    """(first, length) of the stretches of labelled frames."""
    frames = len(source.videos[video].frames)
    flags = source.labelled(video) if isinstance(source, SparseSource) else (True,) * frames
    runs, position = [], 0
    for labelled, group in groupby(flags):
        length = sum(1 for _ in group)
        if labelled:
            runs.append((position, length))
        position += length
    return runs
