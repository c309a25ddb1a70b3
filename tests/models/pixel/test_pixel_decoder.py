"""Pixel decoder against reference numbers, and as a graph."""

from __future__ import annotations

import torch

from vidseg.models.presets import debug
from vidseg.models.univs.model import UniVS
from vidseg.nn.position import grid_position

from ...parity import report_difference
from ..golden_model import Golden, golden_images, golden_model


@torch.inference_mode()
def test_every_stage_matches(golden: Golden) -> None:
    want, model = golden("pixel"), golden_model(golden)
    decoder = model.pixel_decoder
    stages: dict[str, torch.Tensor] = {}

    def record(name: str, module: torch.nn.Module) -> None:
        module.register_forward_hook(lambda _module, _inputs, out: stages.update({name: out}))

    for i, projection in enumerate(decoder.input_projections):
        record(f"pix_inputproj_{i}_res{5 - i}", projection)
    for i, layer in enumerate(decoder.layers):
        record(f"pix_enc_layer{i}", layer)
    images = golden_images(golden)[:4]
    stages.update({f"backbone_res{i + 2}": x for i, x in enumerate(model.backbone(images))})
    features = model.encode_frames(images)
    for i, stride in enumerate((32, 16, 8)):
        stages[f"pix_ms_{i}_stride{stride}"] = features.levels[i]
        h, w = features.levels[i].shape[-2:]
        stages[f"pix_pos_{i}"] = grid_position(h, w, 32).permute(2, 0, 1)[None]
    stages["mask_features"] = features.mask_features
    assert set(stages) == set(want)
    for name, got in stages.items():
        report_difference(name, got, want[name])


def test_frames_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    model = UniVS(debug()).eval()
    images = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        both, one = model.encode_frames(images), model.encode_frames(images[1:])
    report_difference("mask features", both[1:2].mask_features, one.mask_features, 1e-5)


def test_pixel_decoder_is_one_graph() -> None:
    model = UniVS(debug()).eval()
    images = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        maps = model.backbone(images)
        levels, mask_features = model.pixel_decoder(maps)
        exported = torch.export.export(model.pixel_decoder, (maps,)).module()
        exported_levels, exported_features = exported(maps)
        compiled = torch.compile(model.pixel_decoder, fullgraph=True, backend="eager")
        compiled_levels, compiled_features = compiled(maps)
    for other in (exported_features, compiled_features):
        report_difference("mask features", other, mask_features, 1e-6)
    for others in (exported_levels, compiled_levels):
        for got, want in zip(others, levels, strict=True):
            report_difference("level", got, want, 1e-6)
