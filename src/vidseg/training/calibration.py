"""What small models get after training: a mean with an earlier model, and a calibrated memory.

The mean with the model that a run started from, if asked for: both lie in the same loss basin, and
their mean often keeps most of what each of them learned (Wortsman et al., "Robust fine-tuning of
zero-shot models", CVPR 2022). Then the calibration of the pixel memory, and storage in half
precision. ``vidseg weights finish`` is the command for it.
"""

from __future__ import annotations

from pathlib import Path

import torch

from ..errors import ModelError
from ..models.loading import Model, load_model
from ..models.univs.model import UniVS
from ..models.univs.propagation import Propagation

# Chosen on real development video (DAVIS-2016 dev, mask prompts), after training.
_CALIBRATED_WEIGHTS = (2.0, 3.0, 1.5, 3.0)  # in the order of MapKind
_CALIBRATED_GROWTH = 1.2


def finish(
    trained: Path, destination: Path, *, mean_with: Path | None = None, share: float = 0.5
) -> None:
    """Writes the finished model of a trained one, in half precision.

    Args:
        trained: model folder.
        destination: folder to write.
        mean_with: folder of the model that training started from; None for no mean.
        share: weight of ``trained`` in that mean, 0..1.

    Raises:
        ModelError: a folder holds no model, or the two differ in more than their weights.
        OutputError: the destination cannot be written to.
    """
    model = load_model(trained) if mean_with is None else average(mean_with, trained, share)
    if isinstance(model, UniVS) and model.propagation is not None:
        calibrate(model.propagation)
    model.save_pretrained(destination, half=True)


def calibrate(propagation: Propagation) -> None:
    """Sets how far to trust the memory where objects change, which moved stills cannot teach."""
    with torch.no_grad():
        propagation.map_weight.bias.copy_(torch.tensor(_CALIBRATED_WEIGHTS))
        propagation.growth.fill_(_CALIBRATED_GROWTH)


def average(first: Path, second: Path, share: float = 0.5) -> Model:
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
