"""Mask2Former of Hugging Face: transformers itself says what must come out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from vidseg.models.checkpoints.conversion import build_model, fill_model, open_weights
from vidseg.models.checkpoints.origin import Origin
from vidseg.models.univs import UniVS

transformers = pytest.importorskip("transformers", reason="pip install transformers")

TOLERANCE = 1e-4
STAGES = ["stage1", "stage2", "stage3", "stage4"]
SMALL = {
    "feature_size": 32,
    "mask_feature_size": 32,
    "hidden_dim": 32,
    "encoder_feedforward_dim": 64,
    "encoder_layers": 2,
    "decoder_layers": 4,
    "num_attention_heads": 4,
    "dim_feedforward": 48,
    "num_queries": 7,
    "num_labels": 5,
}


def theirs(backbone: str) -> Any:
    """The real topology of each backbone with few channels, and random numbers everywhere."""
    if backbone == "resnet50":
        inner = transformers.ResNetConfig(
            embedding_size=8,
            hidden_sizes=[16, 32, 64, 128],
            depths=[3, 4, 6, 3],
            out_features=STAGES,
        )
    else:
        inner = transformers.SwinConfig(
            embed_dim=32,
            depths=[2, 2, 6, 2],
            num_heads=[1, 2, 4, 8],
            window_size=7,
            out_features=STAGES,
        )
    torch.manual_seed(0)
    config = transformers.Mask2FormerConfig(backbone_config=inner, **SMALL)
    model = transformers.Mask2FormerForUniversalSegmentation(config).eval()
    with torch.no_grad():
        for value in model.parameters():
            noise = torch.randn_like(value)
            value.copy_(0.1 * noise if value.ndim > 1 else value + 0.1 * noise)
        for name, value in model.named_buffers():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                value.normal_()
    return model


@pytest.mark.parametrize("backbone", ["resnet50", "swin_t"])
@pytest.mark.parametrize("saved", ["folder", "sharded", "bin", "state"])
def test_the_same_features_in_both_codes(tmp_path: Path, backbone: str, saved: str) -> None:
    model = theirs(backbone)
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
    opened = open_weights(place)
    assert opened.origin is Origin.MASK2FORMER_HF
    assert not opened.translation.unknown
    ours, filling = build_model(opened)
    assert not filling.wrong and not filling.homeless
    images = torch.randn(2, 3, 96, 128)
    with torch.no_grad():
        want = model.model.pixel_level_module(images, output_hidden_states=True)
        maps = ours.backbone(images)
        levels, mask_features = ours.pixel_decoder(maps)
    for ours_map, their_map in zip(maps, want.encoder_hidden_states, strict=True):
        assert_close(ours_map, their_map)
    for level, their_level in zip(levels, want.decoder_hidden_states, strict=True):
        assert_close(level, their_level)
    assert_close(mask_features, want.decoder_last_hidden_state)


@pytest.mark.parametrize("backbone", ["resnet50", "swin_t"])
def test_the_same_masks_in_both_codes(tmp_path: Path, backbone: str) -> None:
    """With the same number of queries, for queries see each other."""
    model = theirs(backbone)
    model.save_pretrained(tmp_path)
    opened = open_weights(tmp_path)
    config = build_model(opened)[0].config
    ours = UniVS(replace(config, decoder=replace(config.decoder, queries=7))).eval()
    filling = fill_model(ours, opened)
    assert not filling.wrong and not filling.rows
    image = torch.randn(1, 3, 96, 128)
    with torch.no_grad():
        want = model(image).masks_queries_logits
        got = ours.decode(ours.encode_frames(image), torch.tensor([[9]])).final.mask_logits[:, :, 0]
    assert_close(got, want)


def assert_close(got: torch.Tensor, want: torch.Tensor) -> None:
    assert got.shape == want.shape
    assert float((got - want).abs().max()) <= TOLERANCE
    assert float(want.abs().max()) > 0.1
