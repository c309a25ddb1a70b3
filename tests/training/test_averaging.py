"""The mean of two models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.errors import ModelError
from vidseg.models.presets import debug
from vidseg.models.univs import UniVS
from vidseg.training.averaging import average, main


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


def test_the_command_writes_a_model(folders: tuple[Path, Path], tmp_path: Path) -> None:
    main([str(folders[0]), str(folders[1]), "--out", str(tmp_path / "mean")])
    mean = UniVS.from_pretrained(tmp_path / "mean").state_dict()
    whole = average(*folders).state_dict()
    name = next(name for name, value in whole.items() if value.is_floating_point())
    torch.testing.assert_close(mean[name], whole[name], atol=1e-3, rtol=1e-3)


def test_models_of_two_kinds_have_no_mean(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = replace(debug(), decoder=replace(debug().decoder, queries=5))
    UniVS(other).save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match="differs in shape"):
        average(folders[0], tmp_path / "other")
