"""``vidseg segment --model`` with published Mask2Former files, with one argument."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from PIL import Image

from vidseg.cli.main import main
from vidseg.models.files.checkpoints import mask2former
from vidseg.models.mask2former import Mask2Former
from vidseg.models.shapes import fixed_config_of
from vidseg.vocabularies import Vocabulary, get_vocabulary

from ..models.files.checkpoints import layouts
from ..video.clips import write_clip

# Random weights are never sure, and pictures may be small.
EASY = {"image_threshold": 0.0, "overlap_threshold": 0.0, "short_side": 64}


def published(folder: Path, classes: Vocabulary, backbone: str = "resnet") -> Path:
    """A pickle of arrays as Detectron2 writes it, with numbers much as before training."""
    layout = layouts.tiny_model(backbone, univs=False, queries=7, classes=len(classes))
    state = layouts.tensors(layout)
    torch.manual_seed(0)
    model = Mask2Former(fixed_config_of(mask2former.translate(state).state, classes))
    own = model.state_dict()
    own["classifier.weight"] *= 50  # so that queries differ in their likeliest class
    state |= {theirs: own[ours] for ours, theirs in layouts.places(layout).items()}
    arrays = {name: value.numpy() for name, value in state.items()}
    file = folder / "model_final.pkl"
    file.write_bytes(pickle.dumps({"model": arrays, "__author__": "x"}, protocol=2))
    (folder / "inference.json").write_text(json.dumps({"all": EASY}))
    return file


def segment(source: Path, model: Path, task: str, out: Path, *more: str) -> int:
    words = ["segment", str(source), "--model", str(model), "--task", task, "--out", str(out)]
    return main([*words, "--device", "cpu", "--save", "overlay,panoptic,ytvis", *more])


@pytest.mark.parametrize("task", ["vps", "vis", "vss"])
def test_a_video_with_one_argument(tmp_path: Path, task: str) -> None:
    model = published(tmp_path, get_vocabulary("coco_panoptic"), "swin")
    clip = write_clip(tmp_path / "clip.mp4", 3)
    assert segment(clip, model, task, tmp_path / "out") == 0
    told = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert len(told["images"]) == 3
    names = [row["name"] for row in told["categories"]]
    assert names == list(get_vocabulary("coco_panoptic").names)
    kinds = {row["id"]: row["isthing"] for row in told["categories"]}
    used = {s["category_id"] for row in told["annotations"] for s in row["segments_info"]}
    assert used and (task != "vis" or all(kinds[k] for k in used))


def test_a_picture_by_classes_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = published(tmp_path, get_vocabulary("ade20k"))
    Image.new("RGB", (70, 50), (90, 120, 30)).save(tmp_path / "a.png")
    assert segment(tmp_path / "a.png", model, "vss", tmp_path / "out") == 0
    told = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert [row["name"] for row in told["categories"]] == list(get_vocabulary("ade20k").names)
    capsys.readouterr()
    out = tmp_path / "more"
    assert segment(tmp_path / "a.png", model, "vss", out, "--vocabulary", "vipseg") == 2
    err = capsys.readouterr().err
    assert "trained on 150 classes" in err and "such as nano" in err and err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("task", ["vos", "pvos", "refvos"])
def test_tasks_with_prompts(tmp_path: Path, task: str, capsys: pytest.CaptureFixture[str]) -> None:
    model = published(tmp_path, get_vocabulary("coco"))
    clip = write_clip(tmp_path / "clip.mp4", 2)
    prompt = ["--text", "1:the dog"] if task == "refvos" else ["--point", "1:5,5"]
    assert segment(clip, model, task, tmp_path / "out", *prompt) == 2
    err = capsys.readouterr().err
    assert f"Task {task} needs a model that takes prompts" in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists()
