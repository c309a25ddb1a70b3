"""Which samples GvSeg Eq. 10 picks, worked out by hand, and what the loss makes of them."""

from __future__ import annotations

import math
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch._C._distributed_c10d import TCPStore

from vidseg.training.losses.reid_loss import pair_losses
from vidseg.training.losses.temporal_contrast import (
    ClassQueues,
    Embeddings,
    contrast_terms,
    frame_pairs,
    queue_pairs,
    video_pairs,
)
from vidseg.training.recipe.objective import ContrastConfig

from ..queue_worker import pushed_by, share_queues


def rows(*marks: str) -> torch.Tensor:
    """Strings of + (positive), - (negative) and . (no sample)."""
    return torch.tensor([["+-.".index(mark) for mark in line] for line in marks])


def marked(pairs: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    positive, negative = pairs
    assert not bool((positive & negative).any())
    return torch.where(positive, 0, torch.where(negative, 1, 2))


def constructed() -> Embeddings:
    """Object 1 in clips 0, 1, 2; object 2 in clips 0, 2; and a second video with object 1.

    Descriptors of object 1: (1, 0), (1, 0.1), (1, 0.3). From clip 0 they change by 0.1 / 1 and
    0.3 / 1; from clip 1, of length √1.01 = 1.005, by 0.0995 and 0.2 / 1.005 = 0.199; from clip 2,
    of length √1.09 = 1.044, by 0.287 and 0.1916.
    """
    return Embeddings(
        values=torch.arange(12, dtype=torch.float64).view(6, 2).requires_grad_(),
        videos=torch.tensor([0, 0, 0, 0, 0, 1]),
        clips=torch.tensor([0, 0, 1, 2, 2, 0]),
        ids=torch.tensor([1, 2, 1, 1, 2, 1]),
        classes=torch.tensor([0, 1, 0, 0, 1, 0]),
        semantic=torch.zeros(6, dtype=torch.bool),
        descriptors=torch.tensor(
            [[1, 0], [0, 2], [1, 0.1], [1, 0.3], [0, 2], [1, 0]], dtype=torch.float64
        ),
    )


def test_eq_10_over_the_whole_video() -> None:
    """Rows 0, 2, 3 are object 1 in clips 0, 1, 2: 0 and 3 are 0.3 apart, and so negative."""
    wanted = rows(
        "..+--.",  # 0: clip 1 is near; clip 2 of itself is not; object 2 there
        "..--+.",  # object 2, which never changes, against object 1 in clips 1 and 2
        "+-.+-.",  # clip 1: both others are within 0.2
        "--+...",  # clip 2: clip 0 changed by 0.287
        "-+-...",
        "......",  # alone in its video
    )
    assert marked(video_pairs(constructed(), 0.2)).equal(wanted)


def test_the_change_is_measured_from_the_anchor() -> None:
    """At τ = 0.1995 clip 1 → 2 is near (0.199), and at 0.195 only 2 → 1 is (0.1916)."""
    assert bool(video_pairs(constructed(), 0.1995)[0][2, 3])
    positive, negative = video_pairs(constructed(), 0.195)
    assert not positive[2, 3] and negative[2, 3]
    assert positive[3, 2]


def test_a_change_of_exactly_tau_is_negative() -> None:
    """0.25 / 1: numbers that floats hold exactly; GvSeg Eq. 10 asks for less than τ."""
    found = constructed()
    found.descriptors[2] = torch.tensor([1.0, 0.25])
    assert not video_pairs(found, 0.25)[0][0, 2] and bool(video_pairs(found, 0.25)[1][0, 2])
    assert bool(video_pairs(found, 0.2500001)[0][0, 2])


def test_without_a_descriptor_an_identity_is_no_sample() -> None:
    """Object 1 is not in the middle frame of clip 1: neither side of its pairs; others push."""
    found = constructed()
    found.descriptors[2] = 0
    pairs = marked(video_pairs(found, 0.2))
    assert pairs[2].equal(rows(".-..-.")[0])
    assert pairs[:, 2].equal(rows(".-..-.")[0])


def test_neighbouring_frames() -> None:
    """Clips 0 and 2 are no neighbours; shape does not count."""
    wanted = rows("..+...", "..-...", "+-.+-.", "..+...", "..-...", "......")
    assert marked(frame_pairs(constructed())).equal(wanted)


def test_queues_by_class() -> None:
    pairs = queue_pairs(torch.tensor([1, -1, 0]), torch.tensor([0, 1, 1]))
    assert marked(pairs).equal(rows("-++", "...", "+--"))


def test_the_losses_by_hand() -> None:
    """Anchor (2, 0), positive (1, 0), negatives (0, 1), (-1, 1); width 2, so dots over √2.

    Dots are 2, 0, -2. Contrastive: ln(1 + e^(-√2) + e^(-2√2)). Cosines are 1, 0, -0.707, whose
    positive parts are as wanted: 0. A second anchor without a positive does not count.
    """
    anchors = torch.tensor([[2.0, 0.0], [5.0, 5.0]], dtype=torch.float64)
    candidates = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]], dtype=torch.float64)
    positive = torch.tensor([[True, False, False], [False] * 3])
    negative = torch.tensor([[False, True, True], [True] * 3])
    contrastive, cosine, count = pair_losses(anchors, candidates, positive, negative)
    assert contrastive.item() == pytest.approx(
        math.log(1 + math.exp(-math.sqrt(2)) + math.exp(-2 * math.sqrt(2))), abs=1e-15
    )
    assert cosine.item() == 0 and count == 1


def test_several_positives_and_the_cosine_by_hand() -> None:
    """Anchor (1, 0); positives (0, 1) and (1, 0); negative (3, 4).

    Dots 0, 1, 3 over √2: ln(1 + e^(3/√2) (e^0 + e^(-1/√2))). Cosines 0, 1, 0.6; smooth L1 of the
    misses 1, 0, 0.6: 0.5, 0, 0.18. Half of 0.25 and half of 0.18.
    """
    anchors = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    candidates = torch.tensor([[0.0, 1.0], [1.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    positive = torch.tensor([[True, True, False]])
    contrastive, cosine, _ = pair_losses(anchors, candidates, positive, ~positive)
    s = math.sqrt(2)
    wanted = math.log(1 + math.exp(3 / s) * (1 + math.exp(-1 / s)))
    assert contrastive.item() == pytest.approx(wanted, abs=1e-14)
    assert cosine.item() == pytest.approx((0.25 + 0.18) / 2, abs=1e-15)


def test_large_scores_overflow_nothing() -> None:
    anchors = torch.tensor([[1000.0]], requires_grad=True)
    positive = torch.tensor([[True, False]])
    candidates = torch.tensor([[-1.0], [1.0]])
    contrastive, _, _ = pair_losses(anchors, candidates, positive, ~positive)
    contrastive.backward()
    assert contrastive.item() == pytest.approx(2000)
    assert anchors.grad is not None and anchors.grad.item() == pytest.approx(2.0)


def test_only_anchors_without_negatives_cost_nothing() -> None:
    anchors = torch.ones(1, 2, requires_grad=True)
    contrastive, _, count = pair_losses(
        anchors, torch.ones(1, 2), torch.tensor([[True]]), torch.tensor([[False]])
    )
    contrastive.backward()
    assert contrastive.item() == 0 and count == 1
    assert anchors.grad is not None and not anchors.grad.any()


def test_things_and_stuff_weigh_by_their_anchors() -> None:
    """Rows 1 and 4 are stuff of class 1; the queue of class 1 holds (1, 1), class 0 (0, 2)."""
    queues = ClassQueues(2, 3, 2)
    queues.push(torch.tensor([1, 0]), torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    found = constructed()
    found = replace(found, semantic=torch.tensor([False, True, False, False, True, False]))
    terms = contrast_terms(found, queues, ContrastConfig())
    things, regions = found[~found.semantic], found[found.semantic]
    a = pair_losses(things.values, things.values, *video_pairs(things, 0.2))
    values, classes = queues.samples()
    b = pair_losses(regions.values, values.double(), *queue_pairs(regions.classes, classes))
    assert (a[2], b[2]) == (3, 2)
    for name, i in (("reid", 0), ("reid_aux", 1)):
        torch.testing.assert_close(terms[name], (3 * a[i] + 2 * b[i]) / 5)


def test_no_anchor_no_term() -> None:
    empty = constructed()[torch.tensor([5])]
    assert contrast_terms(empty, ClassQueues(1, 1, 2), ContrastConfig()) == {}


def values(queues: ClassQueues, row: int) -> list[float]:
    found, classes = queues.samples()
    return sorted(found[classes == row][:, 0].tolist())


def push(queues: ClassQueues, rows: list[int], numbers: list[float]) -> None:
    queues.push(torch.tensor(rows), torch.tensor(numbers)[:, None])


def test_the_oldest_falls_out() -> None:
    queues = ClassQueues(2, 3, 1)
    assert len(queues.samples()[0]) == 0
    push(queues, [0, 1, 0], [1, 10, 2])
    push(queues, [0, 0], [3, 4])
    assert values(queues, 0) == [2, 3, 4] and values(queues, 1) == [10]
    push(queues, [1, 0], [11, 5])
    assert values(queues, 0) == [3, 4, 5] and values(queues, 1) == [10, 11]


def test_more_at_once_than_fit() -> None:
    """Of five the last three stay, wherever the queue stands."""
    queues = ClassQueues(1, 3, 1)
    push(queues, [0], [9])
    push(queues, [0] * 5, [1, 2, 3, 4, 5])
    assert values(queues, 0) == [3, 4, 5]
    push(queues, [0], [6])
    assert values(queues, 0) == [4, 5, 6]


def test_no_gradient_enters() -> None:
    queues = ClassQueues(1, 2, 1)
    queues.push(torch.tensor([0]), torch.ones(1, 1, requires_grad=True))
    assert not queues.samples()[0].requires_grad
    assert not list(queues.parameters())


def test_state_goes_on_where_it_was() -> None:
    first, second = ClassQueues(2, 3, 1), ClassQueues(2, 3, 1)
    push(first, [0, 0, 0, 0], [1, 2, 3, 4])
    second.load_state_dict(first.state_dict())
    for queues in (first, second):
        push(queues, [0], [5])
    assert values(second, 0) == [3, 4, 5]
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), second.buffers(), strict=True))


def test_two_processes_hold_the_same(tmp_path: Path) -> None:
    """In each step one of them has more rows than the other, or none at all."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("forkserver")
    processes = [
        context.Process(target=share_queues, args=(rank, store.port, tmp_path)) for rank in (0, 1)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
        process.kill()
    assert [process.exitcode for process in processes] == [0, 0]
    own, other = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    alone = ClassQueues(2, 4, 1)
    for step in range(3):
        for rank in (0, 1):
            alone.push(*pushed_by(rank, step))
    for name, value in alone.state_dict().items():
        assert torch.equal(own[name], value) and torch.equal(other[name], value)
