"""Memory counted on shapes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vidseg.models import presets
from vidseg.models.memory_need import memory_need
from vidseg.models.presets import debug, univs_r50

MEASURE = """
import ctypes, torch
from pathlib import Path
from vidseg.models import presets
from vidseg.models.loading import build_model
torch.set_num_threads(1)
model = build_model(presets.PRESET()).eval()
def status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))
with torch.no_grad():
    model.encode_frames(torch.randn(1, 3, 64, 64))
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    features = model.encode_frames(torch.randn(2, 3, 480, 640))
    model.decode(*(features, torch.zeros(1, 2, dtype=torch.long))[:ARGUMENTS])
print(status("VmHWM") - before)
"""


def test_weights_are_those_of_the_model() -> None:
    need = memory_need(univs_r50(), 1, 64, 64)
    assert need.weights == pytest.approx(4 * 47.07e6, rel=1e-3)


def test_work_grows_with_frames_and_area() -> None:
    one = memory_need(debug(), 1, 320, 320).work
    assert 1.8 * one < memory_need(debug(), 2, 320, 320).work < 2.2 * one
    assert 3.5 * one < memory_need(debug(), 1, 640, 640).work < 5 * one
    assert memory_need(debug(), 1, 319, 300).work == one


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
@pytest.mark.parametrize(("preset", "arguments"), [("debug", "2"), ("debug_mask2former", "1")])
def test_a_real_pass_takes_about_as_much(preset: str, arguments: str) -> None:
    script = MEASURE.replace("PRESET", preset).replace("ARGUMENTS", arguments)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    if told.returncode:
        pytest.skip(f"cannot measure here: {told.stderr[-200:]}")
    config = getattr(presets, preset)()
    measured, counted = int(told.stdout), memory_need(config, 2, 480, 640).work
    assert 0.6 * counted < measured < 2 * counted
