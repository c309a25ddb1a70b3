"""Where downloaded weights and computed text features are kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ...paths import user_path


def cache_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder of vidseg in the cache of the platform; it need not exist yet.

    ``VIDSEG_CACHE`` names another. Otherwise ``XDG_CACHE_HOME/vidseg`` or ``~/.cache/vidseg`` on
    Linux, ``~/Library/Caches/vidseg`` on macOS, ``%LOCALAPPDATA%\\vidseg\\Cache`` on Windows.
    """
    chosen = environment.get("VIDSEG_CACHE")
    if chosen:
        return user_path(chosen)
    if platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData/Local") / "vidseg" / "Cache"
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "vidseg"
    base = Path(environment.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "vidseg"


def weights_folder() -> Path:
    """Downloaded files, under the names that ``vidseg weights list`` gives."""
    return cache_folder() / "weights"


def texts_folder() -> Path:
    """Features of lists of names, under hashes of what they were computed from."""
    return cache_folder() / "texts"


def asked_offline() -> bool:
    """Whether ``VIDSEG_OFFLINE`` forbids the network; empty, 0, no and false do not."""
    return os.environ.get("VIDSEG_OFFLINE", "").strip().lower() not in ("", "0", "no", "false")
