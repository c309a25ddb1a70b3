"""RefVOS and VSS on a random network, and the stuff of PVOS: what must not depend on what."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pytest
import torch

from vidseg.errors import VocabularyError
from vidseg.inference.clip import Categories
from vidseg.inference.config import InferenceConfig, default
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.base import UniVSPredictor
from vidseg.inference.policies.prompted.contest import StuffPixels
from vidseg.inference.policies.referring import ReferringPolicy
from vidseg.inference.policies.semantic import SemanticPolicy
from vidseg.models.decoder.tensors import Prediction
from vidseg.models.presets import debug
from vidseg.models.text.features import SentenceFeatures
from vidseg.models.univs.model import UniVS
from vidseg.prompts import Text
from vidseg.results import FrameResult
from vidseg.types import Task

from .scripted import make_clip
from .streaming import run, session
from .test_bounded import picture

SIZE = (64, 64)
REFVOS = default(Task.REFVOS).override(short_side=64, consistency_threshold=0.0)


def video(frames: int) -> list[np.ndarray]:
    return [picture(i, SIZE, thing=True) for i in range(frames)]


@pytest.fixture(scope="module")
def model() -> UniVS:
    torch.manual_seed(0)
    return UniVS(debug()).eval()


class PaddedText:
    """A vector per word, chosen by its letters; sentences are padded with garbage to 9 words."""

    dim = 64

    def __init__(self, garbage: str) -> None:
        self.garbage = garbage

    def encode_names(self, names: Sequence[str]) -> torch.Tensor:
        raise AssertionError("no names are needed")

    def encode_sentences(self, texts: Sequence[str]) -> SentenceFeatures:
        rows = [[self._word(w) for w in text.split()] for text in texts]
        padding = self._word(self.garbage)
        words = torch.stack([torch.stack(row + [padding] * (9 - len(row))) for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        return SentenceFeatures(words, lengths, torch.stack([torch.stack(r).mean(0) for r in rows]))

    @staticmethod
    def _word(word: str) -> torch.Tensor:
        return torch.randn(64, generator=torch.Generator().manual_seed(sum(map(ord, word))))


def refer(
    model: UniVS, texts: list[Text], garbage: str = "pad", config: InferenceConfig = REFVOS
) -> list[FrameResult]:
    policy = ReferringPolicy(model, config, PaddedText(garbage))
    return run(session(model, policy, config, Task.REFVOS, texts), video(4))


def masks(results: list[FrameResult], object_id: int) -> np.ndarray:
    return np.stack([next(s.mask for s in r.segments if s.id == object_id) for r in results])


SHORT, LONG = Text("red dog", 1), Text("the small cat on the left", 2)


def test_sentences_are_answered_as_if_asked_alone(model: UniVS) -> None:
    model = deepcopy(model).double()  # so that no pixel ties
    together = refer(model, [SHORT, LONG])
    for text in (SHORT, LONG):
        alone = masks(refer(model, [text]), text.object_id)
        assert alone.any() and not alone.all()
        assert (masks(together, text.object_id) == alone).all()
    assert [s.category for s in together[0].segments] == [SHORT.text, LONG.text]


def test_padding_is_no_word_by_default(model: UniVS) -> None:
    assert (masks(refer(model, [SHORT]), 1) == masks(refer(model, [SHORT], "other"), 1)).all()
    released = REFVOS.override(padding_words=True)
    padded = masks(refer(model, [SHORT], "pad", released), 1)
    assert (masks(refer(model, [SHORT], "other", released), 1) != padded).any()


@pytest.mark.parametrize(("length", "stride"), [(3, 1), (3, 2), (3, 3), (9, 1)])
def test_sentences_over_clips(model: UniVS, length: int, stride: int) -> None:
    config = REFVOS.override(clip_length=length, stride=stride)
    results = refer(model, [SHORT], config=config)
    assert [r.index for r in results] == [0, 1, 2, 3]


def semantic(model: UniVS, config: InferenceConfig, names: Sequence[str]) -> list[FrameResult]:
    embeddings = torch.randn(3, 64, generator=torch.Generator().manual_seed(1))[: len(names)]
    categories = Categories(tuple(names), (False,) * len(names), embeddings)
    policy = SemanticPolicy(UniVSPredictor(model, categories), config, categories)
    return run(session(model, policy, config, Task.VSS), video(5))


@pytest.mark.parametrize(("length", "stride"), [(1, 1), (3, 1), (3, 3)])
def test_every_pixel_of_every_frame_has_one_class(model: UniVS, length: int, stride: int) -> None:
    config = default(Task.VSS).override(short_side=64, clip_length=length, stride=stride)
    results = semantic(model, config, ["sky", "sea", "sand"])
    assert [r.index for r in results] == list(range(5))
    for result in results:
        assert (sum(s.mask.astype(int) for s in result.segments) == 1).all()


def test_weak_pixels_have_no_class_above_a_threshold(model: UniVS) -> None:
    config = default(Task.VSS).override(short_side=64, semantic_threshold=1e9)
    assert all(not r.segments for r in semantic(model, config, ["sky", "sea"]))


def test_full_smoothing_repeats_the_first_frame(model: UniVS) -> None:
    config = default(Task.VSS).override(short_side=64, semantic_smoothing=1.0)
    first, *others = semantic(model, config, ["sky", "sea", "sand"])
    for other in others:
        assert (first.panoptic_map() == other.panoptic_map()).all()


def test_stuff_is_where_its_class_wins() -> None:
    classes = torch.tensor([[5.0, -5.0], [-5.0, 5.0]])
    logits = torch.full((2, 1, 4, 4), -9.0)
    logits[0, :, :, :3] = 9
    logits[1, :, :, 3:] = 9
    prediction = Prediction(logits[None], classes[None], torch.zeros(1, 2, 1, 4), 2)
    stuff = StuffPixels(Categories(("sky", "sea"), (False, False), torch.zeros(2, 4)))
    clip = make_clip(0, 1, 1, FrameGeometry((16, 16), (16, 16), (16, 16)))
    found = stuff.masks(prediction, clip, ["sea", "sky"])
    assert (found[0, 0] == (logits[1, 0] > 0)).all()
    assert (found[1, 0] == (logits[0, 0] > 0)).all()
    with pytest.raises(VocabularyError, match="'lava' is not in the vocabulary"):
        stuff.masks(prediction, clip, ["lava"])
