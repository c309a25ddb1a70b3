"""Recipes in YAML: where they lie, how they build on each other, and back to text.

A recipe may name others under ``base`` (one, or a list): their values are taken first, in that
order, then its own. Mappings are joined key by key; anything else is replaced. ``null`` takes a
source, a benchmark or an entry such as a learning-rate scale away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_origin

from ...errors import DataError, RecipeError, nearest_hint
from ...formats.texts import read_text
from ...paths import user_path
from .checks import check_recipe
from .schema import Recipe
from .typed_values import hints_of, is_mapping, leaf_keys, plain, recipe_value
from .yaml_files import dump_yaml, load_yaml

BASE = "base"
_NAMED_TUPLES = (("data", "sources"), ("evaluation", "benchmarks"))


def recipe_folder() -> Path:
    """The recipes inside the package; building blocks lie in its folder ``parts``."""
    return Path(str(files("vidseg") / "recipes"))


def recipe_names() -> tuple[str, ...]:
    """The recipes inside the package."""
    return tuple(sorted(file.stem for file in recipe_folder().glob("*.yaml")))


def read_recipe(name: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Reads a recipe and everything that it builds on.

    Args:
        name: a recipe inside the package, or a YAML file.
        overrides: ``key.sub=value`` each, the value in YAML; later ones win.

    Raises:
        RecipeError: no such recipe, bad YAML, an unknown key, a value of the wrong type or out of
            range; the message names the key and where it was found.
    """
    merged = _read_file(_find(str(name)), ())
    for override in overrides:
        values = _parse_override(override, merged)
        _check_layer(values, override)
        merged = merge(merged, values)
    for outer, inner in _NAMED_TUPLES:
        for entry, values in (merged.get(outer, {}).get(inner) or {}).items():
            if values is not None:
                values.setdefault("kind", str(entry))
    try:
        recipe: Recipe = recipe_value(merged, Recipe, "")
        check_recipe(recipe)
    except RecipeError as error:
        raise RecipeError(f"Recipe {name}: {error}") from error
    return recipe


def recipe_text(recipe: Recipe) -> str:
    """The whole recipe in YAML; reading it gives the same recipe."""
    return dump_yaml(plain(recipe))


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Deep copy of ``below`` with the values of ``above``; mappings are joined key by key."""
    joined = {
        key: merge(value, {}) if isinstance(value, Mapping) else value
        for key, value in below.items()
    }
    for key, value in above.items():
        if isinstance(value, Mapping):
            under = joined.get(key)
            joined[key] = merge(under if isinstance(under, dict) else {}, value)
        else:
            joined[key] = value
    return joined


def _find(name: str, beside: Path | None = None) -> Path:
    """The file of a recipe; ``beside`` is the folder of the one that names it."""
    if name.endswith((".yaml", ".yml")):
        file = (beside / name) if beside is not None else user_path(name)
        if file.is_file():
            return file
        raise RecipeError(f"There is no recipe file {file}; give one that exists, or a name.")
    file = recipe_folder() / f"{name}.yaml"
    if file.is_file() and file.resolve().is_relative_to(recipe_folder().resolve()):
        return file
    names = recipe_names()
    hint = nearest_hint(name, names) or f"; known are {', '.join(names)}"
    raise RecipeError(f"There is no recipe {name!r}{hint}; a file must end in .yaml.")


def _read_file(file: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """A recipe with its bases merged in, none of it checked for completeness."""
    if file in above:
        chain = " → ".join(path.stem for path in (*above, file))
        raise RecipeError(f"The recipe {file.stem} is its own base ({chain}); break the circle.")
    own = load_yaml(_text(file), str(file))
    if not isinstance(own, dict):
        raise RecipeError(f"{file} must hold keys and values, as vidseg train --print-config.")
    bases = own.pop(BASE, [])
    names = [bases] if isinstance(bases, str) else bases
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RecipeError(f"{file}: base needs the name of a recipe or a list of names.")
    _check_layer(own, str(file))
    merged: dict[str, Any] = {}
    for name in names:
        merged = merge(merged, _read_file(_find(name, file.parent), (*above, file)))
    return merge(merged, own)


def _text(file: Path) -> str:
    try:
        return read_text(file, "recipe")
    except DataError as error:
        raise RecipeError(str(error)) from error


def _check_layer(values: Mapping[str, Any], origin: str) -> None:
    """Keys and types of one file or override, so that the message can say which."""
    try:
        recipe_value(values, Recipe, "", partial=True)
    except RecipeError as error:
        raise RecipeError(f"{origin}: {error}") from error


def _parse_override(override: str, below: Mapping[str, Any]) -> dict[str, Any]:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise RecipeError(
            f"{override!r} is no setting; write key=value, such as optimiser.lr=1e-4."
        )
    path = _split(key.strip().split("."))
    if path[0] == BASE:
        raise RecipeError(f"{override}: base can only be set in a file.")
    if path[0] not in hints_of(Recipe):  # such as lr=1e-4
        inner = [leaf for leaf in leaf_keys(Recipe) if leaf.rsplit(".", 1)[-1] == path[-1]]
        hint = f"; the nearest is {inner[0]!r}" if inner else nearest_hint(key, leaf_keys(Recipe))
        raise RecipeError(f"{override}: {key} is no key of a recipe{hint}.")
    for outer, inner_key in _NAMED_TUPLES:
        known = below.get(outer, {}).get(inner_key) or {}
        if path[:2] == [outer, inner_key] and len(path) > 3 and path[2] not in known:
            listed = f"; known are {', '.join(known)}" if known else ""
            raise RecipeError(
                f"{override}: the recipe has no {outer}.{inner_key}.{path[2]}"
                f"{nearest_hint(path[2], known) or listed}."
            )
    value = load_yaml(text, override)
    for segment in reversed(path):
        value = {segment: value}
    assert isinstance(value, dict)
    return value


def _split(segments: list[str]) -> list[str]:
    """Segments of a key; the keys of a mapping, such as module names, may hold dots."""
    hint: Any = Recipe
    for depth, segment in enumerate(segments):
        if is_mapping(hint) and get_args(hint)[1] is not Any:
            return [*segments[:depth], ".".join(segments[depth:])]
        if get_origin(hint) is tuple:
            hint = get_args(hint)[0]
            continue
        if not isinstance(hint, type) or not hasattr(hint, "__dataclass_fields__"):
            return segments
        hint = hints_of(hint).get(segment)
    return segments
