"""Videos and pictures by a model of fixed classes: ids over time, tables, tasks, classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from vidseg.errors import ModelError, VocabularyError
from vidseg.inference.config import InferenceConfig
from vidseg.inference.frame_geometry import FrameGeometry
from vidseg.inference.policies.fixed.policy import fixed_class_policy
from vidseg.inference.published.settings import published_fixed_classes
from vidseg.inference.segmenter import Segmenter
from vidseg.models.decoder.tensors import FrameFeatures, Prediction
from vidseg.models.mask2former import Mask2Former
from vidseg.models.presets import debug_mask2former
from vidseg.results import FrameResult, Track
from vidseg.types import Task
from vidseg.vocabularies import Vocabulary

from ...scripted import make_clip

CLASSES = Vocabulary(("cat", "dog", "grass"), (True, True, False))
CONFIG = InferenceConfig.of(**published_fixed_classes()["all"], forget_after=5)
CAT, DOG, GRASS, NOTHING = range(4)


@dataclass(frozen=True)
class Seen:
    """What one query says: class, columns of a picture of 8 x 8, look, and how sure it is."""

    label: int
    columns: slice
    look: int
    sure: float = 9.0


class Scripted(torch.nn.Module):
    """Plays one list of queries a frame in place of a Mask2Former."""

    def __init__(self, frames: Sequence[Sequence[Seen]]) -> None:
        super().__init__()
        self.frames = list(frames)
        self.config = replace(debug_mask2former(), names=CLASSES.names, is_thing=CLASSES.is_thing)
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def decode(self, features: FrameFeatures) -> Prediction:
        seen = self.frames.pop(0)
        classes = torch.stack([s.sure * torch.eye(4)[s.label] for s in seen])
        masks = torch.full((len(seen), 8, 8), -6.0)
        for query, s in enumerate(seen):
            masks[query, :, s.columns] = 6.0
        looks = torch.eye(8)[[s.look for s in seen]]
        return Prediction(masks[None, :, None], classes[None], looks[None, :, None], len(seen))


def play(
    task: Task,
    *frames: Sequence[Seen],
    config: InferenceConfig = CONFIG,
    wanted: Sequence[bool] = (True, True, True),
    still: bool = False,
) -> tuple[list[FrameResult], tuple[Track, ...]]:
    geometry = FrameGeometry((8, 8), (8, 8), (8, 8))  # a decoder's cell is a pixel
    model: Mask2Former = Scripted(frames)  # type: ignore[assignment]
    policy = fixed_class_policy(model, config, task, wanted, still=still)
    out: list[FrameResult] = []
    for start in range(len(frames)):
        out += policy.step(make_clip(start, 1, 1, geometry), ())
    assert policy.finish() == []
    return out, policy.tracks()


def ids(result: FrameResult) -> list[tuple[int, str | None]]:
    return [(s.id, s.category) for s in result.segments]


LEFT, MIDDLE, RIGHT = slice(0, 3), slice(3, 6), slice(6, 8)
VOID = Seen(NOTHING, slice(0, 8), 7)


def test_things_are_told_by_their_looks_and_stuff_by_its_class() -> None:
    frames, tracks = play(
        Task.VPS,
        [Seen(CAT, LEFT, 0), Seen(CAT, MIDDLE, 1), Seen(GRASS, RIGHT, 2)],
        [Seen(GRASS, LEFT, 3), Seen(CAT, MIDDLE, 0), Seen(CAT, RIGHT, 1)],  # other queries
    )
    assert ids(frames[0]) == [(1, "cat"), (2, "cat"), (3, "grass")]
    assert sorted(ids(frames[1])) == [(1, "cat"), (2, "cat"), (3, "grass")]
    place = {s.id: s.mask[0].tolist() for s in frames[1].segments}
    assert place[1] == [x in (3, 4, 5) for x in range(8)]
    assert place[3] == [x < 3 for x in range(8)]
    sure = math.exp(9) / (math.exp(9) + 3)
    assert tracks == tuple(
        Track(i, name, pytest.approx(sure), thing)
        for i, name, thing in ((1, "cat", True), (2, "cat", True), (3, "grass", False))
    )


def test_stuff_of_several_queries_is_one_segment() -> None:
    (frame,), _ = play(
        Task.VPS, [Seen(GRASS, LEFT, 0), Seen(DOG, MIDDLE, 1), Seen(GRASS, RIGHT, 2)]
    )
    assert sorted(ids(frame)) == [(1, "grass"), (2, "dog")]
    assert frame.segments[0].mask[0].tolist() == [x not in (3, 4, 5) for x in range(8)]


@pytest.mark.parametrize(("gap", "same"), [(1, True), (5, True), (6, False)])
def test_things_keep_their_id_over_gaps(gap: int, same: bool) -> None:
    """It is given up once it was not seen for more than ``forget_after`` frames, here 5."""
    seen, gone = [Seen(CAT, LEFT, 0), VOID], [VOID, VOID]
    frames, _ = play(Task.VPS, seen, *[gone] * gap, seen)
    assert [ids(f) for f in frames[1:-1]] == [[]] * gap
    assert ids(frames[-1]) == [(1 if same else 2, "cat")]


def test_a_newcomer_that_looks_different_gets_an_id_of_its_own() -> None:
    frames, _ = play(Task.VPS, [Seen(CAT, LEFT, 0)], [Seen(CAT, LEFT, 1)], [Seen(CAT, LEFT, 0)])
    assert [ids(f) for f in frames] == [[(1, "cat")], [(2, "cat")], [(1, "cat")]]


def test_a_thing_that_is_unsure_for_a_frame_is_not_shown_and_not_lost() -> None:
    # e / (e + 3) = 0.48 is below the published threshold of 0.8, but cat is still the likeliest
    unsure = [Seen(CAT, LEFT, 0, sure=1.0)]
    frames, _ = play(Task.VPS, [Seen(CAT, LEFT, 0)], *[unsure] * 7, [Seen(CAT, LEFT, 0)])
    assert [ids(f) for f in frames] == [[(1, "cat")], *[[]] * 7, [(1, "cat")]]


def test_a_thing_keeps_the_class_that_it_had_most() -> None:
    """After the flicker: (1 + 1/2) / 2 for the cat against (0 + 1/2) / 2 for the dog."""
    frames, _ = play(Task.VPS, [Seen(CAT, LEFT, 0)], [Seen(DOG, LEFT, 0)], [Seen(CAT, LEFT, 0)])
    assert [ids(f) for f in frames] == [[(1, "cat")]] * 3


def test_only_wanted_classes_are_shown() -> None:
    queries = [Seen(CAT, LEFT, 0), Seen(DOG, MIDDLE, 1), Seen(GRASS, RIGHT, 2)]
    for task in (Task.VPS, Task.VIS, Task.VSS):
        (frame,), tracks = play(task, queries, wanted=(False, True, False))
        assert [name for _, name in ids(frame)] == ["dog"], task
        assert {track.category for track in tracks} == {"dog"}, task


def test_objects_make_room() -> None:
    config = InferenceConfig.of(**published_fixed_classes()["all"], max_objects=1)
    frames, _ = play(
        Task.VPS, [Seen(CAT, LEFT, 0), Seen(CAT, RIGHT, 1)], [Seen(CAT, RIGHT, 1)], config=config
    )
    assert [ids(f) for f in frames] == [[(1, "cat")], [(2, "cat")]]


def test_instances_of_a_video() -> None:
    queries = [Seen(CAT, slice(0, 5), 0, 3.0), Seen(DOG, slice(3, 8), 1, 2.0), Seen(GRASS, LEFT, 2)]
    frames, tracks = play(Task.VIS, queries, queries[::-1])
    assert [ids(f) for f in frames] == [[(1, "cat"), (2, "dog")]] * 2  # they may overlap
    assert frames[1].segments[0].mask[0].tolist() == [x < 5 for x in range(8)]
    quality = 1 / (1 + math.exp(-6))
    rows = [(1, "cat", 3.0, 3.0), (2, "dog", 2.0, 2.0), (2, "cat", 0.0, 2.0), (1, "dog", 0.0, 3.0)]
    want = [(i, name, quality * math.exp(a) / (math.exp(b) + 3)) for i, name, a, b in rows]
    assert [track.id for track in tracks] == [i for i, _, _ in want]
    assert [track.category for track in tracks] == [name for _, name, _ in want]
    assert [t.score for t in tracks] == pytest.approx([score for _, _, score in want], rel=1e-4)


def test_instances_of_a_picture_are_the_published_list() -> None:
    queries = [Seen(CAT, LEFT, 0, 3.0), Seen(GRASS, RIGHT, 2, 1.0), VOID]
    (frame,), tracks = play(Task.VIS, queries, still=True)
    assert len(tracks) == 6  # two things by three queries, whatever the queries are likeliest to be
    assert ids(frame) == [(1, "cat"), (2, "cat"), (3, "cat")]
    quality = 1 / (1 + math.exp(-6))
    assert tracks[0].score == pytest.approx(quality * math.exp(3) / (math.exp(3) + 3), rel=1e-4)
    few = InferenceConfig.of(max_detections=2, class_threshold=0.0)
    _, tracks = play(Task.VIS, queries, config=few, still=True)
    assert [track.category for track in tracks] == ["cat"]  # the second best pair is grass
    sure = InferenceConfig.of(class_threshold=0.5)
    (frame,), tracks = play(Task.VIS, queries, config=sure, still=True)
    assert ids(frame) == [(1, "cat")] and len(tracks) == 1


def test_every_pixel_has_a_class() -> None:
    frames, tracks = play(Task.VSS, [Seen(CAT, slice(0, 5), 0), Seen(GRASS, slice(5, 8), 1)])
    assert ids(frames[0]) == [(1, "cat"), (3, "grass")]
    assert np.array([s.mask for s in frames[0].segments]).sum(0).tolist() == [[1] * 8] * 8
    assert [t.id for t in tracks] == [1, 3]


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    torch.manual_seed(0)
    settings = published_fixed_classes()
    model = Mask2Former(debug_mask2former()).double()  # so that no pixel ties
    with torch.no_grad():
        model.classifier.weight.mul_(50)
    return Segmenter(model, device="cpu", settings=settings)


@pytest.mark.parametrize("task", ["vos", "pvos", "refvos"])
def test_tasks_that_it_cannot_do(segmenter: Segmenter, task: str) -> None:
    with pytest.raises(ModelError, match=rf"{task} needs a model that takes prompts, such as nano"):
        segmenter.session(task)


def test_classes_that_it_was_not_trained_on(segmenter: Segmenter) -> None:
    with pytest.raises(VocabularyError, match=r"133 classes, and 'unicorn' is none.*such as nano"):
        segmenter.session("vis", categories="dog,unicorn")
    with pytest.raises(VocabularyError, match="trained on 133 classes"):
        segmenter.session("vss", vocabulary="vipseg")
    segmenter.session("vis", categories="Dog,person")
    segmenter.session("vis", vocabulary="coco")
    assert segmenter.classes is not None and len(segmenter.classes) == 133


@pytest.mark.parametrize("task", ["vps", "vis", "vss"])
def test_a_video_and_a_picture_through_the_network(segmenter: Segmenter, task: str) -> None:
    """The first frame of a video is answered as the picture of it."""
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 255, (48, 70, 3), dtype=np.uint8) for _ in range(3)]
    config = segmenter.config(task).override({"image_threshold": 0.0, "overlap_threshold": 0.0})
    video = list(segmenter.segment(frames, task=task, config=config, short_side=64))
    assert [result.index for result in video] == [0, 1, 2]
    assert all(result.segments for result in video)
    (picture,) = segmenter.segment(frames[0], task=task, config=config, short_side=64)
    if task != "vis":
        a, b = (r.semantic_map(segmenter.classes or ()) for r in (picture, video[0]))
        assert np.array_equal(a, b)


def test_clips_of_several_frames_are_answered_one_by_one(segmenter: Segmenter) -> None:
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 255, (40, 40, 3), dtype=np.uint8) for _ in range(4)]
    config = segmenter.config("vss").override({"short_side": 64})
    longer = config.override({"clip_length": 3, "stride": 2})
    one, more = (
        [
            r.semantic_map(segmenter.classes or ())
            for r in segmenter.segment(frames, task="vss", config=c)
        ]
        for c in (config, longer)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, more, strict=True))
