"""The figures of a model's card, measured through the public API and printed as one table.

    python benchmarks/default_model.py DATA_FOLDER [--model nano] [--only davis,camvid] [--limit N]

DATA_FOLDER holds ``davis2016-dev``, ``camvid``, ``voc-animals``, ``coco-mini`` and ``clips``; parts
whose folder is missing are an error, leave them out with ``--only``. The parts:

davis   J of one object, told by its mask, its box or its deepest point in the first frame. As in
        the official protocol the first and the last frame do not count. "first mask repeated" is
        the score of a model that never moves the given mask.
camvid  mIoU, pixel accuracy and mVC8 over 11 classes (task vss).
voc, coco  PQ of stills (task vps). Pixels without a label are background: a segment there is a
        false alarm. Regions that may hold several objects neither need to be found nor punish.
refer   mean IoU of the objects meant by sentences on stills (task refvos). The sentences are
        composed from class, size and position; they are not those of a referring data set.
        "class known" is what all true objects of the class as one answer would get.
speed   frames a second, decoding of the file included, first frame (warm-up) left out.

All numbers but frames a second are in percent.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import figures
import torch
from figures import Figure, Run, report

import vidseg

PARTS: dict[str, Callable[[Run], list[Figure]]] = {
    "davis": figures.measure_davis,
    "camvid": figures.measure_camvid,
    "voc": figures.measure_voc,
    "coco": figures.measure_coco,
    "refer": figures.measure_referring,
    "speed": figures.measure_speed,
}


def print_table(found: Sequence[Figure]) -> None:
    """Markdown, ready for a model card."""
    print("| data | measure | value | over |\n|---|---|---:|---|")
    for figure in found:
        print(f"| {figure.data} | {figure.measure} | {figure.value:.1f} | {figure.counted} |")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA_FOLDER")
    parser.add_argument("--model", default="nano", help="name, folder or hub id (default: nano)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--limit", type=int, help="most stills a data set and frames a video")
    parser.add_argument("--short-side", type=int, help="pixels; the model's own by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    if unknown := sorted(set(options.only) - set(PARTS)):
        parser.error(f"unknown part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if options.limit is not None and options.limit < 3:
        parser.error("--limit starts at 3: the first and the last frame do not count")
    return options


def main() -> None:
    """Measures the parts that were asked for."""
    options = parse()
    run = Run(
        vidseg.load(options.model, device=options.device),
        options.data,
        options.limit,
        options.short_side,
    )
    found: list[Figure] = []
    for name in options.only:
        started = time.perf_counter()
        found += PARTS[name](run)
        report(f"{name}: {time.perf_counter() - started:.0f} s")
    command = "python " + shlex.join(sys.argv)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads"
    print_table(found)
    print(f"\n`{command}` · {options.model} · {machine} · torch {torch.__version__}")
    if options.json:
        content = {"command": command, "model": options.model, "machine": machine}
        rows = [asdict(figure) for figure in found]
        options.json.write_text(json.dumps({**content, "figures": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
