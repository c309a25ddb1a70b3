"""Time and memory of one forward and backward pass."""

from __future__ import annotations

import ctypes
import math
import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ...datasets.batches.collate import ClipBatch
from ...errors import TrainingError
from ..recipe.schema import EngineConfig
from ..run.step import autocast

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, kw_only=True)
class PassMeasure:
    """What one pass took.

    Attributes:
        shape: [B, T, 3, H, W] of the batch.
        seconds: of wall time; the first pass of a process, so on GPUs more than later ones.
        bytes: largest amount beyond weights and gradients.
        terms: of the loss, weighted.
    """

    shape: tuple[int, ...]
    seconds: float
    bytes: int
    terms: dict[str, float]


def measure_pass(
    module: nn.Module, batch: ClipBatch, seed: int, config: EngineConfig, device: torch.device
) -> PassMeasure:
    """Forward and backward pass of a training module on a batch; gradients are thrown away.

    Raises TrainingError where memory is not enough, or the loss is not finite.
    """
    for parameter in module.parameters():  # so that the peak is that of what comes on top
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)
    shape = tuple(batch.images.shape)
    before = _begin(device)
    begun = time.perf_counter()
    try:
        with autocast(device, config.precision):
            terms = module(batch, seed)
        terms["total"].backward()
        peak = _peak(device) - before
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"A batch of shape {list(shape)} does not fit the memory of {device}; lower "
            f"data.frames or data.size, or set engine.activation_checkpointing=true."
        ) from error
    finally:
        module.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - begun
    values = {name: float(term.detach()) for name, term in terms.items()}
    if not math.isfinite(values["total"]):
        raise TrainingError(
            f"The loss of the first batch ({batch.samples[0].dataset}) is {values['total']}; look "
            f"at that data with vidseg data check, or start from other weights."
        )
    return PassMeasure(shape=shape, seconds=seconds, bytes=max(0, peak), terms=values)


def _begin(device: torch.device) -> int:
    """Bytes in use, from which on the peak is counted."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    if _RESET.exists():
        _release_freed()
        _RESET.write_text("5")  # Linux: forget the largest resident size so far
        return _status("VmRSS")
    return _largest_ever()


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device)
    return _status("VmHWM") if _STATUS.exists() else _largest_ever()


def _release_freed() -> None:
    """Gives memory that was freed back to the system, or a second pass would seem to need none."""
    with suppress(OSError, AttributeError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)


def _status(field: str) -> int:
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return 1024 * int(value.split()[0])
    return 0


def _largest_ever() -> int:
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size if sys.platform == "darwin" else 1024 * size
