"""What ``import vidseg`` offers, and what it must not cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

import vidseg


def loaded_after(code: str) -> set[str]:
    """First names of all modules that a fresh interpreter has loaded after some code."""
    script = f"{code}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import vidseg",
        "import vidseg; dir(vidseg)",
        "from vidseg import Point, Box, Mask, Scribble, Text, Task, FrameResult, Segment",
    ],
)
def test_imports_neither_torch_nor_transformers(code: str) -> None:
    assert not loaded_after(code) & {"torch", "transformers", "av", "scipy"}


def test_every_public_name_is_there() -> None:
    for name in vidseg.__all__:
        assert getattr(vidseg, name) is not None
    assert set(vidseg._HOMES) | {"__version__"} == set(vidseg.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pont'"):
        vidseg.Pont  # type: ignore[attr-defined]  # noqa: B018
