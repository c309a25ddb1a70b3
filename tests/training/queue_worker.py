"""A process that pushes its own rows into queues that two processes share."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor

from vidseg.training.losses.temporal_contrast import ClassQueues
from vidseg.training.parallel.processes import gather_rows, team

_ROWS = {(0, 0): [0, 1, 0], (1, 0): [1], (0, 1): [], (1, 1): [0, 0], (0, 2): [], (1, 2): []}


def pushed_by(rank: int, step: int) -> tuple[Tensor, Tensor]:
    """(classes, values [n, 1]) of a process in a step."""
    classes = torch.tensor(_ROWS[rank, step], dtype=torch.int64)
    return classes, 100.0 * step + 10 * rank + torch.arange(len(classes))[:, None]


def share_queues(rank: int, port: int, out: Path) -> None:
    """Three steps; the queues are saved as ``OUT/RANK.pt``."""
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
    with team("cpu"):
        queues = ClassQueues(2, 4, 1)
        for step in range(3):
            queues.push(*gather_rows(*pushed_by(rank, step)))
    torch.save(queues.state_dict(), out / f"{rank}.pt")
