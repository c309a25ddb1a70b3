"""Which stage of the training published weights of UniVS are of.

All stages have the same names and shapes, so this is told from what lies around them.
"""

from __future__ import annotations

import re

from ...models.files.checkpoints.univs import has_average
from ...models.published_weights import Opened

_LAST_ITERATION = {89_000: 3, 354_000: 2}
"""Steps of the released schedules; stages 1 and 2 have as many."""


def stage_of(opened: Opened) -> tuple[int | None, str]:
    """(1, 2, 3 or None where nothing tells, how that was told)."""
    named = stage_of_name(opened.path.name)
    if named is not None:
        return named, f"{named}, by the name of the file"
    if has_average(opened.checkpoint.tensors):
        return 3, "3, for only that one averages weights"
    steps = opened.checkpoint.iteration
    found = [stage for last, stage in _LAST_ITERATION.items() if steps and abs(steps - last) < 2]
    if found == [3]:
        return 3, f"3, by its {steps} steps"
    if found:
        return None, f"1 or 2, by its {steps} steps"
    return None, "unknown: all stages have the same tensors, and neither file name nor steps tell"


def stage_of_name(name: str) -> int | None:
    """The stage in the name of a file, such as 3 of ``univs_r50_stage3_f7.pth``."""
    named = re.search(r"stage_?([123])", name.lower())
    return int(named.group(1)) if named else None
