"""YAML without its traps: 1e-4 is a number, on and no are words, a repeated key is an error."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ...errors import RecipeError

_FLOAT = re.compile(
    r"^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.(?:inf|nan))$"
)
_BOOL = re.compile(r"^(?:true|false|True|False)$")
_REPLACED = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("float", "bool", "timestamp"))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 - declared so by the base class
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))


class _Dumper(yaml.SafeDumper):
    """Lists in one line; mappings a line each. No anchors, which nobody reads."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers  # quotes what would be read as such

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    list,
    lambda dumper, values: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", values, flow_style=True
    ),
)


def load_yaml(text: str, origin: str) -> Any:
    """Plain values. Raises RecipeError, which begins with ``origin``, for what is not YAML."""
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None or "\n" not in text else f" in line {mark.line + 1}"
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise RecipeError(f"{origin}: not valid YAML{place}: {problem}.") from error


def dump_yaml(values: Any) -> str:
    """Text that :func:`load_yaml` reads back as it was."""
    text: str = yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True,
        width=100,
    )  # fmt: skip
    return text
