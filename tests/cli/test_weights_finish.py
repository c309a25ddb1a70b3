"""``vidseg weights finish``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vidseg.cli.main import main
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.presets import debug, gvseg_debug, nano
from vidseg.models.univs.model import UniVS
from vidseg.training.calibration import average


def finish(*words: str | Path) -> int:
    return main(["weights", "finish", *map(str, words)])


def test_the_mean_of_two_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for seed, folder in enumerate((first, second)):
        torch.manual_seed(seed)
        UniVS(debug()).save_pretrained(folder)
    out = tmp_path / "mean"
    assert finish(second, "--mean-with", first, "--share", "0.25", "--out", out) == 0
    assert capsys.readouterr().out == f"{out}\n"
    mean = UniVS.from_pretrained(out).state_dict()
    whole = average(first, second, share=0.25).state_dict()
    name = next(name for name, value in whole.items() if value.is_floating_point())
    torch.testing.assert_close(mean[name], whole[name], atol=1e-3, rtol=1e-3)


def test_one_model_is_calibrated_and_halved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    UniVS(nano()).save_pretrained(tmp_path / "trained")
    assert finish(tmp_path / "trained", "--out", tmp_path / "out") == 0
    before, after = (UniVS.from_pretrained(tmp_path / name) for name in ("trained", "out"))
    assert after.propagation is not None
    assert after.propagation.growth.item() == pytest.approx(1.2, abs=1e-3)
    assert after.propagation.map_weight.bias.tolist() == [2.0, 3.0, 1.5, 3.0]
    ours = after.mask_decoder.query_content.weight
    torch.testing.assert_close(ours, before.mask_decoder.query_content.weight, atol=1e-2, rtol=1e-3)


def test_a_gvseg_is_halved_with_its_prototypes(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = GvSeg(gvseg_debug())
    model.save_pretrained(tmp_path / "trained")
    assert finish(tmp_path / "trained", "--out", tmp_path / "out") == 0
    after = GvSeg.from_pretrained(tmp_path / "out")
    torch.testing.assert_close(
        after.prototypes.state_dict(), model.prototypes.state_dict(), atol=1e-3, rtol=1e-3
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none", "--out", "out"], "No model at none"),
        (["none"], "required: --out; see vidseg weights finish --help"),
        (["none", "--out", "out", "--share", "1.5"], "needs a number from 0 to 1, not '1.5'"),
        (["none", "--out", "out", "--share", "half"], "needs a number from 0 to 1, not 'half'"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert finish(*words) == 2
    out, err = capsys.readouterr()
    assert told in err and err.count("\n") == 1 and not out
    assert not (tmp_path / "out").exists()
