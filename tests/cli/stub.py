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

from vidseg.inference.config import InferenceConfig
from vidseg.prompts import Prompt
from vidseg.results import FrameResult, Segment, Track
from vidseg.types import Frame, Task
from vidseg.video.base import Source
from vidseg.vocabularies import from_names

LAG = 2  # frames that the stub holds back, like a model with an open window


class StubSegmenter:
    """Marks the left third for every object asked for; results lag behind the frames."""

    classes = None

    def segment(
        self,
        source: Source,
        *,
        task: Task,
        categories: str | Sequence[str] | None,
        vocabulary: str | None,
        prompts: Sequence[Prompt],
        short_side: int | None,
        config: InferenceConfig | None = None,
    ) -> StubResults:
        if prompts:
            classes = {p.object_id: getattr(p, "category", None) for p in prompts}
        else:
            classes = dict(enumerate(from_names(categories or "dog").names, start=1))
        return StubResults(source, classes)


class StubResults:
    """Results, and a table in which every object of a class has its runner-up, too."""

    def __init__(self, source: Source, classes: dict[int, str | None]) -> None:
        self._classes = dict(sorted(classes.items()))
        self._results = self._run(source)
        self._seen = 0

    def __iter__(self) -> Iterator[FrameResult]:
        return self._results

    def tracks(self) -> tuple[Track, ...]:
        best = [Track(id, name, 0.8) for id, name in self._classes.items()]
        second = [Track(id, "cat", 0.1) for id, name in self._classes.items() if name]
        return (*best, *second) if self._seen else ()

    def _run(self, source: Source) -> Iterator[FrameResult]:
        waiting: list[Frame] = []
        for frame in source:
            time.sleep(float(os.environ.get("STUB_SECONDS", "0")))
            waiting.append(frame)
            self._seen += 1
            if len(waiting) > LAG:
                yield self._answer(waiting.pop(0))
        for frame in waiting:
            yield self._answer(frame)

    def _answer(self, frame: Frame) -> FrameResult:
        segments = []
        for position, (id, name) in enumerate(self._classes.items()):
            mask = np.zeros(frame.size, dtype=bool)
            mask[position * 9 : position * 9 + 20, : frame.size[1] // 3] = True
            segments.append(Segment(id, mask, 0.9, name))
        return FrameResult(frame.index, frame.time, frame.size, tuple(segments))


def load(model: str, device: str) -> StubSegmenter:
    """Stands in for the loader of models."""
    return StubSegmenter()


if __name__ == "__main__":
    from vidseg.cli import running
    from vidseg.cli.main import main

    running.load_segmenter = load
    raise SystemExit(main(sys.argv[1:]))
