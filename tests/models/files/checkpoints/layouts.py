"""Names and shapes of published checkpoints beside ours, written out apart from the package.

Each layout is a list of (published name, our name, shape); our name is None where the tensor has
no place here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

Layout = list[tuple[str, str | None, tuple[int, ...]]]
Channels = tuple[int, int, int, int]

SWINS = {
    "univs_swint": (96, (2, 2, 6, 2), (3, 6, 12, 24), 7),
    "univs_swinb": (128, (2, 2, 18, 2), (4, 8, 16, 32), 12),
    "univs_swinl": (192, (2, 2, 18, 2), (6, 12, 24, 48), 12),
}
STATISTICS = ("weight", "bias", "running_mean", "running_var")


def tensors(layout: Layout, device: str = "cpu") -> dict[str, Tensor]:
    """Published names with numbers that differ from tensor to tensor."""
    return {name: numbers(name, shape, device) for name, _, shape in layout}


def numbers(name: str, shape: Sequence[int], device: str = "cpu") -> Tensor:
    if device == "meta":
        return torch.empty(tuple(shape), device="meta")
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.rand(tuple(shape), generator=generator)


def places(layout: Layout) -> dict[str, str]:
    """Our names -> published names."""
    return {ours: theirs for theirs, ours, _ in layout if ours is not None}


def both(prefix: str, ours: str, weight: tuple[int, ...], bias: bool = True) -> Layout:
    found: Layout = [(f"{prefix}.weight", f"{ours}.weight", weight)]
    return [*found, (f"{prefix}.bias", f"{ours}.bias", weight[:1])] if bias else found


def convolutions(
    stem: int = 64, width: int = 64, out: int = 256, depths: Sequence[int] = (3, 4, 6, 3)
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each convolution of a ResNet in Detectron2's names, with its shape."""
    yield "stem.conv1", (stem, 3, 7, 7)
    inputs = stem
    for stage, depth in enumerate(depths):
        narrow, wide = width << stage, out << stage
        for block in range(depth):
            at = f"res{stage + 2}.{block}."
            if block == 0:
                yield at + "shortcut", (wide, inputs, 1, 1)
            yield at + "conv1", (narrow, inputs, 1, 1)
            yield at + "conv2", (narrow, narrow, 3, 3)
            yield at + "conv3", (wide, narrow, 1, 1)
            inputs = wide


def resnet(**shape: object) -> Layout:
    """As a part of UniVS and Mask2Former."""
    out: Layout = []
    for name, size in convolutions(**shape):  # type: ignore[arg-type]
        name = f"backbone.{name}"
        out.append((f"{name}.weight", f"{name}.weight", size))
        out += [(f"{name}.norm.{s}", f"{name}.norm.{s}", size[:1]) for s in STATISTICS]
    return out


def torchvision(**shape: object) -> Layout:
    out: Layout = []
    for name, size in convolutions(**shape):  # type: ignore[arg-type]
        theirs, norm = _torchvision_names(name)
        out.append((f"{theirs}.weight", f"backbone.{name}.weight", size))
        out += [(f"{norm}.{s}", f"backbone.{name}.norm.{s}", size[:1]) for s in STATISTICS]
        out.append((f"{norm}.num_batches_tracked", None, ()))
    return [*out, ("fc.weight", None, (1000, 8)), ("fc.bias", None, (1000,))]


def _torchvision_names(name: str) -> tuple[str, str]:
    if name == "stem.conv1":
        return "conv1", "bn1"
    stage, block, part = name.split(".")
    at = f"layer{int(stage[3:]) - 1}.{block}."
    if part == "shortcut":
        return at + "downsample.0", at + "downsample.1"
    return at + part, at + part.replace("conv", "bn")


def detectron_resnet(**shape: object) -> Layout:
    """torchvision's file as Detectron2's tool renames it."""
    kept = [
        (str(ours).removeprefix("backbone."), ours, size)
        for _, ours, size in torchvision(**shape)
        if ours is not None
    ]
    return [*kept, ("stem.fc.weight", None, (1000, 8)), ("stem.fc.bias", None, (1000,))]


def swin(
    channels: int, depths: Sequence[int], heads: Sequence[int], window: int, *, outputs: bool = True
) -> Layout:
    """As a part of UniVS and Mask2Former; without norms of outputs as ImageNet's files."""
    b = "backbone."
    out = both(b + "patch_embed.proj", b + "patch_embed.proj", (channels, 3, 4, 4))
    out += both(b + "patch_embed.norm", b + "patch_embed.norm", (channels,))
    for stage, depth in enumerate(depths):
        c = channels << stage
        for block in range(depth):
            at = f"{b}layers.{stage}.blocks.{block}."
            table, index = ((2 * window - 1) ** 2, heads[stage]), (window**2, window**2)
            out += [
                (
                    at + "attn.relative_position_bias_table",
                    at + "attn.relative_position_bias_table",
                    table,
                ),
                (at + "attn.relative_position_index", at + "attn.relative_position_index", index),
            ]
            for part, size in (
                ("norm1", (c,)),
                ("attn.qkv", (3 * c, c)),
                ("attn.proj", (c, c)),
                ("norm2", (c,)),
                ("mlp.fc1", (4 * c, c)),
                ("mlp.fc2", (c, 4 * c)),
            ):
                out += both(at + part, at + part, size)
        if stage < 3:
            at = f"{b}layers.{stage}.downsample."
            out += both(at + "norm", at + "norm", (4 * c,))
            out += both(at + "reduction", at + "reduction", (2 * c, 4 * c), bias=False)
        if outputs:
            out += both(f"{b}norm{stage}", f"{b}norm{stage}", (c,))
    return out


def swin_imagenet(
    channels: int, depths: Sequence[int], heads: Sequence[int], window: int
) -> Layout:
    inner = swin(channels, depths, heads, window, outputs=False)
    out: Layout = [(theirs.removeprefix("backbone."), ours, size) for theirs, ours, size in inner]
    out.append(("layers.0.blocks.1.attn_mask", None, (4, window**2, window**2)))
    out += [("norm.weight", None, (8 * channels,)), ("norm.bias", None, (8 * channels,))]
    return [*out, ("head.weight", None, (1000, 8)), ("head.bias", None, (1000,))]


def pixel_decoder(inputs: Channels, hidden: int, layers: int, ffn: int, heads: int) -> Layout:
    theirs, ours = "sem_seg_head.pixel_decoder.", "pixel_decoder."
    out: Layout = []
    for i, channels in enumerate(reversed(inputs[1:])):
        at = f"{ours}input_projections.{i}."
        out += both(f"{theirs}input_proj.{i}.0", at + "conv", (hidden, channels, 1, 1))
        out += both(f"{theirs}input_proj.{i}.1", at + "norm", (hidden,))
    out.append((theirs + "transformer.level_embed", ours + "level_embed", (3, hidden)))
    for i in range(layers):
        a, b = f"{theirs}transformer.encoder.layers.{i}.", f"{ours}layers.{i}."
        for part, own, size in (
            ("self_attn.sampling_offsets", "attention.offsets", (heads * 24, hidden)),
            ("self_attn.attention_weights", "attention.weights", (heads * 12, hidden)),
            ("self_attn.value_proj", "attention.value", (hidden, hidden)),
            ("self_attn.output_proj", "attention.out", (hidden, hidden)),
            ("norm1", "norm", (hidden,)),
            ("linear1", "feed_forward.expand", (ffn, hidden)),
            ("linear2", "feed_forward.contract", (hidden, ffn)),
            ("norm2", "feed_forward.norm", (hidden,)),
        ):
            out += both(a + part, b + own, size)
    out += both(theirs + "mask_features", ours + "mask_features", (hidden, hidden, 1, 1))
    for part, own, kernel in (
        ("adapter_1", "lateral", (hidden, inputs[0], 1, 1)),
        ("layer_1", "smooth", (hidden, hidden, 3, 3)),
    ):
        out += both(theirs + part, f"{ours}{own}.conv", kernel, bias=False)
        out += both(f"{theirs}{part}.norm", f"{ours}{own}.norm", (hidden,))
    return out


def _attention(theirs: str, ours: str, hidden: int) -> Layout:
    return [
        (f"{theirs}.in_proj_weight", f"{ours}.in_proj_weight", (3 * hidden, hidden)),
        (f"{theirs}.in_proj_bias", f"{ours}.in_proj_bias", (3 * hidden,)),
        *both(f"{theirs}.out_proj", f"{ours}.out_proj", (hidden, hidden)),
    ]


def mask_decoder(hidden: int, layers: int, ffn: int, queries: int) -> Layout:
    """What UniVS and Mask2Former share."""
    p, out = "sem_seg_head.predictor.", Layout()
    for i in range(layers):
        ours = f"mask_decoder.layers.{i}."
        cross = f"{p}transformer_cross_attention_layers.{i}."
        self_ = f"{p}transformer_self_attention_layers.{i}."
        feed = f"{p}transformer_ffn_layers.{i}."
        out += _attention(cross + "multihead_attn", ours + "image.attention", hidden)
        out += both(cross + "norm", ours + "image.norm", (hidden,))
        out += _attention(self_ + "self_attn", ours + "queries.block.attention", hidden)
        out += both(self_ + "norm", ours + "queries.block.norm", (hidden,))
        out += both(feed + "linear1", ours + "feed_forward.expand", (ffn, hidden))
        out += both(feed + "linear2", ours + "feed_forward.contract", (hidden, ffn))
        out += both(feed + "norm", ours + "feed_forward.norm", (hidden,))
    out += both(p + "decoder_norm", "mask_decoder.heads.norm", (hidden,))
    for i in range(3):
        ours = f"mask_decoder.heads.mask_embedding.layers.{i}"
        out += both(f"{p}mask_embed.layers.{i}", ours, (hidden, hidden))
    for name, own, rows in (
        ("query_feat", "query_content", queries),
        ("query_embed", "query_position", queries),
        ("level_embed", "level_embed", 3),
    ):
        out.append((f"{p}{name}.weight", f"mask_decoder.{own}.weight", (rows, hidden)))
    return out


def univs_extras(hidden: int, layers: int, text: int) -> Layout:
    """What UniVS adds to Mask2Former."""
    p, out = "sem_seg_head.predictor.", Layout()
    for i in range(layers):
        theirs = f"{p}transformer_prompt_self_attention_layers.{i}."
        ours = f"mask_decoder.layers.{i}.proca."
        out += _attention(theirs + "multihead_attn", ours + "attention", hidden)
        out += both(theirs + "norm", ours + "norm", (hidden,))
    out += both(p + "vis2text_projection", "mask_decoder.heads.to_text", (text, hidden))
    out += both(p + "text_norm", "prompt_encoder.text_norm", (text,))
    out += both(p + "text2vis_projection", "prompt_encoder.text_projection", (hidden, text))
    lang = p + "lang2vision_cross_attention_layer."
    ours = "prompt_encoder.text_to_image."
    out += _attention(lang + "multihead_attn", ours + "attention", hidden)
    out += both(lang + "norm", ours + "norm", (hidden,))
    for theirs, own in (
        ("prompt_sot", "visual_task"),
        ("prompt_detection", "category_task"),
        ("prompt_grounding", "expression_task"),
    ):
        out.append((f"{p}{theirs}.weight", f"prompt_encoder.{own}.weight", (1, hidden)))
    out.append((p + "cls_temp.weight", "mask_decoder.heads.class_temperature", (1, 1)))
    return [*out, (p + "reid_temp.weight", None, (1, 1))]


def mask2former_extras(hidden: int, classes: int) -> Layout:
    p = "sem_seg_head.predictor.class_embed"
    return [
        *both(p, "classifier", (classes + 1, hidden)),
        ("criterion.empty_weight", None, (classes + 1,)),
    ]


def published_model(name: str, *, univs: bool, queries: int = 200) -> Layout:
    """UniVS or Mask2Former in full size by the name of its preset."""
    if name == "univs_r50":
        out, inputs = resnet(), (256, 512, 1024, 2048)
    else:
        out, c = swin(*SWINS[name]), SWINS[name][0]
        inputs = (c, 2 * c, 4 * c, 8 * c)
    out = [*out, *pixel_decoder(inputs, 256, 6, 1024, 8), *mask_decoder(256, 9, 2048, queries)]
    extras = univs_extras(256, 9, 640) if univs else mask2former_extras(256, 133)
    return [*out, *extras]


TINY_RESNET = {"stem": 8, "width": 4, "out": 16, "depths": (1, 2, 1, 1)}
TINY_SWIN = (32, (1, 1, 2, 1), (1, 2, 4, 8), 4)


def tiny_model(backbone: str, *, univs: bool, queries: int = 200, classes: int = 5) -> Layout:
    """A model of the same parts with few numbers; a Mask2Former tells ``classes`` apart."""
    if backbone == "resnet":
        out, inputs = resnet(**TINY_RESNET), (16, 32, 64, 128)
    else:
        out, inputs = swin(*TINY_SWIN), (32, 64, 128, 256)
    out = [*out, *pixel_decoder(inputs, 32, 2, 48, 4), *mask_decoder(32, 3, 40, queries)]
    return [*out, *(univs_extras(32, 3, 24) if univs else mask2former_extras(32, classes))]


def legacy(names: Iterable[str], *, without_pixel_decoder: bool) -> dict[str, str]:
    """Names of today -> names of old Mask2Former files."""
    out = {}
    for name in names:
        old = name.replace("query_feat", "static_query")
        if without_pixel_decoder:
            old = old.replace("sem_seg_head.pixel_decoder.", "sem_seg_head.")
        out[name] = old
    return out
