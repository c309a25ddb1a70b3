"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OutputError

QUICK = 2
"""Compression of id maps: flat regions stay small; higher levels cost more time than a model."""


def partial_path(path: Path) -> Path:
    """The hidden name under which ``path`` is written until it is whole."""
    return path.with_name(f".{path.name}.part")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a name to write to; on leaving, that file becomes ``path`` in one step.

    When the block raises, also by Ctrl-C, the partial file is removed and what stood at ``path``
    before is untouched. Raises OutputError where the place cannot be written to.
    """
    partial = partial_path(path)
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def missing_folders(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist yet, deepest first."""
    return [part for part in (folder, *folder.parents) if not part.exists()]


def prepare_folder(folder: Path) -> None:
    """Makes the folder and tries to write in it, so that a long run does not fail at its end.

    Raises OutputError where it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(prefix=".probe-", dir=folder)
        os.close(handle)
        Path(probe).unlink()
    except FileExistsError as error:
        raise OutputError(f"Results cannot be written to {folder}, which is a file.") from error
    except OSError as error:
        raise OutputError(
            f"Results cannot be written to {folder}: {error.strerror or error}."
        ) from error


def save_png(
    pixels: npt.NDArray[Any], path: Path, *, palette: bytes | None = None, compression: int = 6
) -> None:
    """Writes a PNG, whole or not at all, and its folder where that is missing.

    Args:
        pixels: [H, W] or [H, W, 3], values 0 to 255.
        path: the file.
        palette: 768 bytes of colours for [H, W] indices.
        compression: of zlib, 0 to 9.

    Raises OutputError where the file cannot be written.
    """
    from PIL import Image

    if not path.parent.is_dir():
        prepare_folder(path.parent)
    image = Image.fromarray(pixels.astype(np.uint8, copy=False))
    if palette is not None:
        image.putpalette(palette)
    with replacing(path) as partial:
        image.save(partial, format="PNG", compress_level=compression)
