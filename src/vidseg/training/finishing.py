"""What is done to weights after training: ``python -m vidseg.training.finishing MODEL --out DIR``.

The mean with the model that a run began with, if asked for: a model that was trained on from
another lies in the same valley, and their mean often keeps what the first could and most of what
the second learned (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022). Then the
calibration of the pixel memory, and storage in half precision.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from ..errors import ModelError, VidsegError
from ..models.any_model import VideoModel, load_model
from ..models.univs.model import UniVS
from ..models.univs.propagation import Propagation

# Chosen on real development video (DAVIS-2016 dev, mask prompts), after training.
_CALIBRATED_WEIGHTS = (2.0, 3.0, 1.5, 3.0)  # in the order of MapKind
_CALIBRATED_GROWTH = 1.2


def calibrate(propagation: Propagation) -> None:
    """Sets what stills in motion cannot teach: how far to trust memory where objects change."""
    with torch.no_grad():
        propagation.map_weight.bias.copy_(torch.tensor(_CALIBRATED_WEIGHTS))
        propagation.growth.fill_(_CALIBRATED_GROWTH)


def average(first: Path, second: Path, share: float = 0.5) -> VideoModel:
    """``(1 - share) first + share second``, parameter by parameter.

    Raises ModelError if a folder holds no model or the two differ in more than their weights.
    """
    a, b = load_model(first), load_model(second)
    if type(a) is not type(b) or a.state_dict().keys() != b.state_dict().keys():
        raise ModelError(f"{first} and {second} are models of different kinds; no mean exists.")
    theirs = b.state_dict()
    with torch.no_grad():
        for name, value in a.state_dict().items():
            if value.shape != theirs[name].shape:
                raise ModelError(f"{name} differs in shape between {first} and {second}.")
            if value.is_floating_point():
                value.lerp_(theirs[name], share)
    return a


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 for folders that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m vidseg.training.finishing")
    parser.add_argument("trained", type=Path, help="model folder, such as runs/nano_stage3/model")
    parser.add_argument("--mean-with", type=Path, help="model folder that it was trained on from")
    parser.add_argument("--share", type=float, default=0.5, help="of TRAINED in the mean, 0..1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        if options.mean_with is None:
            model = load_model(options.trained)
        else:
            model = average(options.mean_with, options.trained, options.share)
        if isinstance(model, UniVS) and model.propagation is not None:
            calibrate(model.propagation)
        model.save_pretrained(options.out, half=True)
    except VidsegError as error:
        print(f"vidseg: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
