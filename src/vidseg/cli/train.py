"""``vidseg train``: trains a model by a recipe."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..terminal import console

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..training.recipe.schema import Recipe
    from .parser import Verbs

_EPILOG = """\
recipes:
  nano_stage1 .. 3                 the default model, on small open data
  univs_{r50,swint,swinb,swinl}_stage1 .. 3
                                   UniVS as released; with _paper behind: Table 6 of the paper
  gvseg_{r50,swinb,swinl}_DATASET, gvseg_nano
                                   GvSeg; docs/gvseg.md lists the datasets
  any file that ends in .yaml      it may build on a recipe: base: univs_r50_stage2

examples:
  what a recipe says, with one value changed; the output is a recipe itself
    vidseg train nano_stage1 optimiser.lr=1e-4 --print-config
  does everything fit: data, shapes, memory, the model
    vidseg train nano_stage1 data.root=data --dry-run
  one process, then eight of them
    vidseg train nano_stage1 data.root=data --out runs/first
    torchrun --nproc-per-node 8 -m vidseg train univs_r50_stage1 data.root=datasets
  stage 2 from the output of stage 1; go on after a stop
    vidseg train nano_stage2 data.root=data init.start=runs/first --out runs/second
    vidseg train nano_stage2 data.root=data init.start=runs/first --out runs/second --resume

docs/train.md explains every key.
"""


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "train",
        help="train a model by a recipe",
        description="Trains a model as RECIPE says, with the values that are given on the line.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe by name, or a YAML file")
    parser.add_argument(
        "settings", metavar="key=value", nargs="*", help="values to change, such as data.clips=4"
    )
    parser.add_argument(
        "--out", metavar="DIR", help="folder for checkpoints and logs (default: runs/RECIPE)"
    )
    parser.add_argument("--resume", action="store_true", help="go on where DIR stopped")
    parser.settings = "settings"
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--dry-run", action="store_true", help="check data, shapes and memory; train nothing"
    )
    only.add_argument("--print-config", action="store_true", help="print the whole recipe")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb."""
    from ..training.recipe.reading import read_recipe, recipe_text

    recipe = read_recipe(options.recipe, options.settings)
    if options.print_config:
        sys.stdout.write(recipe_text(recipe))
        return 0
    if options.dry_run:
        return _dry_run(recipe)
    out = Path(options.out) if options.out else Path("runs") / Path(options.recipe).stem
    if out.exists() and not out.is_dir():
        raise OutputError(f"--out is {out}, which is a file; give a folder.")
    from ..training.engine import train

    train(recipe, out, resume=options.resume)
    return 0


def _dry_run(recipe: Recipe) -> int:
    from ..training.dry_run.report import dry_run

    terminal = console(highlight=True)

    def show(part: RenderableType) -> None:
        terminal.print(part)
        terminal.print()

    dry_run(recipe, show)
    return 0
