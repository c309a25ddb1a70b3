"""Times of the evaluators: the package against plain algorithms or the official programs.

    python benchmarks/evaluators.py INPUTS [--reference official.json] [--only vspw,davis2017]

INPUTS holds a folder per benchmark, named as on the command line, with ``gt`` and ``pred`` inside
in the benchmark's own layout. All commands of a benchmark run by turns in one go, so that a busy
machine hurts them alike; medians are printed, the first round left out. Every command starts an
interpreter of its own, and that start is part of its time; its modules are compiled in the first
round, as they are in an installation. The clock shows that two threads read pictures ahead, where
a second core is free; the CPU seconds do not. Where a plain algorithm stands beside the package
(the modules of ``benchmarks/plain``), their figures must be equal.

``--reference`` names a JSON of further commands, ``{"vspw": {"official": "python eval.py {gt}
{pred}"}}``; {gt} and {pred} are replaced by the folders.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS = "vidseg"
PLAIN = "plain"


@dataclass
class Times:
    """What the runs of one command took: seconds of the clock and of the CPU, MiB at the peak."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Times of the evaluators.")
    parser.add_argument("inputs", type=Path, help="a folder per benchmark with gt and pred inside")
    parser.add_argument("--reference", type=Path, help="JSON of further commands")
    parser.add_argument("--only", help="names of benchmarks, with commas between")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    names = (
        options.only.split(",")
        if options.only
        else sorted(p.name for p in options.inputs.iterdir())
    )
    more = json.loads(options.reference.read_text()) if options.reference else {}
    print("| benchmark | command | wall s | CPU s | peak MiB | wall ratio | CPU ratio to vidseg |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as compiled:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        start = [sys.executable, "-m", "vidseg", "evaluate", "--help"]
        print_rows("start", {OURS: start}, options.repeat)
        for name in names:
            with tempfile.TemporaryDirectory() as scratch:
                outputs = Path(scratch)
                commands = commands_of(name, options.inputs / name, outputs, more.get(name, {}))
                print_rows(name, commands, options.repeat, outputs)
                check(name, outputs)
    return 0


def commands_of(
    name: str, folder: Path, outputs: Path, more: Mapping[str, str]
) -> dict[str, Sequence[str]]:
    """Label → command line."""
    gt, pred = str(folder / "gt"), str(folder / "pred")
    ours = [sys.executable, "-m", "vidseg", "evaluate", name, "--gt", gt, "--pred", pred]
    commands: dict[str, Sequence[str]] = {
        OURS: [*ours, "--json", str(outputs / "ours.json")],
        f"{OURS}, 2 workers": [*ours, "--workers", "2"],
    }
    if (ROOT / "benchmarks" / "plain" / f"{name}.py").exists():
        commands[PLAIN] = [sys.executable, "-m", f"benchmarks.plain.{name}", gt, pred]
    for label, line in more.items():
        commands[label] = shlex.split(line.format(gt=gt, pred=pred))
    return commands


def print_rows(
    name: str,
    commands: Mapping[str, Sequence[str]],
    repeat: int,
    outputs: Path | None = None,
) -> None:
    """Runs the commands by turns and prints a row for each."""
    times = {label: Times() for label in commands}
    for counts in [False] + [True] * repeat:
        for label, command in commands.items():
            output = outputs / f"{label}.out" if outputs else Path(os.devnull)
            run(command, times[label] if counts else Times(), output)
    wall_base = statistics.median(times[OURS].wall)
    cpu_base = statistics.median(times[OURS].cpu)
    for label, taken in times.items():
        wall, cpu = statistics.median(taken.wall), statistics.median(taken.cpu)
        print(
            f"| {name} | {label} | {wall:.2f} | {cpu:.2f} | {max(taken.memory):.0f} "
            f"| {wall / wall_base:.1f} | {cpu / cpu_base:.1f} |",
            flush=True,
        )


def run(command: Sequence[str], times: Times, output: Path) -> None:
    """One run in a process of its own; CPU is that of all its processes."""
    begun = time.perf_counter()
    with output.open("wb") as told:
        process = subprocess.Popen(command, cwd=ROOT, stdout=told)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{shlex.join(command)} failed.")
    times.wall.append(time.perf_counter() - begun)
    times.cpu.append(usage.ru_utime + usage.ru_stime)
    times.memory.append(usage.ru_maxrss / 1024)


def check(name: str, outputs: Path) -> None:
    """Ends the program where the plain algorithm has another figure than the package."""
    plain = outputs / f"{PLAIN}.out"
    if not plain.exists():
        return
    ours = json.loads((outputs / "ours.json").read_text())["figures"]
    compare(name, json.loads(plain.read_text()), ours)


def compare(name: str, plain: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """All figures of ``plain``, which may nest, against those of the same names."""
    for key, value in plain.items():
        if isinstance(value, Mapping):
            compare(f"{name}/{key}", value, ours[key])
        elif not math.isclose(value, ours[key], rel_tol=1e-9):
            raise SystemExit(f"{name}/{key}: the plain algorithm has {value}, vidseg {ours[key]}.")


if __name__ == "__main__":
    sys.exit(main())
