"""Tokens of visual prompts: reference numbers and hand-made regions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from vidseg.errors import PromptError
from vidseg.models.decoder.mask_decoder import MaskDecoder
from vidseg.models.decoder.tensors import VisualTokens
from vidseg.models.presets import debug
from vidseg.models.prompts.regions import VisualRegions
from vidseg.models.prompts.visual_sampler import (
    KeyFrame,
    choose_cells,
    covered_cells,
    rasterise_boxes,
    sample_tokens,
)
from vidseg.nn.position import absolute_frame_angle
from vidseg.prompts import Box, Mask, Point, Scribble

from ...parity import report_difference
from ..golden_model import Golden, golden_model

SIZE = (96, 128)
PIXELS = torch.tensor([128.0, 96.0])


def half(shape: tuple[int, ...]) -> Tensor:
    """Randomness of the reference: every uniform number 0.5, every permutation the identity."""
    return torch.full(shape, 0.5)


def reference_frame(golden: Golden) -> KeyFrame:
    units = golden("prompt_units")
    position = units["pos_map_ArbitraryT"][1].permute(1, 2, 0)
    return KeyFrame(units["feat_map"], position, absolute_frame_angle(torch.tensor(9)))


def random_frame() -> KeyFrame:
    torch.manual_seed(0)
    return KeyFrame(torch.randn(32, 12, 16), torch.randn(12, 16, 32), torch.tensor(0.1))


def compare(name: str, got: VisualTokens, units: dict[str, Tensor], key: str) -> None:
    tokens, position = key.format("tokens"), key.format("pos")
    report_difference(f"{name} tokens", got.content, units[tokens])
    if position in units:
        report_difference(f"{name} positions", got.position, units[position])


def test_positions(golden: Golden) -> None:
    units, model = golden("prompt_units"), golden_model(golden)
    indices = units["feat_map"].new_tensor([5, 9, 30])
    got = model.mask_decoder.cell_positions((12, 16), absolute_frame_angle(indices))
    report_difference("absolute", got.permute(0, 3, 1, 2), units["pos_map_ArbitraryT"], 1e-5)
    config = replace(debug().decoder, temporal_encoding="clip")
    clip = MaskDecoder(config, mask_dim=32)
    angle = clip.frame_angle(indices, torch.arange(3), 3)
    got = clip.cell_positions((12, 16), angle)
    report_difference("in clip", got.permute(0, 3, 1, 2), units["pos_map_FixedT"], 1e-5)


def test_points(golden: Golden) -> None:
    units = golden("prompt_units")
    valid = torch.tensor([True, True, False])
    regions = VisualRegions.from_points(units["point_xy"] * PIXELS, SIZE, valid)
    got = sample_tokens(reference_frame(golden), regions, 16)
    compare("point", got, units, "point_{}")


def test_boxes(golden: Golden) -> None:
    units = golden("prompt_units")
    boxes = units["box_xyxy"] * PIXELS.repeat(2)
    raster = rasterise_boxes(boxes, SIZE, (12, 16))
    report_difference("box raster", raster.float(), units["box_raster"].float(), 0)
    regions = VisualRegions.from_boxes(boxes, SIZE)
    frame = reference_frame(golden)
    compare("box", sample_tokens(frame, regions, 16, random=half), units, "box_{}_identityperm")
    trained = sample_tokens(frame, regions, 16, random=half, training=True)
    compare("box in training", trained, units, "box_train_{}_identityperm_rand0.5")


def test_masks(golden: Golden) -> None:
    units = golden("prompt_units")
    regions = VisualRegions.from_masks(golden("inputs")["masks_uint8"][:, 2].bool())
    frame = reference_frame(golden)
    for name, training in (("test", False), ("train", True)):
        got = sample_tokens(frame, regions, 16, random=half, training=training)
        compare(f"mask in {name}", got, units, f"mask_{name}_{{}}_identityperm")


def test_no_randomness_while_all_cells_fit() -> None:
    def refuse(shape: tuple[int, ...]) -> Tensor:
        raise AssertionError("asked for random numbers")

    covered = torch.zeros(2, 4, 5, dtype=torch.bool)
    covered[0, 1, 2:5] = True
    covered[1, :, 0] = True
    cells = choose_cells(covered, 4, refuse, extremes=False)
    assert cells.tolist() == [[7, 8, 9, 7], [0, 5, 10, 15]]


def test_a_random_subset_has_no_cell_twice() -> None:
    covered = torch.ones(1, 6, 6, dtype=torch.bool)
    generator = torch.Generator().manual_seed(3)
    cells = choose_cells(
        covered, 20, lambda shape: torch.rand(shape, generator=generator), extremes=False
    )
    assert len(set(cells[0].tolist())) == 20


def test_generator_decides() -> None:
    regions = VisualRegions.from_masks(torch.ones(1, *SIZE, dtype=torch.bool))
    draw = [
        sample_tokens(random_frame(), regions, 8, random=torch.Generator().manual_seed(s)).content
        for s in (1, 1, 2)
    ]
    assert torch.equal(draw[0], draw[1])
    assert not torch.equal(draw[0], draw[2])


def test_an_object_between_all_cells_is_still_seen() -> None:
    masks = torch.zeros(2, *SIZE, dtype=torch.bool)
    masks[0, 3:6, 3:6] = True
    frame = random_frame()
    tokens = sample_tokens(frame, VisualRegions.from_masks(masks), 4)
    assert tokens.content[0].abs().sum() > 0
    assert not tokens.content[1].any() and not tokens.position[1].any()


def prompts_on(*prompts: Point | Box | Mask | Scribble) -> VisualRegions:
    """All prompts of one object, on a 48 x 64 frame brought to 96 x 120 and padded to SIZE."""
    return VisualRegions.from_prompts(
        prompts, [0] * len(prompts), 1, source_size=(48, 64), valid_size=(96, 120), size=SIZE
    )


def test_source_pixels_become_model_pixels() -> None:
    regions = prompts_on(Point(31.5, 23.5), Box(8, 12, 16, 24))
    assert torch.allclose(regions.points, torch.tensor([[60.0, 48.0]]))
    assert torch.allclose(regions.boxes, torch.tensor([[15.0, 24.0, 30.0, 48.0]]))


def test_a_region_and_points_share_the_tokens() -> None:
    frame = random_frame()
    box, a, b = Box(8, 8, 24, 24), Point(50, 30), Point(60, 40)
    alone = [sample_tokens(frame, prompts_on(p), 60).content[0] for p in (box, a, b)]
    united = sample_tokens(frame, prompts_on(b, box, a), 60).content[0]
    own_points = [(united == point[0]).all(-1).sum() for point in alone[1:]]
    assert [int(n) for n in own_points] == [20, 20]
    from_box = [row for row in united if (row == alone[0]).all(-1).any()]
    assert len(from_box) == 20


def test_a_scribble_covers_the_cells_that_it_crosses() -> None:
    stroke = Scribble(np.array([[10.0, 24.0], [50.0, 24.0]]))
    regions = prompts_on(stroke)
    rows = covered_cells(regions, (12, 16))[0].nonzero()
    assert set(rows[:, 0].tolist()) == {6}
    assert rows[:, 1].min() <= 3 and rows[:, 1].max() >= 11
    dot = prompts_on(Scribble(np.array([[30.0, 20.0]])))
    assert dot.masks is not None and 30 < int(dot.masks.sum()) < 70


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(PromptError, match="Object 1: the mask is 10x9 but the frame is 64x48"):
        prompts_on(Mask(np.ones((9, 10), bool)))
