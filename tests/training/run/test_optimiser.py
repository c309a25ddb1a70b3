"""What is trained, how fast, and what decays."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidseg.backbones.swin import SwinConfig
from vidseg.errors import RecipeError
from vidseg.models.decoder.config import MaskDecoderConfig
from vidseg.models.pixel.light import LightPixelDecoderConfig
from vidseg.models.univs.config import UniVSConfig
from vidseg.models.univs.model import UniVS
from vidseg.training.recipe.schema import OptimiserConfig, ScheduleConfig
from vidseg.training.run.optimiser import build_optimiser, freeze, rate_factor, set_rate


@pytest.fixture
def model() -> UniVS:
    return UniVS(
        UniVSConfig(
            backbone=SwinConfig(channels=8, depths=(1, 1, 1, 1), heads=(1, 1, 1, 1), window=4),
            pixel_decoder=LightPixelDecoderConfig(hidden=32, mask_dim=32),
            decoder=MaskDecoderConfig(hidden=32, heads=2, layers=1, ffn=32, queries=3, text_dim=8),
        )
    ).train()


def settings(model: nn.Module, config: OptimiserConfig) -> dict[str, tuple[float, float]]:
    """(learning rate, decay) by parameter name."""
    optimiser = build_optimiser(model, config)
    set_rate(optimiser, config.lr)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }


def test_norms_embeddings_and_position_tables_do_not_decay(model: UniVS) -> None:
    found = settings(model, OptimiserConfig(lr=1.0, weight_decay=0.05))
    undecayed = {name for name, (_, decay) in found.items() if decay == 0}
    assert "mask_decoder.query_content.weight" in undecayed
    assert "mask_decoder.level_embed.weight" in undecayed
    assert "prompt_encoder.visual_task.weight" in undecayed
    assert "mask_decoder.heads.class_temperature" in undecayed
    tables = {name for name in found if name.endswith("relative_position_bias_table")}
    norms = {name for name in found if ".norm" in name or name.startswith("norm")}
    assert tables and norms and tables | norms <= undecayed
    assert found["mask_decoder.heads.to_text.bias"][1] == 0.05  # biases decay, as released
    assert found["mask_decoder.heads.to_text.weight"][1] == 0.05


def test_the_longest_name_sets_the_rate(model: UniVS) -> None:
    scales = {"backbone": 0.1, "backbone.layers.1": 0.5, "mask_decoder.heads.to_text.bias": 2.0}
    found = settings(model, OptimiserConfig(lr=1.0, scales=scales))
    for name, (rate, _) in found.items():
        if name.startswith("backbone.layers.1."):
            assert rate == 0.5
        elif name.startswith("backbone."):
            assert rate == 0.1
        else:
            assert rate == (2.0 if name == "mask_decoder.heads.to_text.bias" else 1.0)
    assert len(found) == len(list(model.named_parameters()))


def test_further_parts_can_be_spared_from_decay(model: UniVS) -> None:
    found = settings(model, OptimiserConfig(no_decay=("pixel_decoder",)))
    assert all(d == 0 for name, (_, d) in found.items() if name.startswith("pixel_decoder."))


def test_frozen_parts_have_no_gradient_and_no_drop_path(model: UniVS) -> None:
    freeze(model, ["backbone.layers.0", "backbone.patch_embed", "mask_decoder.query_content"])
    found = settings(model, OptimiserConfig(scales={}))
    frozen = {name for name, _ in model.named_parameters()} - set(found)
    assert "mask_decoder.query_content.weight" in frozen
    assert any(name.startswith("backbone.layers.0.") for name in frozen)
    assert not any(name.startswith("backbone.layers.1.") for name in frozen)
    modules = dict(model.named_modules())
    assert not modules["backbone.layers.0"].training and modules["backbone.layers.1"].training


def test_a_name_is_not_the_beginning_of_another() -> None:
    model = nn.ModuleDict({"a": nn.Linear(1, 1), "ab": nn.Linear(1, 1)})
    freeze(model, ["a"])
    assert [p.requires_grad for p in model["a"].parameters()] == [False, False]
    assert all(p.requires_grad for p in model["ab"].parameters())


@pytest.mark.parametrize("key", ["freeze", "scales", "no_decay"])
def test_a_name_of_no_part_is_refused_with_the_nearest(key: str, model: UniVS) -> None:
    with pytest.raises(RecipeError, match=rf"optimiser\.{key} names 'bakcbone'.*'backbone'"):
        if key == "freeze":
            freeze(model, ["bakcbone"])
        elif key == "scales":
            build_optimiser(model, OptimiserConfig(scales={"bakcbone": 0.1}))
        else:
            build_optimiser(model, OptimiserConfig(no_decay=("bakcbone",)))


def test_freezing_everything_is_refused() -> None:
    with pytest.raises(RecipeError, match="leaves nothing to train"):
        freeze(nn.ModuleDict({"a": nn.Linear(1, 1)}), ["a"])


def test_one_step_moves_a_scaled_part_by_its_share() -> None:
    model = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)})
    optimiser = build_optimiser(model, OptimiserConfig(scales={"a": 0.1}, weight_decay=0.0))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    set_rate(optimiser, 0.01)
    optimiser.step()
    moved = {n: float((p.detach() - before[n]).abs().max()) for n, p in model.named_parameters()}
    assert moved["a.weight"] == pytest.approx(0.001, rel=1e-3)
    assert moved["b.weight"] == pytest.approx(0.01, rel=1e-3)


def test_steps_multiply_from_the_milestone_on() -> None:
    config = ScheduleConfig(iterations=100, kind="steps", steps=(10, 20), gamma=0.1)
    found = [rate_factor(step, config) for step in (0, 9, 10, 19, 20, 99)]
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_a_cosine_goes_from_one_to_its_end() -> None:
    config = ScheduleConfig(iterations=101, kind="cosine", final=0.2)
    found = [rate_factor(step, config) for step in (0, 50, 100, 500)]
    assert found == pytest.approx([1, 0.6, 0.2, 0.2])
    course = [rate_factor(step, config) for step in range(101)]
    assert course == sorted(course, reverse=True)


def test_warm_up_grows_linearly_to_the_whole_rate() -> None:
    config = ScheduleConfig(iterations=100, kind="steps", warmup=4)
    assert [rate_factor(step, config) for step in range(5)] == pytest.approx(
        [0.25, 0.5, 0.75, 1, 1]
    )
