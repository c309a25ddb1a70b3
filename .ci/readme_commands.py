"""Runs the commands and the Python of a Markdown file: readme_commands.py README.md FOLDER.

Blocks marked ``bash`` or ``python`` run in FOLDER, in order, where the shot of the demo lies as
``clip.mp4``. Set-up commands (``git``, ``cd``, ``make``, ``pip``) are what brought us here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from vidseg.cli.demo import START, STOP, find_clip
from vidseg.video.source import open_source
from vidseg.video.writer import VideoWriter

SET_UP = ("git ", "cd ", "make ", "pip ", "#")


def blocks(text: str) -> list[tuple[str, str]]:
    """(language, content) of the fenced blocks."""
    return re.findall(r"^```(bash|python)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


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
    ran = 0
    for language, content in blocks(document.read_text(encoding="utf-8")):
        if language == "bash":
            joined = content.replace("\\\n", " ")
            commands = [c for c in joined.splitlines() if c.strip() and not c.startswith(SET_UP)]
        else:
            commands = [content]
        for command in commands:
            print(f"--- {language}: {command.strip()}", flush=True)
            argument = [sys.executable, "-c", command] if language == "python" else command
            subprocess.run(argument, shell=language == "bash", cwd=folder, check=True)
            ran += 1
    if not ran:
        sys.exit(f"no command found in {document}")
    print(f"{ran} commands of {document} ran")


if __name__ == "__main__":
    main()
