"""Values of JSON and YAML against the types that they stand for."""

from __future__ import annotations

import math
import types
from reprlib import Repr
from typing import Any, Literal, Union, get_args, get_origin

from ..errors import nearest_hint

_LONGEST = 80  # characters of a value that a sentence quotes
_QUOTES = Repr()
_QUOTES.maxlevel, _QUOTES.maxstring, _QUOTES.maxother = 3, _LONGEST, _LONGEST

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
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        number = finite(value)
        if number is None:
            raise wrong(key, "a finite number", value)
        return number
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise wrong(key, _WORDS[hint], value)
    return value


def finite(value: Any) -> float | None:
    """The number that a value stands for; None for anything else, and for what is not finite."""
    if type(value) is not int and type(value) is not float:
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return None
    return number if math.isfinite(number) else None


def wrong(key: str, wanted: str, value: Any, hint: str = "") -> ValueError:
    """``key needs a number, not 'big'.``, with what helps in ``hint``."""
    said = "nothing" if value is None else shown(value)
    return ValueError(f"{key} needs {wanted}, not {said}{hint}.")


def shown(value: Any) -> str:
    """``value`` as a sentence quotes it: a long list, text or number is cut."""
    try:
        words = _QUOTES.repr(value)
    except (RecursionError, ValueError):  # ValueError: more digits than are written
        words = f"a {type(value).__name__}"
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def _tuple(value: Any, arguments: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise wrong(key, "a list", value)
    if arguments[-1] is Ellipsis:
        return tuple(typed(item, arguments[0], key) for item in value)
    if len(value) != len(arguments):
        raise wrong(key, f"a list of {len(arguments)} values", value)
    return tuple(typed(item, hint, key) for item, hint in zip(value, arguments, strict=True))
