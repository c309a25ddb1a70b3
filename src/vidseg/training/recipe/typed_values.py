"""From plain values (YAML, JSON) to frozen dataclasses and back, with errors that name the key."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from ...errors import RecipeError, nearest_hint
from ...formats.plain_values import typed, wrong

NAME_FIELD = "name"
"""Tuples of dataclasses are written as a mapping by their name, so they must have one."""


@cache
def hints_of(cls: type) -> dict[str, Any]:
    """Field name → type of a dataclass."""
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}


def recipe_value(value: Any, hint: Any, key: str, *, partial: bool = False) -> Any:
    """The value of ``hint``'s type that a plain value stands for.

    Args:
        value: of YAML or JSON.
        hint: a dataclass, int, float, str, bool, a Literal, ``X | None``, a tuple or a Mapping
            of these.
        key: dotted name, for messages; empty for the whole.
        partial: required keys may be missing; what comes back is of no use then.

    Raises:
        RecipeError: an unknown or missing key, or a value of another type.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        (inner,) = (a for a in arguments if a is not types.NoneType)
        return recipe_value(value, inner, key, partial=partial)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(value, hint, key, {}, partial)
    if _is_named_tuple(hint):
        return _named_tuple(value, arguments[0], key, partial)
    if is_mapping(hint):
        return _mapping(value, arguments[1], key, partial)
    return _simple(value, hint, key)


def plain(value: Any) -> Any:
    """The inverse of :func:`recipe_value`: dicts, lists and scalars."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        values = {name: (getattr(value, name), h) for name, h in hints_of(type(value)).items()}
        return {
            name: {item.name: _without_name(plain(item)) for item in part}
            if _is_named_tuple(hint)
            else plain(part)
            for name, (part, hint) in values.items()
        }
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def leaf_keys(cls: type, prefix: str = "") -> list[str]:
    """Dotted names of all values below a dataclass, for suggestions."""
    found = []
    for name, hint in hints_of(cls).items():
        inner = [a for a in get_args(hint) if a is not types.NoneType] or [hint]
        if dataclasses.is_dataclass(inner[0]) and get_origin(hint) is not tuple:
            assert isinstance(inner[0], type)
            found += leaf_keys(inner[0], f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    return found


def _dataclass(value: Any, cls: type, key: str, given: Mapping[str, Any], partial: bool) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(key or "a recipe", f"keys such as {next(iter(hints_of(cls)))}", value)
    hints = {name: hint for name, hint in hints_of(cls).items() if name not in given}
    for name in value:
        if name not in hints:
            raise RecipeError(
                f"{_joined(key, name)} is no key of a recipe{_suggestion(key, str(name), hints)}."
            )
    parts = {
        name: recipe_value(part, hints[name], _joined(key, name), partial=partial)
        for name, part in value.items()
    }
    if partial:
        return None
    for f in dataclasses.fields(cls):
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and f.name not in parts and f.name not in given:
            raise RecipeError(f"{_joined(key, f.name)} is missing; a recipe needs it.")
    return cls(**given, **parts)


def _suggestion(key: str, name: str, hints: Mapping[str, Any]) -> str:
    """The nearest key of the same level, or what has that name on another one."""
    from .schema import Recipe

    near = nearest_hint(name, hints)
    if near:
        return near.replace("'", f"'{key}.", 1) if key else near
    elsewhere = [leaf for leaf in leaf_keys(Recipe) if leaf.rsplit(".", 1)[-1] == name]
    return f"; the nearest is {elsewhere[0]!r}" if elsewhere else f"; known are {', '.join(hints)}"


def _named_tuple(value: Any, item: type, key: str, partial: bool) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(key, "entries by name", value)
    return tuple(
        _dataclass(part, item, f"{key}.{name}", {NAME_FIELD: str(name)}, partial)
        for name, part in value.items()
        if part is not None
    )


def _mapping(value: Any, inner: Any, key: str, partial: bool) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(key, "keys and values", value)
    if inner is Any:
        return {str(name): part for name, part in value.items()}
    return {
        str(name): recipe_value(part, inner, f"{key}.{name}", partial=partial)
        for name, part in value.items()
        if part is not None
    }


def _simple(value: Any, hint: Any, key: str) -> Any:
    try:
        return typed(value, hint, key)
    except ValueError as error:
        raise RecipeError(str(error)) from error


def _is_named_tuple(hint: Any) -> bool:
    """A tuple of dataclasses, which is written as a mapping by name."""
    return get_origin(hint) is tuple and dataclasses.is_dataclass(get_args(hint)[0])


def is_mapping(hint: Any) -> bool:
    """Whether a type is a ``Mapping[...]``."""
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _wrong(key: str, wanted: str, value: Any) -> RecipeError:
    return RecipeError(str(wrong(key, wanted, value)))


def _joined(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _without_name(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != NAME_FIELD}
