"""Check, source, evaluation and submission read one folder alike, in each released spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidseg.datasets.checks.registry import check_dataset
from vidseg.datasets.label_statistics import count_labels
from vidseg.datasets.sources.registry import open_dataset
from vidseg.evaluation.evaluate import open_evaluation
from vidseg.evaluation.runner import run
from vidseg.evaluation.submit import submit

from .agreement import Spelling
from .agreement_json import JSON
from .agreement_objects import OBJECTS
from .agreement_panoptic import PANOPTIC

SPELLINGS = [*JSON, *OBJECTS, *PANOPTIC]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.name)
def test_all_readers_find_the_same(tmp_path: Path, spelling: Spelling) -> None:
    folder, predicted = tmp_path / "data", tmp_path / "predicted"
    folder.mkdir()
    wanted = {video: tuple(frames) for video, frames in spelling.write(folder).items()}

    source = open_dataset(spelling.dataset, folder, spelling.split)
    assert {video.name: video.frames for video in source.videos} == wanted
    statistics = count_labels(source)
    assert (statistics.videos, statistics.frames) == (len(wanted), sum(map(len, wanted.values())))
    if spelling.objects is not None:
        assert sum(row.objects for row in statistics.classes) == spelling.objects

    findings, counts = check_dataset(spelling.dataset, folder, spelling.split)
    assert [f.sentence for f in findings if f.severity == "error"] == []
    counted = [part.get("videos", part.get("images")) for part in counts.values()]
    assert [number for number in counted if number is not None] in ([len(wanted)], [])

    if spelling.benchmark is None or spelling.predict is None:
        return
    spelling.predict(folder, predicted)
    evaluation = open_evaluation(
        spelling.benchmark, folder / spelling.truth, predicted, spelling.protocol
    )
    assert sorted(evaluation.videos) == sorted(wanted)
    assert sorted(run(evaluation).videos) == sorted(wanted)
    if spelling.submitted:
        sent = submit(
            spelling.benchmark,
            predicted,
            tmp_path / "sent.zip",
            truth=folder,
            split=spelling.split,
        )
        assert [finding.sentence for finding in sent.findings] == []
