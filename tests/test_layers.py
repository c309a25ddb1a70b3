"""Reads every import of the package and fails where a file reaches below its own layer.

Fails too where folders of one package know each other against their order, and on any circle of
files. An import inside a function or for types alone counts like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Mapping
from functools import cache
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
        "interrupts",
        "paths",
        "limits",
        "progress",
        "terminal",
        "vocabularies",
        "vocabulary_data",
        "worker_pool",
    },
    {"pictures", "video", "geometry", "formats"},
    {"nn"},
    {"backbones"},
    {"models", "weights"},
    {"inference", "datasets", "metrics"},
    {"evaluation"},
    {"benchmarking"},
    {"training", "recipes"},
    {"cli", "web", "__main__"},
)
STRANGERS = {"inference", "datasets", "metrics"}  # of one layer, but unknown to each other
LIGHT = LAYERS[0]  # no torch even inside functions
TORCHLESS = LAYERS[0] | LAYERS[1] | {"cli", "__main__", "__init__"}  # no torch at import
HEAVY = {"torch", "transformers"}

# Folders and files of a package from the foundation up; what is not listed stands above them all,
# or where "*" is.
# Folders of one line do not know each other.
ROOMS: dict[str, tuple[set[str], ...]] = {
    "datasets": ({"sources"}, {"checks", "clips"}, {"augment"}, {"batches"}),
    "evaluation": (
        {"benchmark", "mask_folders", "object_report", "track_files", "read_ahead", "report_notes"},
        {"rules", "reports", "submissions"},
    ),
    "formats": ({"*"}, {"layouts"}, {"label_files"}),
    "inference": (
        {
            "clip",
            "config",
            "frame_geometry",
            "mask_scores",
            "released_behaviour",
        },
        {"memory", "tracking"},
        {"published"},
        {"policies"},
    ),
    "models": ({"files", "decoder", "pixel"}, {"prompts", "text"}, {"univs", "gvseg"}),
    "training": (
        {"parallel", "recipe"},
        {"data"},
        {"prompts"},
        {"losses"},
        {"objectives"},
        {"run"},
        {"scoring"},
        {"dry_run"},
    ),
}


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


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = ("vidseg", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported(path: Path, tree: ast.AST, known: Container[str]) -> set[str]:
    """Files of the package that a file imports, without the front door, which imports lazily."""
    found = set()
    for node in ast.walk(tree):
        for name in imported_names(node, path):
            module = name if name in known else name.rpartition(".")[0]
            if module in known:
                found.add(module)
    return found - {"vidseg", module_of(path)}


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of two nodes or more that all reach each other."""

    def reached(start: str) -> set[str]:
        found, waiting = set(), list(arrows[start])
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting += arrows.get(node, ())
        return found

    reach = {node: reached(node) for node in arrows}
    groups = {
        tuple(sorted(other for other in reach[node] if node in reach.get(other, ())))
        for node in arrows
        if node in reach[node]
    }
    return [list(group) for group in sorted(groups)]


def room_of(module: str, package: str) -> str | None:
    """The folder or file of a package that a module is or lies in."""
    parts = module.split(".")
    return parts[2] if parts[1] == package and len(parts) > 2 else None


def room_breaches(package: str, module: str, imported: Iterable[str]) -> list[str]:
    """Imports of a module that go up in the order of the rooms of its package."""
    order = ROOMS[package]
    depth = {room: k for k, rooms in enumerate(order) for room in rooms}
    rest, own = depth.get("*", len(order)), room_of(module, package)
    found = []
    for other in sorted(imported):
        room = room_of(other, package)
        if own is None or room is None or room == own:
            continue
        here, there = depth.get(own, rest), depth.get(room, rest)
        folders = all((PACKAGE / package / each).is_dir() for each in (own, room))
        if there > here or (there == here and folders):
            found.append(f"{module} imports {other}, but {own} does not stand above {room}")
    return found


@cache
def arrows() -> dict[str, set[str]]:
    """What every file but the front door imports."""
    files = {module_of(path): path for path in modules()}
    return {
        name: modules_imported(path, ast.parse(path.read_text(encoding="utf-8")), files)
        for name, path in files.items()
        if name != "vidseg"
    }


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


def test_no_circle_of_files() -> None:
    assert not circles(arrows())


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_are_entered_from_above(package: str) -> None:
    found = [
        breach
        for module, imported in arrows().items()
        if module.startswith(f"vidseg.{package}.")
        for breach in room_breaches(package, module, imported)
    ]
    assert not found


def test_the_reader_of_circles_sees_them() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set(), "f": {"f", "a"}}
    assert circles(graph) == [["a", "b", "c"], ["f"]]
    path = PACKAGE / "models" / "univs" / "model.py"
    text = "def f():\n    from ..loading import A\n    from .. import presets\n"
    known = {"vidseg.models.loading", "vidseg.models.presets", "vidseg.models.univs.model"}
    assert modules_imported(path, ast.parse(text), known) == {
        "vidseg.models.loading",
        "vidseg.models.presets",
    }


@pytest.mark.parametrize(
    ("module", "other", "fails"),
    [
        ("vidseg.training.losses.criterion", "vidseg.training.objectives.clip", True),
        ("vidseg.training.objectives.clip", "vidseg.training.losses.criterion", False),
        ("vidseg.training.recipe.schema", "vidseg.training.parallel.seeds", True),
        ("vidseg.training.run.ema", "vidseg.training.engine", True),
        ("vidseg.training.engine", "vidseg.training.run.ema", False),
        ("vidseg.training.losses.criterion", "vidseg.models.presets", False),
    ],
)
def test_the_reader_of_rooms_sees_breaches(module: str, other: str, fails: bool) -> None:
    assert bool(room_breaches("training", module, [other])) is fails
