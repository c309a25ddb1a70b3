"""Still pictures with scripted queries."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from vidseg.inference.clip import Categories
from vidseg.inference.config import InferenceConfig
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.image import ImagePolicy, class_nms
from vidseg.models.decoder.tensors import Prediction
from vidseg.results import Segment
from vidseg.types import Task

from ..scripted import make_clip

GEOMETRY = FrameGeometry((32, 48), (32, 48), (32, 64))
NAMES, THINGS = ("dog", "sky", "cat"), (True, False, True)


def query(name: str, probability: float, x0: int, x1: int) -> tuple[Tensor, Tensor]:
    """Class logits [K] and mask logits [8, 16] of a vertical strip of cells."""
    classes = torch.full((3,), -9.0)
    classes[NAMES.index(name)] = torch.logit(torch.tensor(probability))
    mask = torch.full((8, 16), -20.0)
    mask[:, x0:x1] = 20.0
    return classes, mask


def ask(task: Task, queries: Sequence[tuple[Tensor, Tensor]], **settings: object) -> list[Segment]:
    classes = torch.stack([c for c, _ in queries])[None]
    masks = torch.stack([m for _, m in queries])[None, :, None]
    embeddings = torch.zeros(1, len(queries), 1, 4)
    answer = Prediction(masks, classes, embeddings, len(queries))
    decoder = SimpleNamespace(predict=lambda *_: answer)
    categories = Categories(NAMES, THINGS, torch.zeros(3, 4))
    config = InferenceConfig.of(**settings)  # type: ignore[arg-type]
    policy = ImagePolicy(decoder, config, task, categories)  # type: ignore[arg-type]
    (result,) = policy.step(make_clip(0, 1, 1, GEOMETRY), [])
    assert result.size == (32, 48)
    return list(result.segments)


def columns(segment: Segment) -> tuple[int, int]:
    """First and last column of a mask, in source pixels."""
    x = np.flatnonzero(segment.mask.any(0))
    return int(x[0]), int(x[-1])


@pytest.mark.parametrize("measures", ["cells", "pixels"])
def test_panoptic_gives_every_pixel_once_and_joins_stuff(measures: str) -> None:
    segments = ask(
        Task.VPS,
        [
            query("dog", 0.9, 0, 4),
            query("dog", 0.8, 0, 4),  # a duplicate
            query("sky", 0.7, 4, 6),
            query("sky", 0.6, 8, 10),
            query("cat", 0.02, 10, 12),  # too weak
        ],
        mask_measures=measures,
    )
    assert [(s.category, s.is_thing) for s in segments] == [("dog", True), ("sky", False)]
    assert [s.id for s in segments] == [1, 2]
    assert not (segments[0].mask & segments[1].mask).any()
    assert segments[1].mask[:, 16:24].all() and segments[1].mask[:, 33:39].all()
    assert not segments[1].mask[:, 26:31].any()


def test_panoptic_drops_what_little_is_left_of_an_overlapped_segment() -> None:
    covered = [query("dog", 0.9, 0, 6), query("cat", 0.3, 0, 7)]
    assert [s.category for s in ask(Task.VPS, covered)] == ["dog"]
    both = ask(Task.VPS, covered, overlap_threshold=0.05)
    assert [s.category for s in both] == ["dog", "cat"]


def test_instances_are_things_and_may_overlap() -> None:
    segments = ask(
        Task.VIS,
        [query("sky", 0.9, 0, 12), query("cat", 0.6, 2, 6), query("dog", 0.8, 0, 5)],
        class_threshold=0.3,
    )
    assert [s.category for s in segments] == ["dog", "cat"]
    assert segments[0].score == pytest.approx(0.8, abs=1e-3)
    assert (segments[0].mask & segments[1].mask).any()


def test_semantic_labels_pixels_by_the_sum_of_queries() -> None:
    segments = ask(Task.VSS, [query("sky", 0.9, 0, 6), query("dog", 0.9, 6, 12)])
    assert [s.category for s in segments] == ["dog", "sky"]
    assert columns(segments[1])[0] == 0 and columns(segments[0])[1] == 47
    assert (segments[0].mask ^ segments[1].mask).all()


def test_nothing_found_is_no_segment() -> None:
    blank = (torch.full((3,), -9.0), torch.full((8, 16), -20.0))
    assert ask(Task.VPS, [blank]) == []
    assert ask(Task.VIS, [blank]) == []


def test_class_nms_is_greedy_within_a_class() -> None:
    masks = torch.stack([query("dog", 0.5, x, x + 6)[1] > 0 for x in (0, 1, 2, 3)])
    kept = class_nms(masks, torch.tensor([0, 0, 0, 1]), threshold=0.6)
    assert kept.tolist() == [True, False, True, True]  # the dropped second one drops nothing
