"""The course of the learning rate."""

from __future__ import annotations

import pytest

from vidseg.training.recipe.schema import ScheduleConfig
from vidseg.training.run.schedule import rate_factor


def test_steps_multiply_from_the_milestone_on() -> None:
    config = ScheduleConfig(iterations=100, kind="steps", steps=(10, 20), gamma=0.1)
    found = [rate_factor(step, config) for step in (0, 9, 10, 19, 20, 99)]
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_a_cosine_goes_from_one_to_its_end() -> None:
    config = ScheduleConfig(iterations=101, kind="cosine", final=0.2)
    found = [rate_factor(step, config) for step in (0, 50, 100, 500)]
    assert found == pytest.approx([1, 0.6, 0.2, 0.2])
    course = [rate_factor(step, config) for step in range(101)]
    assert course == sorted(course, reverse=True)


def test_warm_up_grows_linearly_to_the_whole_rate() -> None:
    config = ScheduleConfig(iterations=100, kind="steps", warmup=4)
    assert [rate_factor(step, config) for step in range(5)] == pytest.approx(
        [0.25, 0.5, 0.75, 1, 1]
    )
