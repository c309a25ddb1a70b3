"""Values of JSON and YAML against the types that they stand for."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import nearest_hint

_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def typed(value: Any, hint: Any, key: str) -> Any:
    """The value of ``hint``'s type that a plain value stands for.

    Args:
        value: of JSON or YAML; a list stands for a tuple, a whole number for a float as well.
        hint: int, float, str, bool, a Literal, a tuple of these, or one of them or None.
        key: name for the message.

    Raises:
        ValueError: the value is of another type; its text is one sentence that names the key.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and types.NoneType in arguments:
            return None
        (inner,) = (a for a in arguments if a is not types.NoneType)
        return typed(value, inner, key)
    if origin is tuple:
        return _tuple(value, arguments, key)
    if origin is Literal:
        if value not in arguments or isinstance(value, bool):
            names = [str(choice) for choice in arguments]
            raise wrong(key, f"one of {', '.join(names)}", value, nearest_hint(str(value), names))
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise wrong(key, _WORDS[hint], value)
    return value


def wrong(key: str, wanted: str, value: Any, hint: str = "") -> ValueError:
    """``key needs a number, not 'big'.``, with what helps in ``hint``."""
    shown = "nothing" if value is None else repr(value)
    return ValueError(f"{key} needs {wanted}, not {shown}{hint}.")


def _tuple(value: Any, arguments: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise wrong(key, "a list", value)
    if arguments[-1] is Ellipsis:
        return tuple(typed(item, arguments[0], key) for item in value)
    if len(value) != len(arguments):
        raise wrong(key, f"a list of {len(arguments)} values", value)
    return tuple(typed(item, hint, key) for item, hint in zip(value, arguments, strict=True))
