"""The comparison with references lets ties pass and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from .parity import Noise, half_precision_limit, lead, report_difference, report_ids, steady


def test_half_a_unit_in_the_last_place() -> None:
    stored = torch.tensor([0.0, 1e-6, 0.3, -1.0, 2.5, 7.9, 60000.0]).half()
    spacing = np.spacing(np.abs(stored.numpy())).astype(np.float64)
    smallest = np.float64(2.0**-24)  # below 2**-14 all numbers are this far apart
    assert (
        half_precision_limit(stored, 0.0).tolist() == (np.maximum(spacing, smallest) / 2).tolist()
    )
    exact = torch.linspace(-9, 9, 999)
    report_difference("rounded", exact, exact.half(), half_precision_limit(exact.half(), 0.0))
    with pytest.raises(AssertionError, match="999 numbers differ"):
        report_difference("shifted", exact + 0.01, exact.half(), half_precision_limit(exact.half()))


def test_ties_may_turn_but_only_a_few() -> None:
    want = torch.zeros(20_000, dtype=torch.long)
    decided = torch.ones_like(want, dtype=torch.bool)
    got = want.clone()
    decided[:100] = False
    got[:2] = 1
    report_ids("two ties", got, want, decided)
    got[2] = 1
    with pytest.raises(AssertionError, match="3 of 20000 ids differ"):
        report_ids("three ties", got, want, decided)
    got[:3] = torch.tensor([1, 0, 0])
    got[-1] = 1
    with pytest.raises(AssertionError, match="1 of 20000 ids differ that are no ties"):
        report_ids("no tie", got, want, decided)
    with pytest.raises(AssertionError, match="300 ties"):
        report_ids("ties all over", want, want, torch.arange(20_000) >= 300)


def test_noise_finds_what_ties() -> None:
    scores = torch.tensor([[0.5, 0.5 + 1e-6], [0.1, 0.9], [0.3, 0.3 - 1e-5], [0.4, 0.401]])

    def play(seed: int | None) -> Tensor:
        return (scores if seed is None else Noise(seed).on(scores)).argmax(1)

    ids, decided = steady(play)
    assert ids.tolist() == [1, 1, 0, 1] and decided.tolist() == [False, True, False, True]
    assert (lead(scores, 1) > 1e-4).tolist() == decided.tolist()
    there, back = (Noise(seed).on(scores.double()) - scores for seed in (4, 5))
    torch.testing.assert_close(there, -back)
    assert 0 < float(there.abs().max()) <= 1e-4
