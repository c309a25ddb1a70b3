"""Runs from end to end: resuming, milestones, what goes wrong."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from vidseg.datasets.batches.collate import collate_clips
from vidseg.errors import OutputError, RecipeError, TrainingError
from vidseg.models.files.pretrained import load_pretrained
from vidseg.training.engine import run
from vidseg.training.parallel.processes import Team
from vidseg.training.parallel.seeds import part_seed, seed_all
from vidseg.training.recipe.schema import EvaluationConfig
from vidseg.training.run.checkpointing import checkpoints
from vidseg.training.run.logs import LOG_FILE, read_log
from vidseg.training.run.milestones import Evaluate
from vidseg.training.run.step import describe, split_batch

from .stand_in_run import (
    SquareObjective,
    sample,
    stand_in_parts,
    stand_in_recipe,
    start,
    tiny_model,
)

ALONE = Team(0, 1, torch.device("cpu"))


def go(out: Path, *, evaluate: Evaluate | None = None, **settings: Any) -> None:
    """A run in this process."""
    parts = replace(stand_in_parts(settings), evaluate=evaluate)
    recipe = stand_in_recipe(settings)
    recipe = replace(recipe, evaluation=EvaluationConfig(best=settings.get("best")))
    run(recipe, parts, out, ALONE, resume=settings.get("resume", False))


def losses(out: Path) -> list[float]:
    return [line["loss/total"] for line in read_log(out / LOG_FILE) if "loss/total" in line]


def weights(folder: Path) -> Mapping[str, Tensor]:
    return load_pretrained(folder)[1].state


def assert_equal(a: Path, b: Path) -> None:
    """All tensors of two model folders are the same bits."""
    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def wait(process: ForkServerProcess) -> int | None:
    """Exit status, negative for a signal."""
    process.join(100)
    return process.exitcode


def test_a_killed_and_resumed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Killed at a random moment, perhaps while it saves; all random draws come again."""
    settings = {"steps": 40, "noise": 0.3, "pause": 0.005, "engine": {"save_every": 3}}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    process, reference = start(broken, settings), start(whole, settings)
    goal, pause = random.randint(1, 39), random.random() * 0.03
    while len(losses(broken)) < goal and process.is_alive():
        time.sleep(0.002)
    time.sleep(pause)
    process.kill()
    assert wait(process) == -signal.SIGKILL, f"too late for step {goal} and {pause} s"
    assert wait(start(broken, {**settings, "resume": True})) == 0
    assert wait(reference) == 0
    last_step, folder = checkpoints(broken)[-1]
    assert last_step == 40
    assert_equal(folder, whole / "checkpoints" / folder.name)
    assert_equal(folder / "ema", whole / "checkpoints" / folder.name / "ema")
    assert_equal(broken / "model", whole / "model")
    assert losses(broken) == losses(whole) and len(losses(whole)) == 40


def test_the_loss_falls_and_the_average_is_what_is_used(tmp_path: Path) -> None:
    go(tmp_path, steps=30)
    found = losses(tmp_path)
    assert np.mean(found[-5:]) < 0.8 * np.mean(found[:3])
    _, folder = checkpoints(tmp_path)[-1]
    assert_equal(tmp_path / "model", folder / "ema")
    assert any(not torch.equal(weights(folder)[n], w) for n, w in weights(folder / "ema").items())
    names = set(read_log(tmp_path / LOG_FILE)[0])
    assert {"gradient_norm", "learning_rate", "clips_per_second", "data"} <= names


def test_parts_give_the_step_of_the_whole_batch(tmp_path: Path) -> None:
    """Where a loss is a mean over clips; counts are not averaged over parts."""

    class MeanObjective(SquareObjective):
        def __call__(self, model: Any, batch: Any, rng: np.random.Generator) -> dict[str, Tensor]:
            clips = [collate_clips([s]) for s in batch.samples]
            parts = [super(MeanObjective, self).__call__(model, c, rng)["total"] for c in clips]
            return {"total": torch.stack(parts).mean()}

    found = []
    for parts in (1, 2, 4):
        settings = {"steps": 5, "engine": {"accumulate": parts}}
        out = tmp_path / str(parts)
        made = replace(stand_in_parts(settings), objective=lambda _: MeanObjective({}))
        run(stand_in_recipe(settings), made, out, ALONE, resume=False)
        found.append(losses(out))
    assert found[0] == pytest.approx(found[1], abs=1e-5)
    assert found[0] == pytest.approx(found[2], abs=1e-5)


def test_recomputed_activations_change_nothing(tmp_path: Path) -> None:
    go(tmp_path / "a", steps=3)
    go(tmp_path / "b", steps=3, engine={"activation_checkpointing": True})
    assert losses(tmp_path / "a") == losses(tmp_path / "b")


@pytest.mark.slow
def test_compiled_parts_change_little(tmp_path: Path) -> None:
    go(tmp_path / "a", steps=3)
    go(tmp_path / "b", steps=3, engine={"compile": True, "activation_checkpointing": True})
    assert losses(tmp_path / "a") == pytest.approx(losses(tmp_path / "b"), abs=1e-4)


def test_half_precision_trains_too(tmp_path: Path) -> None:
    go(tmp_path / "fp32", steps=4)
    for precision in ("bf16", "fp16"):
        engine = {"precision": precision, "save_every": 2}
        go(tmp_path / precision, steps=4, engine=engine)
        assert losses(tmp_path / precision) == pytest.approx(losses(tmp_path / "fp32"), abs=0.05)
        folders = checkpoints(tmp_path / precision)
        for file in folders[-1][1].iterdir():  # the last one is made again from the one before
            if file.is_file():
                file.unlink()
        (folders[-1][1] / "ema").rename(tmp_path / f"{precision}-ema")
        folders[-1][1].rmdir()
        go(tmp_path / precision, steps=4, resume=True, engine=engine)
        assert_equal(tmp_path / precision / "model", tmp_path / f"{precision}-ema")


def test_a_loss_that_is_no_number_stops_and_names_the_batch(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        go(tmp_path, steps=10, nan_video="s5n1", engine={"save_every": 2})
    kept = tmp_path / "checkpoints" / "step-00000004"
    assert str(caught.value) == (
        "The loss is nan in step 6, on drawn (videos s5n0, s5n1, s5n2, s5n3); the last good "
        f"checkpoint is {kept}. Lower optimiser.lr or leave that data out, then go on with "
        "--resume."
    )
    go(tmp_path, steps=10, resume=True, engine={"save_every": 2})  # without that data
    assert len(losses(tmp_path)) == 10


def test_a_gradient_that_is_no_number_stops_before_the_weights_move(tmp_path: Path) -> None:
    class Bad(SquareObjective):
        def __call__(self, model: Any, batch: Any, rng: np.random.Generator) -> dict[str, Tensor]:
            total = super().__call__(model, batch, rng)["total"]
            return {"total": total + (total - total.detach()).sqrt()}  # infinite slope at 0

    settings = {"steps": 2}
    made = replace(stand_in_parts(settings), objective=lambda _: Bad({}))
    with pytest.raises(TrainingError, match=r"The gradient is (nan|inf) in step 1, on drawn"):
        run(stand_in_recipe(settings), made, tmp_path, ALONE, resume=False)


def test_another_run_is_not_written_over(tmp_path: Path) -> None:
    go(tmp_path, steps=1)
    with pytest.raises(OutputError, match="holds a run already; go on with it with --resume"):
        go(tmp_path, steps=1)


def test_resuming_nothing_starts(tmp_path: Path) -> None:
    go(tmp_path, steps=2, resume=True)
    assert len(losses(tmp_path)) == 2


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    go(tmp_path, steps=1)
    settings = {"steps": 2}
    made = replace(stand_in_parts(settings), model=lambda: tiny_model(queries=7))
    with pytest.raises(TrainingError, match=r"another architecture: decoder\.queries is 3 there"):
        run(stand_in_recipe(settings), made, tmp_path, ALONE, resume=True)


def measured(values: list[float]) -> Callable[[Path], dict[str, float]]:
    rest = iter(values)
    return lambda folder: {"dev/count": 1.0, "dev/score": next(rest)}


def test_the_best_checkpoint_stays_and_can_be_used(tmp_path: Path) -> None:
    engine = {"save_every": 1, "evaluate_every": 2, "keep": 1}
    values = [0.3, 0.5, float("nan"), 0.4]
    go(tmp_path, evaluate=measured(values), steps=7, best="dev/score", engine=engine)
    assert [step for step, _ in checkpoints(tmp_path)] == [4, 7]  # the best one and the newest
    assert_equal(tmp_path / "best", tmp_path / "checkpoints" / "step-00000004" / "ema")
    best = json.loads((tmp_path / "best.json").read_text())
    assert best == {"step": 4, "figure": "dev/score", "value": 0.5}
    lines = [line for line in read_log(tmp_path / LOG_FILE) if "dev/score" in line]
    assert [line["step"] for line in lines] == [2, 4, 6, 7]


def test_an_evaluation_that_was_cut_off_comes_first_after_resuming(tmp_path: Path) -> None:
    engine = {"evaluate_every": 2}

    def cut(folder: Path) -> Mapping[str, float]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, evaluate=cut, steps=4, engine=engine)
    seen: list[str] = []

    def evaluate(folder: Path) -> Mapping[str, float]:
        seen.append(folder.parent.name)
        return {"dev/score": 1.0}

    go(tmp_path, evaluate=evaluate, steps=4, resume=True, engine=engine)
    assert seen == ["step-00000002", "step-00000004"]
    go(tmp_path, evaluate=evaluate, steps=4, resume=True, engine=engine)
    assert len(seen) == 2  # nothing is left to do


def test_a_figure_that_is_not_measured_cannot_be_the_best(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="'dev/J', but what was measured is dev/count, dev/sc"):
        go(tmp_path, evaluate=measured([1]), steps=1, best="dev/J", engine={"evaluate_every": 1})


def test_pictures_of_answers_are_logged(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    go(tmp_path, steps=3, engine={"draw_every": 2})
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    assert [event.step for event in board.Images("answers/drawn")] == [2]


def test_a_request_to_stop_saves_the_step_at_hand(tmp_path: Path) -> None:
    settings = {"steps": 10_000, "pause": 0.01, "engine": {"save_every": 10_000}}
    process = start(tmp_path, settings)
    while len(losses(tmp_path)) < 3 and process.is_alive():
        time.sleep(0.01)
    process.terminate()
    assert wait(process) == 1
    ((step, _),) = checkpoints(tmp_path)
    assert step == len(losses(tmp_path))


def test_a_batch_is_split_into_parts_of_its_clips() -> None:
    batch = collate_clips([sample(0, i) for i in range(4)])
    parts = split_batch(batch, 3)
    assert [len(part.samples) for part in parts] == [1, 2, 1]
    assert torch.equal(torch.cat([part.images for part in parts]), batch.images)
    assert describe(parts[1]) == "drawn (videos s0n1, s0n2)"
    with pytest.raises(TrainingError, match=r"engine\.accumulate is 5, but .* gets 4 clips"):
        split_batch(batch, 5)


def test_random_numbers_depend_on_the_place_in_the_run_alone() -> None:
    def draws(*place: int) -> tuple[float, float, float, float]:
        rng = seed_all(part_seed(*place))
        return rng.random(), float(torch.rand(())), float(np.random.rand()), random.random()

    first = draws(0, 5, 1, 0)
    assert first == draws(0, 5, 1, 0)
    places = [(1, 5, 1, 0), (0, 6, 1, 0), (0, 5, 0, 0), (0, 5, 1, 1)]
    seen = {value for place in places for value in draws(*place)} | set(first)
    assert len(seen) == 20
