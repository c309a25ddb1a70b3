"""Whole loops of VOS, RefVOS and VSS against the released code: all pixels but ties are equal."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vidseg.inference.clip import Categories
from vidseg.inference.config import InferenceConfig
from vidseg.inference.policies.base import UniVSPredictor
from vidseg.inference.policies.prompted.policy import PromptedPolicy
from vidseg.inference.policies.referring import ReferringPolicy
from vidseg.inference.policies.semantic import SemanticPolicy
from vidseg.inference.published.settings import published
from vidseg.models.decoder.tensors import DecoderOutput
from vidseg.models.text.features import SentenceFeatures
from vidseg.prompts import Mask, Text
from vidseg.types import Task

from ..models.golden_model import Golden, golden_model
from ..parity import blurred, half_precision_limit, report_difference, report_loop
from .streaming import id_maps, pictures, run, session


def settings(task: Task) -> InferenceConfig:
    """As the reference was made: clips of 3, 256 tokens (all cells: no randomness)."""
    stride = 3 if task is Task.VSS else 1
    return published(task).override(
        clip_length=3, stride=stride, short_side=96, tokens_per_prompt=256
    )


class GivenSentences:
    """Text features of the reference, whatever the sentence."""

    dim = 64

    def __init__(self, golden: Golden) -> None:
        inputs = golden("inputs")
        words = inputs["exp_word_feats"]
        self.features = SentenceFeatures(
            words, torch.tensor([words.shape[1]] * 2), inputs["exp_sentence_feats"]
        )

    def encode_names(self, names: object) -> Tensor:
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


def test_vos(golden: Golden) -> None:
    model, config = golden_model(golden), settings(Task.VOS)
    images, masks = pictures(golden("inputs")["images_uint8"]), masks_of_vos(golden)

    def play(seed: int | None) -> Tensor:
        with blurred(model, seed):
            policy = PromptedPolicy(model, config)
            return id_maps(run(session(model, policy, config, Task.VOS, masks), images))

    clips, decode = [], model.decode

    def recording(*args: Any, **options: Any) -> DecoderOutput:
        output = decode(*args, **options)
        clips.append(output.final.mask_logits[0, output.final.learnable :])
        return output

    want = golden("e2e_tasks")
    report_loop("vos_png", model, play, want["vos_png"])
    model.decode = recording  # type: ignore[method-assign]
    play(None)
    for c in range(4):
        name = f"vos_clip{c}_prompt_masks"
        report_difference(name, clips[c], want[name], half_precision_limit(want[name]))


def test_refvos(golden: Golden) -> None:
    model, config = golden_model(golden), settings(Task.REFVOS)
    images = pictures(golden("inputs")["images_uint8"])
    sentences = [Text("one", 1), Text("two", 2)]

    def play(seed: int | None) -> Tensor:
        """[2, N, H, W] 0 or 255."""
        with blurred(model, seed):
            policy = ReferringPolicy(model, config, GivenSentences(golden))
            results = run(session(model, policy, config, Task.REFVOS, sentences), images)
        shown = [[torch.from_numpy(r.segments[k].mask) for r in results] for k in range(2)]
        return torch.stack([torch.stack(masks) for masks in shown]).long() * 255

    report_loop("rvos_png", model, play, golden("e2e_tasks")["rvos_png"])


def test_vss(golden: Golden) -> None:
    model, config = golden_model(golden), settings(Task.VSS)
    embeddings = golden("tiny_concept_emb")["rows_2924_3048"]
    names = tuple(f"class {k}" for k in range(len(embeddings)))
    images = pictures(golden("inputs")["images_uint8"])

    def play(seed: int | None) -> Tensor:
        rows = embeddings.to(next(model.parameters()).dtype)
        categories = Categories(names, (False,) * 124, rows)
        with blurred(model, seed):
            policy = SemanticPolicy(UniVSPredictor(model, categories), config, categories)
            return id_maps(run(session(model, policy, config, Task.VSS), images)) - 1

    report_loop("vss_sem", model, play, golden("e2e_tasks")["vss_sem"])
