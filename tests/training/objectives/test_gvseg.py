"""The objective of GvSeg: what each task asks, where gradients go, and what is remembered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vidseg.datasets.batches.collate import ClipBatch
from vidseg.errors import RecipeError
from vidseg.models.decoder.tensors import Prediction
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.gvseg.shape_position import descriptors
from vidseg.models.presets import gvseg_debug
from vidseg.training.losses.config import light_losses
from vidseg.training.losses.matched_descriptors import MatchedDescriptors, target_descriptors
from vidseg.training.losses.matcher import assign_clip
from vidseg.training.objectives.gvseg import GvSegObjective, clip_starts_apart
from vidseg.training.objectives.gvseg_tasks import stuff_classes, task_shares, task_targets
from vidseg.training.objectives.registry import build_objective
from vidseg.training.recipe.objective import (
    GvSegTask,
    LossesConfig,
    ObjectiveConfig,
    PromptsConfig,
    PromptShares,
    TasksConfig,
    TaskShares,
)

from ..drawn_clips import NAMES, Letters, batch_of, drawn_clip, small_model, squares
from ..stand_in_run import tiny_gvseg


def model(classes: tuple[str, ...] = NAMES) -> GvSeg:
    torch.manual_seed(0)
    return GvSeg(replace(tiny_gvseg(), classes=classes)).train()


def config(task: GvSegTask) -> ObjectiveConfig:
    return ObjectiveConfig(
        kind="gvseg",
        clip_frames=2,
        losses=LossesConfig(
            preset="light",
            overrides={"points": 100, "match_points": 50, "reid": 0.5, "reid_aux": 0.5},
        ),
        prompts=PromptsConfig(shares=PromptShares(mask=0.5, point=0.5), most=4),
        tasks=TasksConfig(only={"drawn": (task,)}),
    )


def objective(task: GvSegTask, own: GvSeg) -> GvSegObjective:
    built = build_objective(config(task), own, Letters())
    assert isinstance(built, GvSegObjective)
    return built


def batch(frames: int = 4) -> ClipBatch:
    return batch_of(drawn_clip(squares(frames, 4)), drawn_clip(squares(frames, 2)))


TASKS: tuple[GvSegTask, ...] = ("evs", "vis", "vss", "vps")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_learns_and_follows_its_seeds(task: GvSegTask) -> None:
    first, second = model(), model()
    rows = []
    for own in (first, second):
        torch.manual_seed(1)
        terms = objective(task, own)(own, batch(), np.random.default_rng(0))
        terms["total"].backward()
        rows.append(terms)
        assert {"mask", "dice", "classes", "total"} <= set(terms)
    assert all(torch.equal(rows[0][name], rows[1][name]) for name in rows[0])
    grads = {name for name, p in first.named_parameters() if p.grad is not None and p.grad.any()}
    init = any(name.startswith("query_init.") for name in grads)
    table = any(name.startswith("mask_decoder.query_content") for name in grads)
    assert (init, table) == (task != "vss", task in ("vss", "vps"))
    assert any(name.startswith("backbone.") for name in grads)


def test_semantic_regions_alone_are_remembered() -> None:
    """Four classes in the first clip, two in the second, two clips each; class 2 is stuff."""
    for task, wanted in (("vis", [0] * 5), ("vss", [4, 4, 2, 2, 0]), ("vps", [0, 0, 2, 0, 0])):
        own = model()
        asked = objective(task, own)
        asked(own, batch(), np.random.default_rng(0))
        assert asked.memory.pushed.tolist() == wanted
        assert own.prototypes.seen.tolist() == [count > 0 for count in wanted]


def test_queues_teach_from_the_second_step_on() -> None:
    own = model()
    asked = objective("vss", own)
    first = asked(own, batch(), np.random.default_rng(0))
    second = asked(own, batch(), np.random.default_rng(0))
    assert "reid" not in first and second["reid"] > 0
    second["reid"].backward()
    assert not own.prototypes.values.requires_grad


def test_a_few_steps_on_one_clip_lower_the_loss() -> None:
    own = model()
    asked = objective("vis", own)
    optimiser = torch.optim.AdamW(own.parameters(), lr=3e-3)
    losses = []
    for _ in range(10):
        torch.manual_seed(0)
        terms = asked(own, batch(2), np.random.default_rng(0))
        optimiser.zero_grad()
        terms["total"].backward()
        optimiser.step()
        losses.append(float(terms["mask"].detach() + terms["dice"].detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_clips_cover_the_video() -> None:
    assert clip_starts_apart(6, 3) == [0, 3]
    assert clip_starts_apart(7, 3) == [0, 3, 4]
    assert clip_starts_apart(3, 3) == [0]


def test_what_each_task_looks_for() -> None:
    """Rows 0, 1, 3 are things, 2 is stuff; row 3 has the class of row 0."""
    sample = drawn_clip(squares(2, 4), labels=(0, 1, 2, 0))
    vis = task_targets("vis", sample)
    assert vis.clip.labels.tolist() == [0, 1, 0] and vis.ids.tolist() == [0, 1, 3]
    assert (
        vis.clip.columns is not None
        and vis.clip.columns.tolist() == [True, True, False] + [True] * 2
    )
    vss = task_targets("vss", sample)
    assert vss.clip.labels.tolist() == [0, 1, 2] and bool(vss.semantic.all())
    assert vss.clip.masks[0].equal(sample.masks[0] | sample.masks[3])
    vps = task_targets("vps", sample)
    assert vps.semantic.tolist() == [False, False, True, False]
    assert not task_targets("evs", sample).semantic.any()


def test_stuff_is_what_regions_say_and_then_what_lists_say() -> None:
    """``sky`` is stuff in the lists, ``cat`` is not; ``dog`` is stuff here."""
    sample = drawn_clip(squares(1, 1), labels=(1,))
    shown = replace(sample, is_thing=torch.tensor([False]))
    assert stuff_classes(batch_of(sample)) == ("sky",)
    assert stuff_classes(batch_of(shown)) == ("dog", "sky")


def test_tasks_that_a_batch_cannot_be_asked_fall_away() -> None:
    unnamed = batch_of(drawn_clip(squares(1, 1), vocabulary=()))
    shares = TasksConfig(shares=TaskShares(evs=1.0, vis=3.0, vss=5.0, vps=0.0))
    assert task_shares(shares, unnamed, texts=True) == {"evs": 1.0, "vis": 3.0}
    assert task_shares(shares, batch(), texts=True) == {"evs": 1.0, "vis": 3.0, "vss": 5.0}
    only = TasksConfig(shares=TaskShares(vps=0.0), only={"drawn": ("vps",)})
    assert task_shares(only, batch(), texts=True) == {"vps": 1.0}


def test_descriptors_go_to_the_matched_queries() -> None:
    """Two queries that predict the two targets the other way round, and one that predicts none."""
    masks = squares(3, 2)
    targets = task_targets("evs", drawn_clip(masks)).clip
    cells = masks[:, :, ::4, ::4].float()
    logits = torch.stack([cells[1], -torch.ones_like(cells[0]), cells[0]]) * 20 - 10
    prediction = Prediction(logits[None], None, torch.zeros(1, 3, 1, 8), 3)
    own = gvseg_debug().descriptor
    table = target_descriptors(targets.masks, (16, 16), own, 8)
    describe = MatchedDescriptors([targets], [table], light_losses(100))
    told = describe(prediction)
    assert torch.equal(told[0, 0], table[1]) and torch.equal(told[0, 2], table[0])
    assert not told[0, 1].any() and told[0, 0].any()
    again = assign_clip(prediction, 0, targets, light_losses(100))
    assert torch.equal(describe.made[0][0].queries, again.queries)


def test_descriptors_are_those_of_the_middle_frame_on_the_grid() -> None:
    """What covers half of a cell of 4 × 4 pixels fills it; an object that left has none."""
    masks = torch.zeros(2, 3, 32, 32, dtype=torch.bool)
    masks[0, 1, 8:18, 4:16] = True  # rows 16 and 17 are half of a cell
    masks[1, 0, 8:16, 4:16] = True
    cells = torch.zeros(1, 8, 8, dtype=torch.bool)
    cells[0, 2:5, 1:4] = True
    own = gvseg_debug().descriptor
    found = target_descriptors(masks, (8, 8), own, 16)
    assert torch.equal(found[:1], descriptors(cells, own, 16))
    assert not found[1].any()


def test_a_class_without_a_prototype_is_told() -> None:
    own = model(classes=("cat",))
    with pytest.raises(RecipeError, match=r"drawn has the class 'dog', but .*overrides\.classes"):
        objective("vss", own)(own, batch(), np.random.default_rng(0))


def test_models_and_objectives_must_fit() -> None:
    with pytest.raises(RecipeError, match="cannot train a GvSeg"):
        build_objective(ObjectiveConfig(kind="clips"), model(), Letters())
    with pytest.raises(RecipeError, match="gvseg, which cannot train a UniVS"):
        build_objective(config("vis"), small_model(), Letters())
