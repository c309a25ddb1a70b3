"""The mean of two models, and what calibration sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.errors import ModelError
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.presets import debug, gvseg_debug, nano
from vidseg.models.univs.model import UniVS
from vidseg.training.calibration import average, calibrate


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for seed, name in enumerate(("a", "b")):
        torch.manual_seed(seed)
        UniVS(debug()).save_pretrained(tmp_path / name)
    return tmp_path / "a", tmp_path / "b"


def test_every_parameter_is_the_weighted_mean(folders: tuple[Path, Path]) -> None:
    a, b = (UniVS.from_pretrained(folder).state_dict() for folder in folders)
    for name, value in average(*folders, share=0.25).state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * a[name] + 0.25 * b[name])


def test_models_of_two_kinds_have_no_mean(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = replace(debug(), decoder=replace(debug().decoder, queries=5))
    UniVS(other).save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match="differs in shape"):
        average(folders[0], tmp_path / "other")


def test_calibration_keeps_what_was_learned_of_the_keys() -> None:
    torch.manual_seed(0)
    memory = UniVS(nano()).propagation
    assert memory is not None
    before = memory.key_projection.weight.clone()
    calibrate(memory)
    assert torch.equal(before, memory.key_projection.weight)


def test_models_of_two_architectures_have_no_mean(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path / "a")
    GvSeg(gvseg_debug()).save_pretrained(tmp_path / "b")
    with pytest.raises(ModelError, match="different kinds"):
        average(tmp_path / "a", tmp_path / "b")
