"""Swin against a cell-by-cell reference: no roll, no window reshapes, no fused attention."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from vidseg.backbones.registry import build_backbone
from vidseg.backbones.swin import (
    DropPath,
    PatchMerging,
    Swin,
    SwinBlock,
    SwinConfig,
    swin_base,
    swin_large,
    swin_tiny,
)
from vidseg.backbones.window_attention import shift_mask

from ..parity import report_difference

TINY = SwinConfig(channels=8, depths=(2, 2, 2, 2), heads=(1, 2, 2, 4), window=3)


def region(cell: int, window: int, shift: int) -> int:
    """Number of the window that a cell belongs to along one axis when windows start at shift."""
    return (cell - shift) // window


def attention_by_cells(block: SwinBlock, x: Tensor) -> Tensor:
    """Each cell attends to the cells of its (shifted) window, padding cells included."""
    h, w, c = x.shape
    window, shift, attn = block.window, block.shift, block.attn
    full_h, full_w = math.ceil(h / window) * window, math.ceil(w / window) * window
    padded = torch.zeros(full_h, full_w, c)
    padded[:h, :w] = x
    heads, d = attn.heads, c // attn.heads
    q, k, v = attn.qkv(padded).view(full_h, full_w, 3, heads, d).unbind(2)
    out = torch.zeros(h, w, heads, d)
    cells = [(i, j) for i in range(full_h) for j in range(full_w)]
    for i in range(h):
        for j in range(w):
            home = region(i, window, shift), region(j, window, shift)
            near = [
                (y, x)
                for y, x in cells
                if (region(y, window, shift), region(x, window, shift)) == home
            ]
            logits = torch.stack([(q[i, j] * k[y, x]).sum(-1) / math.sqrt(d) for y, x in near])
            rows = [(i - y + window - 1) * (2 * window - 1) + (j - x + window - 1) for y, x in near]
            weights = (logits + attn.relative_position_bias_table[rows]).softmax(0)
            values = torch.stack([v[y, x] for y, x in near])
            out[i, j] = (weights[..., None] * values).sum(0)
    return attn.proj(out.reshape(h, w, c))


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("size", [(6, 9), (5, 7), (2, 4)])
def test_block_equals_attention_written_cell_by_cell(size: tuple[int, int], shifted: bool) -> None:
    torch.manual_seed(0)
    block = SwinBlock(TINY, 8, 2, shifted=shifted, chance=0.0).eval()
    torch.nn.init.normal_(block.attn.relative_position_bias_table)
    torch.nn.init.normal_(block.attn.qkv.weight)
    x = torch.randn(2, *size, 8)
    padded = [math.ceil(s / 3) * 3 for s in size]
    with torch.no_grad():
        got = block(x, shift_mask(padded[0], padded[1], 3, like=x))
        mixed = torch.stack([attention_by_cells(block, block.norm1(sample)) for sample in x])
        y = x + mixed
        hidden = F.gelu(block.mlp.fc1(block.norm2(y)))
        want = y + block.mlp.fc2(hidden)
    report_difference(f"block {size} shifted={shifted}", got, want, 1e-5)


def test_merging_joins_cells_in_the_published_order() -> None:
    merging = PatchMerging(1)
    x = torch.arange(15.0).view(1, 3, 5, 1)
    joined: list[Tensor] = []
    merging.norm.register_forward_hook(lambda _, args, out: joined.append(args[0]))
    assert merging(x).shape == (1, 2, 3, 2)
    assert joined[0][0, 0, 0].tolist() == [0, 5, 1, 6]
    assert joined[0][0, 1, 2].tolist() == [14, 0, 0, 0]


def test_parameter_names_are_those_of_detection_checkpoints() -> None:
    names = set(build_backbone(TINY).state_dict())
    block = "layers.1.blocks.1."
    assert {
        "patch_embed.proj.weight",
        "patch_embed.norm.bias",
        f"{block}norm1.weight",
        f"{block}attn.relative_position_bias_table",
        f"{block}attn.relative_position_index",
        f"{block}attn.qkv.bias",
        f"{block}attn.proj.weight",
        f"{block}norm2.weight",
        f"{block}mlp.fc1.weight",
        f"{block}mlp.fc2.bias",
        "layers.2.downsample.reduction.weight",
        "layers.2.downsample.norm.weight",
        "norm0.weight",
        "norm3.bias",
    } <= names
    assert "layers.3.downsample.reduction.weight" not in names
    assert not any("drop" in n or "reduction.bias" in n for n in names)


@pytest.mark.parametrize(
    ("config", "millions"), [(swin_tiny(), 27.5), (swin_base(), 86.9), (swin_large(), 195.2)]
)
def test_published_sizes(config: SwinConfig, millions: float) -> None:
    with torch.device("meta"):
        backbone = Swin(config)
    count = sum(p.numel() for p in backbone.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.06)


def test_maps_follow_the_spec_and_every_weight_gets_a_gradient() -> None:
    torch.manual_seed(0)
    backbone = build_backbone(TINY)
    maps = backbone(torch.randn(2, 3, 64, 96))
    for got, channels, stride in zip(
        maps, backbone.spec.channels, backbone.spec.strides, strict=True
    ):
        assert got.shape == (2, channels, 64 // stride, 96 // stride)
    sum((m * torch.randn_like(m)).sum() for m in maps).backward()
    assert all(p.grad is not None for p in backbone.parameters())


def test_drop_path_keeps_the_mean_and_drops_whole_samples() -> None:
    torch.manual_seed(0)
    drop = DropPath(0.25)
    out = drop(torch.ones(4000, 2, 3))
    values = out.flatten(1)
    assert (values == values[:, :1]).all()
    assert values.unique().tolist() == pytest.approx([0, 4 / 3])
    assert values.mean() == pytest.approx(1.0, abs=0.03)
    assert torch.equal(drop.eval()(torch.ones(5, 2)), torch.ones(5, 2))
