"""GvSeg behind the segmenter: clips of three frames, all its tasks, and what it is not for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from vidseg.errors import ModelError, PromptError
from vidseg.inference.config import default
from vidseg.inference.segmenter import Segmenter
from vidseg.models.gvseg.model import GvSeg
from vidseg.models.presets import gvseg_debug
from vidseg.prompts import Box, Mask, Point, Prompt, Scribble, Text
from vidseg.results import FrameResult
from vidseg.types import Frame, Task

from ....parity import TOLERANCE
from ...footprint import containers, state_bytes
from ...test_bounded import RandomText, mask, picture

SIZE = (64, 96)
NAMES = "dog,person,sky"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    torch.manual_seed(0)
    lax = {
        "class_threshold": 0.0,
        "stability_threshold": 0.0,
        "consistency_threshold": -1.0,
        "kept_area_threshold": 0.0,
    }
    return Segmenter(
        GvSeg(gvseg_debug()),
        device="cpu",
        text_encoder=RandomText(),
        settings={"all": {**lax, "short_side": 64, "max_objects": 6}},
    )


def prompts_of(task: Task) -> tuple[Prompt, ...]:
    if task is not Task.VOS:
        return ()
    return Mask(mask(SIZE), 1), Box(40, 8, 80, 40, 2), Point(70, 50, 3, frame=1)


def video(frames: int) -> list[np.ndarray]:
    return [picture(f, SIZE, thing=True) for f in range(frames)]


def names_of(task: Task) -> str | None:
    return NAMES if task.by_category else None


def same(first: Sequence[FrameResult], second: Sequence[FrameResult]) -> None:
    assert [r.index for r in first] == [r.index for r in second]
    for a, b in zip(first, second, strict=True):
        assert [(s.id, s.category) for s in a.segments] == [(s.id, s.category) for s in b.segments]
        for s, t in zip(a.segments, b.segments, strict=True):
            assert s.score == pytest.approx(t.score, abs=TOLERANCE)
            assert (s.mask != t.mask).mean() <= 1e-3  # ties of random numbers


TASKS = (Task.VIS, Task.VSS, Task.VPS, Task.VOS)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("frames", [2, 3, 5, 7])
def test_streaming_equals_the_whole_video(segmenter: Segmenter, task: Task, frames: int) -> None:
    """Frames come in clips of three, the tail when the stream ends: after 3, 6, ... frames."""
    images = video(frames)
    whole = list(
        segmenter.segment(images, task=task, categories=names_of(task), prompts=prompts_of(task))
    )
    session = segmenter.session(task, categories=names_of(task), prompts=prompts_of(task))
    steps = [session.step(Frame(image, i, i / 10)) for i, image in enumerate(images)]
    assert [len(step) for step in steps] == [3 if i % 3 == 2 else 0 for i in range(frames)]
    same(whole, [r for step in steps for r in step] + session.finish())
    assert [r.index for r in whole] == list(range(frames))


@pytest.mark.parametrize("task", TASKS)
def test_a_still_picture(segmenter: Segmenter, task: Task) -> None:
    prompts = prompts_of(task)[:2]
    results = segmenter.segment(
        video(1), task=task, categories=names_of(task), prompts=prompts, stop=1
    )
    (result,) = list(results)
    assert result.size == SIZE
    if task is Task.VSS:
        assert sum(s.mask.sum() for s in result.segments) == SIZE[0] * SIZE[1]


@pytest.mark.parametrize("task", TASKS)
def test_memory_does_not_grow(segmenter: Segmenter, task: Task) -> None:
    session = segmenter.session(task, categories=names_of(task), prompts=prompts_of(task))
    held = []
    for index in range(60):
        session.step(Frame(picture(index, SIZE, thing=index < 24), index, index / 10))
        if index % 3 == 2:
            held.append((state_bytes(session.policy), containers(session.policy)))
    early, late = held[6:12], held[12:]
    assert max(late)[0] <= max(early)[0] * 1.2 + 4096


def test_the_given_mask_is_the_answer_on_its_frame(segmenter: Segmenter) -> None:
    results = list(segmenter.segment(video(7), task="vos", prompts=[Mask(mask(SIZE), 4, frame=1)]))
    (before,), (on,) = results[0].segments, results[1].segments
    assert not before.mask.any()
    assert on.id == 4 and on.score == 1 and np.array_equal(on.mask, mask(SIZE))


def test_masks_of_several_objects_do_not_overlap(segmenter: Segmenter) -> None:
    for result in segmenter.segment(video(5), task="vos", prompts=prompts_of(Task.VOS)):
        assert [s.id for s in result.segments] == [1, 2, 3]
        assert np.sum([s.mask for s in result.segments], axis=0).max() <= 1


def test_a_negative_point_never_becomes_an_object(segmenter: Segmenter) -> None:
    prompts = [Point(20, 20, 1), Point(80, 50, 1, positive=False), Point(24, 24, 1, frame=4)]
    for result in segmenter.segment(video(6), task="vos", prompts=prompts):
        assert [s.id for s in result.segments] == [1]


@pytest.mark.parametrize(
    ("task", "prompt", "error", "what"),
    [
        (Task.REFVOS, Text("the dog", 1), ModelError, "task refvos needs a UniVS model"),
        (Task.PVOS, Point(3, 3, 1), ModelError, "task pvos needs a UniVS model"),
        (Task.VOS, Scribble(np.ones((2, 2)), 1), PromptError, "scribbles need a UniVS model"),
    ],
)
def test_what_it_cannot_do_names_what_can(
    segmenter: Segmenter, task: Task, prompt: Prompt, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        segmenter.segment(video(2), task=task, prompts=[prompt])


def test_a_late_scribble_is_refused_too(segmenter: Segmenter) -> None:
    session = segmenter.session("vos", prompts=[Point(3, 3, 1)])
    with pytest.raises(PromptError, match="such as nano"):
        session.step(Frame(video(1)[0], 0, 0.0), [Scribble(np.ones((2, 2)), 2)])


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"embedding_momentum": 1.0}, "0 <= embedding_momentum < 1"),
        ({"embedding_momentum": -0.1}, "0 <= embedding_momentum < 1"),
        ({"affinity": "shape"}, "affinity needs one of appearance, shape_position"),
        ({"stuff_affinity": "x"}, "stuff_affinity needs one of"),
        ({"exemplars": "x"}, "exemplars needs one of last_confident, given"),
    ],
)
def test_settings_that_mean_nothing_are_refused(values: dict[str, object], what: str) -> None:
    with pytest.raises(ModelError, match=what):
        Segmenter(GvSeg(gvseg_debug()), device="cpu", settings={"vis": values})


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("missing", ["association", "embedding_momentum"])
def test_settings_of_other_models_are_refused_in_every_task(
    segmenter: Segmenter, task: Task, missing: str
) -> None:
    """default() has neither; each alone is enough, and clips of one frame are no reason."""
    begin = r'begin with its own, as in segmenter\.config\("vis"\)'
    with pytest.raises(ModelError, match=begin):
        segmenter.session(task, categories=names_of(task), config=default(task))
    other = {"association": "similarity", "embedding_momentum": 0.5, "clip_length": 1, "stride": 1}
    del other[missing]
    with pytest.raises(ModelError, match=begin):
        segmenter.session(task, categories=names_of(task), config=default(task).override(other))
    single = segmenter.config(task).override({"clip_length": 1, "stride": 1})
    session = segmenter.session(task, categories=names_of(task), config=single)
    assert len(session.step(Frame(video(1)[0], 0, 0.0))) == 1
