"""The command line with a real, tiny model: all tasks and files, models that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vidseg.cli.main import main
from vidseg.geometry.masks import decode_rle
from vidseg.inference.published.settings import published
from vidseg.models.presets import debug
from vidseg.models.text.static_text import StaticTextConfig
from vidseg.models.univs.model import UniVS
from vidseg.pictures.label_maps import read_label_map, read_rgb_ids
from vidseg.types import Task
from vidseg.video.source import open_source

from ..video.clips import write_clip

SIZE = (64, 96)
CLICK = ["--task", "vos", "--point", "9,9"]
ASKED = {
    Task.VIS: ["--categories", "dog,person"],
    Task.VSS: ["--categories", "dog,sky,grass"],
    Task.VPS: ["--vocabulary", "vipseg"],
    Task.VOS: ["--point", "2:9,9", "--point", "2:90,60,-", "--box", "3@1:5,5,40,40"],
    Task.PVOS: ["--point", "2:9,9", "--scribble", "3:9,40,60,50", "--name", "3:grass"],
    Task.REFVOS: ["--text", "2:the dog", "--text", "3:a cat on the left"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an untrained model whose masks are sharp, so that it finds something."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("model")
    config = debug()
    config = replace(config, decoder=replace(config.decoder, text_dim=256), text=StaticTextConfig())
    network = UniVS(config)
    for name, parameter in network.named_parameters():
        if "mask_embedding" in name and parameter.ndim == 2:
            parameter.data.mul_(30)
    network.save_pretrained(folder)
    settings = {"short_side": 64, "class_threshold": 0.0, "overlap_threshold": 0.0}
    (folder / "inference.json").write_text(json.dumps({"all": settings}))
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", 4, size=SIZE)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("task", list(Task), ids=[task.value for task in Task])
def test_all_formats_of_all_tasks_tell_the_same(
    task: Task, model: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["segment", str(clip), "--task", task.value, *ASKED[task], "--model", str(model)]
    assert main([*words, "--out", str(out), "--save", "overlay,png,ytvis,panoptic"]) == 0
    told = capsys.readouterr()
    assert told.err == "" and "4 frames in" in told.out
    assert open_source(out / "overlay.mp4").length == 4
    rows = json.loads((out / "ytvis.json").read_text())
    panoptic = json.loads((out / "panoptic.json").read_text())
    assert rows and all(len(row["segmentations"]) == 4 for row in rows)
    names = {category["id"]: category["name"] for category in panoptic["categories"]}
    for index, annotation in enumerate(panoptic["annotations"]):
        ids = read_label_map(out / "png" / f"{index:05d}.png")
        assert ids.shape == SIZE
        assert np.array_equal(ids, read_rgb_ids(out / "panoptic" / annotation["file_name"]))
        covered = np.zeros(SIZE, dtype=bool)
        for row in rows:
            assert names.get(row["category_id"]) == row["category"]
            mask = row["segmentations"][index]
            covered |= decode_rle(mask) if mask else False
        assert np.array_equal(covered, ids > 0)
    if not task.by_category:
        assert {row["track_id"] for row in rows} <= {2, 3}


def test_a_prompt_on_a_frame_that_never_came_where_the_length_is_unknown(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "clip.mkv", 4, size=SIZE)
    assert open_source(clip).length is None
    out = tmp_path / "out"
    words = ["segment", str(clip), *CLICK, "--point", "2@4:9,9", "--model", str(model)]
    assert main([*words, "--out", str(out), "--save", "png"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("vidseg: Object 2: the prompt is on frame 4, which never came")
    assert told.count("\n") == 1 and f"4 frames before that are in {out}" in told
    assert files(out) == [f"png/{index:05d}.png" for index in range(4)]


def _truncate(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:9999])


def _widen(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["decoder"]["queries"] += 1
    (folder / "config.json").write_text(json.dumps(config))


def _writes(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


SPOILED: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (_truncate, "model.safetensors is not a readable safetensors file"),
    "no weights": (_writes("model.safetensors", "weights"), "not a readable safetensors file"),
    "weights missing": (lambda f: (f / "model.safetensors").unlink(), "holds no model.safetensors"),
    "config missing": (lambda f: (f / "config.json").unlink(), "holds no config.json"),
    "config broken": (_writes("config.json", "{"), "config.json is not a readable JSON file"),
    "config of nothing": (_writes("config.json", "{}"), ""),
    "config unknown": (
        _writes("config.json", '{"colour": 1}'),
        "config.json: config: unknown key 'colour'",
    ),
    "config of another": (_widen, "does not fit its config.json"),
    "settings broken": (_writes("inference.json", "["), "inference.json is not a readable JSON"),
    "settings unknown": (
        _writes("inference.json", '{"all": {"shortside": 9}}'),
        "the nearest known is short_side.",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_models_that_cannot_be_used(
    name: str, model: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, sentence = SPOILED[name]
    folder = shutil.copytree(model, tmp_path / "model")
    spoil(folder)
    out = tmp_path / "out"
    assert main(["segment", str(clip), *CLICK, "--model", str(folder), "--out", str(out)]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("vidseg: ") and told.err.count("\n") == 1 and told.out == ""
    assert sentence in told.err, told.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nanoo", "No model 'nanoo'"),
        ("./nowhere", "No model './nowhere'"),
        ("clip.mp4", "clip.mp4 is damaged or no file of weights"),
    ],
)
def test_models_that_are_not_there(
    name: str,
    sentence: str,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["segment", str(clip), *CLICK, "--model", name, "--out", "out"]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert files(tmp_path) == ["clip.mp4"]


def test_settings_of_the_release(
    model: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tiny model has none of the four backbones, so the line says whose settings to take."""
    words = ["segment", str(clip), *CLICK, "--model", str(model), "--out", str(tmp_path / "out")]
    asked = ["--settings", "published:davis2017:2:swint", "--short-side", "64"]
    assert main([*words, *asked, "--print-settings"]) == 0
    shown = json.loads(capsys.readouterr().out)
    wanted = published(Task.VOS, "davis2017", backbone="swint", stage=2).override(short_side=64)
    assert shown == {"vos": wanted.flat()} and wanted.square_side == 1024
    assert not (tmp_path / "out").exists(), "nothing was segmented"
    default = [*words, "--print-settings"]
    assert main(default) == 0
    assert json.loads(capsys.readouterr().out)["vos"]["clip_length"] == 1
    assert main([*words, "--settings", "published:davis2017:3:r50", "--short-side", "64"]) == 0
    assert "4 frames in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("publish:davis2017", "The settings 'publish:davis2017' are unknown; use default, or"),
        ("published:davis2018", "the nearest is 'davis201"),
        ("published:vspw", "vspw is a benchmark of vss, not of vos"),
        ("published:davis2017:x", "have no stage; it is 2 or 3"),
        ("published:davis2017:1", "stages 2 and 3, and 1 is neither"),
        ("published:davis2017:3:swin-t", "'swin-t' is no backbone"),
        ("published:davis2017", "no settings for the backbone of this model"),
        ("published:davis2017::r50", "are unknown"),
    ],
)
def test_settings_that_there_are_not(
    settings: str, told: str, model: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["segment", str(clip), *CLICK, "--model", str(model), "--settings", settings]
    assert main([*words, "--print-settings"]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
