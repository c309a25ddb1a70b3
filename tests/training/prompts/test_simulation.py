"""Simulated prompts lie on the objects they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidseg.datasets.clips.schema import ClipSample, Expression
from vidseg.models.text.features import SentenceFeatures
from vidseg.training.prompts.simulation import (
    VisualKind,
    simulate_categories,
    simulate_expressions,
    simulate_visual,
)

T, SIZE = 2, 64


class Letters:
    """A text encoder of two values: length and first letter."""

    dim = 2

    def encode_names(self, names: list[str]) -> torch.Tensor:
        return torch.tensor([[float(len(n)), float(ord(n[0]))] for n in names])

    def encode_sentences(self, texts: list[str]) -> SentenceFeatures:
        names = self.encode_names(texts)
        return SentenceFeatures(names[:, None], torch.ones(len(texts), dtype=torch.long), names)


@pytest.fixture
def sample() -> ClipSample:
    masks = torch.zeros(3, T, SIZE, SIZE, dtype=torch.bool)
    masks[0, :, 8:24, 8:24] = True
    masks[1, 1, 40:60, 40:60] = True  # not on the first frame
    masks[2, :, 30:40, 0:20] = True  # two pieces that may be two sheep
    masks[2, :, 50:60, 0:20] = True
    return ClipSample(
        images=torch.zeros(T, 3, SIZE, SIZE, dtype=torch.uint8),
        masks=masks,
        labels=torch.tensor([1, 0, 2]),
        ids=torch.arange(3),
        is_thing=torch.ones(3, dtype=torch.bool),
        is_group=torch.tensor([False, False, True]),
        vocabulary=("cat", "dog", "sheep", "cow"),
        frame_indices=torch.arange(T),
        dataset="drawn",
        expressions=(Expression("the dog", 0, composed=True),),
    )


@pytest.mark.parametrize("kind", ["mask", "box", "point", "scribble"])
def test_visual_prompts_mark_single_objects_of_the_first_frame(
    sample: ClipSample, kind: VisualKind
) -> None:
    prompts = simulate_visual([sample, sample], kind, 3, np.random.default_rng(0))
    assert prompts.rows.tolist() == [[0], [0]]  # 1 is not seen yet, 2 is a group
    assert torch.equal(prompts.truth[0, 0], sample.masks[0])
    drawn = prompts.drawn[0, 0]
    inside = torch.zeros_like(drawn, dtype=torch.bool)
    inside[1:3, 1:3] = True
    assert drawn[inside].max() > 0
    if kind == "mask":
        assert torch.equal(drawn > 0, inside)
    if kind == "point":
        x, y = prompts.regions[0].points[0].tolist()
        assert sample.masks[0, 0, int(y), int(x)]


def test_batch_is_filled_by_repetition(sample: ClipSample) -> None:
    empty = ClipSample(**{**vars(sample), "masks": torch.zeros_like(sample.masks)})
    prompts = simulate_visual([sample, empty], "box", 3, np.random.default_rng(0))
    assert prompts.rows.tolist() == [[0], [-1]]
    assert not prompts.truth[1].any() and not prompts.drawn[1].any()


def test_absent_categories_have_an_empty_truth(sample: ClipSample) -> None:
    prompts = simulate_categories([sample], Letters(), 4, np.random.default_rng(0))
    assert sorted(prompts.rows[0].tolist()) == [0, 1, 2, 3]
    for label, truth in zip(prompts.rows[0].tolist(), prompts.truth[0], strict=True):
        rows = (sample.labels == label).nonzero()[:, 0]
        assert torch.equal(truth, sample.masks[rows].any(0))
    assert prompts.words is not None and prompts.words.shape == (1, 4, 1, 2)


def test_expressions_lead_with_the_sentence(sample: ClipSample) -> None:
    prompts = simulate_expressions([sample], Letters(), 2, np.random.default_rng(0))
    assert prompts.words is not None
    assert prompts.words.shape == (1, 2, 2, 2) and prompts.rows.tolist() == [[0, 0]]
    mute = ClipSample(**{**vars(sample), "expressions": ()})
    prompts = simulate_expressions([sample, mute], Letters(), 2, np.random.default_rng(0))
    assert prompts.rows.tolist() == [[0, 0], [-1, -1]]
    assert prompts.words is not None and not prompts.words[1].any()


@pytest.mark.parametrize("kind", ["mask", "box", "point", "scribble"])
def test_an_object_may_fill_the_frame(sample: ClipSample, kind: VisualKind) -> None:
    full = ClipSample(**{**vars(sample), "masks": torch.ones_like(sample.masks)})
    for seed in range(8):
        prompts = simulate_visual([full], kind, 1, np.random.default_rng(seed))
        assert (prompts.drawn >= 0).all()
