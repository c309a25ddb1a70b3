"""``vidseg ablation``: the ablation tables of GvSeg and UniVS on datasets of one's own."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TrainingError
from .parser import positive_count

if TYPE_CHECKING:
    from ..training.recipe.schema import Recipe
    from .parser import Verbs

_EPILOG = """\
rows for a recipe of GvSeg, as in Table 4 of its paper:
  a  components        b  threshold and queue        c  histogram
  d  association       e  samples of the contrastive loss
rows for a stage-2 recipe of UniVS, as in Tables 4a and 4b, and 3, 4, 5, 7 of the supplement:
  a  prompts as queries and ProCA     b  tracker and stage 3      c  architectures
  d  self-attention of prompts        e  search for new objects   f  data of prompts

examples:
  a table as in the paper
    vidseg ablation gvseg_r50_vipseg data.root=/datasets --out runs/ablation
  two parts and one row on small data, 300 steps each
    vidseg ablation gvseg_nano data.root=data --rows a,e,b1 --steps 300 --out runs/small
  UniVS with benchmarks of one's own (docs/train.md)
    vidseg ablation univs_ablation.yaml --rows a,b1,b2,d --out runs/univs

Rows that are done are not done again: the same command goes on where it was stopped.
docs/gvseg.md and docs/train.md say what each row changes.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "ablation",
        help="train and measure each row of an ablation table of GvSeg or UniVS",
        description="Trains RECIPE once for each row of the table, measures it on the recipe's\n"
        "benchmarks, and writes table.md and table.json.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe, or a YAML file")
    parser.add_argument(
        "settings", metavar="key=value", nargs="*", help="values to change in every row"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of runs and table")
    parser.add_argument("--rows", metavar="a,b3", help="parts or rows; all of them by default")
    parser.add_argument("--steps", type=positive_count, metavar="N", help="steps of each training")
    parser.settings = "settings"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb."""
    from ..training.ablation.run import Ablation, run_ablation, table_of, wanted_rows
    from ..training.engine import train
    from ..training.recipe.reading import read_recipe
    from ..training.scoring.evaluation import measure_run

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise TrainingError("An ablation needs one process; leave torchrun out.")

    def resume(recipe: Recipe, out: Path) -> None:
        train(recipe, out, resume=True)

    rows = table_of(options.recipe, read_recipe(options.recipe, options.settings))
    ablation = Ablation(
        recipe=options.recipe,
        settings=options.settings,
        out=Path(options.out),
        rows=wanted_rows(options.rows, rows),
        steps=options.steps,
        command=shlex.join(["vidseg", *sys.argv[1:]]),
    )
    table = run_ablation(ablation, resume, measure_run)
    print(table.read_text(encoding="utf-8"), end="")
    return 0
