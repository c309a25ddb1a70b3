"""``vidseg weights convert`` and ``info`` as their users meet them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from PIL import Image

from vidseg.cli.main import main
from vidseg.inference.files.description import describe

from ..models.files.checkpoints import layouts
from ..video.clips import write_clip


def univs(file: Path, backbone: str = "resnet") -> Path:
    torch.save({"model": layouts.tensors(layouts.tiny_model(backbone, univs=True))}, file)
    return file


def mask2former(file: Path, classes: int = 133) -> Path:
    state = layouts.tensors(layouts.tiny_model("resnet", univs=False, queries=7, classes=classes))
    arrays = {name: value.numpy() for name, value in state.items()}
    file.write_bytes(pickle.dumps({"model": arrays, "__author__": "x"}, protocol=2))
    return file


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["weights", *words]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return out.out


def sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["weights", *words]) == 2
    out = capsys.readouterr()
    assert out.err.startswith("vidseg: ") and out.err.count("\n") == 1
    return out.err


def test_a_whole_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = univs(tmp_path / "univs_stage3.pth")
    out = told(["convert", str(file), str(tmp_path / "model")], capsys)
    assert "UniVS" in out
    assert "left out: 1: sem_seg_head.predictor.reid_temp (a temperature" in out
    assert "at random" not in out and "not understood" not in out
    assert "config.json, conversion.json, inference.json, model.safetensors" in out


@pytest.mark.parametrize("converted", [False, True])
def test_segmenting_with_one_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], converted: bool
) -> None:
    model = univs(tmp_path / "univs.pth", "swin")
    if converted:
        told(["convert", str(model), str(tmp_path / "model")], capsys)
        model = tmp_path / "model"
    (tmp_path / "model").mkdir(exist_ok=True)
    settings = '{"all": {"short_side": 32, "clip_length": 2, "tokens_per_prompt": 8}}'
    place = tmp_path / "model" if converted else tmp_path
    (place / "inference.json").write_text(settings)
    clip = write_clip(tmp_path / "clip.mp4", 3)
    words = ["segment", str(clip), "--model", str(model), "--task", "vos", "--point", "1:5,5"]
    out = tmp_path / "out"
    assert main([*words, "--device", "cpu", "--save", "png", "--out", str(out)]) == 0
    pictures = sorted(out.rglob("*.png"))
    assert len(pictures) == 3
    with Image.open(pictures[0]) as picture:
        assert picture.mode == "P"


def test_a_model_of_fixed_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = mask2former(tmp_path / "model_final.pkl")
    out = told(["convert", str(file), str(tmp_path / "model")], capsys)
    assert "Mask2Former (Detectron2)" in out
    assert "left out: 1: criterion.empty_weight (a weight of the training loss)" in out
    assert "at random" not in out and "not understood" not in out
    out = told(["info", str(tmp_path / "model")], capsys)
    assert "untrained" not in out and "model_final.pkl" in out
    assert "133 fixed ones, those of coco_panoptic; no other words" in out
    assert "7 queries" in out and "854 x 480" in out


def test_the_beginning_of_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = layouts.torchvision(**layouts.TINY_RESNET)
    torch.save(layouts.tensors(layout), tmp_path / "resnet50.pth")
    out = told(["convert", str(tmp_path / "resnet50.pth"), str(tmp_path / "model")], capsys)
    assert "not in such files, start at random" in out and "fc (the classifier of ImageNet)" in out
    out = told(["info", str(tmp_path / "model")], capsys)
    assert "tensors are untrained" in out and "resnet50.pth" in out


def test_moving_averages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = layouts.tensors(layouts.tiny_model("resnet", univs=True))
    pairs = (("backbone.", "backbone_t."), ("sem_seg_head.", "sem_seg_head_t."))
    twins = {
        n.replace(a, b, 1): v + 1 for n, v in state.items() for a, b in pairs if n.startswith(a)
    }
    torch.save({**state, **twins}, tmp_path / "twins.pth")
    out = told(["info", str(tmp_path / "twins.pth")], capsys)
    assert "stage:         3, for only that one averages weights" in out
    assert "averages:      yes" in out and "the stepped weight; the other copy is taken" in out
    words = ["convert", str(tmp_path / "twins.pth"), str(tmp_path / "model")]
    assert "the moving average; the other copy" in told([*words, "--stepped"], capsys)


@pytest.mark.parametrize(
    ("name", "steps", "stage"),
    [
        ("univs_swinb_stage2.pth", None, "2, by the name of the file"),
        ("a.pth", 88999, "3, by its 88999 steps"),
        ("a.pth", 353999, "1 or 2, by its 353999 steps"),
        ("a.pth", 7, "unknown"),
    ],
)
def test_stages(tmp_path: Path, name: str, steps: int | None, stage: str) -> None:
    state = layouts.tensors(layouts.tiny_model("resnet", univs=True))
    torch.save({"model": state, "iteration": steps}, tmp_path / name)
    assert dict(describe(tmp_path / name).facts)["stage"].startswith(stage)


def test_facts_about_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(["info", "nano"], capsys)
    assert "nano: model of vidseg" in out and "4.34 M" in out and "854 x 480" in out
    out = told(["info", str(mask2former(tmp_path / "m.pkl"))], capsys)
    assert "133 fixed ones, those of coco_panoptic" in out and "complete:      yes" in out
    assert "before stage 1" in out and "1 frame " in out
    out = told(["info", str(mask2former(tmp_path / "n.pkl", 5))], capsys)
    assert "5 fixed ones without names, so that it cannot segment" in out
    out = told(["info", str(univs(tmp_path / "u.pth"))], capsys)
    assert "complete:      yes" in out and "1 frame " in out and "5 frames" in out
    assert "any words, compared as 24 values" in out and "Estimate:" in out


def test_facts_about_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from vidseg.models.text.clip_text import ClipTextConfig, ClipTextTower

    tower = ClipTextTower(ClipTextConfig(dim=24, width=64, layers=1, heads=1))
    torch.save(tower.state_dict(), tmp_path / "clip.pt")
    out = told(["info", str(tmp_path / "clip.pt")], capsys)
    assert "CLIP text tower" in out and "24 values a text" in out and "memory" not in out
    torch.save(torch.zeros(3938, 24), tmp_path / "table.pth")
    assert "3938 names of 13 lists" in told(["info", str(tmp_path / "table.pth")], capsys)


def test_incomplete_files_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = layouts.tensors(layouts.tiny_model("resnet", univs=True))
    del state["sem_seg_head.predictor.decoder_norm.weight"]
    state["sem_seg_head.predictor.extra"] = torch.zeros(1)
    state["sem_seg_head.predictor.level_embed.weight"] = torch.zeros(4, 32)
    torch.save(state, tmp_path / "a.pth")
    out = told(["info", str(tmp_path / "a.pth")], capsys)
    assert "not understood, left out: 1: sem_seg_head.predictor.extra" in out
    assert "missing in the file: 1: mask_decoder.heads.norm" in out
    assert "of another shape: mask_decoder.level_embed.weight is [4, 32] there and [3, 32]" in out
    assert "complete:      no" in out
    assert "is not whole" in sentence(
        ["convert", str(tmp_path / "a.pth"), str(tmp_path / "b")], capsys
    )


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("verb", ["info", "convert", "segment"])
def test_hostile_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, protocol: int
) -> None:
    file, mark = tmp_path / "model.pkl", tmp_path / "ran"
    file.write_bytes(pickle.dumps({"model": {"a": Evil(mark)}}, protocol=protocol))
    if verb == "segment":
        clip = write_clip(tmp_path / "clip.mp4", 2)
        words = ["segment", str(clip), "--model", str(file), "--task", "vos", "--point", "1,1"]
        assert main([*words, "--out", str(tmp_path / "out")]) == 2
        err = capsys.readouterr().err
    else:
        place = [str(tmp_path / "dst")] if verb == "convert" else []
        err = sentence([verb, str(file), *place], capsys)
    assert "nothing of it was run" in err and not mark.exists()
    assert not (tmp_path / "dst").exists()


def test_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such file" in sentence(["info", str(tmp_path / "gone.pth")], capsys)
    file = univs(tmp_path / "u.pth")
    assert "is there already" in sentence(["convert", str(file), str(file)], capsys)
