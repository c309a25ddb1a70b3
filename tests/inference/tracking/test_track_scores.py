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
        table.count(state, [True, True])
    rows = best_rows(list(table.objects(state)), 3)
    scores = torch.tensor([score for _, _, score in rows])
    report_difference("VIS table", scores, units["vis_json_score"], 1e-6)
    categories = torch.tensor([k for _, k, _ in rows])
    apart = (scores[:, None] - scores).abs().fill_diagonal_(1).amin(1) > 1e-5
    report_ids("VIS table", categories, units["vis_json_cat"], apart)


def test_rounds_after_a_gap_count_half_as_released() -> None:
    table = RoundScores()
    state = entities(torch.tensor([[0.8, 0.2]]), torch.tensor([0.5]))
    for visible in (True, False, True):
        table.count(state, [visible])
    ((_, scores, quality),) = table.objects(state)
    assert torch.allclose(scores, torch.tensor([[0.8, 0.2]]) * (1 + 0.5 + 0.5) / 2)
    assert quality == 0.5


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
