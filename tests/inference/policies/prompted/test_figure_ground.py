"""A box's surroundings say which of its pixels are ground."""

from __future__ import annotations

import torch

from vidseg.inference.policies.prompted.box_refinement import GROUND_LOGIT, tell_apart


def scene() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features of a 6x6 figure on two kinds of ground, and a 10x10 box around it."""
    torch.manual_seed(0)
    kinds = torch.zeros(16, 16, dtype=torch.long)
    kinds[:, 8:] = 1
    kinds[5:11, 5:11] = 2
    features = torch.eye(3)[kinds].permute(2, 0, 1) + 0.05 * torch.randn(3, 16, 16)
    inside = torch.zeros(16, 16, dtype=torch.bool)
    inside[3:13, 3:13] = True
    return features, inside, kinds == 2


def test_ground_inside_the_box_is_taken_off() -> None:
    features, inside, figure = scene()
    filled = torch.where(inside, 0.4, -3.0) + 0.4 * figure  # the whole box, the figure surer
    answer = tell_apart(filled, features, inside, 3.0)
    assert torch.equal(answer > 0, figure)
    assert answer[~inside].max() <= GROUND_LOGIT


def test_the_scale_of_features_does_not_matter() -> None:
    features, inside, figure = scene()
    logits = torch.where(inside, 0.4, -3.0) + 0.4 * figure
    once, more = (tell_apart(logits, k * features, inside, 3.0) for k in (1, 50))
    torch.testing.assert_close(once, more, atol=1e-4, rtol=0)


def test_a_box_around_everything_or_nothing_changes_nothing() -> None:
    features, _, figure = scene()
    logits = figure.float() - 0.5
    for inside in (torch.ones(16, 16, dtype=torch.bool), torch.zeros(16, 16, dtype=torch.bool)):
        assert torch.equal(tell_apart(logits, features, inside, 3.0), logits)
