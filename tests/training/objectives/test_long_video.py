"""The objective of stage 3: overlapping clips, stored tokens, ReID over clips."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidseg.models.decoder.tensors import DecoderOutput, FrameFeatures, Prediction
from vidseg.models.prompts.regions import VisualRegions
from vidseg.models.univs.model import UniVS
from vidseg.training.losses.config import LossConfig
from vidseg.training.losses.criterion import Comparison
from vidseg.training.losses.interclip_reid import InterclipReid
from vidseg.training.losses.targets import ClipTargets, PromptTargets
from vidseg.training.objectives.clip_queries import TokenPool, normalised, visual_tokens
from vidseg.training.objectives.long_video import clip_starts, window
from vidseg.training.objectives.prompted_video import PromptedVideo
from vidseg.training.objectives.registry import build_objective
from vidseg.training.prompts.clip_prompts import simulate_clip_prompts

from ..drawn_clips import (
    Letters,
    batch_of,
    drawn_clip,
    objective_config,
    small_model,
    squares,
)

R, T, V = 4, 3, 5


@pytest.mark.parametrize(
    ("video", "clip", "starts"),
    [(7, 5, [0, 2]), (9, 5, [0, 4]), (10, 5, [0, 4, 5]), (5, 5, [0]), (3, 1, [0, 1, 2])],
)
def test_clips_overlap_and_end_with_the_video(video: int, clip: int, starts: list[int]) -> None:
    assert clip_starts(video, clip) == starts


def test_a_window_takes_the_same_frames_of_every_video() -> None:
    frames = torch.arange(2 * V, dtype=torch.float32).view(-1, 1, 1, 1)
    features = FrameFeatures((frames, frames, frames), frames)
    assert window(features, V, 2, T).mask_features.flatten().tolist() == [2, 3, 4, 7, 8, 9]


def test_a_video_of_one_clip_costs_what_the_clip_costs() -> None:
    batch = batch_of(drawn_clip(squares(T, 2)), drawn_clip(squares(T, 1)))
    found = []
    for kind in ("clips", "long_video"):
        model = small_model()
        objective = build_objective(objective_config(kind, clip_frames=T), model, Letters())
        torch.manual_seed(0)
        found.append(objective(model, batch, np.random.default_rng(0)))
    assert {n: t.item() for n, t in found[0].items()} == {n: t.item() for n, t in found[1].items()}


@pytest.mark.parametrize("predicted", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["mask", "category", "expression"])
def test_all_clips_keep_their_gradients(kind: str, predicted: float) -> None:
    model = small_model()
    kept: list[FrameFeatures] = []
    encode = model.encode_frames

    def keep(images: torch.Tensor) -> FrameFeatures:
        kept.append(encode(images))
        kept[0].mask_features.retain_grad()
        return kept[0]

    model.encode_frames = keep  # type: ignore[method-assign]
    config = objective_config("long_video", predicted=predicted, clip_frames=T, **{kind: 1.0})
    objective = build_objective(config, model, Letters())
    batch = batch_of(drawn_clip(squares(V, 3), expressions=True))
    terms = objective(model, batch, np.random.default_rng(0))
    assert {"reid_interclip", "reid_interclip_aux"} <= set(terms)
    parts = sum(t.item() for name, t in terms.items() if name != "total")
    assert terms["total"].item() == pytest.approx(parts, rel=1e-5)
    terms["total"].backward()
    gradient = kept[0].mask_features.grad
    assert len(kept) == 1 and gradient is not None  # each frame is encoded once
    assert (gradient.flatten(1).abs().sum(1) > 0).all()


class Asked:
    """A prompted video of two clips of three frames, and the parts that it is made of."""

    def __init__(self, model: UniVS, kind: str, *, predicted: bool) -> None:
        self.batch = batch_of(drawn_clip(squares(V, 2), expressions=True))
        prompts = simulate_clip_prompts(
            self.batch.samples, kind, {"mask": 1.0}, Letters(), 2, np.random.default_rng(0),
            first_frames=T,
        )  # fmt: skip
        assert prompts is not None
        self.prompts = prompts
        self.model = model
        self.features = model.encode_frames(normalised(model, self.batch.images))
        self.times = self.batch.frame_indices
        self.video = PromptedVideo(
            model, prompts, {"mask": 1.0}, T, R, np.random.default_rng(3), predicted=predicted
        )

    def clip(self, start: int) -> tuple[FrameFeatures, torch.Tensor]:
        return window(self.features, V, start, T), self.times[:, start : start + T]

    def tokens(self, masks: torch.Tensor, frame: int) -> TokenPool:
        """Of masks [1, Q, H, W] on one frame."""
        start = min(frame, V - T)
        region = [VisualRegions.from_masks(masks[0])]
        return visual_tokens(self.model, *self.clip(start), region, (frame - start,), R)

    def output(self, masks: torch.Tensor) -> DecoderOutput:
        """One learnable query, then prompt queries that find masks [1, Q, T, H, W]."""
        logits = 20.0 * masks[..., 2::4, 2::4].float() - 10
        joined = torch.cat([-torch.ones_like(logits[:, :1]), logits], 1)
        return DecoderOutput(Prediction(joined, None, joined.new_zeros(1, 3, T, 8), 1))


@pytest.fixture
def model() -> UniVS:
    return small_model().eval()  # no extreme cells: few tokens are the first cells of a mask


def test_true_masks_of_the_first_clip_are_stored_once(model: UniVS) -> None:
    asked = Asked(model, "mask", predicted=False)
    first, _ = asked.video.ask(0, *asked.clip(0))
    assert first.tokens.shape[2] == R
    asked.video.remember(0, *asked.clip(0), asked.output(asked.prompts.truth[:, :, :T]))
    second, prompts = asked.video.ask(2, *asked.clip(2))
    stored = second.tokens.shape[2] // R - 1
    assert 2 <= stored <= T  # at least T // 3 + 1 frames
    assert torch.equal(prompts.truth, asked.prompts.truth[:, :, 2:])
    asked.video.remember(2, *asked.clip(2), asked.output(asked.prompts.truth[:, :, 2:]))
    third, _ = asked.video.ask(2, *asked.clip(2))
    assert torch.equal(second.tokens[:, :, : stored * R], third.tokens[:, :, : stored * R])


def test_found_masks_prompt_the_next_clip(model: UniVS) -> None:
    asked = Asked(model, "mask", predicted=True)
    first, _ = asked.video.ask(0, *asked.clip(0))
    found = torch.zeros_like(asked.prompts.truth[:, :, :T])
    found[:, 0, :, 32:48, 32:48] = True  # not where the object is
    asked.video.remember(0, *asked.clip(0), asked.output(found))
    second, prompts = asked.video.ask(2, *asked.clip(2))
    assert prompts.keys == (0,)  # frame 2, the last one of the first clip
    assert torch.equal(prompts.truth, asked.prompts.truth[:, :, 2:])
    assert prompts.regions[0].masks is not None
    shown = prompts.regions[0].masks
    assert not shown[1].any() and shown[0].sum() == pytest.approx(256, abs=64)
    assert torch.equal(second.tokens[:, :, :R], first.tokens)  # the first prompt stays
    assert not second.tokens[:, 1, R:].any()  # nothing was found of the second object


def test_sentences_read_stored_masks_without_positions(model: UniVS) -> None:
    asked = Asked(model, "expression", predicted=False)
    first, _ = asked.video.ask(0, *asked.clip(0))
    asked.video.remember(0, *asked.clip(0), asked.output(asked.prompts.truth[:, :, :T]))
    second, _ = asked.video.ask(2, *asked.clip(2))
    added = second.tokens.shape[2] - first.tokens.shape[2]
    assert added >= 2 * R and added % R == 0
    assert second.token_position is None and second.tokens.shape[3] == T
    last = asked.tokens(asked.prompts.truth[:, :, T - 1], T - 1).content
    assert torch.equal(second.tokens[:, :, added - R : added, 0], last)


def test_categories_need_no_memory(model: UniVS) -> None:
    asked = Asked(model, "category", predicted=True)
    first, _ = asked.video.ask(0, *asked.clip(0))
    asked.video.remember(0, *asked.clip(0), asked.output(asked.prompts.truth[:, :, :T]))
    second, _ = asked.video.ask(2, *asked.clip(2))
    assert first.tokens.shape == second.tokens.shape


def test_interclip_reid_knows_objects_by_their_row() -> None:
    """Embeddings that agree over clips and streams cost next to nothing, others do."""
    masks = squares(2, 2)
    masks[0, 0] = False  # of object 0 only the second frame counts
    clip = ClipTargets(masks, torch.tensor([-1, -1]), torch.zeros(2).bool())
    prompts = PromptTargets("visual", masks[None], torch.tensor([[0, 1]]), clip.labels[None])
    # Of three learnable queries the first is free, the others found objects 1 and 0.
    comparison = Comparison({}, ([], [(torch.tensor([1, 2]), torch.tensor([1, 0]))]))

    def cost(objects_of_later_clips: list[int]) -> float:
        reid = InterclipReid(LossConfig())
        torch.manual_seed(0)
        for turn in range(3):
            learnable = objects_of_later_clips if turn else [1, 0]
            rows = torch.cat([torch.zeros(1, 2), torch.eye(2)[learnable], torch.eye(2)])
            embeddings = 30 * rows[None, :, None].repeat(1, 1, 2, 1)
            embeddings[0, 2, 0] = 99.0  # frame 0, where object 0 is not
            final = Prediction(torch.zeros(1, 5, 2, 4, 4), None, embeddings, 3)
            reid.add(DecoderOutput(final, (final,)), comparison, [clip], prompts)
        return sum(term.item() for term in reid.terms().values())

    assert cost([1, 0]) < 1e-3
    assert cost([0, 1]) > 0.3
    assert InterclipReid(LossConfig()).terms() == {}
