"""Every module can be imported first: none needs another to have been imported before it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "vidseg"

FIRST = """
import importlib, sys

failed = []
for name in sys.stdin.read().split():
    for known in [known for known in sys.modules if known.split(".")[0] == "vidseg"]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")
print(*failed, sep="\\n")
"""


def names(package: Path) -> list[str]:
    """Dotted names of all modules of a package but those that run when they are imported."""
    found = []
    for file in sorted(package.rglob("*.py")):
        parts = (package.name, *file.relative_to(package).with_suffix("").parts)
        if parts[-1] != "__main__":
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def failures(modules: list[str], source: Path, compiled: Path) -> list[str]:
    """Imports each module in a state where no other module of the package was imported.

    Args:
        modules: dotted names.
        source: the folder of the package.
        compiled: a folder for bytecode, without which every import would compile again.
    """
    paths = {"PYTHONPATH": str(source), "PYTHONPYCACHEPREFIX": str(compiled)}
    done = subprocess.run(
        [sys.executable, "-c", FIRST],
        input="\n".join(modules),
        env={**os.environ, **paths, "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


def test_every_module_can_be_imported_first(tmp_path: Path) -> None:
    modules = names(PACKAGE)
    assert len(modules) > 400 and "vidseg.inference.segmenter" in modules
    assert not failures(modules, PACKAGE.parent, tmp_path)


def test_a_circle_is_seen(tmp_path: Path) -> None:
    package = tmp_path / "vidseg"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "first.py").write_text("from vidseg.second import TWO\nONE = 1\n")
    (package / "second.py").write_text("from vidseg.first import ONE\nTWO = ONE + 1\n")
    (package / "third.py").write_text("import json\n")
    found = failures(names(package), tmp_path, tmp_path / "compiled")
    assert [line.split(":")[0] for line in found] == ["vidseg.first", "vidseg.second"]
    assert all("circular import" in line for line in found)
