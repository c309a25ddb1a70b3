"""The criterion on hand-made predictions: what must vanish, what must fall, what must be spared."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from vidseg.models.decoder.tensors import DecoderOutput, Prediction
from vidseg.training.losses.config import LossConfig, light_losses, paper_losses, released_losses
from vidseg.training.losses.criterion import Criterion
from vidseg.training.losses.targets import ClipTargets, PromptTargets

T, H, K = 2, 32, 3


def squares() -> Tensor:
    """Three disjoint objects [3, T, H, H]; the last is absent from frame 1."""
    masks = torch.zeros(3, T, H, H, dtype=torch.bool)
    masks[0, :, 2:12, 2:12] = True
    masks[1, :, 18:30, 16:30] = True
    masks[2, 0, 2:10, 20:28] = True
    return masks


def clip(*, group: bool = False, exhaustive: bool = True) -> ClipTargets:
    return ClipTargets(
        squares(),
        torch.tensor([0, 1, 2]),
        torch.tensor([False, False, group]),
        exhaustive=exhaustive,
    )


def perfect(rows: list[int], learnable: int, scale: float = 20.0) -> Prediction:
    """Queries that show the given objects exactly; row -1 shows nothing."""
    masks = torch.cat([squares(), torch.zeros(1, T, H, H, dtype=torch.bool)])
    logits = scale * (2 * masks[rows].float() - 1)
    classes = torch.full((len(rows), K), -scale)
    embeddings = torch.zeros(len(rows), T, 8)
    for query, row in enumerate(rows):
        if row >= 0:
            classes[query, row] = scale
        embeddings[query, :, row % 8] = 8.0
    return Prediction(logits[None], classes[None], embeddings[None], learnable)


def visual_prompts(clips: list[ClipTargets], rows: torch.Tensor) -> PromptTargets:
    """Visual prompts that each mean one row of their clip's targets."""
    masks = []
    labels = torch.full_like(rows, -1)
    for b, clip in enumerate(clips):
        blank = clip.masks.new_zeros((1, *clip.masks.shape[1:]))
        masks.append(torch.cat([clip.masks, blank])[rows[b]])  # row -1 is the blank one
        known = rows[b] >= 0
        labels[b, known] = clip.labels[rows[b][known]]
    return PromptTargets("visual", torch.stack(masks), rows, labels)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


# Uniform points: at the most uncertain ones, the edges, even the truth has a cost.
CONFIG = LossConfig(points=400, match_points=400, importance=0.0)
SMALL = 0.7  # what the edges of a true mask cost under a weight of 5


def test_a_perfect_answer_costs_next_to_nothing() -> None:
    targets = [clip()]
    prompts = visual_prompts(targets, torch.tensor([[1, 0]]))
    output = DecoderOutput(perfect([2, -1, 0, 1, 1, 0], learnable=4))
    terms = Criterion(CONFIG)(output, targets, prompts, generator())
    for name in ("classes", "mask", "dice", "reid_aux", "reid_l2p_aux"):
        assert terms[name] < SMALL, (name, terms[name])


def test_a_prompt_is_held_to_its_own_object() -> None:
    targets = [clip()]
    prompts = visual_prompts(targets, torch.tensor([[0, 1]]))
    matching = DecoderOutput(perfect([0, 1], learnable=0))
    swapped = DecoderOutput(perfect([1, 0], learnable=0))
    criterion = Criterion(CONFIG)
    good = criterion(matching, targets, prompts, generator())
    bad = criterion(swapped, targets, prompts, generator())
    assert good["dice"] < SMALL
    assert bad["dice"] > 3.0
    assert bad["classes"] > good["classes"] + 1.0


def test_an_unsupervised_prompt_gets_no_gradient() -> None:
    targets = [clip()]
    prompts = visual_prompts(targets, torch.tensor([[0, -1]]))
    prediction = perfect([1, 1], learnable=0, scale=1.0)
    prediction.mask_logits.requires_grad_()
    terms = Criterion(light_losses(200))(DecoderOutput(prediction), targets, prompts, generator())
    terms["total"].backward()
    assert prediction.mask_logits.grad is not None
    assert prediction.mask_logits.grad[0, 0].abs().sum() > 0
    assert prediction.mask_logits.grad[0, 1].abs().sum() == 0


def test_matching_follows_the_masks_not_the_order() -> None:
    criterion = Criterion(CONFIG)
    one = criterion(DecoderOutput(perfect([0, 1, 2, -1], 4)), [clip()], None, generator())
    other = criterion(DecoderOutput(perfect([-1, 2, 0, 1], 4)), [clip()], None, generator())
    assert one["mask"] < SMALL
    assert other["mask"] < SMALL


def test_total_is_the_weighted_sum_over_all_predictions() -> None:
    output = DecoderOutput(perfect([0, 1, 2], 3, 1.0), (perfect([2, 1, 0], 3, 0.5),))
    terms = Criterion(CONFIG)(output, [clip()], None, generator())
    rest = sum(value for name, value in terms.items() if name != "total")
    torch.testing.assert_close(terms["total"], rest)
    without = Criterion(replace(CONFIG, auxiliary=0.0))(output, [clip()], None, generator())
    assert without["total"] < terms["total"]


def test_terms_of_weight_zero_are_absent() -> None:
    terms = Criterion(light_losses(100))(
        DecoderOutput(perfect([0, 1, 2], 3)), [clip()], None, generator()
    )
    assert set(terms) == {"classes", "mask", "dice", "total"}


def test_class_loss_sees_only_the_columns_of_the_clip() -> None:
    wide = perfect([0, 1, 2], 3)
    assert wide.class_logits is not None
    foreign = torch.full((1, 3, 2), 50.0)  # other datasets' classes, wildly active
    logits = torch.cat([foreign, wide.class_logits], dim=2)
    columns = torch.tensor([False, False, True, True, True])
    target = replace(clip(), labels=torch.tensor([2, 3, 4]), columns=columns)
    output = DecoderOutput(replace(wide, class_logits=logits))
    assert Criterion(CONFIG)(output, [target], None, generator())["classes"] < 0.01
    target = replace(target, columns=None)
    assert Criterion(CONFIG)(output, [target], None, generator())["classes"] > 10


def test_queries_inside_a_group_are_spared_its_class_only() -> None:
    output = DecoderOutput(perfect([0, 1, 2], 3))  # query 2 finds the group
    spared = Criterion(CONFIG)(output, [clip(group=True)], None, generator())
    punished = Criterion(replace(CONFIG, spare_groups=False))(
        output, [clip(group=True)], None, generator()
    )
    assert spared["classes"] < 0.01
    assert punished["classes"] > 10


def test_incompletely_labelled_clips_do_not_train_learnable_queries() -> None:
    prediction = perfect([1, 2, 0], learnable=3, scale=1.0)
    prediction.mask_logits.requires_grad_()
    terms = Criterion(CONFIG)(
        DecoderOutput(prediction), [clip(exhaustive=False)], None, generator()
    )
    assert terms["total"] == 0
    terms["total"].backward()


def test_category_prompts_compete_and_absent_ones_must_stay_empty() -> None:
    targets = [clip()]
    masks = torch.stack([squares()[0], squares()[1], torch.zeros(T, H, H, dtype=torch.bool)])
    rows = torch.tensor([[0, 1, 5]])
    prompts = PromptTargets("category", masks[None], rows, torch.tensor([[0, 1, 2]]))
    clean = DecoderOutput(perfect([0, 1, -1], learnable=0))
    eager = DecoderOutput(perfect([0, 1, 1], learnable=0))  # the absent class claims object 1
    for config in (CONFIG, replace(CONFIG, absent_categories=True)):
        criterion = Criterion(config)
        good, bad = (criterion(o, targets, prompts, generator()) for o in (clean, eager))
        assert good["semantic"] < 0.01
        assert bad["semantic"] > 0.5
        assert (bad["mask"] > good["mask"] + 1) == config.absent_categories


@pytest.mark.parametrize("present", [True, False])
def test_clips_without_any_object_give_a_finite_loss(present: bool) -> None:
    empty = ClipTargets(squares()[:0], torch.zeros(0).long(), torch.zeros(0).bool())
    output = DecoderOutput(perfect([0, 1, 2], 3))
    one = replace(output.final, **{
        name: torch.cat([getattr(output.final, name)] * 2)
        for name in ("mask_logits", "class_logits", "embeddings")
    })  # fmt: skip
    targets = [clip() if present else empty, empty]
    terms = Criterion(CONFIG)(DecoderOutput(one), targets, None, generator())
    assert torch.isfinite(terms["total"])


def test_presets_follow_their_sources() -> None:
    assert released_losses().classes == 5.0
    assert released_losses(reid=0.25).reid_l2p == 0.25
    assert released_losses().points == 12544
    assert paper_losses().classes == 3.0
    assert not paper_losses().cross_entropy
