"""What became of every tensor of a file and of a model, in lines for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..models.files.checkpoints.filling import Filling
    from ..models.published_weights import Opened

_SHOWN = 6


def translation_lines(opened: Opened) -> list[str]:
    """What became of the tensors of a file."""
    translation = opened.translation
    total = len(opened.checkpoint.tensors)
    left = len(translation.unused) + len(translation.unknown)
    lines = [f"taken: {total - left} of {total} tensors"]
    reasons: dict[str, list[str]] = {}
    for name, why in translation.unused.items():
        reasons.setdefault(why, []).append(name)
    lines += [f"left out: {_counted(names)} ({why})" for why, names in reasons.items()]
    if translation.unknown:
        lines.append(f"not understood, left out: {_counted(translation.unknown)}")
    return lines


def filling_lines(filling: Filling) -> list[str]:
    """What became of the tensors of the model."""
    lines = []
    if filling.fresh:
        lines.append(f"not in such files, start at random: {_counted(filling.fresh)}")
    for name, (there, here) in filling.rows.items():
        rest = (
            f"rows {there} to {here - 1} start at random"
            if there < here
            else f"rows {here} to {there - 1} of the file are left out"
        )
        lines.append(f"{name}: the first {min(there, here)} rows are taken, {rest}")
    for name, (theirs, ours) in filling.misfits.items():
        lines.append(f"of another shape: {name} is {list(theirs)} there and {list(ours)} here")
    if filling.lacking:
        lines.append(f"missing in the file: {_counted(filling.lacking)}")
    if filling.homeless:
        lines.append(f"without a place in the model: {_counted(filling.homeless)}")
    return lines


def _counted(names: Iterable[str]) -> str:
    """How many, and their names with numbers joined."""
    names = list(names)
    patterns = list(dict.fromkeys(_pattern(name) for name in names))
    shown = ", ".join(patterns[:_SHOWN])
    more = f" and {len(patterns) - _SHOWN} more kinds" if len(patterns) > _SHOWN else ""
    return f"{len(names)}: {shown}{more}"


def _pattern(name: str) -> str:
    """Any layer, weight or bias: the module that a tensor belongs to."""
    joined = re.sub(r"\.\d+(?=\.)", ".*", name)
    return re.sub(r"\.(weight|bias|in_proj_weight|in_proj_bias)$", "", joined)
