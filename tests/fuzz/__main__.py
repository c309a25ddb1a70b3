"""``python -m tests.fuzz``: damaged inputs of one target or of all, and what broke."""

from __future__ import annotations

import argparse
import sys
import time

from .runner import run, summary
from .targets import TARGETS


def main() -> int:
    """0 where every rule held."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", help="all whose name begins so; by default every one")
    parser.add_argument("--seed", type=int, default=0, help="of the first input")
    parser.add_argument("--count", type=int, default=100, help="inputs of each target")
    options = parser.parse_args()
    chosen = [t for t in TARGETS if t.name == options.target] or [
        t for t in TARGETS if t.name.startswith(options.target or "")
    ]
    if not chosen:
        parser.error(
            f"no target {options.target!r}; there are {', '.join(t.name for t in TARGETS)}"
        )
    outcomes = []
    for target in chosen:
        began = time.monotonic()
        outcome = run(target, options.seed, options.count)
        outcomes.append((target.name, outcome))
        for failure in outcome.failures:
            print(failure, flush=True)
        print(f"{target.name}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    print(summary(outcomes))
    return 1 if any(outcome.failures for _, outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
