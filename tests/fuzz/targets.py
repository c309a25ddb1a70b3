"""All that is fuzzed."""

from __future__ import annotations

from .benchmark_targets import benchmark_targets
from .label_targets import label_targets
from .media_targets import media_targets
from .runner import Target
from .weight_targets import weight_targets

TARGETS: list[Target] = [
    *media_targets(),
    *label_targets(),
    *benchmark_targets(),
    *weight_targets(),
]
