"""Figures of benchmarks in a run, from answers whose worth is known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from vidseg.benchmarking.release import OnRequest, first_masks
from vidseg.errors import DataError, RecipeError
from vidseg.labels import Sentence
from vidseg.results import FrameResult, Segment, Track
from vidseg.training.data.sources import is_held_out
from vidseg.training.recipe.schema import BenchmarkConfig, EvaluationConfig, Recipe
from vidseg.training.scoring.benchmark_scores import (
    ObjectScores,
    PanopticScores,
    Scores,
    SemanticScores,
    SentenceScores,
    TrackScores,
)
from vidseg.training.scoring.benchmark_videos import TrueTrack, open_videos
from vidseg.training.scoring.evaluation import build_evaluation
from vidseg.types import MaskArray

from ...datasets.layouts import write_layout
from ..stand_in_run import stand_in_recipe, tiny_model

SIZE = (8, 8)
NAMES = ("dog", "grass")
TRACKS = {1: TrueTrack(0, False), 2: TrueTrack(1, False)}


def box(x: int, width: int = 4) -> MaskArray:
    mask = np.zeros(SIZE, dtype=bool)
    mask[2:6, x : x + width] = True
    return mask


def truth(frames: int = 4) -> list[Mapping[int, MaskArray] | None]:
    """A dog that walks to the right over grass."""
    return [{1: box(t), 2: ~box(t)} for t in range(frames)]


class Answers(Iterator[FrameResult]):
    """Results whose dog lies ``shift`` pixels beside the true one."""

    def __init__(self, shift: int, frames: int = 4) -> None:
        dogs = [box(t + shift) for t in range(frames)]
        self._frames = iter(
            FrameResult(
                t,
                None,
                SIZE,
                (
                    Segment(1, dog, 0.9, "dog"),
                    Segment(2, ~dog, 0.8, "grass", is_thing=False),
                ),
            )
            for t, dog in enumerate(dogs)
        )

    def __next__(self) -> FrameResult:
        return next(self._frames)

    def tracks(self) -> tuple[Track, ...]:
        return (Track(1, "dog", 0.9), Track(2, "grass", 0.8, is_thing=False))


def scored(scores: Scores, shift: int) -> dict[str, float]:
    scores.add(Answers(shift), truth(), TRACKS)  # type: ignore[arg-type]
    return scores.figures()


def all_scores() -> list[Scores]:
    things = frozenset({0})
    return [
        ObjectScores(), TrackScores(NAMES), SemanticScores(NAMES), PanopticScores(NAMES, things)
    ]  # fmt: skip


@pytest.mark.parametrize("place", range(4))
def test_right_answers_get_everything(place: int) -> None:
    values = scored(all_scores()[place], 0).values()
    assert list(values) == pytest.approx([100.0] * len(values))


@pytest.mark.parametrize("place", range(4))
def test_without_a_video_there_is_no_figure(place: int) -> None:
    assert all(math.isnan(value) for value in all_scores()[place].figures().values())


def test_a_shift_costs_what_the_overlap_says() -> None:
    """A 4 x 4 dog one pixel off shares 12 of 20 pixels; grass 44 of 52."""
    assert scored(ObjectScores(), 1)["J"] == pytest.approx(100 * (0.6 + 44 / 52) / 2)
    assert scored(SemanticScores(NAMES), 1)["mIoU"] == pytest.approx(100 * (0.6 + 44 / 52) / 2)
    quality = 100 * (0.6 + 44 / 52) / 2  # both match above an IoU of a half, in every window
    assert scored(PanopticScores(NAMES, frozenset({0})), 1)["VPQ"] == pytest.approx(quality)


def test_frames_with_a_prompt_and_the_last_do_not_count() -> None:
    scores = ObjectScores()
    wrong = truth()
    wrong[0] = wrong[3] = {1: box(0)}
    scores.add(Answers(0), wrong, TRACKS)  # type: ignore[arg-type]
    assert scores.figures()["J"] == 100.0


def test_objects_are_told_where_they_first_show() -> None:
    masks: list[Mapping[int, MaskArray] | None] = [None, {1: box(0)}, {1: box(1), 2: box(2)}]
    assert [(p.object_id, p.frame) for p in first_masks(masks)] == [(1, 1), (2, 2)]


def test_frames_are_read_when_they_are_asked_for() -> None:
    read: list[int] = []

    def number(frame: int) -> int:
        read.append(frame)
        return frame * 10

    items = OnRequest(number, 3)
    assert not read and items[-1] == 20 and list(items) == [0, 10, 20] and items[1:] == [10, 20]
    assert read == [2, 0, 1, 2, 1, 2]


def recipe(root: Path, benchmark: BenchmarkConfig) -> Recipe:
    base = stand_in_recipe({"steps": 1, "engine": {"evaluate_every": 1}})
    data = replace(base.data, root=str(root))
    return replace(base, data=data, evaluation=EvaluationConfig(benchmarks=(benchmark,)))


DAVIS = BenchmarkConfig(
    name="dev", kind="davis2016", folder="davis", split="val", short_side=32, most_videos=1
)


def test_a_model_folder_is_measured_on_a_release(tmp_path: Path) -> None:
    write_layout("davis2016", tmp_path / "davis")
    tiny_model().save_pretrained(tmp_path / "model")
    evaluate = build_evaluation(recipe(tmp_path, DAVIS), torch.device("cpu"))
    assert evaluate is not None
    first, second = (evaluate(tmp_path / "model") for _ in range(2))
    assert list(first) == ["dev/J&F", "dev/J", "dev/F"] and first == second
    assert all(0 <= value <= 100 for value in first.values())


def test_sentences_are_scored_by_all_objects_that_they_mean() -> None:
    """The first object of the answers is the dog; a sentence about both means every pixel."""
    scores = SentenceScores()
    prompts = scores.ask([Sentence("a", "the dog", (1,)), Sentence("b", "all of it", (1, 2))])
    assert [(p.text, p.object_id) for p in prompts] == [("the dog", 1), ("all of it", 2)]
    figures = scored(scores, 0)
    grass = (64 - 16) / 64
    assert figures["J"] == pytest.approx(100 * (1 + grass) / 2)


def test_held_out_videos_alone_are_measured(tmp_path: Path) -> None:
    """The others are those that a source with the same share trains on."""
    write_layout("ref_davis", tmp_path / "ref")
    whole = BenchmarkConfig(name="x", kind="ref_davis", folder="ref", split="valid", task="refvos")
    everything = open_videos(whole, tmp_path)
    names = [video.name for video in everything._source.videos]
    share = 0.5
    part = open_videos(replace(whole, held_out=share), tmp_path)
    kept = [k for k, name in enumerate(names) if is_held_out(name, share)]
    assert part.lengths == tuple(everything.lengths[k] for k in kept)
    for place, k in enumerate(kept):
        assert part.sentences(place) == everything.sentences(k)
    assert everything.sentences(0)


def test_a_plain_layout_has_its_own_names(tmp_path: Path, label_map_folder: Path) -> None:
    street = BenchmarkConfig(name="street", kind="label_map_videos", folder="train", task="vss")
    videos = open_videos(street, label_map_folder.parent)
    masks = videos.masks(0, 0)
    assert videos.names and masks
    assert set(masks) <= set(videos.tracks(0))
    assert next(iter(masks.values())).shape == videos.picture(0, 0).shape[:2]


def test_nothing_is_opened_without_an_evaluation(tmp_path: Path) -> None:
    asked = recipe(tmp_path, DAVIS)
    never = replace(asked, engine=replace(asked.engine, evaluate_every=0))
    assert build_evaluation(never, torch.device("cpu")) is None


def test_a_missing_folder_is_named_before_the_first_step(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*davis for the benchmark dev"):
        build_evaluation(recipe(tmp_path, DAVIS), torch.device("cpu"))


def test_a_task_by_class_needs_classes(tmp_path: Path) -> None:
    write_layout("davis2016", tmp_path / "davis")
    wrong = replace(DAVIS, task="vss")
    with pytest.raises(RecipeError, match=r"dev\.task is vss, but davis2016 has no classes"):
        build_evaluation(recipe(tmp_path, wrong), torch.device("cpu"))
