"""The settings of the release, against the numbers of its test scripts (commit 7415d31).

What the scripts set is copied here by task and backbone in the order R-50, Swin-T, Swin-B, Swin-L;
the key of each row says in which of the two stages.
"""

from __future__ import annotations

import pytest

from vidseg.errors import ModelError
from vidseg.evaluation.registry import benchmark_names
from vidseg.inference.config import InferenceConfig
from vidseg.inference.published.scripts import BACKBONES, SCRIPTS, SETS
from vidseg.inference.published.settings import published, published_script, published_task
from vidseg.inference.released_behaviour import AS_RELEASED
from vidseg.types import Task

ORDER = ("r50", "swint", "swinb", "swinl")

# (task, benchmarks, stages): T, M, D of the four backbones; None where no script says.
T_M_D = {
    (Task.VIS, ("ytvis2021", "ytvis2019", "ytvis2022"), (2, 3)): (
        (5, 5, 5, 5), (5, 6, 6, 6), (35, 50, 50, 50),
    ),
    (Task.VIS, ("ovis",), (2, 3)): ((5, 5, 5, 5), (5, 6, 6, 6), (50, 50, 50, 50)),
    (Task.VSS, ("vspw",), (2, 3)): ((5, 5, 5, 5), (5, 6, 6, 5), None),
    (Task.VPS, ("vipseg",), (2, 3)): ((5, 5, 5, 5), (5, 6, 6, 6), (100, 50, 50, 50)),
    (Task.VOS, ("davis2017", "davis2016", "youtube_vos", "mose", "burst"), (2, 3)): (
        (5, 5, 5, 5), (5, 6, 6, 6), (100, 50, 50, 50),
    ),
    (Task.PVOS, ("viposeg",), (2,)): ((5, 5, 5, 5), (5, 6, 6, 6), (75, 75, 75, 75)),
    (Task.PVOS, ("viposeg",), (3,)): ((5, 5, 5, 5), (5, 6, 6, 5), None),
    (Task.REFVOS, ("ref_davis", "ref_youtube_vos"), (2,)): (
        (5, 10, 5, 5), (5, 10, 5, 5), None,
    ),
    (Task.REFVOS, ("ref_davis", "ref_youtube_vos"), (3,)): ((5, 5, 5, 5), (5, 6, 5, 5), None),
}  # fmt: skip
EVERY = [
    (task, name, stage, backbone)
    for task, names, stages in T_M_D
    for name in names
    for stage in stages
    for backbone in ORDER
]


def config_of(case: tuple[Task, str, int, str]) -> InferenceConfig:
    task, name, stage, backbone = case
    return published(task, name, backbone=backbone, stage=stage)


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_lengths_and_detections(case: tuple[Task, str, int, str]) -> None:
    task, name, stage, backbone = case
    (numbers,) = (v for (t, n, s), v in T_M_D.items() if t is task and name in n and stage in s)
    at, config = ORDER.index(backbone), config_of(case)
    assert (config.clip_length, config.memory_length) == (numbers[0][at], numbers[1][at])
    if numbers[2] is not None:
        assert config.max_detections == numbers[2][at]
    assert config.stride == (config.clip_length if task is Task.VSS else 1)
    assert config.published == AS_RELEASED
    assert (config.max_side, config.size_multiple) == (1333, 32)


def test_shortest_sides() -> None:
    """640 everywhere but in the stage-2 script of R-50 for VIPOSeg."""
    sides = {case: config_of(case).short_side for case in EVERY}
    assert sides.pop((Task.PVOS, "viposeg", 2, "r50")) == 720
    assert set(sides.values()) == {640}


def test_squares() -> None:
    """Never R-50; all of Swin in stage 2; in stage 3 all of Swin-B, and VIS of Swin-T."""
    squares = {case for case in EVERY if config_of(case).square_side is not None}
    assert squares == {
        case
        for case in EVERY
        if case[3] != "r50"
        and (case[2] == 2 or case[3] == "swinb" or (case[3] == "swint" and case[0] is Task.VIS))
    }
    assert {config_of(case).square_side for case in squares} == {1024}


def test_times_and_separations() -> None:
    fixed = {case for case in EVERY if config_of(case).temporal_encoding == "clip"}
    assert fixed == {case for case in EVERY if case[0] is Task.VIS and case[3] == "swinl"}
    assert {config_of(case).temporal_encoding for case in set(EVERY) - fixed} == {None}
    blocked = {case for case in EVERY if config_of(case).separation == "sep-entity"}
    assert blocked == {
        case
        for case in EVERY
        if case[0] is Task.REFVOS or (case[0], *case[2:]) == (Task.PVOS, 3, "swinl")
    }
    assert {config_of(case).separation for case in set(EVERY) - blocked} == {None}


def test_annotators() -> None:
    """Swin-T in stage 2 asks the first of the four, all others the second."""
    asked = {
        (stage, backbone): published_script(
            Task.REFVOS, "ref_davis", backbone=backbone, stage=stage
        ).annotator
        for stage in (2, 3)
        for backbone in ORDER
    }
    assert asked.pop((2, "swint")) == 0 and set(asked.values()) == {1}


@pytest.mark.parametrize("backbone", ORDER)
def test_thresholds(backbone: str) -> None:
    """They are the same for all backbones (configurations of the release)."""
    vis, ovis, vps = (
        published(task, name, backbone=backbone)
        for task, name in (
            (Task.VIS, "ytvis2021"), (Task.VIS, "ovis"), (Task.VPS, "vipseg")
        )
    )  # fmt: skip
    for config, threshold, nms, new, consistency, overlap, tokens in (
        (vis, 0.25, 0.85, 0.1, 0.25, 0.8, 128),
        (ovis, 0.2, 0.85, 0.1, 0.25, 0.8, 128),
        (vps, 0.15, 0.75, 0.05, 0.05, 0.6, 64),
    ):
        assert (config.class_threshold, config.nms_threshold) == (threshold, nms)
        assert config.tracking.new_object_threshold == new
        assert config.tracking.consistency_threshold == consistency
        assert (config.overlap_threshold, config.tokens_per_prompt) == (overlap, tokens)
        assert config.tracking.detection_interval == 1 and config.window == 5
    for task, tokens in ((Task.VOS, 256), (Task.PVOS, 256), (Task.REFVOS, 32)):
        config = published(task, backbone=backbone)
        assert (config.tokens_per_prompt, config.tracking.consistency_threshold) == (tokens, 0.5)


def test_the_table_has_one_line_for_each() -> None:
    for name in SETS:
        for backbone in BACKBONES:
            lines = [s for s in SCRIPTS if (s.set, s.backbone) == (name, backbone)]
            assert sorted(stage for line in lines for stage in line.stages) == [2, 3]


def test_every_benchmark_is_in_the_table_but_two_that_the_release_does_not_know() -> None:
    named = [name for first, (_, further) in SETS.items() for name in (first, *further)]
    assert sorted([*named, "kitti_step", "davis2017_unsup"]) == sorted(benchmark_names())


def test_names_of_the_release_and_of_tasks() -> None:
    assert (
        published(Task.VIS, "ytvis21") == published(Task.VIS, " YTVIS2021") == published(Task.VIS)
    )
    assert published_task("mose") is Task.VOS


@pytest.mark.parametrize(
    ("dataset", "backbone", "stage", "told"),
    [
        ("davis2018", "r50", 3, r"'davis2018' is no benchmark .* the nearest is 'davis201[67]'"),
        ("kitti_step", "r50", 3, "'kitti_step' is no benchmark that UniVS was tested with"),
        ("mose", "swin_l", 3, r"'swin_l' is no backbone .* the nearest is 'swinl'"),
        ("mose", "r50", 1, "stages 2 and 3, and 1 is neither"),
        ("vspw", "r50", 2, "vspw is a benchmark of vss, not of vos; that has davis2017"),
    ],
)
def test_what_was_not_tested(dataset: str, backbone: str, stage: int, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        published(Task.VOS, dataset, backbone=backbone, stage=stage)
