"""Mask2Former of Hugging Face: transformers itself says what must come out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from vidseg.models.files.checkpoints.mask2former_hf import translate
from vidseg.models.files.checkpoints.origin import Origin, recognise
from vidseg.models.mask2former import Mask2Former
from vidseg.models.published_weights import build_published, fill_model, open_weights
from vidseg.models.shapes import config_of, fixed_config_of, preset_name
from vidseg.models.univs.model import UniVS
from vidseg.vocabularies import get_vocabulary

from .hugging_face import BACKBONES, full_size, mask2former

TOLERANCE = 1e-4


def loaded(place: Path) -> Mask2Former:
    opened = open_weights(place)
    assert opened.origin is Origin.MASK2FORMER_HF
    assert not opened.translation.unknown
    model, filling = build_published(opened)
    assert isinstance(model, Mask2Former)
    assert not filling.untrained and not filling.homeless and not filling.rows
    return model


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("saved", ["folder", "sharded", "bin", "state"])
def test_the_same_features_masks_and_classes_in_both_codes(
    tmp_path: Path, backbone: str, saved: str
) -> None:
    model = mask2former(backbone)
    place = tmp_path
    if saved == "folder":
        model.save_pretrained(tmp_path)
    elif saved == "sharded":
        model.save_pretrained(tmp_path, max_shard_size="500KB")
        assert (tmp_path / "model.safetensors.index.json").is_file()
    elif saved == "bin":
        (tmp_path / "config.json").write_text('{"model_type": "mask2former"}')
        torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    else:
        place = tmp_path / "state.pth"
        torch.save(model.state_dict(), place)
    # In double precision no cell that a query may look at ties, see parity.py.
    ours, model, images = (
        loaded(place).double(),
        model.double(),
        torch.randn(2, 3, 96, 128).double(),
    )
    with torch.no_grad():
        want = model(images, output_hidden_states=True)
        maps = ours.backbone(images)
        features = ours.encode_frames(images)
        got = ours.decode(features)
    for ours_map, their_map in zip(maps, want.encoder_hidden_states, strict=True):
        assert_close(ours_map, their_map)
    for level, their_level in zip(features.levels, want.pixel_decoder_hidden_states, strict=True):
        assert_close(level, their_level)
    assert_close(features.mask_features, want.pixel_decoder_last_hidden_state)
    assert_close(got.mask_logits[:, :, 0], want.masks_queries_logits)
    assert_close(got.class_logits, want.class_queries_logits)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_univs_started_from_it_gives_the_same_masks(tmp_path: Path, backbone: str) -> None:
    """With the same number of queries, for queries see each other."""
    model = mask2former(backbone, queries=200)
    model.save_pretrained(tmp_path)
    opened = open_weights(tmp_path)
    ours = UniVS(config_of(opened.translation.state)).eval()
    filling = fill_model(ours, opened)
    assert not filling.wrong and not filling.rows and not filling.homeless
    ours, model, image = ours.double(), model.double(), torch.randn(1, 3, 96, 128).double()
    with torch.no_grad():
        want = model(image).masks_queries_logits
        got = ours.decode(ours.encode_frames(image), torch.tensor([[9]])).final.mask_logits[:, :, 0]
    assert_close(got, want)


def assert_close(got: torch.Tensor | None, want: torch.Tensor) -> None:
    assert got is not None and got.shape == want.shape
    assert float((got - want).abs().max()) <= TOLERANCE
    assert float(want.abs().max()) > 0.1


def write_labels(folder: Path, names: list[str]) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {str(k): name for k, name in enumerate(names)}
    (folder / "config.json").write_text(json.dumps(config))


def test_a_folder_names_its_classes(tmp_path: Path) -> None:
    mask2former("swin_t").save_pretrained(tmp_path)
    write_labels(tmp_path, ["Dog", "my own thing", "tree-merged", "sky-other-merged", "road"])
    config = loaded(tmp_path).config
    assert config.names == ("Dog", "my own thing", "tree-merged", "sky-other-merged", "road")
    assert config.is_thing == (True, True, False, False, False)


@pytest.mark.parametrize(
    ("preset", "queries"),
    [("swint", 100), ("swinb", 100), ("swinl", 200), ("r50", 100)],
)
def test_every_backbone_in_full_size(preset: str, queries: int) -> None:
    with torch.device("meta"):
        state = full_size(preset, queries).state_dict()
    assert recognise(state) is Origin.MASK2FORMER_HF
    translation = translate(state)
    assert not translation.unknown
    config = fixed_config_of(translation.state, get_vocabulary("coco_panoptic"))
    assert preset_name(config) == f"mask2former_{preset}"
    with torch.device("meta"):
        own = Mask2Former(config).state_dict()
    shapes = {name: tuple(value.shape) for name, value in translation.state.items()}
    for name, value in own.items():
        if not name.endswith("relative_position_index"):  # computed, and not always kept
            assert shapes.pop(name) == tuple(value.shape), name
    assert all(name.endswith("relative_position_index") for name in shapes)
