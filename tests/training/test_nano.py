"""The training loop of the default model on drawn pictures."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vidseg.datasets.collate import collate_clips
from vidseg.datasets.schema import ClipSample
from vidseg.models.presets import nano
from vidseg.models.static_text import StaticTextEncoder
from vidseg.models.univs import UniVS
from vidseg.training import nano as loop
from vidseg.training.criterion import Criterion
from vidseg.training.nano_setup import NanoTraining, calibrate, learning_rate, optimiser

SETTINGS = NanoTraining(minutes=0.05, clips=1, frames=2, size=64, prompts=1, tokens=8, threads=1)


def clip(frames: int) -> ClipSample:
    """A bright square on a dark ground."""
    images = torch.full((frames, 3, 64, 64), 40, dtype=torch.uint8)
    masks = torch.zeros(1, frames, 64, 64, dtype=torch.bool)
    masks[:, :, 16:48, 16:48] = True
    images[:, 0][masks[0]] = 220
    return ClipSample(
        images=images,
        masks=masks,
        labels=torch.tensor([0]),
        ids=torch.tensor([0]),
        is_thing=torch.tensor([True]),
        is_group=torch.tensor([False]),
        vocabulary=("square", "circle"),
        frame_indices=torch.arange(frames),
        dataset="drawn",
    )


@pytest.fixture(scope="module")
def model() -> UniVS:
    torch.manual_seed(0)
    return UniVS(nano()).train()


def test_learning_rate_warms_up_and_ends_at_a_hundredth() -> None:
    settings = NanoTraining(learning_rate=2e-4, warmup=0.1)
    assert learning_rate(0.05, settings) == pytest.approx(1e-4)
    # Half way: 0.01 + 0.99 * (1 + cos(pi / 2)) / 2 = 0.505.
    assert learning_rate(0.5, settings) == pytest.approx(2e-4 * 0.505)
    assert learning_rate(1.0, settings) == pytest.approx(2e-6)


def test_every_trained_parameter_has_one_group(model: UniVS) -> None:
    groups = optimiser(model, SETTINGS).param_groups
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    assert model.propagation is not None
    memory = {id(p) for p in model.propagation.parameters()}
    for group in groups:
        inside = {id(p) for p in group["params"]} & memory
        if inside:
            assert group["weight_decay"] == 0 and group["scale"] == SETTINGS.propagation_scale


def test_calibration_sets_growth_and_weights_of_maps(model: UniVS) -> None:
    assert model.propagation is not None
    calibrate(model.propagation)
    assert model.propagation.growth.item() == pytest.approx(1.2)
    assert model.propagation.map_weight.bias.tolist() == [2.0, 3.0, 1.5, 3.0]


@pytest.mark.parametrize(("frames", "never"), [(1, {"mask"}), (2, set[str]())])
def test_single_frames_are_asked_for_what_a_given_mask_would_give_away(
    frames: int, never: set[str]
) -> None:
    encoder, rng = StaticTextEncoder(), np.random.default_rng(0)
    batch = collate_clips([clip(frames)])
    kinds = {loop.simulate(batch, encoder, SETTINGS, rng).kind for _ in range(60)}
    assert {"box", "point", "category"} <= kinds
    assert not kinds & never


def test_steps_lower_the_loss_and_leave_frozen_parts_alone(model: UniVS) -> None:
    torch.manual_seed(0)
    encoder, rng = StaticTextEncoder(), np.random.default_rng(1)
    stem = next(model.backbone.parameters()).requires_grad_(False)
    before = stem.clone()
    optimizer = optimiser(model, replace(SETTINGS, learning_rate=1e-3))
    batch = collate_clips([clip(1)])
    prompts = loop.simulate_visual(batch.samples, "box", 1, rng)
    losses = []
    for _ in range(15):
        loss, parts = loop.train_step(
            model, Criterion(loop.LOSSES), batch, prompts, encoder, SETTINGS, detect=False
        )
        assert math.isfinite(loss.item()) and parts["total"] == pytest.approx(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(parts["mask"] + parts["dice"])
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    assert torch.equal(stem, before)


def test_a_run_leaves_a_model_and_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [collate_clips([clip(2)]), collate_clips([clip(1)])]
    monkeypatch.setattr(loop, "batches", lambda *_: iter(drawn))
    monkeypatch.setattr(loop, "start_model", lambda *_: UniVS(nano()))
    loop.train(SETTINGS, tmp_path, tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").open()]
    assert [row["step"] for row in rows] == [0, 1]
    assert UniVS.from_pretrained(tmp_path / "run").config == nano()
