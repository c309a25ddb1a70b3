"""Random numbers that depend on the step of a run, not on its history.

Every part of every step seeds all generators, so a resumed run needs no saved generator states:
the number of the step is enough.
"""

from __future__ import annotations

import random

import numpy as np
import torch


def part_seed(seed: int, step: int, rank: int, part: int) -> int:
    """Seed of one part of a step of one process: a 63-bit number."""
    words = np.random.SeedSequence((seed, step, rank, part)).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))


def seed_all(seed: int) -> np.random.Generator:
    """Seeds the global generators of torch (all devices), numpy and Python.

    Returns:
        A generator of its own for what is drawn explicitly.
    """
    sequence = np.random.SeedSequence(seed)
    for_torch, for_numpy, for_python = (int(word) for word in sequence.generate_state(3))
    torch.manual_seed(for_torch)
    np.random.seed(for_numpy)
    random.seed(for_python)
    return np.random.default_rng(sequence.spawn(1)[0])
