"""From the release to the figures: perfect answers give perfect figures on every benchmark."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from vidseg.benchmarking.benchmark import Outcome, run_benchmark
from vidseg.benchmarking.release import Release, open_release
from vidseg.benchmarking.rows import ROWS
from vidseg.benchmarking.running import BenchmarkRequest
from vidseg.errors import DataError, OutputError
from vidseg.inference.segmenter import Segmenter

from ..formats.layouts.agreement import Spelling
from ..formats.layouts.test_agreement import SPELLINGS
from .oracle import Oracle

FIRST = {
    name: next(
        spelling
        for spelling in SPELLINGS
        if spelling.benchmark == name and spelling.predict is not None
        and (spelling.split or "") in ("", ROWS[name].split)
    )
    for name in ROWS
    if any(
        spelling.benchmark == name and (spelling.split or "") in ("", ROWS[name].split)
        for spelling in SPELLINGS
    )
}  # fmt: skip
"""One release of each benchmark, in a spelling of its own."""

PERFECT = {
    "ytvis2019": ("AP", 1), "ytvis2021": ("AP", 1), "ytvis2022": ("AP", 1), "ovis": ("AP", 1),
    "vspw": ("mIoU", 1), "vipseg": ("STQ/STQ", 1), "kitti_step": ("STQ", 1),
    "davis2016": ("J-Mean", 1), "davis2017": ("J&F-Mean", 1), "davis2017_unsup": ("J&F-Mean", 1),
    "youtube_vos": ("G", 100), "mose": ("J", 100), "viposeg": ("thing_seen_miou", 1),
    "ref_davis": ("mean_over_annotators/J&F-Mean", 1), "ref_youtube_vos": ("J&F", 1),
    "burst": ("HOTA/all", 100),
}  # fmt: skip


def release_of(spelling: Spelling, folder: Path) -> tuple[BenchmarkRequest, Release]:
    assert spelling.benchmark is not None
    folder.mkdir()
    spelling.write(folder)
    request = BenchmarkRequest(
        benchmark=spelling.benchmark,
        data=folder,
        model="oracle",
        split=spelling.split,
        protocol=spelling.protocol,
    )
    return request, open_release(spelling.benchmark, folder, spelling.split, spelling.protocol)


def run(request: BenchmarkRequest, release: Release, out: Path) -> tuple[Outcome, list[int]]:
    oracle = Oracle(release)
    return run_benchmark(request, cast(Segmenter, oracle), out), oracle.asked


def figure(outcome: Outcome, path: str) -> float:
    assert outcome.report is not None
    value: Any = outcome.report.figures
    for key in path.split("/"):
        value = value[key]
    return float(value)


def test_every_benchmark_has_a_release_here() -> None:
    assert set(FIRST) == set(ROWS) == set(PERFECT)


@pytest.mark.parametrize("name", ROWS)
def test_perfect_answers_give_perfect_figures(tmp_path: Path, name: str) -> None:
    request, release = release_of(FIRST[name], tmp_path / "data")
    outcome, asked = run(request, release, tmp_path / "out")
    path, best = PERFECT[name]
    assert figure(outcome, path) == pytest.approx(best)
    assert outcome.whole and set(asked) == set(range(len(release.videos)))
    assert json.loads((tmp_path / "out" / "report.json").read_text())["benchmark"] == name


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    request, release = release_of(FIRST["ytvis2021"], tmp_path / "data")
    whole, _ = run(request, release, tmp_path / "whole")
    _, asked = run(request, release, tmp_path / "parts")
    wanted = (whole.folder.predictions / "results.json").read_bytes()
    # As a kill leaves it: one video done, the JSON file of all not yet there.
    for path in sorted((tmp_path / "parts" / "state").iterdir())[1:]:
        path.unlink()
    shutil.rmtree(tmp_path / "parts" / "predictions")
    again, asked = run(request, release, tmp_path / "parts")
    assert asked == list(range(1, len(release.videos)))
    assert (again.folder.predictions / "results.json").read_bytes() == wanted
    assert again.report is not None and whole.report is not None
    assert again.report.figures == whole.report.figures


def test_nothing_is_run_twice(tmp_path: Path) -> None:
    request, release = release_of(FIRST["davis2017"], tmp_path / "data")
    run(request, release, tmp_path / "out")
    _, asked = run(request, release, tmp_path / "out")
    assert asked == []
    oracle = cast(Segmenter, Oracle(release))
    assert run_benchmark(request, oracle, tmp_path / "out", jobs=2).whole  # starts no process


def test_results_of_an_unknown_run_are_left_alone(tmp_path: Path) -> None:
    request, release = release_of(FIRST["davis2017"], tmp_path / "data")
    run(request, release, tmp_path / "out")
    (tmp_path / "out" / "run.json").unlink()
    with pytest.raises(OutputError, match=r"out holds predictions but no run\.json"):
        run(request, release, tmp_path / "out")


def test_a_part_of_the_videos_is_scored_alone(tmp_path: Path) -> None:
    request, release = release_of(FIRST["ytvis2021"], tmp_path / "data")
    one = BenchmarkRequest(**{**vars(request), "limit": 1})
    outcome, asked = run(one, release, tmp_path / "out")
    assert asked == [0] and not outcome.whole
    assert outcome.report is not None
    assert list(outcome.report.videos) == [release.videos[0].name]
    told = json.loads(outcome.folder.report.read_text())["notes"][0]
    assert told.startswith("A part of the videos (1 of 2 videos): these figures are not those")


def test_the_folder_of_another_run_is_left_alone(tmp_path: Path) -> None:
    request, release = release_of(FIRST["davis2017"], tmp_path / "data")
    run(request, release, tmp_path / "out")
    other = BenchmarkRequest(**{**vars(request), "model": "another"})
    with pytest.raises(OutputError, match=r"another model \('oracle', now 'another'\)"):
        run(other, release, tmp_path / "out")


def test_an_unknown_video_is_named(tmp_path: Path) -> None:
    request, release = release_of(FIRST["davis2017"], tmp_path / "data")
    with pytest.raises(DataError, match="has no video 'unicorn' in the split val"):
        run(BenchmarkRequest(**{**vars(request), "only": ("unicorn",)}), release, tmp_path / "out")


def test_what_has_no_ground_truth_is_packed(tmp_path: Path) -> None:
    request, release = release_of(FIRST["davis2017"], tmp_path / "data")
    for path in list((tmp_path / "data").glob("Annotations/*/*/*.png")):
        if path.stem != "00000":
            path.unlink()
    release = open_release("davis2017", request.data, request.split)
    outcome, _ = run(request, release, tmp_path / "out")
    assert outcome.report is None
    assert outcome.submission is not None
    assert outcome.folder.archive.is_file()
