"""The video-level table of VIS."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vidseg.inference.published.rounds import RoundScores
from vidseg.inference.tracking.entities import Entities
from vidseg.inference.tracking.track_scores import LifetimeScores, best_rows

from ...parity import report_difference, report_ids

Golden = Callable[[str], dict[str, Tensor]]


def entities(scores: Tensor, quality: Tensor) -> Entities:
    found = Entities(memory=3, unborn_slots=False)
    found.add(torch.ones(len(scores), 2), scores, quality, 0)
    return found


def test_reference_table(golden: Golden) -> None:
    units = golden("inference_units")
    table = RoundScores()
    quality = torch.tensor([0.6, 0.7])
    for c in range(3):
        state = entities(units[f"vis_scores_w{c}"], quality)
        table.count(state)
    rows = best_rows(list(table.objects(state)), 3)
    scores = torch.tensor([score for _, _, score in rows])
    report_difference("VIS table", scores, units["vis_json_score"], 1e-6)
    categories = torch.tensor([k for _, k, _ in rows])
    apart = (scores[:, None] - scores).abs().fill_diagonal_(1).amin(1) > 1e-5
    report_ids("VIS table", categories, units["vis_json_cat"], apart)


def test_an_object_that_leaves_keeps_its_score_as_released() -> None:
    """Visible in the first of three rounds; class scores stay (0.8, 0.2), so no round is blank.

    Shares of the rounds: 1 (the first has no other before it), (1 + 1) / 2, (1 + 1) / 2.
    Sum: 3 x (0.8, 0.2); three rounds are not blank: (0.8, 0.2). Counting by masks gave
    (1 + 1/2 + 0) / 1 of it, one and a half times as much.
    """
    table = RoundScores()
    state = entities(torch.tensor([[0.8, 0.2]]), torch.tensor([0.5]))
    for _ in range(3):  # nothing tells the table what the masks show
        table.count(state)
    ((_, scores, quality),) = table.objects(state)
    assert torch.allclose(scores, torch.tensor([0.8, 0.2]))
    assert quality == 0.5


def test_rounds_before_birth_are_blank_as_released() -> None:
    """Born in the clip of the second of three rounds, with class scores (0.8, 0.2).

    One slot a round. Means over the slots, the empty one before birth included: round 1
    (0 + 0.8) / 2 = 0.4, round 2 (0 + 0.8 + 0.8) / 3 = 0.5333. Round 0 is blank. Shares: 1/2 (blank,
    not blank), then 1. Sum 0.2 + 0.5333 = 0.7333, over two rounds: 0.3667; the second class has a
    quarter of that.
    """
    table = RoundScores()
    state = Entities(memory=3, unborn_slots=True)
    state.open_slot()
    table.count(state)
    state.open_slot()
    state.add(torch.ones(1, 2), torch.tensor([[0.8, 0.2]]), torch.tensor([0.5]), 1)
    table.count(state)
    state.open_slot()
    table.count(state)
    ((_, scores, _),) = table.objects(state)
    assert torch.allclose(scores, torch.tensor([0.4 / 2 + 0.8 * 2 / 3, 0.1 / 2 + 0.2 * 2 / 3]) / 2)


def test_a_round_without_any_class_score_is_blank() -> None:
    table = RoundScores()
    for score in (0.6, 0.0, 0.6):  # shares 1, 1/2 of nothing, 1/2
        table.count(entities(torch.tensor([[score]]), torch.tensor([0.5])))
    ((_, scores, _),) = table.objects(entities(torch.tensor([[0.6]]), torch.tensor([0.5])))
    assert torch.allclose(scores, torch.tensor([(0.6 + 0.0 + 0.3) / 2]))


def test_table_keeps_the_best_rows_and_more_when_many_are_sure() -> None:
    scores = torch.tensor([0.9, 0.8, 0.7, 0.04, 0.03, 0.001])
    rows = best_rows([(7, scores, 0.5)], 2)
    assert [(i, k) for i, k, _ in rows] == [(7, 0), (7, 1), (7, 2), (7, 3), (7, 4)]
    assert rows[0][2] == torch.tensor(0.9).item() * 0.5
    faint = torch.full((40,), 0.02)
    faint[:2] = 0.04
    assert len(best_rows([(1, faint[:4], 1.0)], 1)) == 2


def test_scores_of_given_up_objects_stay() -> None:
    table = LifetimeScores()
    state = entities(torch.tensor([[0.8, 0.2], [0.1, 0.9]]), torch.tensor([0.5, 1.0]))
    table.retire(state, [0])
    state.keep([1])
    assert [(i, round(float(s.max()), 3), q) for i, s, q in table.objects(state)] == [
        (1, 0.8, 0.5),
        (2, 0.9, 1.0),
    ]
