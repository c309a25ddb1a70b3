"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from torch import Tensor

# How fast a machine draws examples says nothing about the code.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def hangups_heard() -> None:
    """Lets the tests hear SIGHUP where whoever began them had it ignored, as ``nohup`` does."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tests out of the user's cache, and what lies there out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of photographs that ``VIDSEG_SHARED`` names; skips where it names none.

    They are other people's and may not be passed on.
    """
    if "VIDSEG_SHARED" not in os.environ:
        pytest.skip("needs photographs; VIDSEG_SHARED names a folder of them")
    folder = Path(os.environ["VIDSEG_SHARED"])
    assert folder.is_dir(), f"VIDSEG_SHARED names {folder}, which is no folder"
    return folder


def unpacked(archive: str, variable: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an environment variable names, or else the packed one of this repository."""
    if variable in os.environ:
        folder = Path(os.environ[variable])
        assert folder.is_dir(), f"{variable} names {folder}, which is no folder"
        return folder
    folder = tmp_path_factory.mktemp(archive)
    with tarfile.open(ROOT / "tests" / "golden" / f"{archive}.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def golden_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbers of the published network; another set of the same layout by ``VIDSEG_GOLDEN``."""
    return unpacked("network", "VIDSEG_GOLDEN", tmp_path_factory)


@pytest.fixture(scope="session")
def eval_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a benchmark with ground truth, predictions and what the official program says.

    Another set of the same layout by ``VIDSEG_EVAL_CASES``.
    """
    return unpacked("evaluators", "VIDSEG_EVAL_CASES", tmp_path_factory)


@pytest.fixture(scope="session")
def golden(golden_folder: Path) -> Callable[[str], dict[str, Tensor]]:
    """Loads one file of numbers of the published network by its stem."""
    from safetensors.torch import load_file

    return lambda name: load_file(golden_folder / f"{name}.safetensors")
