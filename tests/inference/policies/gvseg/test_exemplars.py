"""VOS by GvSeg with a network that is scripted: loss, return, and where the next query starts."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vidseg.inference.config import CLIP_WISE, InferenceConfig, default
from vidseg.inference.policies.gvseg.exemplars import ExemplarPolicy
from vidseg.models.decoder.tensors import FrameFeatures, Prediction
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.gvseg.query_init import InitialQueries
from vidseg.models.gvseg.shape_position import DescriptorConfig
from vidseg.models.prompts.regions import VisualRegions
from vidseg.prompts import Mask
from vidseg.results import FrameResult
from vidseg.types import Task

from ...scripted import make_clip
from ...world import GEOMETRY, GRID

T, CHANNELS, SIDE = 3, 8, 6  # objects are squares of 6 x 6 cells, a cell is 4 x 4 pixels
VOS = default(Task.VOS).override(CLIP_WISE)

Answer = tuple[int | None, int, float]
"""Left cell of what is seen, direction of its look in degrees, and the logit inside."""


class Script:
    """Answers a clip by its number and by the left cell that the query was made of."""

    def __init__(self, answer: Callable[[int, float], Answer]) -> None:
        self.config = SimpleNamespace(
            descriptor=DescriptorConfig(), decoder=SimpleNamespace(hidden=CHANNELS)
        )
        self.answer = answer
        self.asked: list[float] = []

    def exemplar_queries(self, features: FrameFeatures, regions: VisualRegions) -> InitialQueries:
        assert len(features) == 1 and regions.masks is not None
        content = torch.zeros(1, regions.rows, CHANNELS)
        for row, mask in enumerate(regions.masks):
            content[0, row, 0] = mask.any(0).nonzero().min() / 4
        return InitialQueries(content, content, torch.ones(regions.rows, dtype=torch.bool))

    def decode(
        self, features: FrameFeatures, frames: int, queries: InitialQueries
    ) -> SimpleNamespace:
        (start,) = queries.content[0, :, 0].tolist()
        left, degrees, logit = self.answer(len(self.asked), start)
        self.asked.append(start)
        masks = torch.full((1, 1, frames, *GRID), -8.0)
        if left is not None:
            masks[..., 4 : 4 + SIDE, left : left + SIDE] = logit
        look = torch.zeros(1, 1, 1, CHANNELS)
        turned = math.radians(degrees)
        look[..., :2] = 40 * torch.tensor([math.cos(turned), math.sin(turned)])
        return SimpleNamespace(final=Prediction(masks, None, look, 1))


def follow(
    clips: int, config: InferenceConfig, answer: Callable[[int, float], Answer]
) -> tuple[list[int | None], list[float]]:
    """Left cell of the object on every frame, None where it is not shown; and the queries' cells.

    The object is marked on frame 0 by a square at cell 2.
    """
    script = Script(answer)
    model: GvSeg = script  # type: ignore[assignment]
    policy = ExemplarPolicy(model, config)
    given = np.zeros(GEOMETRY.source, dtype=np.bool_)
    given[16:40, 8:32] = True
    shown: list[FrameResult] = []
    for n in range(clips):
        marks = [Mask(given, 7)] if n == 0 else []
        shown += policy.step(make_clip(n * T, T, T, GEOMETRY), marks)
    assert policy.finish() == [] and [r.index for r in shown] == list(range(clips * T))
    assert all([s.id for s in r.segments] == [7] for r in shown)
    return [left_cell(r) for r in shown], script.asked


def left_cell(result: FrameResult) -> int | None:
    columns = np.flatnonzero(result.segments[0].mask.any(0))
    return round(int(columns[0]) / 4) if len(columns) else None


@pytest.mark.parametrize("affinity", ["appearance", "shape_position"])
@pytest.mark.parametrize("meanwhile", [14, None])
def test_an_object_that_was_lost_returns(affinity: str, meanwhile: int | None) -> None:
    """In clips 1 and 2 nothing is seen, or something that looks unlike it (cosine about 0)."""
    script: list[Answer] = [(2, 0, 8.0), (meanwhile, 90, 8.0), (meanwhile, 90, 8.0), (9, 0, 8.0)]
    config = VOS.override({"affinity": affinity})
    shown, asked = follow(5, config, lambda n, _: script[min(n, 3)])
    assert shown == [2] * 3 + [None] * 6 + [9] * 6
    assert asked == [2, 2, 2, 2, 9]  # lost, it is asked for by its last mask in sight


@pytest.mark.parametrize(("momentum", "met"), [(0.8, True), (0.0, False)])
def test_the_look_to_be_met_is_a_running_one(momentum: float, met: bool) -> None:
    """Looks at 0, 45 and -20 degrees, with a cosine of 0.6 (53 degrees) asked.

    With 0.8 the look before the last is 0.8 (1, 0) + 0.2 (0.71, 0.71) = (0.94, 0.14), at 9
    degrees and 29 from the last; with 0 it is the newest, 65 from the last.
    """
    config = VOS.override(
        {"affinity": "appearance", "embedding_momentum": momentum, "consistency_threshold": 0.6}
    )
    shown, _ = follow(3, config, lambda n, _: (2, (0, 45, -20)[n], 8.0))
    assert shown == [2] * 6 + [2 if met else None] * 3


@pytest.mark.parametrize(
    ("exemplars", "shown", "asked"),
    [
        ("last_confident", [2, 5, 5, 8, 8, 8, 11, 11, 11], [2, 5, 8]),
        ("given", [2, 5, 5, 5, 5, 5, 5, 5, 5], [2, 2, 2]),
    ],
)
def test_where_the_next_query_comes_from(
    exemplars: str, shown: list[int], asked: list[float]
) -> None:
    """The network sees the object three cells to the right of where its query was made."""
    config = VOS.override({"exemplars": exemplars, "consistency_threshold": -1.0})
    assert follow(3, config, lambda _, start: (int(start) + 3, 0, 8.0)) == (shown, asked)


def test_a_mask_that_is_not_sure_makes_no_query() -> None:
    """Logits of 0.5 are shown, but none is above 1, so that the quality is 0."""
    config = VOS.override({"affinity": "appearance"})
    _, asked = follow(3, config, lambda n, _: (2 + 3 * n, 0, 0.5 if n == 1 else 8.0))
    assert asked == [2, 2, 2]
