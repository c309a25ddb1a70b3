"""Every task runs on a device beside the CPU, and gives there what it gives on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidseg.results import FrameResult

from ..fake_device import DEVICE, fake_device
from .every_task import CASES, Case, play


def assert_equal(got: list[FrameResult], want: list[FrameResult]) -> None:
    assert [r.index for r in got] == [r.index for r in want]
    for mine, true in zip(got, want, strict=True):
        names = [(s.id, s.category, s.score) for s in true.segments]
        assert [(s.id, s.category, s.score) for s in mine.segments] == names
        for a, b in zip(mine.segments, true.segments, strict=True):
            assert np.array_equal(a.mask, b.mask)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_task_gives_on_a_device_what_it_gives_on_the_cpu(case: Case) -> None:
    want, table = play(case, torch.device("cpu"))
    if str(case) != "gvseg-vis":  # whose random weights are sure of no thing
        assert any(r.segments for r in want), "a case without objects tests little"
    with fake_device():
        got, tracks = play(case, DEVICE)
    assert_equal(got, want)
    assert tracks == table
