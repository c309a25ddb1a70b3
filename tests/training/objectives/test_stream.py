"""The objective of the default models, against a step written plainly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidseg.datasets.batches.collate import ClipBatch
from vidseg.training.losses.config import named_losses
from vidseg.training.losses.criterion import Criterion
from vidseg.training.objectives.stream import StreamObjective
from vidseg.training.prompts.simulation import SimulatedPrompts, simulate_visual
from vidseg.training.recipe.objective import (
    LossesConfig,
    ObjectiveConfig,
    PromptsConfig,
    PromptShares,
)

from ..drawn_clips import (
    Letters,
    batch_of,
    drawn_clip,
    objective_config,
    small_model,
    squares,
)
from ..plain_stream_step import plain_step

LOSSES = LossesConfig(preset="light", overrides={"points": 200, "match_points": 100, "reid": 0.5})


def config(detect_every: int = 1, **shares: float) -> ObjectiveConfig:
    return ObjectiveConfig(
        kind="stream",
        detect_every=detect_every,
        losses=LOSSES,
        prompts=PromptsConfig(shares=PromptShares(**shares), most=2, tokens=8),
    )


def batch(frames: int) -> ClipBatch:
    return batch_of(
        drawn_clip(squares(frames, 3), expressions=True),
        drawn_clip(squares(frames, 1), expressions=True),
    )


class Asks(StreamObjective):
    """Remembers what was asked, and asks what it is told to."""

    asked: SimulatedPrompts | None = None
    told: SimulatedPrompts | None = None

    def _simulate(self, batch: ClipBatch, rng: np.random.Generator) -> SimulatedPrompts | None:
        self.asked = self.told or super()._simulate(batch, rng)
        return self.asked


@pytest.mark.parametrize("detect", [True, False])
@pytest.mark.parametrize("kind", ["mask", "point", "category"])
def test_a_step_costs_what_a_plain_one_does(kind: str, detect: bool) -> None:
    data, texts = batch(3), Letters()
    objective = Asks(config(1 if detect else 10**9, **{kind: 1.0}), texts)
    model = small_model(memory=True)
    torch.manual_seed(0)
    terms = objective(model, data, np.random.default_rng(0))
    terms["total"].backward()
    reference = small_model(memory=True)
    assert objective.asked is not None
    torch.manual_seed(0)
    total, parts = plain_step(
        reference,
        Criterion(named_losses(LOSSES.preset, LOSSES.overrides)),
        data,
        objective.asked,
        texts,
        8,
        detect=detect,
    )
    total.backward()
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(parts, rel=1e-5)
    assert ("read" in terms) == (kind == "mask")
    for (name, ours), theirs in zip(model.named_parameters(), reference.parameters(), strict=True):
        if ours.grad is None or theirs.grad is None:
            assert ours.grad is None and theirs.grad is None, name
        else:
            torch.testing.assert_close(ours.grad, theirs.grad, msg=name)


@pytest.mark.parametrize(("kind", "tunes"), [("mask", True), ("category", False), ("expression", False)])  # fmt: skip  # noqa: E501
def test_text_and_classes_leave_the_backbone_alone(kind: str, tunes: bool) -> None:
    model = small_model(memory=True)
    objective = StreamObjective(config(**{kind: 1.0}), Letters())
    objective(model, batch(2), np.random.default_rng(0))["total"].backward()
    touched = any(p.grad is not None and p.grad.any() for p in model.backbone.parameters())
    assert touched == tunes
    queries = model.mask_decoder.query_content.weight.grad
    assert queries is not None and queries.any()


def test_single_frames_never_get_mask_prompts() -> None:
    generator = np.random.default_rng(0)
    objective = Asks(config(mask=0.8, point=0.2), Letters())
    kinds = {}
    for frames in (1, 2):
        drawn = [objective._simulate(batch(frames), generator) for _ in range(40)]
        kinds[frames] = [prompts.kind for prompts in drawn if prompts is not None]
    assert set(kinds[1]) == {"box", "point"} and kinds[1].count("box") > 24
    assert set(kinds[2]) == {"mask", "point"}


def test_learnable_queries_are_supervised_now_and_then() -> None:
    model = small_model(memory=True)
    objective = StreamObjective(config(3, mask=1.0), Letters())
    generator = np.random.default_rng(0)
    detected = 0
    for _ in range(60):
        model.zero_grad(set_to_none=True)
        objective(model, batch(1), generator)["total"].backward()
        detected += model.mask_decoder.query_content.weight.grad is not None
    assert 10 <= detected <= 30


def test_without_prompts_there_is_detection() -> None:
    model = small_model(memory=True)
    objective = StreamObjective(config(10**9, expression=1.0), Letters())
    mute = batch_of(drawn_clip(squares(2, 2)), drawn_clip(squares(2, 0)))
    only = objective_config("stream", only={"drawn": ("expression",)}, expression=1.0)
    for one in (objective, StreamObjective(only, Letters())):
        terms = one(model, mute, np.random.default_rng(0))
        assert torch.isfinite(terms["total"]) and "mask" in terms


def test_remembered_masks_teach_affinity() -> None:
    """The read term falls when the memory's keys tell the object from the ground."""
    data = batch(3)
    model = small_model(memory=True)
    objective = Asks(config(10**9, mask=1.0), Letters())
    objective.told = simulate_visual(data.samples, "mask", 2, np.random.default_rng(0))
    assert model.propagation is not None
    optimizer = torch.optim.SGD(model.propagation.key_projection.parameters(), lr=0.5)
    reads = []
    for _ in range(8):
        read = objective(model, data, np.random.default_rng(0))["read"]
        optimizer.zero_grad()
        read.backward()
        optimizer.step()
        reads.append(read.item())
    assert reads[-1] < reads[0]
