"""The commands and the Python that a Markdown file shows, run one after the other.

Blocks marked ``bash`` or ``python`` run; one that begins with ``# NAME.yaml`` is written to that
file. Set-up commands (``git``, ``cd``, ``make``, ``pip``) are what brought us here. A block that
begins with ``# not run by CI: ...`` is left out; a ``vidseg`` command without a mark is a mistake.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SET_UP = ("git ", "cd ", "make ", "pip ", "#")
LEFT_OUT = "# not run by CI: "


def blocks(text: str) -> list[tuple[str, str]]:
    """(mark, content) of the fenced blocks."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands_of(content: str) -> list[str]:
    """Lines of a shell block that are to be run."""
    joined = re.sub(r"\\\n\s*", "", content)
    return [line for line in joined.splitlines() if line.strip() and not line.startswith(SET_UP)]


def run_blocks(document: Path, folder: Path) -> None:
    """Runs every command in ``folder``; stops at the first that fails."""
    ran = 0
    for mark, content in blocks(document.read_text(encoding="utf-8")):
        named = re.match(r"# ([\w-]+\.yaml)\n", content)
        if named:
            (folder / named[1]).write_text(content, encoding="utf-8")
        if content.startswith(LEFT_OUT):
            continue
        if mark not in ("bash", "python"):
            if re.search(r"^(vidseg|torchrun) [a-z-]", content, flags=re.MULTILINE):
                sys.exit(f"{document}: mark this block with bash, so that it is run:\n{content}")
            continue
        for command in commands_of(content) if mark == "bash" else [content]:
            print(f"--- {mark}: {command.strip()}", flush=True)
            argument = [sys.executable, "-c", command] if mark == "python" else command
            subprocess.run(argument, shell=mark == "bash", cwd=folder, check=True)
            ran += 1
    if not ran:
        sys.exit(f"no command found in {document}")
    print(f"{ran} commands of {document} ran")
