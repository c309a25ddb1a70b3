"""``vidseg train`` around the tiny run of the engine's tests: ``OUT [--resume]``."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from vidseg.cli.main import main
from vidseg.training import engine
from vidseg.training.parallel.processes import team
from vidseg.training.recipe.schema import Recipe

from ..training.stand_in_run import stand_in_parts, stand_in_recipe

SETTINGS = {"steps": 30, "engine": {"save_every": 5}, "pause": 0.02}


def train(recipe: Recipe, out: Path, *, resume: bool) -> None:
    """Stands in for the training that a recipe asks for."""
    torch.set_num_threads(1)
    with team("cpu") as crew:
        parts = stand_in_parts(SETTINGS, crew.rank, crew.world)
        engine.run(stand_in_recipe(SETTINGS), parts, out, crew, resume=resume)


if __name__ == "__main__":
    engine.train = train
    raise SystemExit(main(["train", "nano_stage1", "--out", *sys.argv[1:]]))
