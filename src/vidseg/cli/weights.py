"""``vidseg weights``: published weights listed, fetched, looked at, converted and finished."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parser import Verbs


def add_parser(verbs: Verbs) -> None:
    """Adds the group and its verbs."""
    from . import weights_convert, weights_download, weights_finish, weights_info, weights_list

    parser = verbs.add_parser(
        "weights",
        help="list, fetch, look at, convert and finish weights",
        description="Works on weights: published files of UniVS, Mask2Former, CLIP and backbones, "
        "and models of vidseg.",
        epilog="examples:\n"
        "  vidseg weights list\n"
        "  vidseg weights download clip_rn50x4\n"
        "  vidseg weights info univs_r50_stage3.pth\n"
        "  vidseg weights convert univs_r50_stage3.pth models/univs_r50\n"
        "  vidseg weights convert RN50x4.pt models/univs_r50",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    inner = parser.add_subparsers(dest="weights_verb", metavar="VERB", required=True)
    modules = (weights_list, weights_download, weights_info, weights_convert, weights_finish)
    for module in modules:
        module.add_parser(inner)
