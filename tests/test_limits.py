"""The budget of pixels."""

from __future__ import annotations

import math

import pytest

from vidseg.errors import DataError, SourceError, VidsegError
from vidseg.limits import check_size


def test_what_fits_the_budget_passes() -> None:
    check_size(10_000, 10_000, "The picture a.png")


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (math.nan, 5), (2.5, 4), (math.inf, 1)])
def test_what_is_no_size_is_refused(size: tuple[float, float]) -> None:
    with pytest.raises(DataError, match=r"The picture a\.png has the size .* whole pixels"):
        check_size(*size, "The picture a.png")


def test_a_size_beyond_the_budget_is_refused_as_the_error_asked_for() -> None:
    with pytest.raises(SourceError, match=r"v\.mp4 claims 60000 x 60000 pixels"):
        check_size(60_000, 60_000, "v.mp4", SourceError)


def test_the_environment_sets_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDSEG_MAX_PIXELS", "100")
    check_size(10, 10, "The picture a.png")
    with pytest.raises(DataError, match="more than the 100 that are read"):
        check_size(11, 10, "The picture a.png")
    monkeypatch.setenv("VIDSEG_MAX_PIXELS", "many")
    with pytest.raises(VidsegError, match="VIDSEG_MAX_PIXELS is 'many'"):
        check_size(1, 1, "The picture a.png")
