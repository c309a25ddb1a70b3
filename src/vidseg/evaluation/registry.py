"""Benchmarks by name. Only the module of the one asked for is imported."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import DataError, nearest_hint

if TYPE_CHECKING:
    from .benchmark import Benchmark

_MODULES = {
    "ytvis2019": "ytvis",
    "ytvis2021": "ytvis",
    "ytvis2022": "ytvis",
    "ovis": "ytvis",
    "vspw": "vspw",
    "vipseg": "vipseg",
    "kitti_step": "kitti_step",
    "davis2016": "davis",
    "davis2017": "davis",
    "davis2017_unsup": "davis",
    "youtube_vos": "youtube_vos",
    "mose": "mose",
    "viposeg": "viposeg",
    "ref_davis": "davis",
    "ref_youtube_vos": "ref_youtube_vos",
    "burst": "burst",
}


def benchmark_names() -> tuple[str, ...]:
    """All names that :func:`get_benchmark` knows."""
    return tuple(_MODULES)


def get_benchmark(name: str) -> Benchmark:
    """The benchmark called ``name``; case does not matter, and "-" is as good as "_".

    Raises:
        DataError: unknown name; the message names the nearest and lists all.
    """
    plain = name.strip().lower().replace("-", "_")
    if plain not in _MODULES:
        hint = nearest_hint(plain, _MODULES, " (the nearest is {})")
        raise DataError(
            f"There is no benchmark {name!r}{hint}; the benchmarks are {', '.join(_MODULES)}."
        )
    module = import_module(f".rules.{_MODULES[plain]}", __package__)
    found: dict[str, Benchmark] = {one.name: one for one in module.benchmarks()}
    return found[plain]


def pick_protocol(benchmark: Benchmark, name: str | None) -> str:
    """``name``, checked, or the default protocol; DataError naming all where it is unknown."""
    protocols = tuple(benchmark.protocols)
    if name is None:
        return protocols[0]
    if name not in protocols:
        raise DataError(
            f"{benchmark.name} has no protocol {name!r}; it has {', '.join(protocols)}."
        )
    return name
