"""What a run leaves to read."""

from __future__ import annotations

import builtins
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vidseg.errors import TrainingError
from vidseg.training.run.logs import BOARD_FOLDER, LOG_FILE, RunLog, read_log
from vidseg.training.run.progress import RunProgress


def test_figures_go_to_lines_and_to_tensorboard(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0, None)
    log.figures(1, {"loss/total": 1.5}, {"data": "mose"})
    log.figures(2, {"loss/total": float("inf")})
    log.picture(2, "answers/mose", np.zeros((8, 8, 3), np.uint8))
    log.close()
    assert read_log(tmp_path / LOG_FILE) == [
        {"step": 1, "data": "mose", "loss/total": 1.5},
        {"step": 2, "loss/total": "inf"},
    ]
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(tmp_path / BOARD_FOLDER))
    board.Reload()
    assert next((e.step, e.value) for e in board.Scalars("loss/total")) == (1, 1.5)
    assert board.Tags()["images"] == ["answers/mose"]


def test_a_resumed_run_drops_what_comes_again_and_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / LOG_FILE
    lines = [json.dumps({"step": step}) for step in (1, 2, 3)]
    file.write_text("\n".join(lines) + '\n{"step": 4, "lo')
    log = RunLog(tmp_path, 2, None)
    log.figures(3, {"loss": 0.5})
    log.close()
    assert read_log(file) == [{"step": 1}, {"step": 2}, {"step": 3, "loss": 0.5}]


@pytest.mark.parametrize(
    ("missing", "wandb", "hint"),
    [
        ("torch.utils.tensorboard", None, r"pip install 'vidseg\[train\]'"),
        ("wandb", "project", "pip install wandb"),
    ],
)
def test_a_missing_package_is_named_with_its_install_line(
    missing: str, wandb: str | None, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == missing:
            raise ImportError(name)
        return found(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TrainingError, match=hint):
        RunLog(tmp_path, 0, wandb)


def test_weights_and_biases_gets_the_same_run_after_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []
    logged: list[Any] = []
    run = SimpleNamespace(
        id="abc", log=lambda values, step: logged.append((step, values)), finish=lambda: None
    )

    def init(**named: Any) -> Any:
        calls.append(named)
        return run

    stand_in = SimpleNamespace(init=init, Image=lambda image: image.shape)
    monkeypatch.setitem(sys.modules, "wandb", stand_in)
    for start in (0, 1):
        log = RunLog(tmp_path, start, "project")
        log.figures(start + 1, {"loss": 1.0})
        log.picture(start + 1, "answers", np.zeros((2, 2, 3), np.uint8))
        log.close()
    assert [call["id"] for call in calls] == [None, "abc"]
    assert logged[0] == (1, {"loss": 1.0}) and logged[1] == (1, {"answers": (2, 2, 3)})


def test_without_a_terminal_progress_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with RunProgress(10, 4, clips=8) as progress:
        progress.step(0.25)
        progress.line()
    text = capsys.readouterr().err
    assert text.startswith("step 5/10 · loss 0.25 · ") and text.rstrip().endswith("left")
    assert progress.clips_per_second > 0
