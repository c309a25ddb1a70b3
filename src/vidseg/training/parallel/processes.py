"""The processes of a run: one, or as many as ``torchrun`` started on any number of machines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from ...errors import TrainingError

EXIT_AFTER_ANOTHER = 3
"""Exit status of a process that ends because another one of the run has said why."""

_PATIENCE = timedelta(minutes=30)  # for a process that is slow in a step
_LONG_PATIENCE = timedelta(days=7)  # while the first process evaluates or saves
_FAILURES = "vidseg/failures"


@dataclass(frozen=True)
class Team:
    """This process among those of the run.

    Attributes:
        rank: 0 .. world - 1; 0 writes files and shows progress.
        world: number of processes.
        device: where this process computes.
        waiting: gloo group with long patience; None for a single process.
    """

    rank: int
    world: int
    device: torch.device
    waiting: dist.ProcessGroup | None = None

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files."""
        return self.rank == 0

    def sum(self, values: list[float]) -> list[float]:
        """Elementwise sum over all processes, in double precision on the CPU."""
        if self.world == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(total)
        return total.tolist()

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, by rank. Any small picklable value."""
        if self.world == 1:
            return [value]
        found: list[Any] = [None] * self.world
        dist.all_gather_object(found, value, group=self.waiting)
        return found

    def meet(self) -> None:
        """Waits until all processes are here, however long the first one evaluates or saves."""
        if self.world > 1:
            dist.monitored_barrier(self.waiting, timeout=_LONG_PATIENCE)


def mean_over_ranks(values: Tensor) -> Tensor:
    """Mean of a tensor of counts over the processes of the run; itself without others.

    All processes must call it equally often and with the same shape.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return values
    total = values.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def gather_rows(labels: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Labelled rows of all processes, in the order of their ranks; themselves without others.

    All processes must call it equally often, each with as many rows as it has.

    Args:
        labels: [n] int64; rows: [n, C].

    Returns:
        (labels [N], rows [N, C]), the same in every process.
    """
    rows = rows.detach()
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return labels, rows
    world, mine = dist.get_world_size(), labels.new_tensor([len(labels)])
    counts = [torch.zeros_like(mine) for _ in range(world)]
    dist.all_gather(counts, mine)
    most = max(int(count) for count in counts)
    if not most:
        return labels, rows
    found = []
    for values in (labels, rows):
        padded = values.new_zeros(most, *values.shape[1:])
        padded[: len(values)] = values
        parts = [torch.empty_like(padded) for _ in range(world)]
        dist.all_gather(parts, padded)
        found.append(torch.cat([p[: int(n)] for p, n in zip(parts, counts, strict=True)]))
    return found[0], found[1]


@contextmanager
def team(device: str = "auto") -> Iterator[Team]:
    """Joins the processes that the launcher started; a process started alone is its own team.

    Reads the variables of ``torchrun`` (``RANK``, ``WORLD_SIZE``, ``LOCAL_RANK``, and where to
    meet). NCCL between GPUs, gloo between CPUs.

    When a process fails, the others leave too. The first to fail tells why; the rest exit with
    status ``EXIT_AFTER_ANOTHER`` and say nothing. A process that vanished without a word (killed,
    machine lost) is reported by the first one to miss it.

    Raises:
        TrainingError: the device is not there, or another process of the run was lost.
    """
    rank, world, local = (_variable(name) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    place = _device(device, local)
    if "WORLD_SIZE" not in os.environ or world == 1:
        yield Team(0, 1, place)
        return
    if place.type == "cuda":
        torch.cuda.set_device(place)
    store = _meet(rank, world)
    backend = "cpu:gloo,cuda:nccl" if place.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=_PATIENCE)
    waiting = dist.new_group(backend="gloo", timeout=_LONG_PATIENCE)
    try:
        yield Team(rank, world, place, waiting)
    except Exception as error:
        if not _is_first_failure(store):
            raise SystemExit(EXIT_AFTER_ANOTHER) from None
        if _is_lost_connection(error):
            raise TrainingError(
                f"Another of the {world} processes of this run died or cannot be reached; look at "
                f"its machine, then go on with --resume."
            ) from error
        raise
    dist.destroy_process_group()


def _variable(name: str) -> int:
    value = os.environ.get(name, "0" if name != "WORLD_SIZE" else "1")
    if not value.isdigit():
        raise TrainingError(f"{name} is {value!r}, not a number; start the run with torchrun.")
    return int(value)


def _device(wanted: str, local: int) -> torch.device:
    """The device of a process with this number on its machine."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda":
        if local >= torch.cuda.device_count():
            raise TrainingError(
                f"Process {local} of this machine finds {torch.cuda.device_count()} GPUs; start "
                f"one process a GPU, or set engine.device=cpu."
            )
        return torch.device("cuda", local)
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise TrainingError("This machine has no MPS device; set engine.device=cpu.")
    return torch.device(wanted)


def _meet(rank: int, world: int) -> Any:
    """The store of keys and values that all processes share."""
    try:
        store, _, _ = next(rendezvous("env://", rank, world, timeout=_PATIENCE))
    except (ValueError, RuntimeError) as error:
        raise TrainingError(
            f"The {world} processes of this run cannot meet ({_clause(error)}); start them with "
            f"torchrun and check its --rdzv-endpoint or --master-addr."
        ) from error
    return store


def _is_first_failure(store: Any) -> bool:
    """Whether no other process has reported yet. True where nobody is left to ask."""
    try:
        return int(store.add(_FAILURES, 1)) == 1
    except RuntimeError:
        return True


def _is_lost_connection(error: Exception) -> bool:
    """Whether a collective failed because of another process."""
    if isinstance(error, dist.DistError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("gloo" in text or "nccl" in text)


def _clause(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")
