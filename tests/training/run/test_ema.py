"""Moving average of weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidseg.training.run.ema import MovingAverage


def line(value: float) -> nn.Linear:
    layer = nn.Linear(1, 1)
    with torch.no_grad():
        layer.weight.fill_(value)
        layer.bias.fill_(value)
    return layer


def test_it_moves_towards_the_weights_by_the_growing_decay() -> None:
    model = line(0.0)
    average = MovingAverage(model, 0.3)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average.update(0)  # decay 1/10
    assert average.weights()["weight"].item() == pytest.approx(0.9)
    average.update(1)  # decay 2/11
    assert average.weights()["weight"].item() == pytest.approx(1 - 0.1 * 2 / 11)
    average.update(1000)  # decay 0.3
    assert average.weights()["weight"].item() == pytest.approx(1 - 0.1 * 2 / 11 * 0.3)


def test_frozen_parameters_are_left_out() -> None:
    model = line(0.0)
    model.bias.requires_grad_(False)
    assert set(MovingAverage(model, 0.9).weights()) == {"weight"}


def test_it_goes_on_from_what_was_saved() -> None:
    model = line(1.0)
    first = MovingAverage(model, 0.9)
    with torch.no_grad():
        model.weight.fill_(2.0)
    first.update(5)
    second = MovingAverage(model, 0.9)
    second.load(first.weights())
    first.update(6)
    second.update(6)
    assert torch.equal(first.weights()["weight"], second.weights()["weight"])


def test_what_it_gives_is_a_copy() -> None:
    average = MovingAverage(line(1.0), 0.9)
    average.weights()["weight"].fill_(7.0)
    assert average.weights()["weight"].item() == 1.0
