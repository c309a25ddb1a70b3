"""Comparison with reference numbers that prints what it measured.

Numbers are compared within a tolerance. What is decided on numbers, such as who owns a pixel, can
turn where the numbers tie to within that tolerance, for other kernels and other thread counts
round differently. So decisions must be equal where the margin is above the tolerance; the others
are counted and bounded, see :func:`report_ids`.

A network decides inside too: a query does not look at cells where its mask is below one half. One
such bit moves an answer by 1e-2. In double precision all processors decide alike, so whole networks
are compared in it, see :func:`report_loop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from vidseg.models.decoder.tensors import DecoderOutput, Prediction
from vidseg.models.univs.model import UniVS

TOLERANCE = 1e-4
"""What network outputs may differ by from one processor to another."""

DIFFERING_SHARE = 1e-4
"""The part of all ids that may differ, each where the margin is within the tolerance."""

UNDECIDED_SHARE = 1e-2
"""The part of all ids that may be undecided: above it the comparison would say too little."""


def report_difference(name: str, got: Tensor, want: Tensor, limit: float | Tensor = 1e-4) -> None:
    """Prints the largest absolute difference and fails above ``limit``, one or one a number."""
    assert got.shape == want.shape, f"{name}: shape {tuple(got.shape)}, want {tuple(want.shape)}"
    difference = (got.double() - want.double()).abs()
    limits = torch.as_tensor(limit, dtype=torch.float64).expand_as(difference)
    largest = difference.max().item() if want.numel() else 0.0
    allowed = limits.max().item() if want.numel() else 0.0
    print(f"{name}: max abs difference {largest:.2e} (limit {allowed:.0e})")
    excess = int((~(difference <= limits)).sum())  # NaN is excess
    assert not excess, f"{name}: {excess} numbers differ by up to {largest:.3e}, limit {limit}"


def half_precision_limit(want: Tensor, tolerance: float = TOLERANCE) -> Tensor:
    """Limit for numbers that were stored as float16: half a unit in their last place, and more.

    Args:
        want: float16, any shape.
        tolerance: what the numbers may differ by before they are stored.
    """
    assert want.dtype is torch.float16
    exponent = torch.frexp(want.float().abs().clamp(min=2.0**-14)).exponent
    return torch.ldexp(torch.full(want.shape, 0.5), exponent - 11) + tolerance


def report_ids(name: str, got: Tensor, want: Tensor, decided: Tensor) -> None:
    """Ids are equal where they are decided; the rest is counted and bounded.

    Args:
        got, want: whole numbers of one shape.
        decided: bool of that shape: the margin is above the tolerance.
    """
    assert got.shape == want.shape, f"{name}: shape {tuple(got.shape)}, want {tuple(want.shape)}"
    differs, open_ = got.long() != want.long(), ~decided
    wrong, turned = int((differs & decided).sum()), int((differs & open_).sum())
    total = max(1, want.numel())
    print(f"{name}: {int(open_.sum())} of {total} ids are ties, {turned} of them differ")
    assert not wrong, f"{name}: {wrong} of {total} ids differ that are no ties"
    assert turned <= DIFFERING_SHARE * total, f"{name}: {turned} of {total} ids differ"
    assert int(open_.sum()) <= UNDECIDED_SHARE * total, f"{name}: {int(open_.sum())} ties"


def report_loop(
    name: str, model: UniVS, play: Callable[[int | None], Tensor], want: Tensor
) -> None:
    """Compares the ids of a whole loop in double precision, and those in single more loosely.

    Args:
        model: is in double precision afterwards.
        play: see :func:`steady`.
        want: ids of the reference.
    """
    single = play(None)
    model.double()
    ids, decided = steady(play)
    report_ids(name, ids, want, decided)
    turned = int((single != ids).sum())
    print(f"{name}: {turned} of {ids.numel()} ids differ in single precision")
    assert turned <= UNDECIDED_SHARE * ids.numel(), f"{name}: {turned} ids in single precision"


def lead(scores: Tensor, dim: int) -> Tensor:
    """By how much the highest score leads the next; ``dim``, of two entries or more, is gone."""
    best, second = scores.topk(2, dim=dim).values.unbind(dim)
    return best - second


def steady(play: Callable[[int | None], Tensor], replays: int = 8) -> tuple[Tensor, Tensor]:
    """Ids of a whole loop, and where they are decided: where no noise changes them.

    A loop decides over and over, each time on what it decided before, so there is no single margin
    to read. Ids that noise of the size of the tolerance never changes have one above it.

    Args:
        play: ids, with the noise of a seed on what decisions are made on; None for no noise.
        replays: an even number, see :class:`Noise`.

    Returns:
        (ids without noise, bool of their shape).
    """
    ids = play(None)
    decided = torch.ones_like(ids, dtype=torch.bool)
    for seed in range(replays):
        decided &= play(seed) == ids
    return ids, decided


class Noise:
    """Uniform noise in [-tolerance, tolerance]; each odd seed gives the opposite of the even one.

    Of opposite pushes one turns a tie, so few seeds find nearly all of them.
    """

    def __init__(self, seed: int, tolerance: float = TOLERANCE) -> None:
        self._generator = torch.Generator().manual_seed(seed // 2)
        self._size = tolerance if seed % 2 else -tolerance

    def on(self, values: Tensor) -> Tensor:
        """The values with noise."""
        drawn = torch.rand(values.shape, generator=self._generator, dtype=values.dtype)
        return values + (2 * drawn - 1) * self._size

    def on_prediction(self, prediction: Prediction) -> Prediction:
        """All numbers of the prediction with noise."""
        classes = prediction.class_logits
        return replace(
            prediction,
            mask_logits=self.on(prediction.mask_logits),
            embeddings=self.on(prediction.embeddings),
            class_logits=None if classes is None else self.on(classes),
        )


@contextmanager
def blurred(model: UniVS, seed: int | None) -> Iterator[None]:
    """Within it, the model's answers carry the noise of a seed; None for no noise."""
    if seed is None:
        yield
        return
    noise, decode = Noise(seed), model.decode

    def decoding(*args: Any, **options: Any) -> DecoderOutput:
        output = decode(*args, **options)
        return replace(output, final=noise.on_prediction(output.final))

    model.decode = decoding  # type: ignore[method-assign]
    try:
        yield
    finally:
        del model.decode
