"""Mutations depend on the seed alone, change what they get, and reach every place."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from .mutations import mutate, mutate_bytes


def _png() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, "png")
    return stream.getvalue()


def _zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/rows.json", b'[{"id": 1}]')
    return stream.getvalue()


_SEEDS: dict[str, Callable[[], bytes]] = {
    "a.json": lambda: b'{"rows": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]}',
    "a.jsonl": lambda: b'{"id": 1}\n{"id": 2}\n',
    "a.yaml": lambda: b"names: [a, b]\nsteps: 3\n",
    "a.xml": lambda: b'<a><box x="1" y="2"/><name>x</name></a>',
    "a.txt": lambda: b"0 0.5 0.5\n1 0.25 0.5\n",
    "a.png": _png,
    "a.zip": _zip,
    "a.bin": lambda: bytes(range(256)),
}


@pytest.mark.parametrize("name", _SEEDS)
def test_mutation_depends_on_the_seed_alone(name: str) -> None:
    data = _SEEDS[name]()
    first = [mutate(name, data, Random(seed)) for seed in range(300)]
    assert first == [mutate(name, data, Random(seed)) for seed in range(300)]
    assert len({changed for changed, _ in first}) > 100


@given(data=st.binary(max_size=100), seed=st.integers(0, 2**32))
@settings(max_examples=200, deadline=None, database=None)
def test_any_bytes_of_any_name_can_be_mutated(data: bytes, seed: int) -> None:
    mutate_bytes(data, Random(seed))
    for name in (*_SEEDS, "a.pth", "a.safetensors"):
        mutate(name, data, Random(seed))


def test_every_place_of_a_json_is_reached() -> None:
    data = _SEEDS["a.json"]()
    told = " ".join(mutate("a.json", data, Random(seed))[1] for seed in range(500))
    for place in (".rows ", ".rows[] ", ".rows[].id ", ".rows[].name "):
        for what in ("deleted", "became"):
            assert f"{place}{what}" in told


def test_most_json_still_parses() -> None:
    changed = [mutate("a.json", _SEEDS["a.json"](), Random(seed))[0] for seed in range(200)]
    assert sum(_accepts(json.loads, text) for text in changed) > 150


def test_many_pngs_keep_right_checksums() -> None:
    changed = [mutate("a.png", _png(), Random(seed))[0] for seed in range(200)]
    assert sum(_accepts(_verify, data) for data in changed) > 60


def _verify(data: bytes) -> None:
    Image.open(io.BytesIO(data)).verify()


def _accepts(parse: Callable[[bytes], object], data: bytes) -> bool:
    try:
        parse(data)
    except Exception:
        return False
    return True
