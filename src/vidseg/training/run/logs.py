"""What a run leaves to read: ``log.jsonl``, TensorBoard files, and Weights & Biases if asked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ...errors import TrainingError
from ...formats.atomic import replacing
from ...types import ImageArray

LOG_FILE = "log.jsonl"
BOARD_FOLDER = "tensorboard"
_WANDB_FILE = "wandb.json"


class Sink(Protocol):
    """One place that figures and pictures go to."""

    def figures(self, step: int, values: Mapping[str, float], notes: Mapping[str, str]) -> None:
        """Numbers of a step (finished steps, from 1); notes are short texts."""
        ...

    def picture(self, step: int, name: str, image: ImageArray) -> None:
        """An RGB picture."""
        ...

    def close(self) -> None:
        """Writes what is still held back."""
        ...


class RunLog:
    """All sinks of a run, behind one. Only the process with rank 0 has one.

    Args:
        out: folder of the run.
        start: finished steps; what an earlier process logged beyond them is dropped, because it
            comes again.
        wandb: project of Weights & Biases, None for none.

    Raises:
        TrainingError: TensorBoard or Weights & Biases is not installed.
    """

    def __init__(self, out: Path, start: int, wandb: str | None) -> None:
        self._sinks: list[Sink] = [JsonLines(out / LOG_FILE, start), Board(out, start)]
        if wandb is not None:
            self._sinks.append(WeightsAndBiases(out, wandb))

    def figures(
        self, step: int, values: Mapping[str, float], notes: Mapping[str, str] | None = None
    ) -> None:
        """Numbers of a step (finished steps, from 1); notes are short texts."""
        for sink in self._sinks:
            sink.figures(step, values, notes or {})

    def picture(self, step: int, name: str, image: ImageArray) -> None:
        """An RGB picture."""
        for sink in self._sinks:
            sink.picture(step, name, image)

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()


class JsonLines:
    """A line of JSON per logged step; pictures are left out."""

    def __init__(self, file: Path, start: int) -> None:
        _drop_later(file, start)
        self._file = file.open("a", buffering=1, encoding="utf-8")

    def figures(self, step: int, values: Mapping[str, float], notes: Mapping[str, str]) -> None:
        rounded = {name: _plain(value) for name, value in values.items()}
        self._file.write(json.dumps({"step": step, **notes, **rounded}) + "\n")

    def picture(self, step: int, name: str, image: ImageArray) -> None:
        pass

    def close(self) -> None:
        self._file.close()


class Board:
    """TensorBoard files below the run's folder."""

    def __init__(self, out: Path, start: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise TrainingError(
                "Training logs to TensorBoard, which is not installed; "
                "run: pip install 'vidseg[train]'"
            ) from error
        self._writer: Any = SummaryWriter(
            str(out / BOARD_FOLDER), purge_step=start + 1 if start else None
        )

    def figures(self, step: int, values: Mapping[str, float], notes: Mapping[str, str]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: ImageArray) -> None:
        self._writer.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases; a resumed run goes on with the one it began."""

    def __init__(self, out: Path, project: str) -> None:
        try:
            import wandb
        except ImportError as error:
            raise TrainingError(
                "logging.wandb is set, but Weights & Biases is not installed; "
                "run: pip install wandb, or set logging.wandb=null."
            ) from error
        self._wandb: Any = wandb
        known = out / _WANDB_FILE
        earlier = json.loads(known.read_text(encoding="utf-8")) if known.is_file() else {}
        self._run: Any = wandb.init(
            project=project, dir=str(out), name=out.name, id=earlier.get("id"), resume="allow"
        )
        with replacing(known) as partial:
            partial.write_text(json.dumps({"id": self._run.id}) + "\n", encoding="utf-8")

    def figures(self, step: int, values: Mapping[str, float], notes: Mapping[str, str]) -> None:
        self._run.log({**notes, **values}, step=step)

    def picture(self, step: int, name: str, image: ImageArray) -> None:
        self._run.log({name: self._wandb.Image(image)}, step=step)

    def close(self) -> None:
        self._run.finish()


def read_log(file: Path) -> list[dict[str, Any]]:
    """The lines of a log; one that was cut off when a process was killed is left out."""
    if not file.is_file():
        return []
    parsed = map(_parsed, file.read_text(encoding="utf-8").splitlines())
    return [line for line in parsed if line is not None]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found


def _drop_later(file: Path, start: int) -> None:
    if not file.exists():
        return
    kept = [line for line in read_log(file) if line["step"] <= start]
    with replacing(file) as partial:
        text = "".join(json.dumps(line) + "\n" for line in kept)
        partial.write_text(text, encoding="utf-8")


def _plain(value: float) -> float | str:
    """Eight digits; JSON has no name for what is not finite."""
    return float(f"{value:.8g}") if math.isfinite(value) else str(value)
