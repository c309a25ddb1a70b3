"""``vidseg benchmark`` from the command line, with a model of random weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vidseg.cli.main import main
from vidseg.models.presets import debug
from vidseg.models.text.static_text import StaticTextConfig
from vidseg.models.univs.model import UniVS

from ..benchmarking.test_benchmark import FIRST


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("model")
    config = debug()
    config = replace(config, decoder=replace(config.decoder, text_dim=256), text=StaticTextConfig())
    network = UniVS(config)
    for name, parameter in network.named_parameters():
        if "mask_embedding" in name and parameter.ndim == 2:
            parameter.data.mul_(30)  # sharp masks, so that it finds something
    network.save_pretrained(folder)
    settings = {"short_side": 64, "class_threshold": 0.0, "overlap_threshold": 0.0}
    (folder / "inference.json").write_text(json.dumps({"all": settings}))
    return folder


def predictions(out: Path) -> dict[str, bytes]:
    root = out / "predictions"
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_two_processes_write_what_one_writes(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "YouTube-VIS_2021"
    data.mkdir()
    FIRST["ytvis2021"].write(data)
    split = FIRST["ytvis2021"].split or "valid"
    asked = ["benchmark", "ytvis2021", "--data", str(data), "--model", str(model), "--split", split]
    asked += ["--short-side", "64", "--threads", "1"]
    assert main([*asked, "--out", str(tmp_path / "one")]) == 0
    printed = capsys.readouterr().out
    assert "AP50" in printed and "frames/s at a short side of 64" in printed
    assert main([*asked, "--out", str(tmp_path / "two"), "--jobs", "2"]) == 0
    one, two = tmp_path / "one" / "ytvis2021", tmp_path / "two" / "ytvis2021"
    assert predictions(one) == predictions(two) != {}
    assert json.loads((one / "report.json").read_text())["figures"]


def test_all_runs_what_is_named_like_a_benchmark(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, folder in (("davis2017", "DAVIS"), ("ref_davis", "Ref-DAVIS")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        FIRST[name].write(tmp_path / "data" / folder)
    (tmp_path / "data" / "davis2017-dev").mkdir()
    asked = ["benchmark", "all", "--data", str(tmp_path / "data"), "--model", str(model)]
    asked += ["--short-side", "64", "--out", str(tmp_path / "out")]
    assert main(asked) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["davis2017", "ref_davis"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vipsegg", "--data", "."], "There is no benchmark 'vipsegg' (the nearest is vipseg)"),
        (["davis2017", "--data", "nowhere"], "There is no folder nowhere"),
        (["all", "--data", "."], "no folder that is named like a benchmark"),
        (["all", "--data", ".", "--split", "val"], "--split goes with one benchmark"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["benchmark", *words])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    assert code == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
