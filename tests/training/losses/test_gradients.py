"""Gradients of every loss term against finite differences, in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from vidseg.models.decoder.tensors import DecoderOutput, Prediction
from vidseg.training.losses.class_loss import class_loss, focal_loss
from vidseg.training.losses.config import LossConfig
from vidseg.training.losses.criterion import Criterion
from vidseg.training.losses.interclip_reid import InterclipReid
from vidseg.training.losses.mask_loss import mask_losses
from vidseg.training.losses.reid_loss import contrastive_loss, cosine_loss, interclip_losses
from vidseg.training.losses.semantic_loss import semantic_loss
from vidseg.training.losses.targets import ClipTargets, PromptTargets
from vidseg.training.objectives.rollout import read_loss

T, H, K, C = 2, 8, 3, 5
IDS = torch.tensor([0, 0, 1, 2, 1, 2, 2])
SAME = IDS[:, None] == IDS[None]


def values(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    """Random float64 values that want a gradient."""
    generator = torch.Generator().manual_seed(seed)
    drawn = scale * torch.randn(*shape, generator=generator, dtype=torch.float64)
    return drawn.requires_grad_()


def masks() -> Tensor:
    """Three objects [3, T, H, H]; the last one is absent from frame 1."""
    drawn = torch.zeros(3, T, H, H, dtype=torch.bool)
    drawn[0, :, :4, :4] = True
    drawn[1, :, 4:, 2:7] = True
    drawn[2, 0, 1:3, 5:] = True
    return drawn


def check(loss: Callable[..., Tensor], *inputs: Tensor, projected: bool = False) -> None:
    """All partial derivatives, or a random projection of them where there are hundreds."""
    assert gradcheck(loss, inputs, eps=1e-6, atol=1e-6, rtol=1e-5, fast_mode=projected)
    loss(*inputs).backward()
    assert any(x.grad is not None and bool(x.grad.ne(0).any()) for x in inputs)


def test_focal() -> None:
    targets = (values(4, K, seed=1) > 0).double()
    weights = values(4, K, seed=2).detach().abs()
    check(lambda x: focal_loss(x, targets, alpha=0.25, weights=weights), values(4, K))


@pytest.mark.parametrize("cross_entropy", [True, False])
def test_classes(cross_entropy: bool) -> None:
    rows, labels = torch.tensor([0, 2]), torch.tensor([1, 0])
    check(lambda x: class_loss(x, rows, labels, cross_entropy=cross_entropy), values(4, K))


@pytest.mark.parametrize("part", [0, 1])
def test_mask_and_dice(part: int) -> None:
    wanted = masks().flatten(0, 1).double()
    points = torch.rand(len(wanted), 20, 2, generator=torch.Generator().manual_seed(3)).double()
    check(lambda x: mask_losses(x, wanted, points)[part], values(len(wanted), 4, 4))


def test_competition_of_category_prompts() -> None:
    points = torch.rand(T, 20, 2, generator=torch.Generator().manual_seed(3)).double()
    rows = torch.tensor([2, 0])
    check(lambda x: semantic_loss(x, rows, masks()[:2], points), values(3, T, 4, 4))


@pytest.mark.parametrize("loss", [contrastive_loss, cosine_loss])
def test_reid(loss: Callable[..., Tensor]) -> None:
    other = IDS[:4, None] == IDS[None]
    check(lambda x: loss(x, x, SAME, permutation=torch.arange), values(len(IDS), C))
    check(
        lambda x, y: loss(x, y, other, permutation=torch.arange),
        values(4, C, seed=1),
        values(len(IDS), C, seed=2),
    )


@pytest.mark.parametrize("part", [0, 1])
def test_reid_over_clips(part: int) -> None:
    anchors = torch.tensor([0, 2, 3])
    positives = torch.tensor([[0, 1, 1], [2, 4, 2], [5, 6, 3]])

    def loss(x: Tensor) -> Tensor:
        return interclip_losses(
            x, IDS, anchors=anchors, positives=positives, permutation=torch.arange
        )[part]

    check(loss, values(len(IDS), C))


def test_reading_the_memory() -> None:
    truth = masks()[None]
    check(
        lambda x: read_loss(torch.tanh(x), truth),
        values(1, 3, T - 1, 2, 2, scale=0.5),
    )


TERMS = ("classes", "mask", "dice", "reid", "reid_aux", "reid_l2p", "reid_l2p_aux", "semantic")
NOTHING = dict.fromkeys((*TERMS, "read"), 0.0)
SMALL = LossConfig(points=40, match_points=40, spare_groups=False)


@pytest.mark.parametrize("kind", ["visual", "category", "expression"])
@pytest.mark.parametrize("term", TERMS)
def test_criterion(term: str, kind: str) -> None:
    """One term alone, on an auxiliary and the final prediction of both streams.

    The prediction is checked on the way through matching and choice of points, which must not
    carry a gradient.
    """
    criterion = Criterion(replace(SMALL, **(NOTHING | {term: 2.0})))
    clip = ClipTargets(masks(), torch.tensor([0, -1, 2]), torch.zeros(3).bool())
    rows = torch.tensor([[1, 0, -1]]) if kind != "category" else torch.tensor([[2, 0, 1]])
    asked = masks()[rows.clamp(min=0)] & (rows >= 0)[..., None, None, None]
    labels = rows if kind == "category" else torch.tensor([[-1, 0, -1]])
    prompts = PromptTargets(kind, asked, rows, labels)  # type: ignore[arg-type]

    def loss(mask_logits: Tensor, class_logits: Tensor, embeddings: Tensor) -> Tensor:
        torch.manual_seed(0)
        parts = (mask_logits, class_logits, embeddings)
        first, last = (Prediction(*(x[n] for x in parts), 4) for n in range(2))
        generator = torch.Generator().manual_seed(5)
        terms = criterion(DecoderOutput(last, (first,)), [clip], prompts, generator)
        return terms["total"]

    inputs = (values(2, 1, 7, T, 4, 4), values(2, 1, 7, K, seed=1), values(2, 1, 7, T, C, seed=2))
    absent = (kind != "category" and term == "semantic") or (
        kind == "category" and term == "reid_l2p_aux"
    )
    if absent:
        assert loss(*inputs) == 0
        return
    check(loss, *inputs, projected=True)


def test_reid_over_the_clips_of_a_video() -> None:
    config = LossConfig(auxiliary=0.5)
    clip = ClipTargets(masks(), torch.full((3,), -1), torch.zeros(3).bool())
    prompts = PromptTargets("visual", masks()[None, :2], torch.tensor([[0, 1]]), clip.labels[None])
    criterion = Criterion(replace(SMALL, **(NOTHING | {"mask": 1.0})))

    def loss(embeddings: Tensor) -> Tensor:
        torch.manual_seed(0)
        reid = InterclipReid(config)
        logits = values(1, 5, T, 4, 4).detach()
        for part in embeddings:
            first, middle, last = (Prediction(logits, None, part[n], 3) for n in range(3))
            output = DecoderOutput(last, (first, middle))
            generator = torch.Generator().manual_seed(5)
            comparison = criterion.compare(output, [clip], prompts, generator)
            reid.add(output, comparison, [clip], prompts)
        return sum(reid.terms().values(), embeddings.new_zeros(()))

    embeddings = values(2, 3, 1, 5, T, C)
    check(loss, embeddings, projected=True)
    assert embeddings.grad is not None
    assert not embeddings.grad[:, 0].any()  # before the first layer
    assert embeddings.grad[:, 1].any() and embeddings.grad[:, 2].any()
