"""``vidseg weights info``: what a file of weights or a model is, and what it needs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..terminal import printable

if TYPE_CHECKING:
    from ..inference.files.description import Description
    from .parser import Verbs

_SIZES = ((360, 640), (480, 854), (640, 1138), (720, 1280))
_MIB = 2**20


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "info",
        help="architecture, parameters, stage, classes and memory of weights",
        description="Says what a published file, a folder of Hugging Face or a model of vidseg is, "
        "what becomes of each of its tensors, and how much memory it needs. Nothing in it is run.",
        epilog="examples:\n  vidseg weights info univs_r50_stage3.pth\n  vidseg weights info nano",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "file", metavar="FILE", help="a file of weights, a model folder, or the name of a model"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints one line for each fact."""
    from ..inference.files.description import describe
    from ..models.files.registry import embedded_models, weights_path

    told = describe(embedded_models().get(options.file) or weights_path(options.file))
    print(f"{printable(options.file)}: {told.origin}")
    for name, value in told.facts:
        print(f"  {name + ':':<15}{printable(value)}")
    _print_tensors(told)
    if told.config is not None:
        _print_memory(told)
    return 0


def _print_tensors(told: Description) -> None:
    from .weights_report import filling_lines, translation_lines

    lines = [] if told.opened is None else translation_lines(told.opened)
    if told.filling is not None:
        lines += filling_lines(told.filling)
    for line in lines:
        print(f"  {printable(line)}")


def _print_memory(told: Description) -> None:
    from ..models.memory_need import memory_need

    assert told.config is not None
    lengths = sorted({1, told.clip_length})
    heads = "".join(f"{n} frame{'s' if n > 1 else '':<3}".rjust(14) for n in lengths)
    print(f"  memory in MiB: {heads}   (weights included)")
    for height, width in _SIZES:
        needs = [memory_need(told.config, n, height, width) for n in lengths]
        cells = "".join(f"{(need.weights + need.work) / _MIB:14,.0f}" for need in needs)
        print(f"  {f'{width} x {height}':<15}{cells}")
    print(
        "  Estimate: bytes of all tensors alive at the peak of one clip in float32, encoder and "
        "decoder with learnable queries, counted on shapes; kernels' own copies, prompts, kept "
        "results and the text encoder come on top."
    )
