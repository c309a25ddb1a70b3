"""VOS frame by frame with a model that knows the answer."""

from __future__ import annotations

import numpy as np
import pytest

from vidseg.errors import PromptError
from vidseg.inference.config import InferenceConfig, default
from vidseg.inference.policies.prompted.policy import PromptedPolicy
from vidseg.inference.session import Session
from vidseg.prompts import Box, Mask, Point, Prompt, Scribble
from vidseg.results import FrameResult
from vidseg.types import Frame, Task

from ...colours import BLUE, GREEN, PINK, RED, ColourModel, scene, square
from ...streaming import run, session

CONFIG = default(Task.VOS).override(short_side=64, tokens_per_prompt=8)


def vos(*prompts: Prompt, config: InferenceConfig = CONFIG) -> Session:
    model = ColourModel()
    return session(model, PromptedPolicy(model, config), config, Task.VOS, prompts)  # type: ignore[arg-type]


def masks_of(results: list[FrameResult], object_id: int) -> list[np.ndarray]:
    return [next(s.mask for s in r.segments if s.id == object_id) for r in results]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


@pytest.mark.parametrize(
    "prompt",
    [
        Mask(square(8, 8), 1),
        Box(8, 8, 24, 24, 1),
        Point(20, 20, 1),
        Scribble(np.array([[14.0, 14.0], [26.0, 26.0]]), 1),
    ],
    ids=lambda prompt: type(prompt).__name__,
)
@pytest.mark.parametrize(("length", "stride"), [(1, 1), (3, 1), (3, 3)])
def test_follows_a_moving_object_from_any_prompt(prompt: Prompt, length: int, stride: int) -> None:
    config = CONFIG.override(clip_length=length, stride=stride)
    pictures = [scene((RED, 8 + 8 * t, 8), (BLUE, 60, 36)) for t in range(7)]
    results = run(vos(prompt, config=config), pictures)
    assert [r.index for r in results] == list(range(7))
    for t, mask in enumerate(masks_of(results, 1)):
        assert iou(mask, square(8 + 8 * t, 8)) > 0.8, f"frame {t}"


def test_the_given_mask_is_the_answer_on_its_frame() -> None:
    given = square(8, 8)
    given[8:12, 8:12] = False  # finer than a cell of the decoder
    results = run(vos(Mask(given, 1)), [scene((RED, 8, 8))] * 2)
    assert (masks_of(results, 1)[0] == given).all()
    assert results[0].segments[0].score == 1.0


def test_objects_enter_on_any_frame_and_masks_do_not_overlap() -> None:
    pictures = [scene((RED, 8, 8), (BLUE, 60, 8))] * 4
    results = run(vos(Mask(square(8, 8), 1), Point(70, 20, 2, frame=2)), pictures)
    assert [[s.id for s in r.segments] for r in results] == [[1], [1], [1, 2], [1, 2]]
    red, blue = masks_of(results[2:], 1), masks_of(results[2:], 2)
    assert not (red[0] & blue[0]).any()
    assert iou(blue[1], square(60, 8)) > 0.8


def test_a_lost_object_gets_its_id_back() -> None:
    there = [scene((RED, 8, 8), (GREEN, 60, 8))] * 3
    gone = [scene((GREEN, 60, 8))] * 30
    back = [scene((RED, 32, 36), (GREEN, 60, 8))] * 3
    prompts = (Mask(square(8, 8), 1), Mask(square(60, 8), 2))
    results = run(vos(*prompts), there + gone + back)
    red, green = masks_of(results, 1), masks_of(results, 2)
    assert all(iou(mask, square(8, 8)) > 0.8 for mask in red[:3])
    assert not any(mask.any() for mask in red[3:33])
    assert all(iou(mask, square(32, 36)) > 0.8 for mask in red[33:])
    assert all(iou(mask, square(60, 8)) > 0.8 for mask in green)


def test_clips_of_one_frame_sample_the_frame_that_the_mask_belongs_to() -> None:
    """Released code samples the next frame, where something else may be by then."""
    pictures = [scene((RED, 8, 8)), scene((GREEN, 8, 8), (RED, 60, 36)), scene((RED, 60, 36))]
    given = Mask(square(8, 8), 1)
    results = run(vos(given), pictures)
    assert iou(masks_of(results, 1)[1], square(60, 36)) > 0.8
    shifted = CONFIG.override(memory_features="shifted", first_tokens="next_clip")
    results = run(vos(given, config=shifted), pictures)
    assert iou(masks_of(results, 1)[1], square(60, 36)) < 0.1


def test_a_correction_starts_the_object_anew() -> None:
    pictures = [scene((RED, 8, 8), (BLUE, 60, 36))] * 6
    running = vos(Point(20, 20, 1))
    results = []
    for index, picture in enumerate(pictures):
        prompts = [Box(60, 36, 76, 52, 1, frame=3)] if index == 3 else []
        results += running.step(Frame(picture, index), prompts)
    masks = masks_of(results, 1)
    assert all(iou(mask, square(8, 8)) > 0.8 for mask in masks[:3])
    assert all(iou(mask, square(60, 36)) > 0.8 for mask in masks[3:])


def test_a_negative_point_takes_its_surroundings_away() -> None:
    pictures = [scene((RED, 8, 8), (PINK, 56, 32))] * 4
    both = run(vos(Point(20, 20, 1)), pictures)
    assert masks_of(both, 1)[0][44, 68]  # pink is near enough to red
    prompts = (Point(20, 20, 1), Point(68, 44, 1, positive=False))
    results = run(vos(*prompts), pictures)
    for result in results:
        assert [segment.id for segment in result.segments] == [1]
        assert iou(result.segments[0].mask, square(8, 8)) > 0.8


def test_a_negative_point_alone_is_refused() -> None:
    running = vos(Point(20, 20, 7, positive=False))
    with pytest.raises(PromptError, match=r"Object 7.*only negative points"):
        run(running, [scene((RED, 8, 8))])


def test_frames_before_the_first_prompt_are_empty() -> None:
    results = run(vos(Point(20, 20, 1, frame=2)), [scene((RED, 8, 8))] * 4)
    assert [len(r.segments) for r in results] == [0, 0, 1, 1]


def test_tracks_give_the_mean_score_of_the_frames_in_sight() -> None:
    running = vos(Mask(square(8, 8), 1, category="cup"))
    results = run(running, [scene((RED, 8, 8)), scene()])
    (track,) = running.tracks()
    assert (track.id, track.category, track.score) == (1, "cup", results[0].segments[0].score)
