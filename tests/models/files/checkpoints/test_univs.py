"""UniVS: published names and shapes of every backbone and stage onto our model, by value."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vidseg.models.files.checkpoints.origin import Origin, recognise
from vidseg.models.files.checkpoints.univs import translate
from vidseg.models.published_weights import build_published, open_weights
from vidseg.models.shapes import config_of, preset_name
from vidseg.models.univs.model import UniVS

from .layouts import SWINS, Layout, places, published_model, tensors
from .layouts import tiny_model as tiny


def released_names(golden_folder: Path) -> dict[str, tuple[int, ...]]:
    text = (golden_folder / "univs_r50_params.txt").read_text()
    rows = (line.split("\t") for line in text.splitlines() if line[0] != "#")
    return {row[0]: tuple(ast.literal_eval(row[1])) for row in rows}


def test_the_layout_of_these_tests_is_the_released_one(golden_folder: Path) -> None:
    written = {name: shape for name, _, shape in published_model("univs_r50", univs=True)}
    assert written == released_names(golden_folder) and len(written) == 626


@pytest.mark.parametrize("preset", ["univs_r50", *SWINS])
def test_every_backbone_in_full_size(preset: str) -> None:
    layout = published_model(preset, univs=True)
    state = tensors(layout, "meta")
    assert recognise(state) is Origin.UNIVS
    translation = translate(state)
    assert list(translation.unused) == ["sem_seg_head.predictor.reid_temp.weight"]
    assert not translation.unknown
    config = config_of(translation.state)
    assert preset_name(config) == preset
    with torch.device("meta"):
        own = UniVS(config).state_dict()
    want = {ours: shape for _, ours, shape in layout if ours is not None}
    assert {name: tuple(value.shape) for name, value in own.items()} == want
    assert set(translation.state) == set(own)


@pytest.mark.parametrize("backbone", ["resnet", "swin"])
@pytest.mark.parametrize("wrapper", ["plain", "model", "module"])
def test_values_reach_their_places(tmp_path: Path, backbone: str, wrapper: str) -> None:
    layout = tiny(backbone, univs=True)
    state = tensors(layout)
    content: object = state
    if wrapper == "model":
        content = {"model": state, "optimizer": {"state": {}}, "scheduler": {}, "iteration": 88999}
    elif wrapper == "module":
        content = {"model": {f"module.{name}": value for name, value in state.items()}}
    torch.save(content, tmp_path / "univs.pth")
    opened = open_weights(tmp_path / "univs.pth")
    model, filling = build_published(opened)
    assert not filling.untrained and not filling.homeless and not opened.translation.unknown
    assert_values(model, layout, state)
    assert opened.checkpoint.iteration == (88999 if wrapper == "model" else None)


def assert_values(model: UniVS, layout: Layout, state: dict[str, Tensor]) -> None:
    own = model.state_dict()
    for ours, theirs in places(layout).items():
        want = state[theirs].to(own[ours].dtype)
        assert torch.equal(own[ours], want), ours


@pytest.mark.parametrize("preset", ["univs_r50", *SWINS])
@pytest.mark.parametrize("averaged", [True, False])
def test_moving_averages_in_full_size(preset: str, averaged: bool) -> None:
    layout = published_model(preset, univs=True)
    state = tensors(layout, "meta")
    twins = {
        name.replace("backbone.", "backbone_t.", 1).replace("sem_seg_head.", "sem_seg_head_t.", 1)
        for name in state
    }
    assert not twins & set(state)
    found = translate({**state, **dict.fromkeys(twins, torch.empty(()))}, averaged=averaged)
    assert not found.unknown
    assert set(found.state) == set(places(layout))
    reid = "sem_seg_head{}.predictor.reid_temp.weight"
    passed = set(state) if averaged else twins
    assert set(found.unused) == {*passed, reid.format("_t" if averaged else "")}


@pytest.mark.parametrize("backbone", ["resnet", "swin"])
@pytest.mark.parametrize("averaged", [True, False])
def test_moving_averages(tmp_path: Path, averaged: bool, backbone: str) -> None:
    layout = tiny(backbone, univs=True)
    state = tensors(layout)
    trained = [n for n in state if "running" not in n]  # statistics are not averaged
    twins = {n: n.replace("backbone.", "backbone_t.", 1) for n in trained}
    twins = {n: t.replace("sem_seg_head.", "sem_seg_head_t.", 1) for n, t in twins.items()}
    averages = {n: state[n] + 1 for n in trained}
    torch.save({**state, **{twins[n]: averages[n] for n in trained}}, tmp_path / "twins.pth")
    opened = open_weights(tmp_path / "twins.pth", averaged=averaged)
    model, filling = build_published(opened)
    assert not filling.untrained and not opened.translation.unknown
    assert_values(model, layout, {**state, **averages} if averaged else state)
    left = set(opened.translation.unused)
    reid = "sem_seg_head.predictor.reid_temp.weight"
    assert left == {*(trained if averaged else twins.values()), twins[reid] if averaged else reid}
    assert len(left) + len(places(layout)) == len(opened.checkpoint.tensors)


def test_half_precision_and_other_numbers_of_queries(tmp_path: Path) -> None:
    layout = tiny("resnet", univs=True, queries=9)
    state = {name: value.half() for name, value in tensors(layout).items()}
    torch.save(state, tmp_path / "half.pth")
    model, filling = build_published(open_weights(tmp_path / "half.pth"))
    assert model.config.decoder.queries == 9 and not filling.untrained
    assert_values(model, layout, state)


def test_what_is_missing_odd_or_unknown_is_told() -> None:
    layout = tiny("resnet", univs=True)
    state = tensors(layout)
    decoder = "sem_seg_head.predictor."
    del state[decoder + "decoder_norm.bias"]
    state[decoder + "level_embed.weight"] = torch.zeros(4, 32)
    state[decoder + "extra.weight"] = torch.zeros(2)
    translation = translate(state)
    assert translation.unknown == [decoder + "extra.weight"]
    from vidseg.models.files.checkpoints.filling import fill

    filling = fill(UniVS(config_of(translation.state)), translation.state)
    assert filling.lacking == ["mask_decoder.heads.norm.bias"]
    assert filling.misfits == {"mask_decoder.level_embed.weight": ((4, 32), (3, 32))}
