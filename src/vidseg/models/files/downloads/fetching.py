"""Weights into the cache: known ones found, downloaded, verified and put in place; hub models."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from filelock import FileLock, Timeout

from ....errors import ModelError, OutputError, clause
from ....paths import user_path
from ..cache_folder import asked_offline, weights_folder
from ..registry import KnownWeights
from .transfer import Limits, Partial, Watcher, transfer


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file that is here, whole and verified.

    Attributes:
        path: where.
        size: bytes.
        sha256: of its content, whether or not one is published.
        fresh: whether it was downloaded just now.
    """

    path: Path
    size: int
    sha256: str
    fresh: bool


def fetch(
    known: KnownWeights,
    folder: Path | None = None,
    *,
    offline: bool = False,
    limits: Limits | None = None,
    watcher: Watcher | None = None,
) -> Fetched:
    """The file of ``known`` in ``folder`` or the cache, downloaded unless it is there already.

    ``VIDSEG_MIRROR`` is the address of a web folder that is asked in place of the publisher.
    Several processes may ask for the same file: one downloads, the others wait for it.

    Args:
        folder: made if it does not exist; the cache where it is None.
        offline: use no network; ``VIDSEG_OFFLINE`` asks for the same.

    Raises:
        ModelError: it is not here and cannot be fetched, or is not the published file.
        OutputError: the folder cannot be written to or is full.
    """
    watcher = watcher or Watcher()
    target = user_path(folder or weights_folder()) / known.file
    there = _found(known, target)
    if there is not None and there[1] is None:
        return there[0]
    if offline or asked_offline():
        state = "is not there" if there is None else there[1]
        raise ModelError(f"{target} {state}, and the network may not be used.")
    url = _address(known, target)
    with _alone(target, watcher):
        there = _found(known, target)  # another process may have been first
        if there is not None and there[1] is None:
            return there[0]
        return _download(known, url, target, limits or Limits(), watcher)


def fetch_from_hub(name: str, folder: Path | None = None, *, offline: bool = False) -> Path:
    """Folder with the configuration and the weights of a model of the hub.

    Safetensors are preferred; a model that has none is taken with its ``.bin`` files.

    Args:
        name: hub id like owner/name.
        folder: copies go here; None leaves them in the hub's cache.
        offline: use no network; ``VIDSEG_OFFLINE`` asks for the same.

    Raises:
        ModelError: it is not there, or holds no weights.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    offline = offline or asked_offline()
    for kind in ("safetensors", "bin"):
        try:
            place = snapshot_download(
                name,
                allow_patterns=["*.json", f"*.{kind}"],
                local_dir=folder,
                local_files_only=offline,
            )
        except (OSError, ValueError, HfHubHTTPError) as error:
            raise ModelError(
                f"The hub gives no model {name}: {clause(error)}; check the name and the "
                f"connection."
            ) from error
        if any(Path(place).glob(f"*.{kind}")):
            return Path(place)
    raise ModelError(f"{name} of the hub holds no weights (.safetensors or .bin).")


@contextmanager
def _alone(target: Path, watcher: Watcher) -> Iterator[None]:
    """Holds the lock of a file to come; tells the watcher if another process has it.

    The operating system lets go of it when a process ends, however that happens. Raises
    OutputError where the folder cannot be written to or knows no locks.
    """
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            watcher.waiting()
            lock.acquire()
    except OSError as error:
        raise OutputError(
            f"{target.parent} cannot be written to: {error.strerror or error}; choose another "
            f"folder on a local disk."
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):  # while it is held, so that those who wait see that it is gone
            Path(lock.lock_file).unlink()
        lock.release()


def _download(
    known: KnownWeights, url: str, target: Path, limits: Limits, watcher: Watcher
) -> Fetched:
    partial = Partial(target)
    begun = partial.resumable(url)[0]
    transfer(url, partial, size=known.size, limits=limits, watcher=watcher)
    size, sha256, problem = _examine(known, partial.path)
    if problem is not None and begun:  # what an earlier run left may have been damaged
        partial.discard()
        transfer(url, partial, size=known.size, limits=limits, watcher=watcher)
        size, sha256, problem = _examine(known, partial.path)
    if problem is not None:
        partial.discard()
        raise ModelError(
            f"{url} {problem}; nothing of it was kept. Try again later or with another mirror."
        )
    partial.become(target)
    return Fetched(path=target, size=size, sha256=sha256, fresh=True)


def _found(known: KnownWeights, path: Path) -> tuple[Fetched, str | None] | None:
    """The file that is in place, and what is wrong with it; None if there is none."""
    if not path.is_file():
        return None
    size, sha256, problem = _examine(known, path)
    return Fetched(path=path, size=size, sha256=sha256, fresh=False), problem


def _examine(known: KnownWeights, path: Path) -> tuple[int, str, str | None]:
    """Size, sha256 and what tells the file from the published one, in words that follow it."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    size = 0
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                sha256.update(block)
                md5.update(block)
                size += len(block)
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror or error}.") from error
    problem = None
    if known.size is not None and size != known.size:
        problem = f"has {size:,} bytes, but the published file has {known.size:,}"
    elif known.sha256 is not None and sha256.hexdigest() != known.sha256:
        problem = f"has the sha256 {sha256.hexdigest()}, but the published file has {known.sha256}"
    elif known.md5 is not None and not md5.hexdigest().startswith(known.md5):
        problem = (
            f"has the md5 {md5.hexdigest()}, but that of the published file begins {known.md5}"
        )
    return size, sha256.hexdigest(), problem


def _address(known: KnownWeights, target: Path) -> str:
    """Where to download from. Raises ModelError where a program cannot."""
    mirror = os.environ.get("VIDSEG_MIRROR", "").strip()
    if mirror:
        return f"{mirror.rstrip('/')}/{quote(known.file)}"
    if known.access == "browser" and known.url is not None:
        raise ModelError(
            f"{known.name} lies on {urlsplit(known.url).hostname}, which hands files to a browser: "
            f"open {known.url} and save it as {target}."
        )
    if known.url is None:
        raise ModelError(
            f"No public address of {known.name} is known ({known.page} lists none); if you have "
            f"the file, save it as {target}."
        )
    return known.url
