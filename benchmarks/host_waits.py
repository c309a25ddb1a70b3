"""How often a frame makes the host wait for the device, for every kind of model and task.

    python benchmarks/host_waits.py [CASE ...] [--lines 0]

Counted on the stand-in of ``tests/fake_device.py``, so no GPU is needed: values that come to the
host, and shapes that it must know. CASE is a part of a name; ``--lines`` names the lines of vidseg
that ask most often.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.fake_device import DEVICE, fake_device
from tests.inference.every_task import CASES, play


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="parts of names; all cases without")
    parser.add_argument("--lines", type=int, default=0, help="lines to name for each case")
    options = parser.parse_args()
    for case in CASES:
        if options.cases and not any(part in str(case) for part in options.cases):
            continue
        with fake_device() as waits:
            results, _ = play(case, DEVICE)
        print(f"{case!s:32} {waits.total('read') / len(results):6.1f} reads a frame", flush=True)
        reads = [(n, place) for (kind, place), n in waits.places.items() if kind == "read"]
        for n, place in sorted(reads, reverse=True)[: options.lines]:
            print(f"    {n / len(results):6.1f}  {place}")


if __name__ == "__main__":
    main()
