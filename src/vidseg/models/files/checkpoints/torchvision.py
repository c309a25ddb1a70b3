"""ResNet-50 of torchvision, also as Detectron2 renames it (``R-50.pkl`` with RGB input)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from .translation import Renaming, Translation

_ROWS = (
    ("conv1.", "backbone.stem.conv1."),
    ("bn1.", "backbone.stem.conv1.norm."),
    *(
        (f"layer{stage}.#.{theirs}", f"backbone.res{stage + 1}.#.{ours}")
        for stage in range(1, 5)
        for theirs, ours in (
            ("downsample.0.", "shortcut."),
            ("downsample.1.", "shortcut.norm."),
            *((f"conv{i}.", f"conv{i}.") for i in (1, 2, 3)),
            *((f"bn{i}.", f"conv{i}.norm.") for i in (1, 2, 3)),
        )
    ),
    ("stem.conv1.", "backbone.stem.conv1."),
    ("res#.", "backbone.res#."),
)
_CLASSES = "the classifier of ImageNet"
_NAMES = Renaming(_ROWS, (("fc.", _CLASSES), ("stem.fc.", _CLASSES)))


def translate(tensors: Mapping[str, Tensor]) -> Translation:
    """A published state dict under our names."""
    counts = {name for name in tensors if name.endswith("num_batches_tracked")}
    out = _NAMES.translate({name: v for name, v in tensors.items() if name not in counts})
    out.unused |= dict.fromkeys(counts, "a count of training steps; statistics are frozen here")
    return out
