"""What ``vidseg weights info`` tells of a GvSeg folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.cli.main import main
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.memory_need import memory_need
from vidseg.models.presets import gvseg_debug


def test_a_folder_is_told_with_its_prototypes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = GvSeg(gvseg_debug())
    model.prototypes.update(torch.tensor([1]), torch.ones(1, 32))
    model.save_pretrained(tmp_path)
    assert main(["weights", "info", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "GvSeg: ResNet, 4 decoder layers, 12 queries, 32 channels" in told
    assert "any words, compared as 64 values of a text encoder" in told
    assert "of 1 classes out of 3" in told and "1280 x 720" in told


def test_memory_counts_the_cells_of_all_frames_and_no_descriptors() -> None:
    config = gvseg_debug()
    one, three = (memory_need(config, T, 320, 320) for T in (1, 3))
    assert one.weights == three.weights and 2.5 * one.work < three.work < 3.5 * one.work
    assert memory_need(replace(config, shape_aware=False), 1, 320, 320) == one
