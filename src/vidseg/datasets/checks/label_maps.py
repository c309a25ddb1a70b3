"""PNG files whose pixels are numbers: mode, palette, size and values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import DataError
from ...formats.layouts.problems import listed
from ...types import IdMap
from ...video.colors import davis_palette
from .pictures import Header, in_words, read_label_file
from .survey import Survey


@dataclass(frozen=True, kw_only=True)
class MapRule:
    """What the files of a dataset look like.

    Attributes:
        modes: of PIL, as the release has them.
        readable: modes that give the same numbers, but that other tools may read differently.
        davis_palette: whether the colours are those of DAVIS.
    """

    modes: tuple[str, ...]
    readable: tuple[str, ...] = ()
    davis_palette: bool = False


PALETTE = MapRule(modes=("P",), readable=("L",))
DAVIS = MapRule(modes=("P",), readable=("L",), davis_palette=True)
GREY = MapRule(modes=("L",), readable=("P",))
COLOR = MapRule(modes=("RGB",))


def read_map(
    path: Path, rule: MapRule, size: tuple[int, int] | None, survey: Survey
) -> npt.NDArray[Any] | None:
    """Values of a file, [H, W] or [H, W, 3]; None after a finding where they mean nothing.

    Args:
        size: (height, width) of the picture; None where it is not known.
    """
    try:
        header, values = read_label_file(path)
    except DataError as error:
        survey.findings.error("unreadable files", path, str(error))
        return None
    if size is not None and header.size != size:
        survey.findings.error(
            "sizes",
            path,
            f"{path} is {in_words(header.size)}, its video {in_words(size)}; download both again.",
        )
    if not _check_mode(path, header, rule, survey):
        return None
    if rule.davis_palette and header.palette is not None:
        _check_palette(path, header.palette, values, survey)
    return values


def _check_mode(path: Path, header: Header, rule: MapRule, survey: Survey) -> bool:
    if header.mode in rule.modes:
        return True
    told = f"{path} has colour mode {header.mode}, {' or '.join(rule.modes)} is wanted"
    if header.mode in rule.readable:
        survey.findings.warning(
            "modes", path, f"{told}; the numbers are the same, but some tools read them as colours."
        )
        return True
    survey.findings.error("modes", path, f"{told}; download it again or save it in that mode.")
    return False


def _check_palette(
    path: Path, palette: npt.NDArray[np.uint8], values: npt.NDArray[Any], survey: Survey
) -> None:
    right = davis_palette()
    used = [value for value in present(values) if value != 255]
    wrong = [
        value
        for value in used
        if value >= len(palette) or not np.array_equal(palette[value], right[value])
    ]
    if wrong:
        survey.findings.warning(
            "palettes",
            path,
            f"{path} shows the ids {listed(wrong)} in other colours than DAVIS does; tools that go "
            "by colour will misread it, so save it with the palette of DAVIS.",
        )


def present(values: npt.NDArray[Any]) -> list[int]:
    """The different values of a map, sorted."""
    if values.dtype == np.uint8:
        return [int(value) for value in np.flatnonzero(np.bincount(values.ravel(), minlength=256))]
    return [int(value) for value in np.unique(values)]


def color_ids(values: npt.NDArray[Any]) -> IdMap:
    """[H, W] R + 256 G + 65536 B of [H, W, 3]."""
    wide = values.astype(np.int32)
    ids: IdMap = wide[..., 0] + (wide[..., 1] << 8) + (wide[..., 2] << 16)
    return ids
