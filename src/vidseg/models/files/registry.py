"""Published weights by name: where they lie, how they are checked, what they reach.

The facts are in registry.json, from the pages that each entry names. What no page states,
such as the checksum or the licence of some files, is not there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from ...errors import ModelError, nearest_hint
from ...paths import user_path
from .cache_folder import weights_folder

Access = Literal["direct", "browser", "none"]
Kind = Literal["model", "pretrained", "text", "concepts", "backbone"]


@dataclass(frozen=True, kw_only=True)
class PublishedResults:
    """Figures as their authors report them; nothing here was measured with this package.

    Attributes:
        source: where they were published.
        values: percent, by what was measured.
    """

    source: str
    values: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class KnownWeights:
    """One published file.

    Attributes:
        name: what it is called here; ``aliases`` work as well.
        title: what it is.
        kind: "model" (UniVS), "pretrained" (Mask2Former), "text", "concepts" or "backbone".
        file: its name in the cache and on a mirror.
        access: "direct": anyone may fetch ``url``; "browser": ``url`` is a page that a
            person must confirm; "none": no public address is known.
        page: the publisher's page that lists it.
        size: bytes.
        sha256, md5: lower-case hexadecimal digits, md5 perhaps only the first ones, as some
            publishers put them into file names.
        licence: of the weights, as the publisher states it.
        results: None where none are reported for this very file.
    """

    name: str
    title: str
    kind: Kind
    file: str
    access: Access
    page: str
    url: str | None = None
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    licence: str | None = None
    aliases: tuple[str, ...] = ()
    results: PublishedResults | None = None

    @property
    def cached(self) -> Path | None:
        """The file in the cache; None where it is not there."""
        path = weights_folder() / self.file
        return path if path.is_file() else None

    @property
    def checked_by(self) -> str:
        """How a download is told from another file, in words; empty if by nothing but its size."""
        if self.sha256 is not None:
            return "sha256"
        return "" if self.md5 is None else f"first {len(self.md5)} digits of md5"


@cache
def known_weights() -> tuple[KnownWeights, ...]:
    """All published files that are known, in the order of the list."""
    file = files("vidseg.models.files") / "registry.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    return tuple(_entry(values, content["tables"]) for values in content["weights"])


def known_by_name(name: str) -> KnownWeights | None:
    """The entry with this name or alias, whatever its case; None if there is none."""
    key = _key(name)
    return next((w for w in known_weights() if key in (w.name, *w.aliases)), None)


def get_known(name: str) -> KnownWeights:
    """The entry with this name or alias. Raises ModelError, naming the nearest."""
    found = known_by_name(name)
    if found is not None:
        return found
    names = [n for w in known_weights() for n in (w.name, *w.aliases)]
    hint = nearest_hint(name, names, " Did you mean {!r}?")
    raise ModelError(f"No weights called {name!r} are known.{hint} See `vidseg weights list`.")


def downloaded(name: str) -> Path | None:
    """File in the cache of a known name; None for a name that is not known.

    Nothing is ever downloaded. Raises ModelError, with the command to give, for a known name
    whose file is not there.
    """
    known = known_by_name(name)
    if known is None:
        return None
    if known.cached is None:
        raise ModelError(
            f"{known.name} ({known.title}) is not downloaded yet; run `vidseg weights download "
            f"{known.name}`."
        )
    return known.cached


def embedded_models() -> dict[str, Path]:
    """Folders of the models inside the package, by name."""
    weights = Path(str(files("vidseg") / "weights"))
    if not weights.is_dir():
        return {}
    return {f.name: f for f in sorted(weights.iterdir()) if (f / "config.json").is_file()}


def weights_path(place: str | Path) -> Path:
    """The file or folder ``place`` if it exists, or else the downloaded file of a known name.

    Raises ModelError, with the command to give, for a known name that is not downloaded yet. What
    is neither comes back as the path that it is, for the reader to complain about.
    """
    path = user_path(place)
    if path.exists() or isinstance(place, Path):
        return path
    return downloaded(place) or path


def _key(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _entry(values: dict[str, Any], tables: dict[str, Any]) -> KnownWeights:
    facts = dict(values)
    reported = facts.pop("results", None)
    if reported is not None:
        table = tables[reported["table"]]
        figures = dict(zip(table["columns"], reported["values"], strict=True))
        facts["results"] = PublishedResults(source=table["source"], values=figures)
    return KnownWeights(**{**facts, "aliases": tuple(facts.get("aliases", ()))})
