"""Whole loops of VOS, RefVOS and VSS against the released code: every pixel must be the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from vidseg.inference.config import InferenceConfig, published
from vidseg.inference.policies.base import Categories
from vidseg.inference.policies.category.clip_decoder import LearnableDecoder
from vidseg.inference.policies.prompted.policy import PromptedPolicy
from vidseg.inference.policies.referring import ReferringPolicy
from vidseg.inference.policies.semantic import SemanticPolicy
from vidseg.models.decoder.tensors import FrameFeatures
from vidseg.models.text.features import SentenceFeatures
from vidseg.models.univs.model import UniVS
from vidseg.prompts import Mask, Text
from vidseg.types import Task

from ..models.golden_model import Golden, golden_images, golden_model
from ..parity import report_difference
from .streaming import id_maps, pictures, run, session


def settings(task: Task) -> InferenceConfig:
    """As the reference was made: clips of 3, 256 tokens (all cells: no randomness)."""
    stride = 3 if task is Task.VSS else 1
    return replace(
        published(task), clip_length=3, stride=stride, short_side=96, tokens_per_prompt=256
    )


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The order of additions depends on the number of threads, see :func:`released_model`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def released_model(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> UniVS:
    """The tiny model, encoding windows of at most five frames as the released code does.

    Features of a frame differ by 1e-6 with the number of frames that are encoded at once. That is
    enough to carry one logit of the reference video over the threshold of mask quality, and with
    it three pixels of VOS over a tie of two objects.
    """
    model, images = golden_model(golden), golden_images(golden)
    first, second = model.encode_frames(images[:5]), model.encode_frames(images[5:])
    known = FrameFeatures.cat([first, second])
    monkeypatch.setattr(model, "encode_frames", lambda batch: next_frames(known, len(batch)))
    position = 0

    def next_frames(features: FrameFeatures, count: int) -> FrameFeatures:
        nonlocal position
        position += count
        return features[position - count : position]

    return model


class GivenSentences:
    """Text features of the reference, whatever the sentence."""

    dim = 64

    def __init__(self, golden: Golden) -> None:
        inputs = golden("inputs")
        words = inputs["exp_word_feats"]
        self.features = SentenceFeatures(
            words, torch.tensor([words.shape[1]] * 2), inputs["exp_sentence_feats"]
        )

    def encode_names(self, names: object) -> torch.Tensor:
        raise AssertionError("no names are needed")

    def encode_sentences(self, texts: object) -> SentenceFeatures:
        return self.features


def masks_of_vos(golden: Golden) -> list[Mask]:
    masks = golden("inputs")["masks_uint8"].bool().numpy()
    return [
        Mask(masks[0, 0], object_id=1, frame=0),
        Mask(masks[1, 0], object_id=2, frame=0),
        Mask(masks[2, 2], object_id=3, frame=2),
    ]


def test_vos(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    model, config = released_model(golden, monkeypatch), settings(Task.VOS)
    clips = []
    decode = model.decode

    def recording(*args, **kwargs):  # type: ignore[no-untyped-def]
        output = decode(*args, **kwargs)
        clips.append(output.final.mask_logits[0, output.final.learnable :])
        return output

    monkeypatch.setattr(model, "decode", recording)
    running = session(model, PromptedPolicy(model, config), config, Task.VOS, masks_of_vos(golden))
    results = run(running, pictures(golden("inputs")["images_uint8"]))
    want = golden("e2e_tasks")
    for c in range(4):  # the reference is stored in half precision
        report_difference(
            f"vos_clip{c}_prompt_masks", clips[c], want[f"vos_clip{c}_prompt_masks"], 4e-3
        )
    report_difference("vos_png", id_maps(results), want["vos_png"], 0)


def test_refvos(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    model, config = released_model(golden, monkeypatch), settings(Task.REFVOS)
    policy = ReferringPolicy(model, config, GivenSentences(golden))
    running = session(model, policy, config, Task.REFVOS, [Text("one", 1), Text("two", 2)])
    results = run(running, pictures(golden("inputs")["images_uint8"]))
    got = torch.stack(
        [torch.stack([torch.from_numpy(r.segments[k].mask) for r in results]) for k in range(2)]
    )
    report_difference("rvos_png", got.long() * 255, golden("e2e_tasks")["rvos_png"], 0)


def test_vss(golden: Golden) -> None:
    # Two classes tie to 1e-7 in one pixel; in double precision the right one wins for sure.
    model, config = golden_model(golden).double(), settings(Task.VSS)
    embeddings = golden("tiny_concept_emb")["rows_2924_3048"].double()
    names = tuple(f"class {k}" for k in range(len(embeddings)))
    categories = Categories(names, (False,) * 124, embeddings)
    policy = SemanticPolicy(LearnableDecoder(model, categories), config, categories)
    running = session(model, policy, config, Task.VSS)
    results = run(running, pictures(golden("inputs")["images_uint8"]))
    report_difference("vss_sem", id_maps(results) - 1, golden("e2e_tasks")["vss_sem"], 0)
