"""Backbones of ImageNet: torchvision's ResNet-50, also renamed by Detectron2, and Swin."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from vidseg.models.files.checkpoints import swin as swin_files
from vidseg.models.files.checkpoints import torchvision as torchvision_files
from vidseg.models.files.checkpoints.origin import Origin, recognise
from vidseg.models.published_weights import build_published, open_weights
from vidseg.models.shapes import config_of, preset_name

from .layouts import (
    SWINS,
    TINY_RESNET,
    TINY_SWIN,
    Layout,
    detectron_resnet,
    places,
    swin_imagenet,
    tensors,
    torchvision,
)


@pytest.mark.parametrize("layout", [torchvision(), detectron_resnet()])
def test_resnet50_in_full_size(layout: Layout) -> None:
    state = tensors(layout, "meta")
    assert recognise(state) is Origin.RESNET
    translation = torchvision_files.translate(state)
    assert not translation.unknown
    assert set(translation.unused) == {theirs for theirs, ours, _ in layout if ours is None}
    assert preset_name(config_of(translation.state)) == "univs_r50"


@pytest.mark.parametrize("preset", SWINS)
def test_swins_in_full_size(preset: str) -> None:
    layout = swin_imagenet(*SWINS[preset])
    state = tensors(layout, "meta")
    assert recognise(state) is Origin.SWIN
    translation = swin_files.translate(state)
    assert not translation.unknown
    assert set(translation.unused) == {theirs for theirs, ours, _ in layout if ours is None}
    assert preset_name(config_of(translation.state)) == preset


@pytest.mark.parametrize(
    ("layout", "pickled"),
    [
        (torchvision(**TINY_RESNET), False),
        (detectron_resnet(**TINY_RESNET), True),
        (swin_imagenet(*TINY_SWIN), False),
        (swin_imagenet(*TINY_SWIN), True),
    ],
)
def test_values_reach_their_places(tmp_path: Path, layout: Layout, pickled: bool) -> None:
    state, file = tensors(layout), tmp_path / "backbone"
    if pickled:  # tensors as they are, as Mask2Former's tool for Swin writes them
        file.write_bytes(pickle.dumps({"model": state, "matching_heuristics": True}))
    else:
        torch.save({"model": state} if "head.weight" in state else state, file)
    opened = open_weights(file)
    model, filling = build_published(opened)
    assert not filling.wrong and not filling.homeless and not opened.translation.unknown
    own = model.state_dict()
    for ours, theirs in places(layout).items():
        assert torch.equal(own[ours], state[theirs].to(own[ours].dtype)), ours
    fresh = [name for name in filling.fresh if name.startswith("backbone.")]
    norms = [f"backbone.norm{i}.{part}" for i in range(4) for part in ("weight", "bias")]
    assert fresh == (norms if "head.weight" in state else [])
    assert all((own[name] == name.endswith("weight")).all() for name in fresh)  # 1 and 0
