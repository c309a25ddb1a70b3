"""Mask2Former of Detectron2: all backbones, old names, numpy pickles, 100 and 200 queries."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vidseg.errors import ModelError
from vidseg.models.files.checkpoints.class_lists import class_list
from vidseg.models.files.checkpoints.mask2former import translate
from vidseg.models.files.checkpoints.origin import Origin, recognise
from vidseg.models.mask2former import Mask2Former
from vidseg.models.published_weights import (
    build_published,
    fill_model,
    fill_univs,
    open_weights,
)
from vidseg.models.shapes import config_of, fixed_config_of, preset_name
from vidseg.models.univs.model import UniVS
from vidseg.vocabularies import get_vocabulary

from .layouts import (
    SWINS,
    legacy,
    places,
    published_model,
    tensors,
    tiny_model,
)

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
    assert list(translation.unused) == ["criterion.empty_weight"]
    classes = class_list(133, Path("file.pkl"))
    assert classes is not None and classes.title == "coco_panoptic"
    config = fixed_config_of(translation.state, classes)
    assert preset_name(config) == preset.replace("univs", "mask2former")
    with torch.device("meta"):
        own = Mask2Former(config).state_dict()
    want = {ours: shape for _, ours, shape in layout if ours is not None}
    assert {name: tuple(value.shape) for name, value in own.items()} == want
    assert set(translation.state) == set(own)
    start = config_of(translation.state)
    assert preset_name(start) == preset
    with torch.device("meta"):
        model = UniVS(start)
    filling = fill_univs(model, translation.state)
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
    model, filling = build_published(opened)
    assert isinstance(model, Mask2Former) and opened.fixed_classes == 5
    assert not filling.untrained and not filling.homeless and not opened.translation.unknown
    own = model.state_dict()
    assert set(own) == set(places(layout))
    for ours, theirs in places(layout).items():
        assert torch.equal(own[ours], state[theirs].to(own[ours].dtype)), ours
    start = UniVS(config_of(opened.translation.state))
    filling = fill_model(start, opened)
    assert not filling.wrong and not filling.homeless
    own = start.state_dict()
    for ours, theirs in places(layout).items():
        if not ours.startswith("classifier."):
            got = own[ours][:7] if ours in QUERIES else own[ours]
            assert torch.equal(got, state[theirs].to(got.dtype)), ours
    assert filling.rows == dict.fromkeys(QUERIES, (7, 200))
    assert set(QUERIES) <= set(filling.untrained)


@pytest.mark.parametrize(("count", "title"), [(80, "coco"), (150, "ade20k"), (19, "cityscapes")])
def test_classes_by_their_number(count: int, title: str) -> None:
    classes = class_list(count, Path("file.pkl"))
    assert classes is not None and classes.title == title and len(classes) == count
    assert class_list(count + 1, Path("file.pkl")) is None


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["wall", "building", "sky", *(f"LABEL_{k}" for k in range(3, 150))], "other"),
        (["x", *get_vocabulary("ade20k").texts[1:]], "ade20k"),
        ([f"LABEL_{k}" for k in range(150)], "ade20k"),
        ([f"LABEL_{k}" for k in range(149)], "ade20k"),  # not as many: they say nothing
        ([f"thing {k}" for k in range(150)], "other"),
    ],
)
def test_classes_by_their_names(tmp_path: Path, labels: list[str], names: str) -> None:
    config = {"id2label": {str(k): name for k, name in enumerate(labels)}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    classes = class_list(150, tmp_path)
    assert classes is not None
    listed = get_vocabulary("ade20k")
    assert classes == (listed if names == "ade20k" else classes)
    assert (classes.names == tuple(labels)) == (names == "other")


def test_names_of_classes_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"id2label": {"0": "cat", "1": "cat"}}')
    with pytest.raises(ModelError, match=r"config\.json, id2label: .*more than once: cat"):
        class_list(2, tmp_path)


def test_more_queries_than_the_model_has(tmp_path: Path) -> None:
    layout = tiny_model("resnet", univs=False, queries=300)
    torch.save(tensors(layout), tmp_path / "many.pth")
    opened = open_weights(tmp_path / "many.pth")
    whole, filling = build_published(opened)
    assert whole.config.decoder.queries == 300 and not filling.rows
    model = UniVS(config_of(opened.translation.state))
    assert model.config.decoder.queries == 300 and not fill_model(model, opened).rows
    small = UniVS(replace(model.config, decoder=replace(model.config.decoder, queries=5)))
    filling = fill_model(small, opened)
    assert filling.rows == dict.fromkeys(QUERIES, (300, 5))
    assert not set(QUERIES) & set(filling.untrained)
    assert torch.equal(
        small.mask_decoder.query_content.weight, model.mask_decoder.query_content.weight[:5]
    )
