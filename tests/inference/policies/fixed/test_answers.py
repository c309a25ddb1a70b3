"""The published rules of Mask2Former: by hand, by transformers, and by plain loops over pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vidseg.inference.config import InferenceConfig
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.fixed.answers import (
    FrameAnswers,
    best_pairs,
    class_map,
    instance_mask,
    panoptic_pieces,
)

from ....parity import lead, report_ids

CONFIG = InferenceConfig.of(image_threshold=0.8, overlap_threshold=0.8, max_detections=100)
CELLS = FrameGeometry((4, 4), (4, 4), (4, 4))  # a decoder's cell is a pixel


def answers(classes: Tensor, masks: Tensor, geometry: FrameGeometry = CELLS) -> FrameAnswers:
    """Of class logits [Q, K + 1] and mask logits [Q, h, w]."""
    return FrameAnswers(classes.softmax(-1), masks, torch.zeros(len(classes), 2), geometry)


def sure_of(*labels: int, classes: int = 2, by: float = 9.0) -> Tensor:
    """Class logits of one query a label; ``classes`` itself is no object."""
    return by * torch.nn.functional.one_hot(torch.tensor(labels), classes + 1).float()


def half(columns: slice, inside: float = 3.0) -> Tensor:
    logits = torch.full((4, 4), -3.0)
    logits[:, columns] = inside
    return logits


def test_pixels_go_to_the_largest_score_times_probability() -> None:
    masks = torch.stack([half(slice(0, 3)), half(slice(2, 4), 5.0)])
    first, second = panoptic_pieces(
        answers(sure_of(0, 1), masks), InferenceConfig.of(overlap_threshold=0.6)
    )
    # column 2 is claimed by both; sigmoid(5) > sigmoid(3), and both are equally sure of a class
    assert first.mask.tolist() == [[True, True, False, False]] * 4
    assert second.mask.tolist() == [[False, False, True, True]] * 4
    assert (first.label, second.label) == (0, 1)
    # the first keeps 8 of its 12 pixels, 0.67 < 0.8: it is left out and its pixels stay empty
    (only,) = panoptic_pieces(answers(sure_of(0, 1), masks), CONFIG)
    assert only.row == 1 and only.mask.tolist() == second.mask.tolist()


def test_unsure_queries_and_no_object_take_no_part() -> None:
    masks = torch.stack([half(slice(0, 2)), half(slice(2, 4)), half(slice(0, 4))])
    # e^2.6 / (e^2.6 + 2) = 0.871 and e^2 / (e^2 + 2) = 0.787
    classes = torch.cat([sure_of(0, by=2.6), sure_of(1, by=2.0), sure_of(2)])
    (only,) = panoptic_pieces(answers(classes, masks), CONFIG)
    assert only.row == 0 and only.score == pytest.approx(0.871, abs=1e-3)
    assert panoptic_pieces(answers(classes[1:], masks[1:]), CONFIG) == []


def test_a_pixel_that_nobody_is_inside_stays_empty() -> None:
    masks = torch.stack([half(slice(0, 2)), half(slice(3, 4))])
    pieces = panoptic_pieces(answers(sure_of(0, 1), masks), CONFIG)
    shown = torch.stack([piece.mask for piece in pieces]).any(0)
    assert shown.tolist() == [[True, True, False, True]] * 4


def test_instances_are_the_best_pairs_scored_by_their_masks() -> None:
    classes = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]])
    found = answers(classes, torch.stack([half(slice(0, 1)), half(slice(1, 4))]))
    a, b = math.exp(2) + math.exp(1) + 1, math.exp(3) + 2
    want = [(1, 1, math.exp(3) / b), (0, 0, math.exp(2) / a), (0, 1, math.exp(1) / a)]
    pairs = best_pairs(found, InferenceConfig.of(max_detections=3))
    assert [pair[:2] for pair in pairs] == [pair[:2] for pair in want]
    assert [pair[2] for pair in pairs] == pytest.approx([pair[2] for pair in want])
    assert len(best_pairs(found, CONFIG)) == 4
    mask, quality = instance_mask(found, 0)
    assert mask.tolist() == [[True, False, False, False]] * 4
    assert quality == pytest.approx(1 / (1 + math.exp(-3)), abs=1e-5)
    assert instance_mask(answers(classes, torch.full((2, 4, 4), -1.0)), 0)[1] == 0


def test_the_class_of_a_pixel_is_the_largest_sum_over_queries() -> None:
    classes = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, 1.5, 0.0]])
    masks = torch.full((3, 4, 4), 2.0)
    labels, scores = class_map(answers(classes, masks))
    e, f = math.exp(2), math.exp(1.5)
    zero, one = e / (e + 2) + 2 / (f + 2), 1 / (e + 2) + 2 * f / (f + 2)
    assert one > zero  # two unsure queries beat a sure one
    assert (labels == 1).all()
    assert float(scores[0, 0]) == pytest.approx(one / (1 + math.exp(-2)), rel=1e-5)


def test_bands_of_rows_are_the_whole_picture() -> None:
    geometry = FrameGeometry((75, 50), (96, 64), (96, 64))
    torch.manual_seed(0)
    found = answers(torch.randn(5, 4), 3 * torch.randn(5, 24, 16), geometry)
    labels, scores = class_map(found)
    whole = geometry.to_source(found.mask_logits).sigmoid()
    sums = torch.einsum("qk,qhw->khw", found.probabilities[:, :-1], whole)
    want, at = sums.max(0)
    report_ids("classes", labels, at, lead(sums, 0) > 1e-5)
    assert torch.allclose(scores, want, atol=1e-6)


def published_panoptic(classes: Tensor, masks: Tensor) -> list[tuple[int, np.ndarray]]:
    """Section 4 of the paper's code in words, pixel by pixel; masks at picture size."""
    scores, labels = classes.softmax(-1).max(-1)
    keep = [q for q in range(len(labels)) if labels[q] < classes.shape[1] - 1 and scores[q] > 0.8]
    probability = masks.sigmoid().numpy()
    H, W = masks.shape[-2:]
    owner = np.full((H, W), -1)
    for y in range(H):
        for x in range(W):
            values = [float(scores[q]) * float(probability[q, y, x]) for q in keep]
            owner[y, x] = keep[int(np.argmax(values))] if values else -1
    found = []
    for q in keep:
        won, inside = owner == q, probability[q] >= 0.5
        both = won & inside
        if won.any() and inside.any() and both.any() and won.sum() / inside.sum() >= 0.8:
            found.append((int(labels[q]), both))
    return found


def random_queries(seed: int, size: int) -> tuple[Tensor, Tensor]:
    """Discs on a grid of 3 x 3 that overlap here and there, with classes from sure to unsure."""
    torch.manual_seed(seed)
    y, x = torch.meshgrid(2 * [torch.linspace(0, 3, size)], indexing="ij")
    centres = torch.cartesian_prod(*2 * [torch.tensor([0.5, 1.5, 2.5])])
    radius = 0.35 + 0.45 * torch.rand(9)
    distance = ((y - centres[:, 0, None, None]) ** 2 + (x - centres[:, 1, None, None]) ** 2).sqrt()
    masks = 8 * (radius[:, None, None] - distance)
    return sure_of(0, 1, 2, 3, 0, 1, 4, 2, 3, classes=4, by=4) + torch.randn(9, 5), masks


@pytest.mark.parametrize("seed", range(4))
def test_panoptic_by_plain_loops(seed: int) -> None:
    classes, masks = random_queries(seed, 24)
    geometry = FrameGeometry((24, 24), (24, 24), (24, 24))
    got = panoptic_pieces(answers(classes, masks, geometry), CONFIG)
    want = published_panoptic(classes, masks)
    assert len(want) > 2
    assert [piece.label for piece in got] == [label for label, _ in want]
    for piece, (_, mask) in zip(got, want, strict=True):
        assert np.array_equal(piece.mask.numpy(), mask)


def transformers_output(classes: Tensor, masks: Tensor) -> tuple[Any, Any]:
    """Their post-processing, and what it takes."""
    pytest.importorskip("transformers", reason="pip install transformers")
    from transformers.models.mask2former import modeling_mask2former as theirs
    from transformers.models.mask2former.image_processing_pil_mask2former import (
        Mask2FormerImageProcessorPil,
    )

    output = theirs.Mask2FormerForUniversalSegmentationOutput(
        class_queries_logits=classes[None], masks_queries_logits=masks[None]
    )
    return Mask2FormerImageProcessorPil(), output


@pytest.mark.parametrize("seed", range(2))
def test_panoptic_by_transformers(seed: int) -> None:
    """It works on 384 x 384 pixels, and weighs masks by scores before it measures their areas.

    With scores of 1 that makes no difference. It also gives segments their outsides.
    """
    classes, masks = random_queries(seed, 96)
    classes = 40 * sure_of(*classes.argmax(1).tolist(), classes=4, by=1)
    processor, output = transformers_output(classes, masks)
    (want,) = processor.post_process_panoptic_segmentation(
        output, threshold=0.8, label_ids_to_fuse=set()
    )
    geometry = FrameGeometry((384, 384), (384, 384), (384, 384))
    found = answers(classes, masks, geometry)
    got = panoptic_pieces(found, CONFIG)
    assert [p.label for p in got] == [info["label_id"] for info in want["segments_info"]]
    assert len(got) > 2
    inside = geometry.to_source(masks) >= 0
    for piece, info in zip(got, want["segments_info"], strict=True):
        theirs = (want["segmentation"] == info["id"]) & inside[piece.row]
        assert float((theirs != piece.mask).float().mean()) < 1e-4  # ties of rounded numbers


@pytest.mark.parametrize("seed", range(2))
def test_classes_of_pixels_by_transformers(seed: int) -> None:
    classes, masks = random_queries(seed, 384)
    processor, output = transformers_output(classes, masks)
    (want,) = processor.post_process_semantic_segmentation(output)
    geometry = FrameGeometry((384, 384), (384, 384), (384, 384))
    labels, _ = class_map(answers(classes, masks, geometry))
    assert float((labels != want).float().mean()) < 1e-4
