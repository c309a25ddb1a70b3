"""Runs that are killed at any moment: what is visible is whole, and the next run tidies up.

The long version (``-m slow``) tries 60 moments over five verbs.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import load_file

from vidseg.formats.json_lists import JsonLists
from vidseg.video.source import open_source

from ..benchmarking.test_benchmark import FIRST, release_of
from ..video.clips import write_clip

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 20


@dataclass(frozen=True)
class Job:
    """A command line that can be given again.

    Attributes:
        module, words: what is run.
        again: further words of the second run.
        out: what it writes, a file or a folder.
    """

    module: str
    words: list[str]
    out: Path
    again: tuple[str, ...] = ()

    @property
    def is_conversion(self) -> bool:
        """Whether it refuses to run where its output is: that appears at once, when it is whole."""
        return self.words[:2] == ["data", "convert"]

    def start(self, *more: str, pause: float = 0.03) -> subprocess.Popen[str]:
        """``pause``: seconds that the stub takes over a frame, and the oracle over a tenth."""
        return subprocess.Popen(
            [sys.executable, "-m", self.module, *self.words, *more],
            cwd=ROOT,
            env={
                **os.environ,
                "STUB_SECONDS": str(pause),
                "ORACLE_SECONDS": str(10 * pause),
                "OMP_NUM_THREADS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def segment_job(folder: Path) -> Job:
    clip = write_clip(folder / "clip.mp4", FRAMES)
    out = folder / "out"
    words = ["segment", str(clip), "--task", "vis", "--categories", "dog", "--out", str(out)]
    words += ["--save", "overlay,png,ytvis,panoptic"]
    return Job("tests.cli.stub", words, out, ("--overwrite",))


def convert_job(folder: Path) -> Job:
    source = folder / "coco.json"
    lists = JsonLists(source, ("images", "annotations"))
    for number in range(1, 400):
        size = {"width": 640, "height": 480}
        lists.append("images", {"id": number, "file_name": f"{number:06d}.jpg", **size})
        ring = [10, 10, 400, 10 + number % 300, 300, 400]
        row: dict[str, Any] = {"id": number, "image_id": number, "category_id": 1, "iscrowd": 0}
        lists.append(
            "annotations", {**row, "segmentation": [ring], "bbox": [0, 0, 9, 9], "area": 9}
        )
    lists.close({"categories": [{"id": 1, "name": "thing"}]})
    out = folder / "out"
    words = ["data", "convert", str(source), str(out), "--from", "coco", "--to", "coco_panoptic"]
    words += ["--allow", "background"]
    return Job("vidseg", words, out)


def evaluate_job(folder: Path) -> Job:
    for side in ("gt/Annotations/480p/one", "gt/JPEGImages/480p/one", "pred/one"):
        (folder / side).mkdir(parents=True)
    (folder / "gt/ImageSets/2017").mkdir(parents=True)
    (folder / "gt/ImageSets/2017/val.txt").write_text("one\n")
    for number in range(30):
        mask = Image.new("P", (320, 240))
        mask.paste(1, (number, 20, number + 100, 200))
        mask.save(folder / f"gt/Annotations/480p/one/{number:05d}.png")
        mask.save(folder / f"pred/one/{number:05d}.png")
        Image.new("RGB", (320, 240)).save(folder / f"gt/JPEGImages/480p/one/{number:05d}.jpg")
    out = folder / "out"
    words = ["evaluate", "davis2017", "--gt", str(folder / "gt"), "--pred", str(folder / "pred")]
    words += ["--json", str(out / "figures.json"), "--plot", str(out / "plots")]
    return Job("vidseg", words, out)


def train_job(folder: Path) -> Job:
    out = folder / "out"
    return Job("tests.cli.tiny_training", [str(out)], out, ("--resume",))


def benchmark_job(folder: Path) -> Job:
    _, release = release_of(FIRST["mose"], folder / "data")
    out = folder / "out"
    words = ["benchmark", "mose", "--data", str(release.root), "--split", "valid"]
    return Job("tests.benchmarking.oracle", [*words, "--out", str(out)], out)


JOBS: dict[str, Callable[[Path], Job]] = {
    "segment": segment_job,
    "convert": convert_job,
    "evaluate": evaluate_job,
    "train": train_job,
    "benchmark": benchmark_job,
}


def visible(folder: Path) -> list[Path]:
    """Files that a user sees: neither they nor a folder above them is hidden."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [p for p in found if not any(x.startswith(".") for x in p.relative_to(folder).parts)]


def check_whole(path: Path, when: str = "at the end") -> None:
    """Fails unless the file opens and is complete."""
    try:
        _open(path)
    except Exception as error:
        raise AssertionError(f"{path} {when}: {error}") from error


def _open(path: Path) -> None:
    if path.suffix == ".png":
        with Image.open(path) as image:
            image.load()
    elif path.suffix == ".json":
        json.loads(path.read_text())
    elif path.suffix == ".mp4":
        assert list(open_source(path))
    elif path.suffix == ".safetensors":
        assert load_file(path)


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(".*"))


@dataclass
class Tally:
    """What became of runs that were to be ended: how many, at work, with files half-written."""

    moments: int = 0
    stopped: int = 0
    writing: int = 0
    checked: int = 0


def try_moments(job: Job, moments: list[tuple[float, int]]) -> Tally:
    """Ends a run at each moment, checks what is visible, and lets the next run finish."""
    tally = Tally()
    for seconds, number in moments:
        run = job.start(*(job.again if job.out.exists() else ()))
        try:
            run.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            run.send_signal(number)
        _, complaint = run.communicate(timeout=120)
        killed = f"signal {number} after {seconds:.2f} s: exit {run.returncode}, {complaint}"
        assert "Traceback" not in complaint, killed
        if number == signal.SIGTERM:
            assert run.returncode in (0, 143, -signal.SIGTERM), killed  # the last: while it starts
        for path in visible(job.out):
            check_whole(path, killed)
        stopped = run.returncode in (143, -signal.SIGTERM, -signal.SIGKILL)
        tally.moments += 1
        tally.stopped += stopped
        tally.writing += stopped and any(
            not name.endswith(".lock") for name in hidden(job.out.parent)
        )
        tally.checked += len(visible(job.out))
        if run.returncode == 0 or job.is_conversion:
            _remove(job.out)  # so that the next does not find that all is done
    run = job.start(*(job.again if job.out.exists() else ()))
    told, complaint = run.communicate(timeout=180)
    assert run.returncode == 0, (told, complaint)
    assert hidden(job.out.parent) == []
    files = visible(job.out)
    assert files
    for path in files:
        check_whole(path)
    return tally


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if folder.exists():
        folder.rmdir()


def moments(job: Job, count: int, seed: int) -> list[tuple[float, int]]:
    """Moments of a whole run, which is made first to know how long it takes here and now."""
    begun = time.monotonic()
    _, complaint = job.start().communicate(timeout=600)
    assert job.out.exists(), complaint
    seconds = time.monotonic() - begun
    _remove(job.out)
    draw = random.Random(seed)
    signals = (signal.SIGKILL, signal.SIGTERM)
    return [(draw.uniform(0.1, 1.0) * seconds, signals[n % 2]) for n in range(count)]


@pytest.mark.parametrize("name", ["segment"])
def test_two_moments(name: str, tmp_path: Path) -> None:
    """The first run is killed when its files are half-written, the second is asked to stop."""
    job = JOBS[name](tmp_path)
    for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)):
        run = job.start(*(job.again if job.out.exists() else ()), pause=1.0)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any(job.out.glob("png/*.png")):
            time.sleep(0.02)
        if number == signal.SIGKILL:
            second = job.start("--overwrite")
            assert "is being written by another run" in second.communicate(timeout=60)[1]
            assert second.returncode == 2 and run.poll() is None
        run.send_signal(number)
        _, complaint = run.communicate(timeout=60)
        assert run.returncode == code, complaint
        for path in visible(job.out):
            check_whole(path)
        left = any(name.startswith(".overlay.mp4.") for name in hidden(job.out))
        assert left == (number == signal.SIGKILL)
        if number == signal.SIGKILL:
            _clear_pngs(job.out)
    assert {path.name for path in job.out.iterdir()} >= {"overlay.mp4", "ytvis.json", "png"}
    try_moments(job, [])


def _clear_pngs(folder: Path) -> None:
    for path in folder.glob("png/*.png"):
        path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_many_moments(name: str, tmp_path: Path) -> None:
    job = JOBS[name](tmp_path)
    tally = try_moments(job, moments(job, 12, seed=len(name)))
    print(f"{name}: {tally}")
    assert tally.stopped >= 4, tally  # or the moments say nothing
