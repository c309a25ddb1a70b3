"""Pictures of answers for the logs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vidseg.training.run.overlays import draw_answers

from ..stand_in_run import SIZE, sample, tiny_model


@pytest.mark.parametrize("frames", [1, 3])
def test_three_rows_of_the_first_and_the_last_frame(frames: int) -> None:
    clip = sample(0, 2, frames=frames)
    picture = draw_answers(tiny_model().eval(), clip)
    columns = min(frames, 2)
    assert picture.shape == (3 * SIZE, columns * SIZE, 3) and picture.dtype == np.uint8
    shown = picture[:SIZE, :SIZE].astype(int)
    image = clip.images[0].permute(1, 2, 0).numpy().astype(int)
    changed = (shown != image).any(-1)
    inside = clip.masks[:, 0].any(0).numpy()
    assert changed[inside].mean() > 0.9 and not changed[~inside].any()  # the truth is painted


def test_a_clip_whose_first_frame_shows_nothing_to_follow() -> None:
    clip = sample(0, 0, frames=2)
    masks = clip.masks.clone()
    masks[:, 0] = False
    picture = draw_answers(tiny_model().eval(), replace(clip, masks=masks))
    assert picture.shape == (3 * SIZE, 2 * SIZE, 3)


def test_large_pictures_are_shrunk() -> None:
    clip = sample(0, 0)
    large = replace(
        clip,
        images=clip.images.repeat_interleave(8, 2).repeat_interleave(8, 3),
        masks=clip.masks.repeat_interleave(8, 2).repeat_interleave(8, 3),
    )
    with torch.no_grad():
        assert draw_answers(tiny_model().eval(), large).shape == (3 * 256, 256, 3)
