"""Published files as models: the released loops, the released settings, and what is refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vidseg.errors import ModelError, OutputError
from vidseg.inference.config import default
from vidseg.inference.files.conversion import convert, released_settings
from vidseg.inference.files.loading import load
from vidseg.inference.published.settings import published
from vidseg.models import presets
from vidseg.models.files.checkpoints.origin import CONCEPTS
from vidseg.models.mask2former import Mask2Former
from vidseg.models.published_weights import open_weights
from vidseg.models.text.clip_text import ClipTextConfig, ClipTextTower
from vidseg.models.univs.model import UniVS
from vidseg.types import Task
from vidseg.vocabularies import CONCEPT_ROWS, Vocabulary, get_vocabulary

from ...models.files.checkpoints import layouts
from ...models.golden_model import Golden, golden_model
from .. import test_golden_tasks
from ..policies.category import test_golden as test_category_golden

TEXT = ClipTextConfig(dim=24, width=64, layers=1, heads=1)


def univs_file(file: Path) -> Path:
    torch.save({"model": layouts.tensors(layouts.tiny_model("swin", univs=True))}, file)
    return file


def as_file(golden: Golden, folder: Path) -> UniVS:
    arrays = {name: value.numpy() for name, value in golden("tiny_weights").items()}
    (folder / "univs.pkl").write_bytes(pickle.dumps({"model": arrays}, protocol=2))
    return load(folder / "univs.pkl", "cpu").model


def as_folder(golden: Golden, folder: Path) -> UniVS:
    torch.save({"model": golden("tiny_weights")}, folder / "univs.pth")
    convert(folder / "univs.pth", folder / "model")
    return load(folder / "model", "cpu").model


@pytest.mark.parametrize("way", [as_file, as_folder])
@pytest.mark.parametrize("loop", ["vos", "refvos", "vss", "network_vis", "network_vps"])
def test_released_loops(
    golden: Golden,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Golden, Path], UniVS],
    loop: str,
) -> None:
    model = way(golden, tmp_path)
    module = test_category_golden if loop.startswith("network") else test_golden_tasks
    monkeypatch.setattr(module, "golden_model", lambda _: model)
    getattr(module, f"test_{loop}")(golden)


def test_both_ways_give_the_same_model(golden: Golden, tmp_path: Path) -> None:
    want = golden_model(golden).state_dict()
    for way in (as_file, as_folder):
        got = way(golden, tmp_path).state_dict()
        assert all(torch.equal(got[name].contiguous(), value) for name, value in want.items())


def test_released_settings_come_with_a_published_model(tmp_path: Path) -> None:
    file = univs_file(tmp_path / "univs.pth")
    done = convert(file, tmp_path / "model")
    names = {"config.json", "conversion.json", "inference.json", "model.safetensors"}
    assert {f.name for f in done.files} == names == {f.name for f in (tmp_path / "model").iterdir()}
    for place in (file, tmp_path / "model"):
        segmenter = load(place, "cpu")
        for task in Task:
            assert segmenter.config(task) == published(task)
    (tmp_path / "inference.json").write_text('{"all": {"short_side": 64}}')
    assert load(file, "cpu").config(Task.VIS).short_side == 64
    assert load(file, "cpu").config(Task.VIS).clip_length == 1
    settings = released_settings(open_weights(file), presets.univs_swinl())
    assert set(settings) == {task.value for task in Task}


@pytest.mark.parametrize(
    ("name", "backbone", "stage", "told"),
    [
        ("univs_swinl_stage3_f7_wosquare_ema.pth", "swinl", 3, 3),
        ("univs_swint_stage2.pth", "swint", 2, 2),
        ("univs_swinb_stage_1.pth", "swinb", 3, 1),
        ("own.pth", "r50", 3, None),
    ],
)
def test_settings_are_those_of_backbone_and_stage(
    tmp_path: Path, name: str, backbone: str, stage: int, told: int | None
) -> None:
    opened = open_weights(univs_file(tmp_path / name))
    config = getattr(presets, f"univs_{backbone}")()
    settings = released_settings(opened, config)
    for task in Task:
        wanted = published(task, backbone=backbone, stage=stage)
        assert default(task).override(settings[task.value]) == wanted
    convert(tmp_path / name, tmp_path / "model")
    for place in (tmp_path / name, tmp_path / "model"):
        assert load(place, "cpu").stage == told


def test_settings_of_a_benchmark_by_the_model(tmp_path: Path) -> None:
    """The tiny backbone is none of the four, and this name tells no stage."""
    segmenter = load(univs_file(tmp_path / "univs.pth"), "cpu")
    with pytest.raises(ModelError, match="no settings for the backbone of this model"):
        segmenter.published("vis", "ovis", stage=2)
    with pytest.raises(ModelError, match="do not tell which stage"):
        segmenter.published("vis", "ovis", backbone="swint")
    given = segmenter.published("vis", "ovis", backbone="swint", stage=2)
    assert given == published(Task.VIS, "ovis", backbone="swint", stage=2)


def test_beginnings_of_models_cannot_segment(tmp_path: Path) -> None:
    backbone, folder = tmp_path / "r50.pth", tmp_path / "model"
    torch.save(layouts.tensors(layouts.torchvision(**layouts.TINY_RESNET)), backbone)
    convert(backbone, folder)
    assert not (folder / "inference.json").exists()
    for place in (backbone, folder):
        with pytest.raises(ModelError, match=f"init.start={place}"):
            load(place, "cpu")


def mask2former_file(file: Path, classes: int = 133) -> Path:
    layout = layouts.tiny_model("resnet", univs=False, queries=7, classes=classes)
    torch.save({"model": layouts.tensors(layout)}, file)
    return file


@pytest.mark.parametrize(("classes", "title"), [(133, "coco_panoptic"), (80, "coco")])
def test_mask2former_files_are_whole_models(tmp_path: Path, classes: int, title: str) -> None:
    file, folder = mask2former_file(tmp_path / "m2f.pth", classes), tmp_path / "model"
    done = convert(file, folder)
    assert {f.name for f in done.files} == {f.name for f in folder.iterdir()}
    assert (folder / "inference.json").is_file()
    states = []
    for place in (file, folder):
        segmenter = load(place, "cpu")
        assert isinstance(segmenter.model, Mask2Former)
        listed = get_vocabulary(title)
        assert segmenter.classes == Vocabulary(listed.names, listed.is_thing)
        config = segmenter.config(Task.VPS)
        assert (config.image_threshold, config.overlap_threshold) == (0.8, 0.8)
        assert (config.short_side, config.max_side, config.max_detections) == (800, 1333, 100)
        assert (config.clip_length, config.size_multiple) == (1, 32)
        states.append(segmenter.model.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_classes_without_names(tmp_path: Path) -> None:
    file, folder = mask2former_file(tmp_path / "m2f.pth", 7), tmp_path / "model"
    for ask in (lambda: load(file, "cpu"), lambda: convert(file, folder)):
        with pytest.raises(ModelError, match=r"7 classes apart, .* 133 of coco_panoptic") as error:
            ask()
        assert "\n" not in str(error.value)
    assert not folder.exists()


def test_a_mask2former_that_lacks_its_classifier(tmp_path: Path) -> None:
    layout = layouts.tiny_model("resnet", univs=False, queries=7, classes=133)
    state = layouts.tensors(layout)
    del state["sem_seg_head.predictor.class_embed.weight"]
    torch.save(state, tmp_path / "less.pth")
    with pytest.raises(ModelError, match=r"should fill classifier\.weight"):
        load(tmp_path / "less.pth", "cpu")


def test_unknown_and_missing_tensors(tmp_path: Path) -> None:
    state = layouts.tensors(layouts.tiny_model("resnet", univs=True))
    torch.save({**state, "sem_seg_head.extra": torch.ones(1)}, tmp_path / "more.pth")
    with pytest.raises(ModelError, match=r"no UniVS has, such as sem_seg_head\.extra"):
        load(tmp_path / "more.pth", "cpu")
    convert(tmp_path / "more.pth", tmp_path / "model")
    assert load(tmp_path / "model", "cpu").model.config.decoder.text_dim == 24
    del state["sem_seg_head.predictor.cls_temp.weight"]
    file, place = tmp_path / "less.pth", tmp_path / "b"
    torch.save(state, file)
    for ask in (lambda: load(file, "cpu"), lambda: convert(file, place)):
        with pytest.raises(ModelError, match="class_temperature, which are missing"):
            ask()
    assert not place.exists()


def text_file(file: Path, config: ClipTextConfig) -> Path:
    torch.manual_seed(0)
    state = ClipTextTower(config).state_dict()
    torch.save({"model": {f"lang_encoder.{k}": v for k, v in state.items()}}, file)
    return file


def test_text_weights_beside_a_model(tmp_path: Path) -> None:
    convert(univs_file(tmp_path / "univs.pth"), tmp_path / "model")
    wrong = text_file(tmp_path / "wrong.pth", ClipTextConfig(dim=8, width=64, layers=1, heads=1))
    with pytest.raises(ModelError, match=r"8 values a text, but the model .* takes 24"):
        convert(wrong, tmp_path / "model")
    clip = text_file(tmp_path / "clip.pth", TEXT)
    done = convert(clip, tmp_path / "model")
    assert done.files == (tmp_path / "model" / "text_encoder.safetensors",)
    with pytest.raises(OutputError, match="is there already"):
        convert(clip, tmp_path / "model")
    assert convert(clip, tmp_path / "new" / "my.safetensors").files[0].is_file()
    load(tmp_path / "model", "cpu")
    with pytest.raises(ModelError, match="no segmentation model"):
        load(clip, "cpu")


def test_rows_of_the_concept_table(tmp_path: Path) -> None:
    state = layouts.tensors(layouts.tiny_model("resnet", univs=True))
    text = {
        "sem_seg_head.predictor.vis2text_projection.weight": (640, 32),
        "sem_seg_head.predictor.vis2text_projection.bias": (640,),
        "sem_seg_head.predictor.text_norm.weight": (640,),
        "sem_seg_head.predictor.text_norm.bias": (640,),
        "sem_seg_head.predictor.text2vis_projection.weight": (32, 640),
    }
    torch.save({**state, **{n: torch.ones(s) for n, s in text.items()}}, tmp_path / "univs.pth")
    table = torch.arange(CONCEPTS * 640.0).reshape(CONCEPTS, 640)
    torch.save(table, tmp_path / "concepts.pth")
    convert(tmp_path / "univs.pth", tmp_path / "model")
    convert(tmp_path / "concepts.pth", tmp_path / "model")
    encoder = load(tmp_path / "model", "cpu").text_encoder
    rows = CONCEPT_ROWS["vipseg"]
    got = encoder.encode_names(get_vocabulary("vipseg").texts)
    assert torch.equal(got, table[rows.start : rows.stop])
    with pytest.raises(ModelError, match="needs its weights"):
        encoder.encode_names(["my own thing"])
    torch.save(table[:9], tmp_path / "small.pth")
    with pytest.raises(ModelError, match="not a concept table"):
        convert(tmp_path / "small.pth", tmp_path / "other")


def test_places_that_are_taken(tmp_path: Path) -> None:
    file = univs_file(tmp_path / "univs.pth")
    convert(file, tmp_path / "model")
    with pytest.raises(OutputError, match="is there already"):
        convert(file, tmp_path / "model")
    with pytest.raises(OutputError, match="is there already"):
        convert(file, file)
    with pytest.raises(OutputError, match="is to be a folder"):
        convert(file, tmp_path / "model.safetensors")


def test_a_damaged_report(tmp_path: Path) -> None:
    convert(univs_file(tmp_path / "univs.pth"), tmp_path / "model")
    (tmp_path / "model" / "conversion.json").write_text("[]")
    with pytest.raises(ModelError, match="convert the model again"):
        load(tmp_path / "model", "cpu")
