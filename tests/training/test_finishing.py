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
from vidseg.training.finishing import average, calibrate, main


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
    line = [str(folders[1]), "--mean-with", str(folders[0]), "--out", str(tmp_path / "mean")]
    assert main(line) == 0
    mean = UniVS.from_pretrained(tmp_path / "mean").state_dict()
    whole = average(*folders).state_dict()
    name = next(name for name, value in whole.items() if value.is_floating_point())
    torch.testing.assert_close(mean[name], whole[name], atol=1e-3, rtol=1e-3)


def test_models_of_two_kinds_have_no_mean(folders: tuple[Path, Path], tmp_path: Path) -> None:
    other = replace(debug(), decoder=replace(debug().decoder, queries=5))
    UniVS(other).save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match="differs in shape"):
        average(folders[0], tmp_path / "other")


def test_one_model_is_calibrated_and_halved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    UniVS(nano()).save_pretrained(tmp_path / "trained")
    assert main([str(tmp_path / "trained"), "--out", str(tmp_path / "out")]) == 0
    before, after = (UniVS.from_pretrained(tmp_path / name) for name in ("trained", "out"))
    assert after.propagation is not None
    assert after.propagation.growth.item() == pytest.approx(1.2, abs=1e-3)
    assert after.propagation.map_weight.bias.tolist() == [2.0, 3.0, 1.5, 3.0]
    ours = after.mask_decoder.query_content.weight
    torch.testing.assert_close(ours, before.mask_decoder.query_content.weight, atol=1e-2, rtol=1e-3)


def test_a_folder_without_a_model_ends_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_calibration_keeps_what_was_learned_of_the_keys() -> None:
    torch.manual_seed(0)
    memory = UniVS(nano()).propagation
    assert memory is not None
    before = memory.key_projection.weight.clone()
    calibrate(memory)
    assert torch.equal(before, memory.key_projection.weight)


def test_a_gvseg_is_halved_with_its_prototypes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = GvSeg(gvseg_debug())
    model.save_pretrained(tmp_path / "trained")
    assert main([str(tmp_path / "trained"), "--out", str(tmp_path / "out")]) == 0
    after = GvSeg.from_pretrained(tmp_path / "out")
    torch.testing.assert_close(
        after.prototypes.state_dict(), model.prototypes.state_dict(), atol=1e-3, rtol=1e-3
    )


def test_models_of_two_architectures_have_no_mean(tmp_path: Path) -> None:
    UniVS(debug()).save_pretrained(tmp_path / "a")
    GvSeg(gvseg_debug()).save_pretrained(tmp_path / "b")
    with pytest.raises(ModelError, match="different kinds"):
        average(tmp_path / "a", tmp_path / "b")
