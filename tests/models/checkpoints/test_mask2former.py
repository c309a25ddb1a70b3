"""Mask2Former of Detectron2: all backbones, old names, numpy pickles, 100 and 200 queries."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.models.checkpoints.layouts import (
    SWINS,
    legacy,
    places,
    published_model,
    tensors,
    tiny_model,
)
from vidseg.models.checkpoints.conversion import (
    NOT_THERE,
    build_model,
    fill_model,
    open_weights,
)
from vidseg.models.checkpoints.filling import fill
from vidseg.models.checkpoints.mask2former import translate
from vidseg.models.checkpoints.origin import Origin, recognise
from vidseg.models.checkpoints.shapes import config_of, preset_name
from vidseg.models.univs import UniVS

QUERIES = ("mask_decoder.query_content.weight", "mask_decoder.query_position.weight")


@pytest.mark.parametrize("preset", ["univs_r50", *SWINS])
@pytest.mark.parametrize("old", [False, True])
def test_every_backbone_in_full_size(preset: str, old: bool) -> None:
    queries = 200 if preset == "univs_swinl" else 100
    layout = published_model(preset, univs=False, queries=queries)
    state = tensors(layout, "meta")
    if old:
        names = legacy(state, without_pixel_decoder=True)
        state = {names[name]: value for name, value in state.items()}
    assert recognise(state) is Origin.MASK2FORMER
    translation = translate(state)
    assert not translation.unknown
    assert len(translation.unused) == 3
    assert set(translation.unused) <= set(state)
    config = config_of(translation.state)
    assert preset_name(config) == preset
    with torch.device("meta"):
        model = UniVS(config)
    filling = fill(model, translation.state, NOT_THERE[Origin.MASK2FORMER])
    assert not filling.wrong and not filling.homeless
    assert filling.rows == ({} if queries == 200 else dict.fromkeys(QUERIES, (100, 200)))
    added = {ours for _, ours, _ in published_model(preset, univs=True)} - set(places(layout))
    assert set(filling.fresh) == added - {None}


def _write(file: Path, state: dict[str, Tensor], protocol: int | None) -> None:
    if protocol is None:
        torch.save({"model": state}, file)
        return
    arrays = OrderedDict((name, value.numpy()) for name, value in state.items())
    arrays._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    content = {"model": arrays, "__author__": "x", "matching_heuristics": True}
    file.write_bytes(pickle.dumps(content, protocol=protocol))


@pytest.mark.parametrize("backbone", ["resnet", "swin"])
@pytest.mark.parametrize("protocol", [None, 2, 4])
def test_values_reach_their_places(tmp_path: Path, backbone: str, protocol: int | None) -> None:
    layout = tiny_model(backbone, univs=False, queries=7)
    state = tensors(layout)
    names = legacy(state, without_pixel_decoder=protocol == 2)
    file = tmp_path / ("model.pth" if protocol is None else "model.pkl")
    _write(file, {names[name]: value for name, value in state.items()}, protocol)
    opened = open_weights(file)
    model, filling = build_model(opened)
    assert not filling.wrong and not opened.translation.unknown
    own = model.state_dict()
    for ours, theirs in places(layout).items():
        got = own[ours][:7] if ours in QUERIES else own[ours]
        assert torch.equal(got, state[theirs].to(got.dtype)), ours
    assert filling.rows == dict.fromkeys(QUERIES, (7, 200))
    assert set(QUERIES) <= set(filling.untrained)
    again, _ = build_model(opened)
    assert all(torch.equal(own[k], v) for k, v in again.state_dict().items())  # the same start


def test_more_queries_than_the_model_has(tmp_path: Path) -> None:
    layout = tiny_model("resnet", univs=False, queries=300)
    torch.save(tensors(layout), tmp_path / "many.pth")
    opened = open_weights(tmp_path / "many.pth")
    model, filling = build_model(opened)
    assert model.config.decoder.queries == 300 and not filling.rows
    from dataclasses import replace

    small = UniVS(replace(model.config, decoder=replace(model.config.decoder, queries=5)))
    filling = fill_model(small, opened)
    assert filling.rows == dict.fromkeys(QUERIES, (300, 5))
    assert not set(QUERIES) & set(filling.untrained)
    assert torch.equal(
        small.mask_decoder.query_content.weight, model.mask_decoder.query_content.weight[:5]
    )
