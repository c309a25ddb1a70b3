"""Who owns a pixel that several objects claim."""

from __future__ import annotations

import torch

from vidseg.inference.mask_scores import winner_masks


def test_a_sure_object_elsewhere_takes_unsure_pixels_only_as_released() -> None:
    # Object 0 is sure, but does not claim the second pixel; object 1 does, with little weight.
    weighted = torch.tensor([[0.9, 0.2], [0.1, 0.15]])
    inside = torch.tensor([[True, False], [False, True]])
    assert winner_masks(weighted, inside).tolist() == [[True, True], [False, False]]
    among = winner_masks(weighted, inside, among="claimants")
    assert among.tolist() == [[True, False], [False, True]]


def test_claimants_compete_by_weight_even_at_zero() -> None:
    weighted = torch.tensor([[0.0, 0.3], [0.0, 0.4]])
    inside = torch.tensor([[False, True], [True, True]])
    among = winner_masks(weighted, inside, among="claimants")
    assert among.tolist() == [[False, False], [True, True]]
