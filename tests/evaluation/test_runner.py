"""The runner: order, errors and endings, with one process and with several."""

from __future__ import annotations

import os
from multiprocessing import active_children
from pathlib import Path

import pytest

import vidseg
from vidseg.errors import DataError, VidsegError
from vidseg.evaluation.registry import benchmark_names, get_benchmark
from vidseg.evaluation.runner import _measured, run

from . import fake


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    """davis2017 is the fake."""
    from vidseg.evaluation import registry

    monkeypatch.setitem(registry._MODULES, "davis2017", "fake")
    monkeypatch.setitem(__import__("sys").modules, "vidseg.evaluation.rules.fake", fake)


@pytest.mark.parametrize("workers", [1, 2])
def test_videos_are_merged_in_their_order(workers: int) -> None:
    told: list[str] = []
    report = run(fake.FakeEvaluation(), workers=workers, progress=told.append)
    assert told == list(fake.VIDEOS)
    assert list(report.videos) == list(fake.VIDEOS)  # although "good" is slow
    assert report.figures["J"] == {"Mean": (0.75 + 0.125 + 0.5) / 3, "n": 3}


def test_two_workers_are_two_other_processes() -> None:
    evaluation = fake.FakeEvaluation()
    with _measured(evaluation, fake.VIDEOS, 2) as measured:
        ids = {id for sums in measured for id in sums.processes}  # type: ignore[attr-defined]
    assert 1 <= len(ids) <= 2 and os.getpid() not in ids


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_arrives_as_it_was_raised(workers: int) -> None:
    evaluation = fake.FakeEvaluation(("good", "damaged", "bad"))
    with pytest.raises(DataError, match=r"^damaged/00003\.png is cut short; copy it again\.$"):
        run(evaluation, workers=workers)
    assert not active_children()


def test_a_process_that_is_killed_is_one_sentence() -> None:
    with pytest.raises(VidsegError, match="run with fewer workers"):
        run(fake.FakeEvaluation(("good", "deadly", "bad")), workers=2)
    assert not active_children()


def test_an_interrupted_run_leaves_no_process() -> None:
    def interrupt(video: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(fake.FakeEvaluation(), workers=2, progress=interrupt)
    assert not active_children()


def test_no_video_and_no_worker_are_refused() -> None:
    with pytest.raises(DataError, match="no video"):
        run(fake.FakeEvaluation(()))
    with pytest.raises(ValueError, match="workers must be 1 or more; got 0"):
        run(fake.FakeEvaluation(), workers=0)


@pytest.mark.usefixtures("faked")
def test_public_call(tmp_path: Path) -> None:
    told: list[str] = []
    report = vidseg.evaluate("DAVIS2017 ", tmp_path, str(tmp_path), progress=told.append)
    assert report.protocol == "plain" and told == list(fake.VIDEOS)
    assert vidseg.evaluate("davis2017", tmp_path, tmp_path, protocol="other").protocol == "other"
    assert list(vidseg.evaluate("davis2017", tmp_path, tmp_path, videos=["bad"]).videos) == ["bad"]
    with pytest.raises(DataError, match="davis2017 has no protocol 'pain'; it has plain, other"):
        vidseg.evaluate("davis2017", tmp_path, tmp_path, protocol="pain")
    with pytest.raises(DataError, match="where the predictions should be"):
        vidseg.evaluate("davis2017", tmp_path, tmp_path / "none")
    with pytest.raises(DataError, match="where the ground truth should be"):
        vidseg.evaluate("davis2017", tmp_path / "none", tmp_path)


def test_an_unknown_benchmark_names_the_nearest_and_all() -> None:
    with pytest.raises(DataError, match=r"nearest is kitti_step.*ytvis2019, .*burst\.$"):
        get_benchmark("kiti-step")
    with pytest.raises(DataError, match=r"no benchmark 'xyz'; the benchmarks are"):
        get_benchmark("xyz")


@pytest.mark.parametrize("name", benchmark_names())
def test_every_name_has_its_benchmark(name: str) -> None:
    benchmark = get_benchmark(name)
    assert benchmark.name == name
    assert benchmark.protocols and all(benchmark.protocols.values())
