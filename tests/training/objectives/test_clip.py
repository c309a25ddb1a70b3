"""The objective of stages 1 and 2 on drawn clips, and what objectives are built from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from vidseg.datasets.batches.collate import ClipBatch
from vidseg.datasets.clips.schema import ClipSample
from vidseg.errors import ModelError, RecipeError
from vidseg.models.text.clip_text import ClipTextConfig
from vidseg.models.text.listed_texts import ListedTexts
from vidseg.models.univs.model import UniVS
from vidseg.training.losses.config import light_losses, named_losses, paper_losses
from vidseg.training.objectives.clip_queries import normalised, prompt_queries, visual_tokens
from vidseg.training.objectives.registry import build_objective
from vidseg.training.prompts.clip_prompts import simulate_clip_prompts
from vidseg.training.prompts.simulation import SimulatedPrompts
from vidseg.training.recipe.objective import ObjectiveConfig, PromptsConfig, PromptShares
from vidseg.vocabularies import CONCEPT_ROWS, get_vocabulary

from ..drawn_clips import (
    NAMES,
    Letters,
    batch_of,
    drawn_clip,
    objective_config,
    small_model,
    squares,
)

KINDS = ("mask", "box", "point", "scribble", "category", "expression")


def run(
    model: UniVS, batch: ClipBatch, config: ObjectiveConfig, seed: int = 0
) -> dict[str, torch.Tensor]:
    objective = build_objective(config, model, Letters())
    torch.manual_seed(seed)
    return objective(model, batch, np.random.default_rng(seed))


def pair(frames: int) -> ClipBatch:
    """Two clips with three objects and one."""
    return batch_of(
        drawn_clip(squares(frames, 3), expressions=True),
        drawn_clip(squares(frames, 1), expressions=True),
    )


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_both_streams_learn(kind: str, frames: int, memory: bool) -> None:
    model = small_model(memory=memory)
    terms = run(model, pair(frames), objective_config(**{kind: 1.0}))
    names = {"classes", "mask", "dice", "reid", "reid_aux", "reid_l2p"}
    names |= {"semantic"} if kind == "category" else {"reid_l2p_aux"}
    assert set(terms) == {*names, "total"}
    assert terms["total"].item() == pytest.approx(sum(terms[n].item() for n in names), rel=1e-5)
    terms["total"].backward()
    gradients = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert {"mask_decoder.query_content.weight", "mask_decoder.heads.to_text.weight"} <= gradients
    task = {"category": "category_task", "expression": "expression_task"}.get(kind, "visual_task")
    assert f"prompt_encoder.{task}.weight" in gradients
    assert any(name.startswith("backbone") for name in gradients)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    if memory and task == "visual_task":  # what was drawn is fused into the masks
        assert "propagation.map_weight.bias" in gradients


def test_a_step_depends_on_weights_batch_and_seed_alone() -> None:
    config = objective_config(mask=1, box=1, point=1, scribble=1, category=1, expression=1)
    for seed in range(3):
        first, second = (run(small_model(), pair(2), config, seed) for _ in range(2))
        assert {n: t.item() for n, t in first.items()} == {n: t.item() for n, t in second.items()}
    assert run(small_model(), pair(2), config, 9)["total"] != first["total"]


def crowd(frames: int) -> ClipSample:
    """A group in two pieces, a thing without class, stuff, an object of the last frame alone."""
    masks = squares(frames, 4)
    masks[0, :, 10:12] = False
    masks[3, :-1] = False
    clip = drawn_clip(masks, labels=[1, -1, 2, 0], expressions=True)
    return replace(clip, is_group=torch.tensor([True, False, False, False]))


def empty(frames: int, vocabulary: tuple[str, ...] = NAMES) -> ClipSample:
    return drawn_clip(squares(frames, 0), vocabulary=vocabulary)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss_kind", ["clips", "long_video", "stream"])
def test_odd_clips_give_finite_losses_and_gradients(loss_kind: str, kind: str) -> None:
    late = squares(4, 2)
    late[:, :3] = False
    batches = [
        batch_of(crowd(4), empty(4), drawn_clip(late), drawn_clip(squares(4, 3))),
        batch_of(empty(4), empty(4)),
        batch_of(empty(4, ()), drawn_clip(squares(4, 2), vocabulary=())),
        batch_of(empty(1), crowd(1)),
    ]
    for batch in batches:
        model = small_model(memory=loss_kind == "stream")
        terms = run(model, batch, objective_config(loss_kind, **{kind: 1.0}))
        assert all(math.isfinite(term.item()) for term in terms.values())
        terms["total"].backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name
    assert "classes" in terms


def test_datasets_without_classes_teach_masks_alone() -> None:
    batch = batch_of(drawn_clip(squares(2, 2), vocabulary=()))
    model = small_model()
    terms = run(model, batch, objective_config())
    assert "classes" not in terms
    terms["total"].backward()
    assert model.mask_decoder.heads.to_text.weight.grad is None
    queries = model.mask_decoder.query_content.weight.grad
    assert queries is not None and queries.any()  # matched by masks


def test_classes_are_those_of_the_dataset() -> None:
    """Classes of another list, however alike, cost nothing."""

    class Recording(Letters):
        asked: list[tuple[str, ...]] = []  # noqa: RUF012

        def encode_names(self, names: Sequence[str]) -> torch.Tensor:
            self.asked.append(tuple(names))
            return super().encode_names(names)

    texts = Recording()
    objective = build_objective(objective_config(), small_model(), texts)
    for _ in range(2):  # a list is encoded once
        objective(small_model(), pair(1), np.random.default_rng(0))
    assert texts.asked == [NAMES]


def test_visual_tokens_come_from_the_key_frame_of_each_clip() -> None:
    model = small_model()
    batch = pair(3)
    features = model.encode_frames(normalised(model, batch.images))
    prompts = simulate_clip_prompts(
        batch.samples, "point", {"point": 1.0}, None, 3, np.random.default_rng(1)
    )
    assert prompts is not None and prompts.keys[0] != prompts.keys[1]
    pool = visual_tokens(model, features, batch.frame_indices, prompts.regions, prompts.keys, 4)
    for b, key in enumerate(prompts.keys):
        place = 3 * b + key
        alone = model.encode_visual(
            features[slice(place, place + 1)], 3 * key, prompts.regions[b], tokens=4
        )
        assert torch.equal(pool.content[b], alone.content)
        assert torch.equal(pool.position[b], alone.position)
    queries = prompt_queries(model, features, prompts, pool)
    assert queries.query.shape == (2, 3, 3, 32)  # the same start on all frames
    assert torch.equal(queries.query[:, :, 0], queries.query[:, :, 2])
    assert queries.tokens.shape == (2, 3, 4, 1, 32)


def test_pixels_are_normalised_as_the_model_was_configured() -> None:
    model = small_model()
    pixels = normalised(model, pair(2).images)
    assert pixels.shape == (4, 3, 64, 64)
    mean, std = model.config.pixel_mean[1], model.config.pixel_std[1]
    assert pixels[0, 1, -1, -1].item() == pytest.approx((90 - mean) / std, rel=1e-5)


@pytest.mark.parametrize("kind", ["clips", "long_video", "stream"])
def test_half_precision_changes_losses_little(kind: str) -> None:
    losses = []
    for enabled in (False, True):
        model = small_model(memory=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            terms = run(model, pair(3), objective_config(kind, mask=1.0))
        assert all(term.dtype == torch.float32 for term in terms.values())
        terms["total"].backward()
        losses.append(terms["total"].item())
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_prompts_move_to_another_device() -> None:
    prompts = simulate_clip_prompts(
        pair(2).samples, "mask", {"mask": 1.0, "box": 1.0}, None, 3, np.random.default_rng(0)
    )
    assert isinstance(prompts, SimulatedPrompts)
    moved = prompts.to(torch.device("meta"))
    assert moved.truth.is_meta and moved.rows.is_meta and moved.drawn.is_meta
    assert all(r.boxes.is_meta and r.masks is not None and r.masks.is_meta for r in moved.regions)


def test_losses_are_named_and_overridden() -> None:
    assert named_losses("paper") == paper_losses()
    assert named_losses("released", {"reid": 0.25}).reid == 0.25
    changed = named_losses("light", {"match": {"classes": 1}, "points": 7})
    assert changed.match.classes == 1.0 and changed.match.dice == 5.0
    assert changed == replace(light_losses(), points=7, match=changed.match)
    with pytest.raises(RecipeError, match=r"preset is 'papers'; the nearest is 'paper'"):
        named_losses("papers")
    with pytest.raises(RecipeError, match=r"overrides\.dise is no value .* nearest is 'dice'"):
        named_losses("released", {"dise": 1.0})
    with pytest.raises(RecipeError, match=r"overrides\.points needs a whole number, not 'many'"):
        named_losses("released", {"points": "many"})
    with pytest.raises(RecipeError, match=r"overrides\.match\.clases is no value"):
        named_losses("released", {"match": {"clases": 1.0}})


def test_text_needs_an_encoder() -> None:
    model = small_model()
    config = ObjectiveConfig(prompts=PromptsConfig(shares=PromptShares(category=0.4)))
    with pytest.raises(RecipeError, match=r"shares\.category is 0\.4, but the model has no text"):
        build_objective(config, model)
    batch = pair(2)
    objective = build_objective(objective_config(mask=1.0), model)
    terms = objective(model, batch, np.random.default_rng(0))
    assert "classes" not in terms and torch.isfinite(terms["total"])


def test_text_encoders_must_fit() -> None:
    model = small_model()
    model.config = replace(model.config, text=ClipTextConfig())
    with pytest.raises(ModelError, match="needs its weights"):
        build_objective(objective_config(), model)
    with pytest.raises(ModelError, match="text encoder gives 8 values a text, but the model takes"):
        ListedTexts(Letters(), 9)
    with pytest.raises(ModelError, match="concept table gives 7 values"):
        ListedTexts(Letters(), 8, torch.zeros(3938, 7))


def test_published_lists_are_spoken_as_in_inference() -> None:
    coco = get_vocabulary("coco_panoptic")
    plain = ListedTexts(Letters(), 8)
    assert torch.equal(plain.encode_names(coco.names), Letters().encode_names(coco.texts))
    assert torch.equal(plain.encode_names(NAMES), Letters().encode_names(NAMES))
    table = torch.randn(3938, 8)
    rows = CONCEPT_ROWS["coco_panoptic"]
    listed = ListedTexts(Letters(), 8, table)
    assert torch.equal(listed.encode_names(coco.names), table[rows.start : rows.stop])
    assert torch.equal(listed.encode_names(coco.names[:3]), Letters().encode_names(coco.names[:3]))
    assert listed.encode_sentences(["a cat"]).sentence.shape == (1, 8)
