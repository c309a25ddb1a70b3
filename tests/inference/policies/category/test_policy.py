"""VIS and VPS as we believe they should be: each difference from the released loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidseg.inference.config import InferenceConfig, default
from vidseg.inference.policies.category.policy import CategoryPolicy
from vidseg.inference.published.settings import published
from vidseg.results import FrameResult
from vidseg.types import Task

from ...scripted import ScriptedDecoder, play
from ...world import GEOMETRY, Square, World

ALWAYS = range(1000)
THINGS = [True, True, False]
VIS = default(Task.VIS)


def watch(
    world: World, config: InferenceConfig, frames: int, task: Task = Task.VIS
) -> tuple[list[FrameResult], CategoryPolicy, ScriptedDecoder]:
    decoder = world.decoder()
    world.length = config.clip_length
    steps, policy = play(decoder, config, task, THINGS, frames, GEOMETRY)
    return [result for step in steps for result in step], policy, decoder


def ids_of(results: list[FrameResult]) -> list[list[int]]:
    return [[segment.id for segment in result.segments] for result in results]


def test_each_frame_is_answered_at_once_when_clips_have_one_frame() -> None:
    world = World([Square(2, 2, 0, ALWAYS, ALWAYS)])
    steps, policy = play(world.decoder(), VIS, Task.VIS, THINGS, 4, GEOMETRY)
    assert [[r.index for r in step] for step in steps] == [[0], [1], [2], [3], []]
    segment = steps[2][0].segments[0]
    assert segment.id == 1 and segment.category == "class 0" and segment.is_thing
    assert segment.mask.shape == (64, 96) and segment.mask[10:30, 10:30].all()
    assert segment.mask.sum() < 1.2 * 24 * 24
    assert 0.8 < segment.score < 1
    assert [(t.id, t.category) for t in policy.tracks()] == [(1, "class 0")]


def test_delay_is_the_rest_of_the_clip() -> None:
    world = World([Square(2, 2, 0, ALWAYS, ALWAYS)], 3)
    config = VIS.override(clip_length=3)
    steps, _ = play(world.decoder(), config, Task.VIS, THINGS, 6, GEOMETRY)
    assert [[r.index for r in step] for step in steps] == [[0], [1], [2], [3], [4, 5]]


def test_a_video_whose_first_clip_is_empty_still_finds_later_objects() -> None:
    """Released code compares new objects with known ones; with none, it never adds any."""
    world = World([Square(2, 2, 0, range(2, 9), range(2, 9))])
    results, _, _ = watch(world, VIS, 5)
    assert ids_of(results) == [[], [], [1], [1], [1]]
    results, _, _ = watch(world, published(Task.VIS), 12)
    assert not any(ids_of(results))


def test_newborns_get_tokens_of_the_frame_in_which_they_were_found() -> None:
    """Released code leaves their first slot empty for ever, zero keys that dilute ProCA."""
    late = Square(14, 8, 1, range(3, 99), range(3, 99))
    world = World([Square(2, 2, 0, ALWAYS, ALWAYS), late])
    _, _, decoder = watch(world, VIS, 5)
    assert decoder.first == {1: 0, 2: 3}
    assert ((1, 2), 3, [3]) in decoder.observed
    assert ((1, 2), (2,)) in decoder.maps and ((1,), (1,)) in decoder.maps
    _, _, decoder = watch(World(world.squares), published(Task.VIS).override(clip_length=3), 7)
    tokens = [slot for ids, slot, _ in decoder.observed if 2 in ids]
    assert decoder.first[2] < min(tokens)


def test_first_slot_is_the_first_frame_that_shows_the_object() -> None:
    late = Square(14, 8, 1, range(4, 99), range(2, 99))
    world = World([Square(2, 2, 0, ALWAYS, ALWAYS), late])
    _, _, decoder = watch(world, VIS.override(clip_length=3), 8)
    assert decoder.first[2] == 4


def test_masks_sample_the_frames_that_they_belong_to() -> None:
    """Released code samples the first masks, and all of T = 1, from later frames' features."""
    squares = [Square(2, 2, 0, ALWAYS, ALWAYS)]
    _, _, decoder = watch(World(squares), VIS, 4)
    assert [(slot, frames) for _, slot, frames in decoder.observed] == [(f, [f]) for f in range(4)]
    _, _, decoder = watch(World(squares), VIS.override(memory_features="shifted"), 4)
    assert [(slot, frames) for _, slot, frames in decoder.observed] == [
        (f, [f + 1]) for f in range(3)
    ]
    released = published(Task.VIS).override(clip_length=3)
    _, _, decoder = watch(World(squares), released, 5)
    assert [(slot, frames) for _, slot, frames in decoder.observed] == [
        (0, [1]),
        (1, [1, 2]),
        (2, [2, 3]),
    ]


def test_late_objects_score_as_high_as_early_ones() -> None:
    """Released code averages their class scores with zeros from before their birth."""
    late = Square(14, 8, 1, range(6, 99), range(6, 99))
    squares = [Square(2, 2, 0, ALWAYS, ALWAYS), late]
    _, policy, _ = watch(World(squares), VIS, 9)
    scores = {track.id: track.score for track in policy.tracks()}
    assert scores[2] == pytest.approx(scores[1], abs=1e-5)
    diluted = VIS.override(unborn_scores=True)
    _, policy, _ = watch(World(squares), diluted, 9)
    scores = {track.id: track.score for track in policy.tracks()}
    assert scores[2] < 0.6 * scores[1]


def test_pixels_go_to_the_more_likely_object_not_to_the_larger_logit() -> None:
    """score x logit lets an unlikely object win by a saturated mask."""
    sure = Square(2, 2, 0, ALWAYS, ALWAYS, logit=4.0, chance=3.0)
    unlikely = Square(5, 2, 1, ALWAYS, ALWAYS, logit=8.0, chance=0.5)
    config = default(Task.VPS).override(overlap_threshold=0.1)

    def owner(merge_by: str) -> str | None:
        settings = config.override(merge_by=merge_by)  # type: ignore[arg-type]
        results, _, _ = watch(World([sure, unlikely]), settings, 1, Task.VPS)
        (name,) = {s.category for s in results[0].segments if s.mask[16, 24]}
        return name

    assert owner("probability") == "class 0"
    assert owner("logit") == "class 1"


def test_overlapping_clips_do_not_add_weight() -> None:
    """Sums of logits let the object that more clips saw win, whoever is likelier."""
    early = Square(2, 2, 0, ALWAYS, ALWAYS, logit=3.0, chance=0.5)
    late = Square(3, 2, 1, range(2, 99), [2], logit=4.0, chance=3.0)
    config = default(Task.VPS).override(
        clip_length=3,
        duplicate_threshold=1.0,
        overlap_threshold=0.1,
        nms_threshold=1.0,
        merge_by="logit",
    )

    def owner(settings: InferenceConfig) -> str | None:
        results, _, _ = watch(World([early, late]), settings, 6, Task.VPS)
        (name,) = {s.category for s in results[2].segments if s.mask[16, 24]}
        return name

    assert owner(config) == "class 1"
    assert owner(config.override(overlapping_clips="sum")) == "class 0"


def test_an_object_that_returns_keeps_its_id() -> None:
    square = Square(2, 2, 0, [*range(5), *range(12, 16)], [*range(5), *range(12, 16)])
    other = Square(14, 8, 1, ALWAYS, ALWAYS)
    results, _, _ = watch(World([square, other]), VIS, 16)
    assert ids_of(results)[4:6] == [[1, 2], [2]]
    assert ids_of(results)[12] == [1, 2]


def test_lost_objects_are_given_up_after_a_bound() -> None:
    square = Square(2, 2, 0, range(3), range(3))
    world = World([square, Square(14, 8, 1, ALWAYS, ALWAYS)])
    _, policy, decoder = watch(world, VIS.override(forget_after=6), 20)
    assert decoder.ids == (2,)
    assert {track.id for track in policy.tracks()} == {1, 2}


def test_the_number_of_objects_is_bounded_and_the_longest_lost_make_room() -> None:
    columns = (0, 8, 16)
    squares = [
        Square(c, 2, 0, range(3 * n, 3 * n + 3), range(3 * n, 3 * n + 3))
        for n, c in enumerate(columns)
    ]
    results, policy, decoder = watch(World(squares), VIS.override(max_objects=2), 9)
    assert ids_of(results) == [[1]] * 3 + [[2]] * 3 + [[3]] * 3
    assert decoder.ids == (2, 3)
    assert {track.id for track in policy.tracks()} == {1, 2, 3}


def test_state_does_not_grow_with_the_video() -> None:
    world = World([Square(2, 2, 0, ALWAYS, ALWAYS)])

    def elements(frames: int) -> int:
        _, policy, _ = watch(World(world.squares), VIS, frames)
        state = [*vars(policy._entities).values(), *vars(policy._window).values()]
        return sum(value.numel() for value in state if isinstance(value, torch.Tensor))

    assert elements(10) == elements(60)


def test_detection_interval_delays_new_objects_only() -> None:
    late = Square(14, 8, 1, range(2, 99), range(2, 99))
    world = World([Square(2, 2, 0, ALWAYS, ALWAYS), late])
    results, _, _ = watch(world, VIS.override(detection_interval=4), 6)
    assert ids_of(results) == [[1], [1], [1], [1], [1, 2], [1, 2]]


def test_association_by_similarity_asks_no_prompts() -> None:
    square = Square(2, 2, 0, ALWAYS, [0, 1, 2, 4, 5])
    config = VIS.override(association="similarity")
    results, _, decoder = watch(World([square]), config, 6)
    assert ids_of(results) == [[1], [1], [1], [], [1], [1]]
    assert decoder.ids == () and not decoder.observed


def test_twins_found_in_one_clip_are_one_object() -> None:
    twins = [Square(2, 2, 0, ALWAYS, ALWAYS, chance=3.0), Square(2, 3, 0, ALWAYS, ALWAYS)]
    results, _, _ = watch(World(twins), VIS.override(nms_threshold=1.0), 1)
    assert ids_of(results) == [[1]]


def test_segments_of_vps_do_not_overlap_and_stuff_is_one_segment_a_class() -> None:
    squares = [
        Square(0, 2, 2, ALWAYS, ALWAYS),
        Square(12, 2, 2, ALWAYS, ALWAYS),
        Square(4, 4, 0, ALWAYS, ALWAYS),
    ]
    results, policy, _ = watch(World(squares), default(Task.VPS), 3, Task.VPS)
    for result in results:
        assert [(s.id, s.category, s.is_thing) for s in result.segments] == [
            (1, "class 0", True),
            (2, "class 2", False),
        ]
        total = np.sum([s.mask for s in result.segments], axis=0)
        assert total.max() == 1
        assert result.segments[1].mask[12, 4] and result.segments[1].mask[12, 52]
    assert [(t.id, t.category) for t in policy.tracks()] == [(1, "class 0"), (2, "class 2")]


def test_a_dropped_object_leaves_its_pixels_to_the_others() -> None:
    """In released code the pixels that it won belong to nobody."""
    squares = [
        Square(2, 2, 1, ALWAYS, ALWAYS, chance=4.0),
        Square(5, 2, 0, ALWAYS, ALWAYS, chance=2.0),  # keeps half of its mask: too little
        Square(9, 2, 1, ALWAYS, ALWAYS, chance=1.0),
    ]

    def owners(config: InferenceConfig) -> list[int]:
        results, _, _ = watch(World(squares), config, 1, Task.VPS)
        return [s.id for s in results[0].segments if s.mask[20, 38]]

    config = default(Task.VPS)
    assert owners(config) == [2]
    assert owners(config.override(mask_measures="pixels")) == []


def test_a_newcomer_does_not_take_the_id_of_a_lone_object_that_left() -> None:
    """The softmax over one known object is 1, whatever is compared with it."""
    squares = [Square(2, 2, 0, range(3), range(3)), Square(14, 8, 0, range(3, 9), range(3, 9))]
    results, _, _ = watch(World(squares), VIS, 5)
    assert ids_of(results) == [[1], [1], [1], [2], [2]]
    results, _, _ = watch(World(squares), VIS.override(confident_matches=False), 5)
    assert ids_of(results)[3] == [1]


def test_noise_does_not_keep_a_departed_object_alive() -> None:
    """The released loop lets any query that resembles a known object continue its mask."""
    ghost = Square(2, 2, 0, ALWAYS, range(3), chance=3.0)
    decoder = World([ghost]).decoder()
    predict = decoder.script

    def haunted(start: int, ids: tuple[int, ...]) -> object:
        answer = predict(0, ids)
        if start < 3:
            return answer
        answer.embeddings[0, 4:] = 0.0  # the prompt query finds nothing
        answer.class_logits[0, 0] = -7.0  # and no class is seen
        return answer

    decoder.script = haunted  # type: ignore[assignment]
    steps, _ = play(decoder, default(Task.VPS), Task.VPS, THINGS, 6, GEOMETRY)
    assert ids_of([r for step in steps for r in step])[3:] == [[], [], []]
