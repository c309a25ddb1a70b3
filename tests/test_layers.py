"""Reads every import of the package and fails where a file reaches below its own layer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "vidseg"

LAYERS = (
    {
        "types",
        "prompts",
        "results",
        "labels",
        "errors",
        "progress",
        "vocabularies",
        "vocabulary_data",
    },
    {"video", "geometry", "formats"},
    {"nn"},
    {"backbones"},
    {"models", "weights"},
    {"inference", "datasets", "metrics"},
    {"evaluation", "training", "recipes"},
    {"cli", "web", "__main__"},
)
STRANGERS = {"inference", "datasets", "metrics"}  # of one layer, but unknown to each other
LIGHT = LAYERS[0]  # no torch even inside functions
TORCHLESS = LAYERS[0] | LAYERS[1] | {"cli", "__main__", "__init__"}  # no torch at import
HEAVY = {"torch", "transformers"}


def layer_of(part: str) -> int | None:
    return next((depth for depth, parts in enumerate(LAYERS) if part in parts), None)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The first name under vidseg: a package or a module; ``__init__`` for vidseg itself."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_names(node: ast.AST, path: Path) -> list[str]:
    """Full dotted names that an import statement asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    if not node.level:
        module = node.module or ""
    else:
        package = ("vidseg", *path.relative_to(PACKAGE).parent.parts)
        above = package[: len(package) - node.level + 1]
        module = ".".join((*above, node.module) if node.module else above)
    return [f"{module}.{alias.name}" for alias in node.names]


def parts_imported(path: Path, tree: ast.AST) -> set[str]:
    names = [name for node in ast.walk(tree) for name in imported_names(node, path)]
    return {name.split(".")[1] for name in names if name.startswith("vidseg.")}


def breaches(path: Path, tree: ast.AST) -> list[str]:
    own = part_of(path)
    depth = layer_of(own)
    found = []
    for part in sorted(parts_imported(path, tree)):
        other = layer_of(part)
        if other is None or own == "__init__":
            continue  # a name such as __version__, or the lazy public names
        if depth is None or other > depth:
            found.append(f"{path.name} ({own}) imports {part}, which lies below it")
        if {own, part} <= STRANGERS and own != part:
            found.append(f"{path.name} ({own}) imports {part}; these do not know each other")
    return found


def top_level_imports(tree: ast.Module, path: Path) -> set[str]:
    """First names imported when the module is; those under TYPE_CHECKING are not."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
            continue
        names.update(name.split(".")[0] for name in imported_names(node, path))
        waiting.extend(ast.iter_child_nodes(node))
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_stay_in_their_layer(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert part_of(path) == "__init__" or layer_of(part_of(path)) is not None, (
        f"{part_of(path)} has no layer; add it to LAYERS"
    )
    assert not breaches(path, tree)
    if part_of(path) in TORCHLESS:
        assert not top_level_imports(tree, path) & HEAVY
    if part_of(path) in LIGHT:
        everything = {
            name.split(".")[0] for node in ast.walk(tree) for name in imported_names(node, path)
        }
        assert not everything & HEAVY


@pytest.mark.parametrize(
    ("place", "line", "fails"),
    [
        ("models/univs/model.py", "from ...inference.session import Session", True),
        ("models/univs/model.py", "from ...nn.layers import MLP", False),
        ("nn/layers.py", "import vidseg.models.univs.model", True),
        ("inference/session.py", "from ..metrics.jf import j", True),
        ("results.py", "from .geometry import masks", True),
        ("training/loop.py", "def f():\n    from ..cli.main import main", True),
        ("cli/main.py", "from .. import __version__", False),
    ],
)
def test_the_reader_of_imports_sees_breaches(place: str, line: str, fails: bool) -> None:
    assert bool(breaches(PACKAGE / place, ast.parse(line))) is fails
