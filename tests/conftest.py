"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from torch import Tensor

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tests out of the user's cache, and what lies there out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference material beside the checkout (or ``VIDSEG_SHARED``); skips without it."""
    folder = Path(os.environ.get("VIDSEG_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"reference material not found at {folder}; set VIDSEG_SHARED")
    return folder


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], dict[str, Tensor]]:
    """Loads one file of reference numbers by its stem."""
    from safetensors.torch import load_file

    def load(name: str) -> dict[str, Tensor]:
        file = shared / "golden" / f"{name}.safetensors"
        if not file.is_file():
            pytest.skip(f"reference numbers {file} not found")
        return load_file(file)

    return load
