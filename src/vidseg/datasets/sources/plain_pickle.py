"""Label files that are pickles: read as data, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import DataError
from ...formats.plain_pickle import DamagedError, NotPlainError, load_plain_pickle


def read_plain_pickle(path: Path) -> Any:
    """Whatever the file holds, if that is lists, dicts, strings, numbers and numpy arrays.

    Raises DataError where it is missing, truncated, or asks for anything else.
    """
    try:
        return load_plain_pickle(path)
    except NotPlainError as error:
        raise DataError(
            f"{path} is no plain data: it asks for {error}; it was not run. Get the file from "
            "its publisher again."
        ) from error
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror}.") from error
    except DamagedError as error:
        raise DataError(f"{path} is damaged or no pickle: {error}.") from error
