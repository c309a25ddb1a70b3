"""Runs the commands and the Python of the README: readme_commands.py README.md FOLDER.

They run in FOLDER, where the shot of the demo lies as ``clip.mp4``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from markdown_commands import run_blocks

from vidseg.cli.demo import START, STOP, find_clip
from vidseg.video.source import open_source
from vidseg.video.writer import VideoWriter


def write_clip(path: Path) -> None:
    """The shot of the demo as a video of its own."""
    with open_source(find_clip(), start=START, stop=STOP) as source:
        writer = VideoWriter(path, source.fps)
        for frame in source:
            writer.write(frame.image, frame.time)
        writer.close()


def main() -> None:
    document, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    write_clip(folder / "clip.mp4")
    run_blocks(document, folder)


if __name__ == "__main__":
    main()
