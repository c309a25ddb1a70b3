"""``vidseg weights download``: published weights by name, verified."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..terminal import plain_stderr, printable

if TYPE_CHECKING:
    from ..models.files.downloads.fetching import Fetched
    from ..models.files.registry import KnownWeights
    from .parser import Verbs

_MIB = 2**20


def add_parser(verbs: Verbs) -> None:
    """Adds the verb and its options."""
    parser = verbs.add_parser(
        "download",
        help="fetch known weights into the cache and verify them",
        description="Fetches a file by its name in `vidseg weights list`, or a model of the "
        "Hugging Face hub by its id. A download that was cut goes on where it ended. The path is "
        "printed on stdout. VIDSEG_CACHE names another cache, VIDSEG_MIRROR a web folder to ask "
        "in place of the publishers, VIDSEG_OFFLINE=1 is --offline for every command.",
        epilog="examples:\n"
        "  vidseg weights download clip_rn50x4\n"
        "  vidseg weights download mask2former_r50 --to weights\n"
        "  vidseg weights download facebook/mask2former-swin-tiny-coco-panoptic",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help="as listed, or a hub id like owner/name")
    parser.add_argument("--to", type=Path, metavar="DIR", help="folder in place of the cache")
    parser.add_argument(
        "--offline", action="store_true", help="use no network: only say where it is"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Runs the verb: the path on stdout, everything else on stderr."""
    try:
        if "/" in options.name:
            from ..models.files.downloads.fetching import fetch_from_hub

            with plain_stderr():  # the hub shows how it goes
                place = fetch_from_hub(options.name, options.to, offline=options.offline)
            print(printable(place))
            return 0
        from ..models.files.registry import get_known

        known = get_known(options.name)
        fetched = _fetch(known, options)
    except KeyboardInterrupt as stop:
        stop.args = (
            "Interrupted; what has come is kept, and the same command goes on from there.",
        )
        raise
    print(_told(known, fetched), file=sys.stderr)
    print(printable(fetched.path))
    return 0


def _fetch(known: KnownWeights, options: argparse.Namespace) -> Fetched:
    from ..models.files.downloads.fetching import fetch
    from ..progress import ProgressBar
    from .download_progress import DownloadProgress

    with ProgressBar(known.name, unit="MiB") as bar:
        watcher = DownloadProgress(bar)
        return fetch(known, options.to, offline=options.offline, watcher=watcher)


def _told(known: KnownWeights, fetched: Fetched) -> str:
    checked = {
        "": "its publisher gives no checksum to compare",
        "sha256": "as published",
    }.get(known.checked_by, f"the {known.checked_by} are as published")
    verb = "downloaded" if fetched.fresh else "was there already"
    licence = f"licence: {known.licence}" if known.licence else "no licence is stated"
    return (
        f"{known.name} {verb}: {fetched.size / _MIB:,.1f} MiB, sha256 {fetched.sha256} "
        f"({checked}); {licence}."
    )
