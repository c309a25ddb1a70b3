"""ResNet against the reference numbers and its own promises."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vidseg.backbones.registry import build_backbone
from vidseg.backbones.resnet import ResNetConfig

from ..parity import report_difference

TINY = ResNetConfig(stem_channels=8, bottleneck_channels=4, out_channels=16)


def test_maps_equal_reference(golden: Callable[[str], dict[str, Tensor]]) -> None:
    weights, want = golden("tiny_weights"), golden("pixel")
    images = golden("inputs")["images_uint8"][:4]
    backbone = build_backbone(TINY).eval()
    prefix = "backbone."
    state = {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}
    backbone.load_state_dict(state, strict=True)
    mean = torch.tensor(backbone.normalization.mean).view(3, 1, 1)
    std = torch.tensor(backbone.normalization.std).view(3, 1, 1)
    with torch.no_grad():
        maps = backbone((images.float() - mean) / std)
    for level, got in enumerate(maps, start=2):
        report_difference(f"res{level}", got, want[f"backbone_res{level}"])


def test_resnet50_has_the_published_size_and_shapes() -> None:
    backbone = build_backbone(ResNetConfig())
    count = sum(v.numel() for v in backbone.state_dict().values())
    assert round(count / 1e6, 2) == 23.56
    assert backbone.spec.channels == (256, 512, 1024, 2048)
    assert backbone.get_parameter("res3.0.conv2.weight").shape == (128, 128, 3, 3)


def test_maps_follow_the_spec_and_carry_gradients() -> None:
    backbone = build_backbone(TINY)
    maps = backbone(torch.rand(2, 3, 64, 96))
    for got, channels, stride in zip(
        maps, backbone.spec.channels, backbone.spec.strides, strict=True
    ):
        assert got.shape == (2, channels, 64 // stride, 96 // stride)
    maps[-1].sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())
    assert not any("running" in name or "norm" in name for name, _ in backbone.named_parameters())
