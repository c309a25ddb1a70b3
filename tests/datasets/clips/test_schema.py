"""Clips in memory."""

from __future__ import annotations

import torch

from vidseg.datasets.clips.schema import ClipSample


def test_class_masks_unite_the_regions_of_a_class() -> None:
    masks = torch.zeros(3, 1, 4, 4, dtype=torch.bool)
    for row in range(3):
        masks[row, 0, row] = True
    sample = ClipSample(
        images=torch.zeros(1, 3, 4, 4, dtype=torch.uint8),
        masks=masks,
        labels=torch.tensor([1, -1, 1]),
        ids=torch.arange(3),
        is_thing=torch.ones(3, dtype=torch.bool),
        is_group=torch.zeros(3, dtype=torch.bool),
        vocabulary=("a", "b"),
        frame_indices=torch.arange(1),
        dataset="hand-made",
    )
    labels, unions = sample.class_masks()
    assert labels.tolist() == [1]
    assert torch.equal(unions[0], masks[0] | masks[2])
