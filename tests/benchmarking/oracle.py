"""A segmenter that answers with the ground truth of a release.

``python -m tests.benchmarking.oracle benchmark ...`` runs the command line with it, also in the
processes of ``--jobs``; ``ORACLE_SECONDS`` is how long it takes over a frame.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from vidseg.benchmarking.release import OnRequest, Release
from vidseg.geometry.masks import decode_rle
from vidseg.inference.config import InferenceConfig, default
from vidseg.prompts import Prompt, Text
from vidseg.results import FrameResult, Segment, Track
from vidseg.types import ImageArray, Task


class TrueResults:
    """The truth of a video as results."""

    def __init__(self, results: Sequence[FrameResult], tracks: Sequence[Track]) -> None:
        self._results, self._tracks = results, tracks

    def __enter__(self) -> TrueResults:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __iter__(self) -> Iterator[FrameResult]:
        for result in self._results:
            time.sleep(float(os.environ.get("ORACLE_SECONDS", "0")))
            yield result

    def tracks(self) -> Sequence[Track]:
        return self._tracks


class Oracle:
    """Stands in for a Segmenter. Counts the videos that it was asked about."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self.model: Any = SimpleNamespace(
            state_dict=lambda: {"weight": torch.zeros(1)}, config=SimpleNamespace(backbone=None)
        )
        self.asked: list[int] = []

    def config(self, task: Task) -> InferenceConfig:
        return default(task)

    def segment(
        self,
        source: OnRequest[ImageArray],
        *,
        task: Task,
        categories: object,
        prompts: Sequence[Prompt],
        config: InferenceConfig,
    ) -> TrueResults:
        read = source._read
        assert isinstance(read, partial)
        video: int = read.args[0]
        self.asked.append(video)
        release = self._release
        names = {id: name for name, id in release.category_ids.items()}
        kinds = {track.id: track for track in release.source.tracks(video)}
        wanted = dict(enumerate(kinds, start=1))
        if task is Task.REFVOS:
            wanted = {}
            for prompt in prompts:
                assert isinstance(prompt, Text)
                (same,) = {s.track_ids[0] for s in release.source.sentences(video)
                           if s.text == prompt.text}  # fmt: skip
                wanted[prompt.object_id] = same
        elif not task.by_category:
            wanted = {prompt.object_id: prompt.object_id for prompt in prompts}
        results = []
        for frame in range(len(source)):
            labels = release.source.labels(video, frame)
            if labels is None:
                size = release.source.picture(video, frame).shape[:2]
                results.append(FrameResult(frame, None, (size[0], size[1]), ()))
                continue
            segments = [
                Segment(id, decode_rle(labels.masks[track]), 0.9, self._name(names, kinds, track))
                for id, track in wanted.items()
                if track in labels.masks
            ]
            if task is Task.VSS:  # every pixel has a class
                segments.append(Segment(9999, np.ones(labels.size, bool), 0.1, _first(names)))
            results.append(FrameResult(frame, None, labels.size, tuple(segments)))
        tracks = [Track(id, self._name(names, kinds, t), 0.9) for id, t in wanted.items()]
        return TrueResults(results, tracks)

    @staticmethod
    def _name(names: dict[int, str], kinds: dict[int, Any], track: int) -> str | None:
        category = kinds[track].category_id
        return None if category is None else names.get(category)


def _first(names: dict[int, str]) -> str:
    return names[min(names)]


def load(model: str, device: str) -> Oracle:
    """Stands in for the loader of models; the release is that of the command line."""
    from vidseg.benchmarking.release import open_release
    from vidseg.cli.main import build_parser

    options = build_parser().parse_args(sys.argv[1:])
    (name,) = options.benchmarks
    return Oracle(open_release(name, options.data, options.split, options.protocol))


if __name__ in ("__main__", "__mp_main__"):  # the latter in processes of --jobs
    from vidseg.inference.files import loading

    loading.load = load  # type: ignore[assignment]

if __name__ == "__main__":
    from vidseg.cli.main import main

    raise SystemExit(main())
