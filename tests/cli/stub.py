"""A segmenter without a model, and the command line around it.

``python -m tests.cli.stub ARGUMENTS`` runs the real command line with the stub; ``STUB_SECONDS``
is how long it takes over a frame.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from vidseg.prompts import Prompt
from vidseg.results import FrameResult, Segment
from vidseg.types import Frame, Task
from vidseg.video.base import Source

LAG = 2  # frames that the stub holds back, like a model with an open window


class StubSegmenter:
    """Marks the left third for every object asked for; results lag behind the frames."""

    def segment(
        self,
        source: Source,
        *,
        task: Task,
        categories: Sequence[str] | None,
        vocabulary: str | None,
        prompts: Sequence[Prompt],
        short_side: int | None,
    ) -> Iterator[FrameResult]:
        names = list(categories or ["dog"])
        ids = sorted({prompt.object_id for prompt in prompts}) or list(range(1, len(names) + 1))
        waiting: list[Frame] = []
        for frame in source:
            time.sleep(float(os.environ.get("STUB_SECONDS", "0")))
            waiting.append(frame)
            if len(waiting) > LAG:
                yield self._answer(waiting.pop(0), ids, None if prompts else names)
        for frame in waiting:
            yield self._answer(frame, ids, None if prompts else names)

    def _answer(self, frame: Frame, ids: list[int], names: list[str] | None) -> FrameResult:
        segments = []
        for position, id in enumerate(ids):
            mask = np.zeros(frame.size, dtype=bool)
            mask[position * 9 : position * 9 + 20, : frame.size[1] // 3] = True
            segments.append(Segment(id, mask, 0.9, names[position] if names else None))
        return FrameResult(frame.index, frame.time, frame.size, tuple(segments))


def load(model: str, device: str) -> StubSegmenter:
    """Stands in for the loader of models."""
    return StubSegmenter()


if __name__ == "__main__":
    from vidseg.cli import running
    from vidseg.cli.main import main

    running.load_segmenter = load
    raise SystemExit(main(sys.argv[1:]))
