"""What a dry run found, as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ..recipe.schema import Recipe
from .checks import MemoryEstimate, ModelPart, SourceCheck
from .pass_memory import PassMeasure


def model_table(parts: Sequence[ModelPart], recipe: Recipe) -> Table:
    """A row for each part of the model, and their sum."""
    start = recipe.init.start
    weights = "random" if start == "none" else start
    table = _table(f"{recipe.model.preset}, weights: {weights}")
    table.add_column("part")
    for title in ("parameters", "trainable", "learning rate"):
        table.add_column(title, justify="right")
    for part in parts:
        rates = ", ".join(f"{rate:.3g}" for rate in part.rates)
        table.add_row(part.name, f"{part.parameters:,}", f"{part.trainable:,}", rates or "frozen")
    table.add_section()
    total, trained = sum(p.parameters for p in parts), sum(p.trainable for p in parts)
    table.add_row("all", f"{total:,}", f"{trained:,}", "")
    return table


def source_table(checks: Sequence[SourceCheck]) -> Table:
    """A row for each dataset."""
    table = _table("data")
    table.add_column("source", no_wrap=True)
    for title in ("batches", "videos", "frames", "classes", "a clip", "drawn in"):
        table.add_column(title, justify="right", no_wrap=True)
    for check in checks:
        frames, _, height, width = check.clip
        table.add_row(
            Text(check.name),
            f"{check.share:.0%}",
            f"{check.videos:,}",
            f"{check.frames:,}",
            f"{check.classes:,}" if check.classes else "",
            _shape((frames, height, width)),
            f"{check.seconds:.2f} s",
        )
    return table


def pass_table(measure: PassMeasure, batch: Sequence[int], dataset: str) -> Table:
    """The first batch of one shape and the pass of its first clip."""
    table = Table(
        title=f"first batch, {_shape(batch)} of {dataset}", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("one clip of it")
    table.add_column(_shape(measure.shape), justify="right")
    table.add_row("forwards and backwards", f"{measure.seconds:.2f} s")
    table.add_row("memory for it", _bytes(measure.bytes))
    table.add_section()
    for name, value in measure.terms.items():
        if name != "total":
            table.add_row(f"loss: {name}", f"{value:.4g}")
    table.add_row("loss", f"{measure.terms['total']:.4g}", style="bold")
    return table


def memory_table(estimate: MemoryEstimate, device: torch.device) -> Table:
    """What one process needs in a step."""
    table = Table(
        title=f"memory of one process on {device}, estimated", title_justify="left", box=SIMPLE_HEAD
    )
    table.add_column("what")
    table.add_column("size", justify="right")
    table.add_row("weights", _bytes(estimate.weights))
    table.add_row("gradients, optimiser, average", _bytes(estimate.training))
    table.add_row("clips of a step", _bytes(estimate.batch))
    table.add_section()
    table.add_row("all", _bytes(estimate.total))
    if device.type == "cuda":
        table.add_row(
            "the device has", _bytes(torch.cuda.get_device_properties(device).total_memory)
        )
    return table


def _table(title: str) -> Table:
    return Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD)


def _shape(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))


def _bytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
