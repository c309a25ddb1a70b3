"""A Segmenter goes to a spawned process, and into a copy; a running video does not."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from vidseg.inference.segmenter import Segmenter
from vidseg.models.presets import debug
from vidseg.models.text.static_text import StaticTextConfig
from vidseg.models.univs.model import UniVS

CLIP = [np.full((32, 48, 3), shade, dtype=np.uint8) for shade in (30, 90, 150)]


def segmenter() -> Segmenter:
    torch.manual_seed(0)
    small = debug()
    decoder = replace(small.decoder, text_dim=256)
    model = UniVS(replace(small, decoder=decoder, text=StaticTextConfig()))
    return Segmenter(model, device="cpu", settings={"all": {"class_threshold": 0.0}})


def answers(one: Segmenter) -> list[list[tuple[int, float, bytes]]]:
    results = one.segment(CLIP, task="vss", categories="dog,sky")
    return [[(s.id, s.score, np.packbits(s.mask).tobytes()) for s in r.segments] for r in results]


def test_a_copy_answers_alike() -> None:
    original = segmenter()
    wanted = answers(original)  # with the text encoder loaded
    assert wanted[0]
    for twin in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        assert twin.model is not original.model and twin.device == original.device
        assert answers(twin) == wanted


@pytest.mark.filterwarnings("ignore")
def test_a_spawned_process_answers_alike() -> None:
    original = segmenter()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(answers, original).result(timeout=120)
    assert there == answers(original)


def test_a_running_video_says_that_it_cannot_go() -> None:
    results = segmenter().segment(CLIP, task="vss", categories="dog")
    next(results)
    for running in (results, results.session):
        for attempt in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot be pickled or copied; send the Segmenter"):
                attempt(running)
