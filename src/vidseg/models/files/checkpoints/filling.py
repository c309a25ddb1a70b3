"""Tensors put into a model, and what became of each tensor that the model has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

_QUERIES = ("mask_decoder.query_content.weight", "mask_decoder.query_position.weight")
_COMPUTED = "relative_position_index"
"""A table that follows from the window size, and that not every origin stores."""


@dataclass
class Filling:
    """Names of a model's tensors by what became of them.

    Attributes:
        filled: have the numbers of the checkpoint.
        rows: queries of which only the first are filled -> (rows of the checkpoint, of the model);
            the others keep their initial values, or are ignored where the checkpoint has more.
        fresh: keep their initial values, because no checkpoint of that origin has such a part.
        lacking: keep their initial values although the checkpoint should have them.
        misfits: keep their initial values, for the shape differs -> (of the checkpoint, of ours).
        homeless: names of the state that the model does not have.
        unused: names of the state that were left out because models of this kind have no such part.
    """

    filled: list[str] = field(default_factory=list)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    misfits: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    homeless: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """What should have been filled and is not."""
        return [*self.misfits, *self.lacking]

    @property
    def untrained(self) -> list[str]:
        """What keeps its start, wholly or in part."""
        short = [name for name, (there, here) in self.rows.items() if there < here]
        return [*self.fresh, *short, *self.wrong]


def fill(model: nn.Module, state: Mapping[str, Tensor], not_there: Sequence[str] = ()) -> Filling:
    """Copies what fits, converting its type.

    Args:
        model: changed in place.
        state: under the model's own names.
        not_there: beginnings of names that no checkpoint of this origin has; "#" is a number.
    """
    absent = [re.compile(re.escape(name).replace(r"\#", r"\d+")) for name in not_there]
    own = model.state_dict()
    out = Filling(homeless=[name for name in state if name not in own])
    with torch.no_grad():
        for name, target in own.items():
            value = state.get(name)
            if value is None:
                if not name.endswith(_COMPUTED):
                    known = any(pattern.match(name) for pattern in absent)
                    (out.fresh if known else out.lacking).append(name)
            elif value.shape == target.shape:
                target.copy_(value)
                out.filled.append(name)
            elif name in _QUERIES and value.shape[1:] == target.shape[1:]:
                shared = min(len(value), len(target))
                target[:shared] = value[:shared]
                out.rows[name] = (len(value), len(target))
            else:
                out.misfits[name] = (tuple(value.shape), tuple(target.shape))
    return out
