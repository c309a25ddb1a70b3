"""Queues of classes: first in, first out, alone and over two processes."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import torch
from torch._C._distributed_c10d import TCPStore

from vidseg.training.losses.class_queues import ClassQueues

from ..queue_worker import pushed_by, share_queues


def values(queues: ClassQueues, row: int) -> list[float]:
    found, classes = queues.samples()
    return sorted(found[classes == row][:, 0].tolist())


def push(queues: ClassQueues, rows: list[int], numbers: list[float]) -> None:
    queues.push(torch.tensor(rows), torch.tensor(numbers)[:, None])


def test_the_oldest_falls_out() -> None:
    queues = ClassQueues(2, 3, 1)
    assert len(queues.samples()[0]) == 0
    push(queues, [0, 1, 0], [1, 10, 2])
    push(queues, [0, 0], [3, 4])
    assert values(queues, 0) == [2, 3, 4] and values(queues, 1) == [10]
    push(queues, [1, 0], [11, 5])
    assert values(queues, 0) == [3, 4, 5] and values(queues, 1) == [10, 11]


def test_more_at_once_than_fit() -> None:
    """Of five the last three stay, wherever the queue stands."""
    queues = ClassQueues(1, 3, 1)
    push(queues, [0], [9])
    push(queues, [0] * 5, [1, 2, 3, 4, 5])
    assert values(queues, 0) == [3, 4, 5]
    push(queues, [0], [6])
    assert values(queues, 0) == [4, 5, 6]


def test_no_gradient_enters() -> None:
    queues = ClassQueues(1, 2, 1)
    queues.push(torch.tensor([0]), torch.ones(1, 1, requires_grad=True))
    assert not queues.samples()[0].requires_grad
    assert not list(queues.parameters())


def test_state_goes_on_where_it_was() -> None:
    first, second = ClassQueues(2, 3, 1), ClassQueues(2, 3, 1)
    push(first, [0, 0, 0, 0], [1, 2, 3, 4])
    second.load_state_dict(first.state_dict())
    for queues in (first, second):
        push(queues, [0], [5])
    assert values(second, 0) == [3, 4, 5]
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), second.buffers(), strict=True))


def test_two_processes_hold_the_same(tmp_path: Path) -> None:
    """In each step one of them has more rows than the other, or none at all."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    context = multiprocessing.get_context("forkserver")
    processes = [
        context.Process(target=share_queues, args=(rank, store.port, tmp_path)) for rank in (0, 1)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
        process.kill()
    assert [process.exitcode for process in processes] == [0, 0]
    own, other = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    alone = ClassQueues(2, 4, 1)
    for step in range(3):
        for rank in (0, 1):
            alone.push(*pushed_by(rank, step))
    for name, value in alone.state_dict().items():
        assert torch.equal(own[name], value) and torch.equal(other[name], value)
