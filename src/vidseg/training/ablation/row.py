"""A row of an ablation table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class AblationRow:
    """What is changed, and what the paper found.

    Attributes:
        name: letter of the part of the table and number of the row.
        label: what the paper calls it.
        published: figures of the paper by what they measure, percent.
        overrides: of the recipe.
        anew: whether the stage that the recipe begins with is trained anew with the overrides,
            because they change the model or its data.
        goes_on: whether stage 3 follows, from the weights of the recipe.
        lacks: tasks that the model of the row cannot be asked; their benchmarks are left out.
    """

    name: str
    label: str
    published: Mapping[str, float]
    overrides: tuple[str, ...] = ()
    anew: bool = False
    goes_on: bool = False
    lacks: tuple[str, ...] = ()
