"""``vidseg data``: labelled data looked at, counted, checked and converted."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parser import Verbs


def add_parser(verbs: Verbs) -> None:
    """Adds the group and its verbs."""
    from . import data_check, data_convert, data_show, data_stats

    parser = verbs.add_parser(
        "data",
        help="check, show, count and convert labelled videos and stills",
        description="Works on labelled videos and stills in the folder layout of their dataset.",
        epilog="examples:\n"
        "  vidseg data check davis2017 DAVIS\n"
        "  vidseg data show coco_instances coco --split val2017 --out out/coco\n"
        "  vidseg data stats ytvis2019 youtube_vis --split train\n"
        "  vidseg data convert labels.json out --from ytvis --to davis --allow classes",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    inner = parser.add_subparsers(dest="data_verb", metavar="VERB", required=True)
    for module in (data_check, data_show, data_stats, data_convert):
        module.add_parser(inner)
