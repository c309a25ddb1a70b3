"""``vidseg weights convert``: published weights as a folder that ``--model`` takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import printable

if TYPE_CHECKING:
    from .parser import Verbs


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "convert",
        help="published weights into a model folder",
        description="Writes published weights as vidseg reads them, and says what became of every "
        "tensor. Where the file comes from is told from the names inside. Nothing in it is run.",
        epilog="known files:\n"
        "  UniVS .pth, all stages and backbones, with or without moving averages: a whole model\n"
        "  Mask2Former .pkl or .pth of Detectron2, or a folder of Hugging Face: a whole model of\n"
        "  the classes that it was trained on, and a beginning for vidseg train\n"
        "  ResNet-50 of torchvision, Swin of ImageNet: the beginning of a model, for vidseg train\n"
        "  CLIP text towers (OpenAI, RegionCLIP, Hugging Face), the released table of concepts:\n"
        "  put beside the model in DST\n"
        "\nexamples:\n"
        "  vidseg weights convert univs_r50_stage3.pth models/univs_r50\n"
        "  vidseg weights convert regionclip_pretrained-cc_rn50x4.pth models/univs_r50\n"
        "  vidseg segment clip.mp4 --model models/univs_r50 --task vis --categories person",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "source", metavar="SRC", help="a file, a folder of HF, or the name of downloaded weights"
    )
    parser.add_argument(
        "destination",
        metavar="DST",
        type=Path,
        help="a folder; a .safetensors for text weights alone",
    )
    parser.add_argument(
        "--stepped",
        action="store_true",
        help="of a file with moving averages, take the weights that training stepped",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Converts, then says what was taken, left out and made up."""
    from ..inference.files.conversion import convert
    from .weights_report import filling_lines, translation_lines

    done = convert(options.source, options.destination, averaged=not options.stepped)
    print(f"{printable(options.source)}: {done.opened.origin.value}")
    for line in translation_lines(done.opened):
        print(f"  {printable(line)}")
    if done.filling is not None:
        for line in filling_lines(done.filling):
            print(f"  {printable(line)}")
    names = ", ".join(file.name for file in done.files)
    print(f"{printable(done.files[0].parent)}: {names}")
    return 0
