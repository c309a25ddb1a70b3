"""The mean of two models of one kind: ``python -m vidseg.training.averaging A B --out FOLDER``.

A model that was trained on from another lies in the same valley, and their mean often keeps what
the first could and most of what the second learned (Wortsman et al., "Robust fine-tuning of
zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from ..errors import ModelError
from ..models.univs import UniVS
from .nano_setup import calibrate


def average(first: Path, second: Path, share: float = 0.5) -> UniVS:
    """``(1 - share) first + share second``, parameter by parameter.

    Raises ModelError if a folder holds no model or the two differ in more than their weights.
    """
    a, b = UniVS.from_pretrained(first), UniVS.from_pretrained(second)
    if a.state_dict().keys() != b.state_dict().keys():
        raise ModelError(f"{first} and {second} are models of different kinds; no mean exists.")
    theirs = b.state_dict()
    with torch.no_grad():
        for name, value in a.state_dict().items():
            if value.shape != theirs[name].shape:
                raise ModelError(f"{name} differs in shape between {first} and {second}.")
            if value.is_floating_point():
                value.lerp_(theirs[name], share)
    return a


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m vidseg.training.averaging")
    parser.add_argument("first", type=Path, help="model folder")
    parser.add_argument("second", type=Path, help="model folder that was trained on from it")
    parser.add_argument("--share", type=float, default=0.5, help="of the second model, 0..1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    model = average(options.first, options.second, options.share)
    if model.propagation is not None:
        calibrate(model.propagation)
    model.save_pretrained(options.out, half=True)


if __name__ == "__main__":
    main()
