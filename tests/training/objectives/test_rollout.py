"""Training clips are answered as a stream would be."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from vidseg.backbones.resnet import ResNetConfig
from vidseg.datasets.clips.schema import ClipSample
from vidseg.models.decoder.config import MaskDecoderConfig
from vidseg.models.pixel.light import LightPixelDecoderConfig
from vidseg.models.univs.config import UniVSConfig
from vidseg.models.univs.model import UniVS
from vidseg.models.univs.propagation import PropagationConfig
from vidseg.training.losses.output_streams import fold_frames, join_frames, join_streams
from vidseg.training.objectives.rollout import read_loss, roll_out
from vidseg.training.prompts.simulation import SimulatedPrompts, VisualKind, simulate_visual

B, T, SIZE = 2, 3, 64


@pytest.fixture
def model() -> UniVS:
    torch.manual_seed(0)
    return UniVS(
        UniVSConfig(
            backbone=ResNetConfig(stem_channels=8, bottleneck_channels=4, out_channels=16),
            pixel_decoder=LightPixelDecoderConfig(hidden=32, mask_dim=32),
            decoder=MaskDecoderConfig(
                hidden=32,
                heads=4,
                layers=2,
                ffn=64,
                queries=5,
                text_dim=8,
                temporal_encoding="clip",
            ),
            propagation=PropagationConfig(key_channels=16, tile=4, halo=2, refiner_channels=4),
        )
    ).train()


@pytest.fixture
def images() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(B * T, 3, SIZE, SIZE)


def prompts(kind: VisualKind) -> SimulatedPrompts:
    masks = torch.zeros(2, T, SIZE, SIZE, dtype=torch.bool)
    masks[0, :, 8:32, 8:32] = True
    masks[1, :, 40:60, 30:60] = True
    sample = ClipSample(
        images=torch.zeros(T, 3, SIZE, SIZE, dtype=torch.uint8),
        masks=masks,
        labels=torch.tensor([0, 1]),
        ids=torch.arange(2),
        is_thing=torch.ones(2, dtype=torch.bool),
        is_group=torch.zeros(2, dtype=torch.bool),
        vocabulary=("cat", "dog"),
        frame_indices=torch.arange(T),
        dataset="drawn",
    )
    return simulate_visual([sample] * B, kind, 2, np.random.default_rng(0))


@pytest.mark.parametrize("kind", ["mask", "box", "point", "scribble"])
def test_every_learned_part_of_the_memory_gets_a_gradient(
    model: UniVS, images: torch.Tensor, kind: VisualKind
) -> None:
    output, reads = roll_out(model, model.encode_frames(images), prompts(kind), tokens=8)
    assert (reads is not None) == (kind == "mask")
    assert output.final.mask_logits.shape == (B, 2, T, SIZE // 4, SIZE // 4)
    assert len(output.auxiliary) == 2 and output.final.learnable == 0
    output.final.mask_logits.square().mean().backward()
    assert model.propagation is not None
    for name, parameter in model.propagation.named_parameters():
        if "refiner" not in name and "reduction" not in name:  # behind a layer that starts at zero
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_given_mask_is_what_is_remembered(model: UniVS, images: torch.Tensor) -> None:
    """On a clip that does not move, the untrained read-out repeats the mask it was given."""
    still = images[:1].expand(B * T, -1, -1, -1)
    given = prompts("mask")
    output, reads = roll_out(model, model.encode_frames(still), given, tokens=8)
    predicted = output.final.mask_logits[:, :, 1] > 0
    truth = given.truth[:, :, 1, ::4, ::4]
    assert (predicted == truth).float().mean() > 0.9
    assert reads is not None
    wrong = read_loss(-reads, given.truth)
    assert read_loss(reads, given.truth) < 0.5 < 3 < wrong


def test_folding_equals_frame_by_frame(model: UniVS, images: torch.Tensor) -> None:
    model = deepcopy(model).eval().double()
    features = model.encode_frames(images.double())
    classes = torch.randn(3, 8).double()
    still = torch.zeros(B * T, 1, dtype=torch.long)
    folded = fold_frames(model.decode(features, still, None, classes), T).final
    frames = [model.decode(features[slice(t, None, T)], still[:B], None, classes) for t in range(T)]
    joined = join_frames(frames).final
    torch.testing.assert_close(folded.mask_logits, joined.mask_logits)
    torch.testing.assert_close(folded.embeddings, joined.embeddings)
    assert folded.class_logits is not None and joined.class_logits is not None
    torch.testing.assert_close(folded.class_logits, joined.class_logits)


def test_streams_are_joined_learnable_first(model: UniVS, images: torch.Tensor) -> None:
    features = model.encode_frames(images)
    still = torch.zeros(B * T, 1, dtype=torch.long)
    learnable = fold_frames(model.decode(features, still, None, torch.randn(3, 8)), T)
    joined = join_streams(learnable, roll_out(model, features, prompts("box"), tokens=8)[0])
    assert joined.final.mask_logits.shape[1] == 5 + 2 and joined.final.learnable == 5
    assert joined.final.class_logits is not None
    assert joined.final.class_logits.shape == (B, 7, 3)
